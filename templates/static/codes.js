// Prints or copies the recovery codes on the page. Without this script they can
// be saved as a file, written down, or printed from the browser's menu.
"use strict";
for (const button of document.querySelectorAll("button[data-print]")) {
  button.addEventListener("click", () => window.print());
  button.hidden = false;
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  const list = document.getElementById(button.dataset.copy);
  const said = document.querySelector("[data-copied]");
  button.addEventListener("click", async () => {
    const codes = Array.from(list.children, (item) => item.textContent.trim());
    try {
      await navigator.clipboard.writeText(codes.join("\n") + "\n");
      said.textContent = said.dataset.copied;
    } catch {
      getSelection().selectAllChildren(list); // to be copied by hand
    }
  });
  button.hidden = false;
}

// The wizard: copies the set-up key, or at least selects it, and shows how
// numbers of the chosen country look. Without this script both stay as served.
"use strict";
for (const button of document.querySelectorAll("button[data-copy]")) {
  const key = document.getElementById(button.dataset.copy);
  const told = button.parentElement.querySelector("[role=status]");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(key.textContent.replace(/\s/g, ""));
      told.textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(key);
    }
  });
  button.hidden = false;
}
for (const list of document.querySelectorAll("select[data-hint]")) {
  const hint = document.getElementById(list.dataset.hint);
  let shown = list.selectedOptions[0].dataset.example;
  list.addEventListener("change", () => {
    const next = list.selectedOptions[0].dataset.example;
    hint.textContent = hint.textContent.replace(shown, next);
    shown = next;
  });
}

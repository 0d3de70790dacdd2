// Counts down the seconds until something may be sent again. The page carries
// the seconds that were left when it was made, so no clock but its own is
// asked. <button data-left="18" aria-describedby="w1"> … <small id="w1"
// data-ready="words"><strong>18</strong>…</small>
"use strict";
for (const button of document.querySelectorAll("[data-left]")) {
  const note = document.getElementById(button.getAttribute("aria-describedby"));
  const number = note && note.querySelector("[data-seconds]");
  if (!number) continue;
  const end = performance.now() + Number(button.dataset.left) * 1000;
  const timer = setInterval(() => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left > 0) {
      number.textContent = String(left);
      return;
    }
    clearInterval(timer);
    button.removeAttribute("aria-disabled");
    note.setAttribute("role", "status");
    note.textContent = note.dataset.ready;
  }, 1000);
}

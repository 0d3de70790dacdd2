// The development inbox: reads calls aloud and counts the seconds of codes.
// Without this script nothing is missing but that.
(() => {
  const left = document.querySelector("[data-remaining]");
  if (left) {
    let n = Number(left.dataset.remaining);
    const words = left.textContent;
    const tick = setInterval(() => {
      n -= 1;
      left.textContent = words.replace(/\d+/, String(Math.max(n, 0)));
      if (n <= 0) clearInterval(tick);
    }, 1000);
  }
  if (!("speechSynthesis" in window)) return;
  for (const button of document.querySelectorAll("[data-speak]")) {
    const lines = button.closest(".call").querySelectorAll("[data-speech] p");
    button.hidden = false;
    button.addEventListener("click", () => {
      speechSynthesis.cancel();
      for (const line of lines) {
        const speech = new SpeechSynthesisUtterance(line.textContent);
        speech.lang = line.closest("[lang]").lang;
        speech.rate = 0.85;
        speechSynthesis.speak(speech);
      }
    });
  }
})();

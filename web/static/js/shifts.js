// Pages of who supervises: times that run on, and questions that appear by themselves.
(() => {
  "use strict";
  const began = Date.now();
  const running = [...document.querySelectorAll("[data-running]")].map((place) => [place, Number(place.dataset.running)]);
  const two = (number) => String(number).padStart(2, "0");

  function tell() {
    for (const [place, at] of running) {
      const seconds = at + Math.floor((Date.now() - began) / 1000);
      const minutes = Math.floor(seconds / 60);
      place.textContent = minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
    }
  }
  if (running.length) setInterval(tell, 1000);

  const board = document.querySelector("[data-waiting]");
  if (!board) return;
  const known = board.dataset.known;

  // What is being typed is kept by the form itself, and a page in which somebody types is not taken away.
  const typing = () => document.activeElement?.matches("textarea") && document.activeElement.value;

  async function look() {
    try {
      const { waiting } = await window.outbound.send(board.dataset.waiting, null, "GET");
      const changed = waiting.join(" ") !== known;
      if (changed && !typing()) return location.reload();
      document.title = changed ? `● ${document.title.replace(/^● /, "")}` : document.title;
    } catch {
      // The connection comes back, or the page is left.
    }
    setTimeout(look, 2000);
  }
  setTimeout(look, 2000);
})();

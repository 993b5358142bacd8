// The script beside the recording: its marks on the time line, and the line that is being heard is lit.
(() => {
  "use strict";
  const section = document.querySelector("[data-player]");
  if (!section) return;
  const track = section.querySelector(".track");
  const length = JSON.parse(section.dataset.player).seconds || 0.001;
  const lines = [...document.querySelectorAll("[data-line]")].map((element) => ({ element, second: Number(element.dataset.line) }));
  const marks = [...section.querySelectorAll(".marker")].map((element) => ({ element, second: Number(element.dataset.jump) }));
  const box = document.querySelector(".spoken .lines");
  let lit = -1;

  function line(at) {
    let found = -1;
    lines.forEach((each, index) => { if (each.second <= at + 0.05) found = index; });
    return found;
  }

  function light(at) {
    const now = line(at);
    if (now === lit) return;
    for (const each of [lines[lit], marks[lit]]) if (each) each.element.removeAttribute("aria-current");
    for (const each of [lines[now], marks[now]]) if (each) each.element.setAttribute("aria-current", "true");
    lit = now;
    if (now >= 0 && box) follow(lines[now].element);
  }

  function follow(element) {
    const top = element.offsetTop, bottom = top + element.offsetHeight;
    if (top < box.scrollTop) box.scrollTop = top - 8;
    else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight + 8;
  }

  function arrange() {
    const width = track.clientWidth;
    marks.forEach(({ element, second: at }, index) => {
      const next = marks[index + 2];
      const room = ((next ? next.second : length) - at) / length * width - 4;
      element.style.left = `${Math.min(at / length * 100, 99)}%`;
      element.style.maxWidth = `${Math.max(room, 8)}px`;
      element.classList.toggle("low", index % 2 === 1);
    });
  }
  new ResizeObserver(arrange).observe(track);
  arrange();

  window.outbound.spoken = { lines, line, light };
})();

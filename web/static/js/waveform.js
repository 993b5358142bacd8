// The waveform of a recording: both sides drawn from stored peaks, again when the page or its colours change.
(() => {
  "use strict";
  const section = document.querySelector("[data-player]");
  if (!section) return;
  const { peaks } = JSON.parse(section.dataset.player);
  const track = section.querySelector(".track");
  const loudest = Math.max(20, ...peaks.flat());

  function side(canvas, heights) {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth * ratio, height = canvas.clientHeight * ratio;
    canvas.width = width;
    canvas.height = height;
    const pen = canvas.getContext("2d");
    pen.fillStyle = getComputedStyle(canvas).color;
    const bar = 2 * ratio, step = 3 * ratio;
    for (let x = 0; x < width; x += step) {
      const first = Math.floor(x / width * heights.length);
      const last = Math.max(first + 1, Math.floor((x + step) / width * heights.length));
      const peak = Math.max(0, ...heights.slice(first, last)) / loudest;
      const tall = Math.max(ratio, peak * (height - 2 * ratio));
      pen.fillRect(x, (height - tall) / 2, bar, tall);
    }
  }

  function draw() {
    section.querySelectorAll("canvas").forEach((canvas, index) => side(canvas, peaks[index]));
  }

  new ResizeObserver(draw).observe(track);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();

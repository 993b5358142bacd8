// The player: both sides' waveforms drawn from stored peaks at once, the sound fetched when it is first played.
(() => {
  "use strict";
  const section = document.querySelector("[data-player]");
  if (!section) return;
  const heard = JSON.parse(section.dataset.player);
  const audio = section.querySelector("audio");
  const track = section.querySelector(".track");
  const part = (name) => section.querySelector(`[data-do="${name}"]`);
  const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
  const STEP = 3;
  const staff = document.body.dataset.staff;

  // ── What is remembered: speed and skipping for this person, the place in this recording for this tab
  function remembered(store, name) {
    try { return store.getItem(name); } catch { return null; }
  }
  function remember(store, name, value) {
    try { store.setItem(name, value); } catch { /* a full store must not stop the player */ }
  }
  const place = `heard:${staff}:${heard.id}`;
  let speed = Number(remembered(localStorage, `speed:${staff}`)) || 1;
  let skipping = remembered(localStorage, `skip:${staff}`) === "yes";
  let looped = null;
  let began = null;
  let wanted = Number(remembered(sessionStorage, place)) || 0;
  if (wanted > heard.seconds - 1) wanted = 0;

  // ── Time
  const two = (count) => String(count).padStart(2, "0");
  function clock(seconds) {
    const whole = Math.floor(seconds + 0.001);
    const hours = Math.floor(whole / 3600);
    return `${hours ? `${hours}:` : ""}${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  }
  const loaded = () => audio.readyState > 0;
  const second = () => (loaded() ? audio.currentTime : wanted);
  const length = heard.seconds || 0.001;

  function jump(to, { play = false } = {}) {
    wanted = Math.max(0, Math.min(to, length - 0.05));
    if (loaded()) audio.currentTime = wanted;
    if (play && audio.paused) start();
    show();
  }

  // ── Lines and marks on the time line
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

  function stretch(index) {
    const after = lines[index + 1];
    return [lines[index].second, after ? after.second : length];
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

  // ── Silence
  const MARGIN = 0.3;
  const gaps = [];
  let end = 0;
  for (const [from, to] of [...heard.spoken, [length, length]]) {
    if (from - end > 3 * MARGIN) gaps.push([end + (end ? MARGIN : 0), from - (from < length ? MARGIN : 0)]);
    end = Math.max(end, to);
  }
  const silence = gaps.reduce((sum, [from, to]) => sum + to - from, 0);

  // ── Drawing
  const loudest = Math.max(20, ...heard.peaks.flat());
  function draw() {
    section.querySelectorAll("canvas").forEach((canvas, side) => {
      const ratio = window.devicePixelRatio || 1;
      const width = canvas.clientWidth * ratio, height = canvas.clientHeight * ratio;
      canvas.width = width;
      canvas.height = height;
      const pen = canvas.getContext("2d");
      pen.fillStyle = getComputedStyle(canvas).color;
      const peaks = heard.peaks[side], bar = 2 * ratio, step = 3 * ratio;
      for (let x = 0; x < width; x += step) {
        const first = Math.floor(x / width * peaks.length);
        const last = Math.max(first + 1, Math.floor((x + step) / width * peaks.length));
        const peak = Math.max(0, ...peaks.slice(first, last)) / loudest;
        const tall = Math.max(ratio, peak * (height - 2 * ratio));
        pen.fillRect(x, (height - tall) / 2, bar, tall);
      }
    });
    arrange();
  }
  new ResizeObserver(draw).observe(track);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  const head = section.querySelector(".head"), played = section.querySelector(".played"), shade = section.querySelector(".stretch");
  const nowClock = section.querySelector("[data-now]");
  function show() {
    const at = second();
    head.style.left = played.style.width = `${at / length * 100}%`;
    if (nowClock.textContent !== clock(at)) {
      nowClock.textContent = clock(at);
      track.setAttribute("aria-valuenow", String(Math.round(at)));
      track.setAttribute("aria-valuetext", `${clock(at)} / ${clock(length)}`);
    }
    light(at);
  }

  // ── Playing
  function start() {
    audio.play().catch((refused) => { if (refused.name !== "AbortError") told(); });
  }

  async function told() {
    try {
      await window.outbound.send(heard.address, undefined, "GET");
      window.outbound.say(section.dataset.unplayable, "bad");
    } catch (refused) {
      window.outbound.say(refused.message, "bad");
    }
  }

  function frame() {
    const at = audio.currentTime;
    if (looped && (at >= looped[1] - 0.02 || at < looped[0] - 0.5)) audio.currentTime = looped[0];
    else if (skipping) {
      const gap = gaps.find(([from, to]) => from <= at && at < to - 0.05);
      if (gap) audio.currentTime = Math.min(gap[1], length - 0.05);
    }
    show();
    if (!audio.paused) requestAnimationFrame(frame);
  }

  audio.preservesPitch = true;
  audio.addEventListener("loadedmetadata", () => {
    audio.playbackRate = speed;
    if (wanted) audio.currentTime = wanted;
  });
  audio.addEventListener("play", () => { word("pause"); requestAnimationFrame(frame); });
  audio.addEventListener("pause", () => { word("play"); keepPlace(); });
  audio.addEventListener("seeked", show);
  audio.addEventListener("error", told);
  function keepPlace() { remember(sessionStorage, place, String(second())); }
  window.addEventListener("pagehide", keepPlace);

  function word(name) {
    const button = part("play");
    button.querySelector("[data-word]").textContent = button.dataset[name];
  }

  function faster(by) {
    const at = SPEEDS.findIndex((each) => each >= speed);
    speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at + by))];
    audio.playbackRate = audio.defaultPlaybackRate = speed;
    remember(localStorage, `speed:${staff}`, String(speed));
    section.querySelector("[data-speed]").textContent = `${speed}×`;
  }

  function press(name, pressed) {
    const button = part(name);
    if (button) button.setAttribute("aria-pressed", String(pressed));
  }

  // ── A stretch heard again and again: a line of the script, or from one moment to another
  const SHORTEST = 0.3, LAST = 5;
  function shadeFrom(from, to) {
    shade.hidden = false;
    shade.style.left = `${from / length * 100}%`;
    shade.style.width = `${Math.max(0, to - from) / length * 100}%`;
  }

  function repeat(from, to) {
    looped = to - from >= SHORTEST ? [from, to] : null;
    began = null;
    press("loop", Boolean(looped));
    press("from", false);
    shade.hidden = !looped;
    if (!looped) return;
    shadeFrom(from, to);
    jump(from, { play: true });
  }

  function loop() {
    if (looped) repeat(0, 0);
    else if (lines.length) repeat(...stretch(Math.max(0, line(second()))));
    else repeat(Math.max(0, second() - LAST), second());
  }

  function from() {
    repeat(0, 0);
    began = second();
    press("from", true);
    shadeFrom(began, began);
  }

  const until = () => repeat(began ?? Math.max(0, second() - LAST), second());

  function toLine(by) {
    if (!lines.length) return;
    const here = line(second());
    // Back within the first second goes to the line before, later to the beginning of this one.
    const again = by < 0 && here >= 0 && second() - lines[here].second > 1;
    jump(lines[Math.max(0, Math.min(lines.length - 1, again ? here : here + by))].second);
  }

  const DO = {
    play: () => (audio.paused ? start() : audio.pause()),
    back: () => jump(second() - STEP),
    ahead: () => jump(second() + STEP),
    slower: () => faster(-1),
    faster: () => faster(1),
    skip: () => {
      skipping = !skipping;
      remember(localStorage, `skip:${staff}`, skipping ? "yes" : "no");
      press("skip", skipping);
    },
    loop,
    from,
    until,
    previous: () => toLine(-1),
    next: () => toLine(1),
  };

  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-do]");
    if (pressed && DO[pressed.dataset.do]) DO[pressed.dataset.do]();
    const there = event.target.closest("[data-jump]");
    if (there) {
      repeat(0, 0);
      jump(Number(there.dataset.jump), { play: true });
      if (event.detail > 0) there.blur();
    }
  });

  function pointed(event) {
    const around = track.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - around.left) / around.width)) * length;
  }
  // With Shift held, a stretch is drawn and repeated.
  let drawn = null;
  track.addEventListener("pointerdown", (event) => {
    track.setPointerCapture(event.pointerId);
    if (event.shiftKey) drawn = pointed(event);
    else jump(pointed(event));
  });
  track.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    const at = pointed(event);
    if (drawn === null) jump(at);
    else shadeFrom(Math.min(drawn, at), Math.max(drawn, at));
  });
  track.addEventListener("pointerup", (event) => {
    if (drawn === null) return;
    const at = pointed(event);
    repeat(Math.min(drawn, at), Math.max(drawn, at));
    drawn = null;
  });

  // Space, K and the arrows belong to the player wherever the focus is, but for text, lists, buttons and links.
  document.addEventListener("keydown", (event) => {
    const focused = document.activeElement;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (focused.matches("input:not([type=radio], [type=checkbox]), textarea, select")) return;
    const radio = focused.matches("[type=radio]");
    let name = "";
    if (event.code === "KeyK" || (event.code === "Space" && (radio || focused === track))) name = "play";
    if (event.key === "ArrowLeft" && (radio || focused === track)) name = "back";
    if (event.key === "ArrowRight" && (radio || focused === track)) name = "ahead";
    if (!name) return;
    event.preventDefault();
    DO[name]();
  }, true);

  section.querySelector("[data-length]").textContent = clock(length);
  section.querySelector("[data-speed]").textContent = `${speed}×`;
  section.querySelector("[data-silence]").textContent = silence >= 1 ? `−${Math.round(silence)} s` : "";
  press("skip", skipping);
  draw();
  show();
  window.outbound.player = { second, clock, jump };
})();

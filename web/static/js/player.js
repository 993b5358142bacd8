// The player: the sound is fetched when it is first played; what was heard of it, and how long that took, is counted.
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
    if (loaded()) go(wanted);
    if (play && audio.paused) start();
    show();
  }

  // ── The script's lines
  const { lines, line, light } = window.outbound.spoken;

  function stretch(index) {
    const after = lines[index + 1];
    return [lines[index].second, after ? after.second : length];
  }

  // ── Silence
  const MARGIN = 0.2;
  const gaps = [];
  let end = 0;
  for (const [from, to] of [...heard.spoken, [length, length]]) {
    if (from - end > 3 * MARGIN) gaps.push([end + (end ? MARGIN : 0), from - (from < length ? MARGIN : 0)]);
    end = Math.max(end, to);
  }
  const silence = gaps.reduce((sum, [from, to]) => sum + to - from, 0);

  // ── What was heard, by the speed that was chosen: seconds of the recording, not of the clock on the wall
  const heardAt = new Map();
  let before = null;
  function listened() {
    const at = audio.currentTime;
    if (before !== null && at > before) heardAt.set(speed, (heardAt.get(speed) ?? 0) + at - before);
    before = audio.paused ? null : at;
  }

  function go(to) {
    listened();
    audio.currentTime = to;
    if (before !== null) before = to;
  }

  // How long somebody who listened at those speeds has listened.
  const hearing = () => [...heardAt].reduce((sum, [rate, seconds]) => sum + seconds / rate, 0);

  const head = section.querySelector(".head"), played = section.querySelector(".played"), shade = section.querySelector(".stretch");
  const nowClock = section.querySelector("[data-now]"), heardClock = section.querySelector("[data-heard]");
  function show() {
    const at = second();
    head.style.left = played.style.width = `${at / length * 100}%`;
    if (nowClock.textContent !== clock(at)) {
      heardClock.textContent = clock(hearing());
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
    listened();
    const at = audio.currentTime;
    if (looped && (at >= looped[1] - 0.02 || at < looped[0] - 0.5)) go(looped[0]);
    else if (skipping) {
      const gap = gaps.find(([from, to]) => from <= at && at < to - 0.05);
      if (gap) go(Math.min(gap[1], length - 0.05));
    }
    show();
    if (!audio.paused) requestAnimationFrame(frame);
  }

  audio.preservesPitch = true;
  audio.addEventListener("loadedmetadata", () => {
    audio.playbackRate = speed;
    if (wanted) go(wanted);
  });
  audio.addEventListener("play", () => { word("pause"); before = audio.currentTime; requestAnimationFrame(frame); });
  audio.addEventListener("pause", () => { listened(); word("play"); keepPlace(); show(); });
  audio.addEventListener("seeked", show);
  audio.addEventListener("error", told);
  function keepPlace() { remember(sessionStorage, place, String(second())); }
  window.addEventListener("pagehide", keepPlace);

  function word(name) {
    const button = part("play");
    button.querySelector("[data-word]").textContent = button.dataset[name];
  }

  function faster(by) {
    listened();
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
  show();
  window.outbound.player = { second, clock, jump, hearing };
})();

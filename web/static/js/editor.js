// Texts with numbered lines: numbers keep in step, a click on a fault goes to its line, “check” asks the server.
(() => {
  "use strict";
  const LINE = 20; // px, as in manager.css

  function lines(area) {
    return area.value.split("\n");
  }

  function number(area, marked) {
    const gutter = area.closest(".editor-box").querySelector(".editor-lines");
    const spans = lines(area).map((_text, place) => {
      const span = document.createElement("span");
      span.textContent = place + 1;
      if (marked.has(place + 1)) span.className = "faulty";
      return span;
    });
    gutter.replaceChildren(...spans);
    gutter.scrollTop = area.scrollTop;
  }

  const faulty = () => new Set([...document.querySelectorAll("[data-faults] [data-line]")].map((each) => Number(each.dataset.line)));

  function go(area, line, column) {
    const before = lines(area).slice(0, line - 1);
    const start = before.reduce((sum, text) => sum + text.length + 1, 0);
    const text = lines(area)[line - 1] || "";
    area.focus();
    area.setSelectionRange(start + Math.min(column - 1, text.length), start + text.length);
    area.scrollTop = Math.max(0, (line - 6) * LINE);
  }

  const area = document.querySelector("[data-editor] textarea");
  if (area) {
    const refresh = () => number(area, faulty());
    area.addEventListener("input", refresh);
    area.addEventListener("scroll", () => { area.closest(".editor-box").querySelector(".editor-lines").scrollTop = area.scrollTop; });
    document.addEventListener("restored", refresh);
    document.addEventListener("click", (event) => {
      const fault = event.target.closest("[data-faults] [data-line]");
      if (fault) go(area, Number(fault.dataset.line), Number(fault.dataset.column || 1));
    });
    refresh();
    const first = document.querySelector("[data-faults] [data-line]");
    if (first && "refused" in document.body.dataset) go(area, Number(first.dataset.line), Number(first.dataset.column || 1));
  }

  async function check(button) {
    const place = document.querySelector("[data-faults]");
    asked += 1; // an answer that is still on its way is older than this one
    button.disabled = true;
    try {
      const sent = new FormData(button.form);
      sent.delete("_keep"); // a check saves nothing: what is typed must still be kept here
      if (area) sent.delete("file");
      place.innerHTML = await window.outbound.send(button.dataset.check, sent);
      if (area) number(area, faulty());
    } catch (refused) {
      window.outbound.say(refused.message, "bad");
    } finally {
      button.disabled = false;
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-check]");
    if (button) check(button);
  });

  // While somebody types: the faults or the proof, and the picture as long as the text can be read.
  const PAUSE = 500; // ms
  const live = document.querySelector("[data-live]");
  const drawn = document.querySelector("[data-drawn]");
  let timer = 0;
  let asked = 0;

  async function look() {
    const mine = (asked += 1);
    const sent = new FormData();
    sent.append("text", area.value);
    try {
      const told = await window.outbound.send(live.dataset.live, sent);
      if (mine === asked) show(told);
    } catch { /* the button tells why, and what is typed is kept */ }
  }

  function show(told) {
    const open = [...live.querySelectorAll("details")].map((each) => each.open);
    live.innerHTML = told.told;
    live.querySelectorAll("details").forEach((each, place) => { each.open = Boolean(open[place]); });
    number(area, faulty());
    if (!drawn) return;
    drawn.classList.toggle("stale", !told.drawn);
    if (!told.drawn) return;
    const box = drawn.querySelector(".graph-box");
    const [left, top] = box ? [box.scrollLeft, box.scrollTop] : [0, 0];
    drawn.innerHTML = told.drawn;
    drawn.hidden = false;
    const fresh = drawn.querySelector(".graph-box");
    if (box) fresh.scrollTo(left, top);
    else begin(fresh);
    mark();
  }

  if (area && live) {
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(look, PAUSE);
    };
    area.addEventListener("input", later);
    document.addEventListener("restored", later);
    if (area.value.trim()) look();
    for (const name of ["keyup", "click"]) area.addEventListener(name, mark);
  }

  // A picture that is wider than its box begins with the first step in the middle.
  function begin(box) {
    const first = box.querySelector("[data-step] rect");
    if (first) box.scrollLeft = first.x.baseVal.value + first.width.baseVal.value / 2 - box.clientWidth / 2;
  }

  // The step in which the cursor stands is marked in the picture.
  function mark() {
    if (!drawn) return;
    const at = area.value.slice(0, area.selectionStart).split("\n").length;
    const boxes = [...drawn.querySelectorAll("[data-step]")];
    const here = boxes.filter((box) => Number(box.dataset.line) <= at).sort((one, other) => other.dataset.line - one.dataset.line)[0];
    for (const box of boxes) box.classList.toggle("here", box === here);
  }

  document.addEventListener("click", (event) => {
    const box = event.target.closest("[data-drawn] [data-line]");
    if (!box || !area) return;
    event.preventDefault();
    go(area, Number(box.dataset.line), Number(box.dataset.column));
    mark();
  });

  // A form of its own that takes the text along, such as the rehearsal's: what is typed stays kept in this one.
  document.addEventListener("submit", (event) => {
    for (const field of event.target.querySelectorAll("[data-copy]")) field.value = document.getElementById(field.dataset.copy).value;
  }, true);

  // A chosen file is shown in the editor at once, and then it is the editor's text that is sent.
  const file = document.querySelector("form input[type=file][name=file]");
  if (file && area) {
    file.addEventListener("change", async () => {
      if (!file.files.length) return;
      const bytes = await file.files[0].arrayBuffer();
      const text = decoded(bytes);
      if (text === null) return;
      area.value = text.replace(/\r\n/g, "\n");
      area.dispatchEvent(new Event("input", { bubbles: true }));
      file.value = "";
    });
  }

  function decoded(bytes) {
    for (const encoding of ["utf-8", "gb18030"]) {
      try {
        const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
        if (!text.includes("\0")) return text;
      } catch { /* the next encoding */ }
    }
    return null; // the server says what is wrong with it
  }
})();

// A version that waits for approval: a click on a line's number says what the comment is about.
document.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-comment-on]");
  const field = document.getElementById("line");
  if (!chosen || !field) return;
  for (const row of document.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
  chosen.closest("tr").classList.add("chosen");
  field.value = chosen.dataset.commentOn;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  document.getElementById("comment").focus();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-focus]");
  if (button) document.getElementById(button.dataset.focus).focus();
});

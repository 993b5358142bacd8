// Files are sent one by one, three at a time, each with its progress; what is refused is told at its file. What was lost
// on its way, and not refused, can be sent again from its row, or all of it at once: it need not be looked for anew.
(() => {
  "use strict";
  const form = document.querySelector("[data-drop]");
  if (!form) return;
  const chooser = form.querySelector("[type=file]");
  const list = document.querySelector("[data-sent]");
  const summary = document.querySelector("[data-summary]");
  const AT_ONCE = 3;
  const REFUSED = new Set([413, 415, 422]);
  const waiting = [];
  const again = document.querySelector("[data-again]");
  const lost = new Map();
  const counts = { running: 0, total: 0, done: 0, refused: 0, lost: 0 };

  const filled = (words) => words.replace(/\{(\w+)\}/g, (_all, name) => counts[name]);

  function tell() {
    counts.lost = lost.size;
    again.hidden = lost.size < 2;
    const { words, lost: missed } = summary.dataset;
    summary.textContent = filled(lost.size ? missed : words);
  }

  function add(file) {
    const row = document.querySelector("[data-row]").content.firstElementChild.cloneNode(true);
    row.querySelector(".name").textContent = file.name;
    row.querySelector("progress").setAttribute("aria-label", file.name);
    list.append(row);
    waiting.push([file, row]);
    counts.total += 1;
  }

  function finish(row, kind, sentence) {
    const badge = document.querySelector(`[data-badge="${kind}"]`).content.cloneNode(true);
    row.querySelector(".place").replaceChildren(badge);
    row.querySelector(".told").textContent = sentence;
    counts.running -= 1;
    if (kind !== "lost") counts.done += 1;
    if (kind === "bad") counts.refused += 1;
    tell();
    next();
  }

  function lose(file, row, sentence) {
    const button = document.querySelector("[data-retry]").content.firstElementChild.cloneNode(true);
    button.setAttribute("aria-label", `${button.textContent} ${file.name}`);
    button.addEventListener("click", () => resend([row]));
    lost.set(row, file);
    finish(row, "lost", sentence);
    row.querySelector(".told").append(" ", button);
  }

  function resend(rows) {
    for (const row of rows) {
      const place = document.querySelector("[data-row]").content.querySelector(".place").cloneNode(true);
      row.querySelector(".place").replaceWith(place);
      row.querySelector("progress").setAttribute("aria-label", lost.get(row).name);
      waiting.push([lost.get(row), row]);
      lost.delete(row);
    }
    tell();
    next();
  }

  function answered(request, file, row) {
    let told;
    try { told = JSON.parse(request.responseText); } catch { told = {}; }
    const sent = told.files && told.files[0];
    if (sent) finish(row, sent.kind, sent.told);
    else if (REFUSED.has(request.status) && told.message) finish(row, "bad", told.message);
    else lose(file, row, told.message || document.body.dataset.unreachable);
  }

  function send(file, row) {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("files", file);
    const bar = row.querySelector("progress");
    row.querySelector(".told").textContent = form.dataset.sending;
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = 100 * event.loaded / event.total;
    });
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      row.querySelector(".told").textContent = form.dataset.hearing;
    });
    request.addEventListener("load", () => answered(request, file, row));
    request.addEventListener("error", () => lose(file, row, document.body.dataset.unreachable));
    request.open("POST", form.action);
    request.setRequestHeader("X-CSRFToken", document.querySelector('meta[name="csrf-token"]').content);
    request.setRequestHeader("X-Requested-With", "fetch");
    request.setRequestHeader("Accept", "application/json");
    request.send(body);
  }

  function next() {
    while (counts.running < AT_ONCE && waiting.length) {
      counts.running += 1;
      send(...waiting.shift());
    }
  }

  function take(files) {
    for (const file of files) add(file);
    tell();
    next();
  }

  again.addEventListener("click", () => resend([...lost.keys()]));
  form.addEventListener("submit", (event) => {
    if (!chooser.files.length) return;
    event.preventDefault();
    take(chooser.files);
    form.reset();
  });
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
  }
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) form.classList.remove("over");
  });
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    take(event.dataTransfer.files);
  });
  window.addEventListener("beforeunload", (event) => { if (counts.running || lost.size) event.preventDefault(); });
})();

// The evidence as one file: it is put together on the server, then received with its progress; both can be stopped.
(() => {
  "use strict";
  const form = document.querySelector("[data-take]");
  const panel = document.querySelector("[data-taking]");
  if (!form || !panel) return;
  const button = form.querySelector("button");
  const told = panel.querySelector("[data-told]");
  const bar = panel.querySelector("progress");
  const stop = panel.querySelector("[data-stop]");
  const MB = 1024 * 1024;
  let underway = null;

  async function receive(answer) {
    const all = Number(answer.headers.get("Content-Length"));
    const reader = answer.body.getReader();
    const pieces = [];
    let received = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return new Blob(pieces, { type: "application/zip" });
      pieces.push(value);
      received += value.length;
      bar.value = all ? 100 * received / all : 0;
      told.textContent = form.dataset.receiving
        .replace("{mb}", (received / MB).toFixed(1)).replace("{all}", (all / MB).toFixed(1));
    }
  }

  function save(blob) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `evidence-${form.action.match(/(\d+)\/evidence/)[1]}.zip`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  async function refusal(answer) {
    try { return (await answer.json()).message; } catch { return document.body.dataset.unreachable; }
  }

  async function take() {
    const answer = await fetch(form.action, {
      method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, signal: underway.signal,
    });
    if (!answer.ok) return refusal(answer);
    save(await receive(answer));
    return form.dataset.done;
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (underway) return;
    underway = new AbortController();
    panel.hidden = false;
    bar.hidden = stop.hidden = false;
    bar.removeAttribute("value");
    button.disabled = true;
    told.textContent = form.dataset.making;
    try {
      told.textContent = await take();
    } catch (failed) {
      told.textContent = failed.name === "AbortError" ? form.dataset.stopped : document.body.dataset.unreachable;
    }
    bar.hidden = stop.hidden = true;
    button.disabled = false;
    underway = null;
  });
  stop.addEventListener("click", () => underway && underway.abort());
})();

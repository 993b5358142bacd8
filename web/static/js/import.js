// Lists: a file may be dropped anywhere on the upload form; a long import says that it goes on.
(() => {
  "use strict";
  const drop = document.querySelector("[data-drop]");
  if (drop) {
    const input = drop.querySelector("input[type=file]");
    const chosen = drop.querySelector("[data-chosen]");
    const tell = () => {
      const file = input.files[0];
      chosen.textContent = file ? `${file.name} · ${size(file.size)}` : "";
    };
    const form = drop.closest("form");
    for (const name of ["dragenter", "dragover"]) {
      form.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
    }
    form.addEventListener("dragleave", (event) => {
      if (!form.contains(event.relatedTarget)) drop.classList.remove("over");
    });
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      if (!event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      tell();
      form.querySelector("button.primary").focus();
    });
    input.addEventListener("change", tell);
  }

  function size(bytes) {
    return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  }

  const under = document.querySelector("[data-progress]");
  if (under) {
    const ask = async () => {
      try {
        const answer = await fetch(under.dataset.progress, { headers: { Accept: "application/json" } });
        if (answer.ok) {
          const told = await answer.json();
          if (told.over) { location.reload(); return; }
          under.querySelector("progress").value = told.percent;
          for (const place of under.querySelectorAll("[data-told]")) place.textContent = told[place.dataset.told];
        }
      } catch { /* The connection comes back, or the page is left. */ }
      setTimeout(ask, 1000);
    };
    setTimeout(ask, 1000);
  }

  for (const form of document.querySelectorAll("form[data-importing]")) {
    form.addEventListener("submit", () => {
      const button = form.querySelector("button.primary");
      const since = Date.now();
      const tick = () => { button.textContent = `${form.dataset.importing} ${Math.round((Date.now() - since) / 1000)} s`; };
      setTimeout(() => { tick(); setInterval(tick, 1000); }, 400);
    });
  }
})();

// The frame's own behaviour: theme, dialogs, confirmations, forms sent once, and one way to talk to the server.
(() => {
  "use strict";
  const token = () => document.querySelector('meta[name="csrf-token"]').content;
  const words = (name) => document.body.dataset[name] || "";

  class Refused extends Error {
    constructor(status, told) {
      super(told.message || words("unreachable"));
      this.status = status;
      this.name = told.error || "Refused";
      this.faults = told.faults || [];
    }
  }

  // Sends JSON or FormData; gives the parsed answer, or throws Refused with the server's sentence in the reader's language.
  async function send(url, body, method = "POST") {
    const headers = { "X-CSRFToken": token(), "X-Requested-With": "fetch", Accept: "application/json" };
    const options = { method, headers, credentials: "same-origin" };
    if (body instanceof FormData) options.body = body;
    else if (body !== undefined && body !== null) {
      headers["Content-Type"] = "application/json";
      options.body = JSON.stringify(body);
    }
    let answer;
    try {
      answer = await fetch(url, options);
    } catch {
      throw new Refused(0, {});
    }
    const json = (answer.headers.get("Content-Type") || "").includes("json");
    const told = json ? await answer.json() : { text: await answer.text() };
    if (!answer.ok) throw new Refused(answer.status, told);
    return json ? told : told.text;
  }

  // Shows a sentence at the top of the page and reads it out: kind is good, bad, wait or empty.
  function say(sentence, kind = "good") {
    const place = document.querySelector(".notices");
    const notice = document.createElement("p");
    notice.className = kind ? `notice notice-${kind}` : "notice";
    notice.textContent = sentence;
    place.replaceChildren(notice);
    return notice;
  }

  function open(id) {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
    return dialog;
  }

  // What an element marked data-confirm does waits until its sentence has been answered with yes.
  let waiting = null;

  function ask(button) {
    const dialog = open("confirm");
    waiting = button;
    dialog.querySelector("[data-sentence]").textContent = button.dataset.confirm;
    const copy = button.cloneNode(true);
    copy.querySelectorAll("kbd").forEach((hint) => hint.remove());
    dialog.querySelector("[value=yes]").textContent = copy.textContent.trim();
  }

  document.querySelector("#confirm [value=yes]").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("confirm").close();
    waiting.dataset.confirmed = "yes";
    waiting.click();
    delete waiting.dataset.confirmed;
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-confirm]");
    if (button && !button.dataset.confirmed) {
      event.preventDefault();
      event.stopPropagation();
      ask(button);
    }
  }, true);

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) open(opener.dataset.open);
    const closer = event.target.closest("[data-close]");
    if (closer) closer.closest("dialog").close();
  });

  // A second press of the same button sends nothing twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.busy) event.preventDefault();
    else {
      form.dataset.busy = "yes";
      setTimeout(() => delete form.dataset.busy, 5000); // an answer that is a download leaves the page as it is
    }
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-busy]").forEach((form) => delete form.dataset.busy);
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-autosubmit]");
    if (form && event.target.matches("select, input[type=checkbox], input[type=date]")) form.requestSubmit();
  });

  function theme() {
    const chosen = document.documentElement.dataset.theme;
    if (chosen) return chosen;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.addEventListener("click", () => {
      const next = theme() === "dark" ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax`;
    });
  }

  window.outbound = { send, say, open, Refused };
})();

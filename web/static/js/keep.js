// What is typed into a form marked data-keep is kept in this browser until the server has taken it: it survives a reload,
// a sign-in that ended and a server that is away. Each person's is kept apart; passwords and files are not kept.
(() => {
  "use strict";
  const staff = document.body.dataset.staff;
  const LEFT_OUT = "[type=password], [type=file], [type=hidden], [type=submit], [type=button], button";

  const place = (form) => `keep:${staff}:${form.dataset.keep}:${location.pathname}`;
  const fields = (form) => [...form.elements].filter((field) => field.name && !field.matches(LEFT_OUT));
  const ticks = (field) => field.matches("[type=checkbox], [type=radio]");

  function typed(form) {
    return fields(form).map((field) => [field.name, ticks(field) ? [field.value, field.checked] : field.value]);
  }

  function restore(form, kept) {
    for (const [name, value] of kept) {
      for (const field of fields(form).filter((each) => each.name === name)) {
        if (!ticks(field)) field.value = value;
        else if (field.value === value[0]) field.checked = value[1];
      }
    }
    form.dispatchEvent(new Event("restored", { bubbles: true }));
  }

  function read(key) {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  }

  // The server says which form it has taken, in a cookie that only says that.
  function forgetTaken() {
    const taken = document.cookie.split("; ").find((part) => part.startsWith("taken="));
    if (!taken) return;
    localStorage.removeItem(decodeURIComponent(taken.slice(6)));
    document.cookie = "taken=; path=/; max-age=0; samesite=lax";
  }

  function tell(form, first) {
    const note = document.createElement("p");
    note.className = "notice notice-wait";
    note.setAttribute("role", "status");
    note.textContent = document.body.dataset.restored;
    const discard = document.createElement("button");
    discard.type = "button";
    discard.textContent = document.body.dataset.discard;
    discard.addEventListener("click", () => {
      localStorage.removeItem(place(form));
      restore(form, first);
      note.remove();
    });
    note.append(discard);
    form.prepend(note);
  }

  function keep(form) {
    const first = typed(form);
    const kept = read(place(form));
    const returned = "refused" in document.body.dataset;
    if (kept && !returned && JSON.stringify(kept) !== JSON.stringify(first)) {
      restore(form, kept);
      tell(form, first);
    }
    const mark = document.createElement("input");
    Object.assign(mark, { type: "hidden", name: "_keep", value: place(form) });
    form.append(mark);
    form.addEventListener("input", () => localStorage.setItem(place(form), JSON.stringify(typed(form))));
  }

  forgetTaken();
  if (staff) document.querySelectorAll("form[data-keep]").forEach(keep);
})();

// Keys: an element with data-key="n" is pressed by that key while no text field has the focus; "Ctrl+Enter" always works.
(() => {
  "use strict";
  const TEXT = "input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=range], [type=file]), textarea, select, [contenteditable]";
  const PRESSABLE = "button, a[href], summary, input, label";

  function name(event) {
    const plain = event.key === " " ? "Space" : event.key;
    const key = plain.length === 1 ? plain.toLowerCase() : plain;
    return (event.ctrlKey || event.metaKey ? "ctrl+" : "") + (event.altKey ? "alt+" : "") + key.toLowerCase();
  }

  const visible = (element) => element.checkVisibility() && !element.disabled && element.getAttribute("aria-disabled") !== "true";

  function within() {
    const dialogs = document.querySelectorAll("dialog[open]");
    return dialogs.length ? dialogs[dialogs.length - 1] : document;
  }

  const keyed = () => [...within().querySelectorAll("[data-key]")].filter(visible);

  function find(event) {
    const pressed = name(event);
    return keyed().find((element) => element.dataset.key.toLowerCase() === pressed);
  }

  function press(element) {
    if (element.matches(TEXT)) {
      element.focus();
      if (element.select) element.select();
    } else element.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    const focused = document.activeElement;
    const typing = focused && focused.matches(TEXT);
    if (typing && event.key === "Escape") {
      if (!focused.closest("dialog")) focused.blur();
      return;
    }
    if (typing && !event.ctrlKey && !event.metaKey) return;
    const native = (event.key === " " || event.key === "Enter") && !event.ctrlKey;
    if (native && focused && focused.matches(PRESSABLE) && !focused.dataset.pressed) return;
    if (event.repeat && event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const element = find(event);
    if (!element) return;
    event.preventDefault();
    press(element);
  });

  // After a click with the mouse, Space and Enter belong to the page's keys again.
  document.addEventListener("click", (event) => {
    const element = event.target.closest("[data-key]");
    if (element && event.detail > 0 && !element.matches(TEXT)) element.blur();
  });

  function label(element) {
    if (element.dataset.keyLabel) return element.dataset.keyLabel;
    if (element.getAttribute("aria-label")) return element.getAttribute("aria-label");
    const source = element.labels && element.labels.length ? element.labels[0] : element;
    const copy = source.cloneNode(true);
    copy.querySelectorAll("kbd").forEach((hint) => hint.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  }

  function fill(sheet) {
    const rows = [];
    for (const element of [...document.querySelectorAll("[data-key]")].filter(visible)) {
      if (element.closest("#key-sheet")) continue;
      const term = document.createElement("dt");
      const hint = document.createElement("kbd");
      hint.textContent = element.dataset.key.length === 1 ? element.dataset.key.toUpperCase() : element.dataset.key;
      term.append(hint);
      const words = document.createElement("dd");
      words.textContent = label(element);
      rows.push(term, words);
    }
    sheet.querySelector("[data-keys]").replaceChildren(...rows);
  }

  const sheet = document.getElementById("key-sheet");
  document.addEventListener("click", (event) => {
    if (event.target.closest('[data-open="key-sheet"]')) fill(sheet);
  }, true);
})();

// Small helpers for making elements: text is always text, never HTML.
const words = JSON.parse(document.getElementById("words").dataset.words);

export function say(name, facts = {}) {
  const template = words[name] ?? name;
  return template.replace(/\{(\w+)\}/g, (_whole, key) => facts[key] ?? "");
}

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "click") element.addEventListener("click", value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const NAMES = { Space: words.space, Enter: "↵", Escape: "Esc", Backspace: "⌫" };

export function hint(key) {
  return h("kbd", { "aria-hidden": "true" }, NAMES[key] || (key.length === 1 ? key.toUpperCase() : key));
}

export function button(label, { key = "", kind = "", pressed, disabled = false, click, id } = {}) {
  return h(
    "button",
    { type: "button", class: kind, id, "data-key": key || null, "aria-keyshortcuts": key || null, "aria-pressed": pressed === undefined ? null : String(pressed), disabled, click },
    h("span", {}, label),
    key ? hint(key) : null,
  );
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return `${hours ? `${hours}:` : ""}${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

export function fill(id, ...children) {
  document.getElementById(id).replaceChildren(...children.flat(Infinity).filter(Boolean));
}

export const pairs = (items) => h("dl", { class: "pairs" }, items.flatMap(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));

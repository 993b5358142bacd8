// Completion in the YAML editor: keys and values from the JSON Schema, names of steps, and placeholders.
// It reads indentation and braces only, so that it also works in a text that is not yet YAML.
(() => {
  "use strict";
  const LINE = 20; // px, as in manager.css
  const MOST = 12;
  const STEP_REFERENCES = new Set(["to", "next", "start", "returns", "answer_to"]);
  const box = document.querySelector("[data-schema]");
  if (!box) return;
  const area = box.querySelector("textarea");
  const list = box.querySelector("[role=listbox]");
  const english = document.documentElement.lang.startsWith("en");
  const state = { schema: null, placeholders: [], items: [], from: 0, at: 0 };

  // ── What the schema says ──
  const resolve = (part) => (part?.$ref ? state.schema.$defs[part.$ref.split("/").pop()] : part);
  const variants = (part) => [part?.anyOf, part?.oneOf].flat().filter(Boolean);

  // Every part that may stand at a place: a reference or a union taken apart.
  function parts(part) {
    const found = resolve(part);
    if (!found) return [];
    return [found, ...variants(found).flatMap(parts)];
  }

  function below(part, key) {
    return parts(part).flatMap((each) => {
      if (key === "-") return each.items ? [each.items] : [];
      if (each.properties?.[key]) return [each.properties[key]];
      const named = Object.values(each.patternProperties || {});
      return each.additionalProperties?.$ref || typeof each.additionalProperties === "object" ? [...named, each.additionalProperties] : named;
    });
  }

  // A list may also be written as a single item.
  const descend = (found, key) => found.flatMap((part) => [...below(part, key), ...(key === "-" ? [] : below(part, "-").flatMap((item) => below(item, key)))]);
  const at = (path) => path.reduce(descend, [state.schema]);
  const told = (part) => part["x-description"]?.[english ? "en" : "zh"] || "";

  function keys(path) {
    const found = new Map();
    for (const part of at(path).flatMap((each) => [...parts(each), ...below(each, "-").flatMap(parts)])) {
      for (const [name, field] of Object.entries(part.properties || {})) if (!found.has(name)) found.set(name, told(field));
    }
    return [...found].map(([name, words]) => ({ name, told: words, insert: `${name}: ` }));
  }

  function values(path) {
    const found = at(path).flatMap((each) => [...parts(each), ...below(each, "-").flatMap(parts)]);
    const names = found.flatMap((part) => [...(part.enum || []), ...(part.const === undefined ? [] : [part.const]), ...(part.type === "boolean" ? ["true", "false"] : [])]);
    return [...new Set(names)].map((name) => ({ name: String(name), told: "" }));
  }

  // ── Where the cursor stands ──
  const KEY = /^([\w-]+)\s*:(?:\s|$)/;

  // Takes a line's dashes and its key onto the stack of those that are open, after closing what it ends.
  function push(stack, line) {
    let column = line.match(/^\s*/)[0].length;
    let rest = line.slice(column);
    const dashed = () => /^-(\s|$)/.test(rest);
    // A list may stand as far left as the key that it belongs to.
    while (stack.length && (stack.at(-1).column > column || (stack.at(-1).column === column && !(dashed() && stack.at(-1).key !== "-")))) stack.pop();
    while (dashed()) {
      stack.push({ column, key: "-" });
      const step = rest.match(/^-\s*/)[0].length;
      column += step;
      rest = rest.slice(step);
    }
    return { column, rest };
  }

  // The keys that lead to the last of the lines: ["steps", "greeting", "choices", "-"].
  function above(lines) {
    const stack = [];
    for (const line of lines.slice(0, -1)) {
      if (!line.trim() || line.trim().startsWith("#")) continue;
      const { column, rest } = push(stack, line);
      const found = rest.match(KEY);
      if (found) stack.push({ column, key: found[1] });
    }
    push(stack, lines.at(-1));
    return stack.map((each) => each.key);
  }

  // What stands before the cursor on its line, with the braces and brackets that are still open in it.
  function within(text) {
    const open = [];
    let key = "";
    let word = "";
    let quote = "";
    for (const letter of text) {
      if (quote) quote = letter === quote ? "" : quote;
      else if ((letter === '"' || letter === "'") && !word.trim()) quote = letter;
      else if (letter === "{" || letter === "[") open.push({ letter, key }), (key = ""), (word = "");
      else if (letter === "}" || letter === "]") ({ key } = open.pop() || { key: "" }), (word = "");
      else if (letter === ",") (key = ""), (word = "");
      else if (letter === ":") (key = word.trim()), (word = "");
      else word += letter;
    }
    return { open, key, word: word.trimStart() };
  }

  function place() {
    const lines = area.value.slice(0, area.selectionStart).split("\n");
    const line = lines.at(-1);
    return { lines, line, brace: line.match(/\{([\w.]*)$/), plain: line.trimStart().replace(/^(-\s+)+/, "") };
  }

  const isText = (path) => at(path).flatMap(parts).some((part) => part.type === "string" && !part.enum);

  function offers() {
    const here = place();
    const path = above(here.lines);
    if (here.brace && insideText(path, here.plain.slice(0, -here.brace[0].length))) return placeholders(here.brace[1]);
    return inYaml(path, within(here.plain));
  }

  // A brace after words is a placeholder; one right after a key opens a group.
  function insideText(path, before) {
    const inner = within(before);
    const full = [...path, ...route(inner)];
    return state.placeholders.length > 0 && (inner.word.trim() !== "" || ["zh", "en"].includes(full.at(-1))) && isText(full);
  }

  function route(inner) {
    const opened = inner.open.flatMap((each) => (each.letter === "[" ? [each.key, "-"] : [each.key])).filter(Boolean);
    return inner.key ? [...opened, inner.key] : opened;
  }

  function inYaml(path, inner) {
    const full = [...path, ...route(inner)];
    const typed = inner.word.trim();
    if (STEP_REFERENCES.has(inner.key)) return fitting(stepNames(inner.key), typed);
    if (inner.key || inner.open.at(-1)?.letter === "[") return fitting(values(full), typed);
    const names = keys(full);
    return fitting(names.length ? names : values(full), typed);
  }

  function stepNames(key) {
    const names = [];
    let inside = false;
    for (const line of area.value.split("\n")) {
      if (/^\S/.test(line) && !line.startsWith("#")) inside = /^steps\s*:/.test(line);
      const found = inside && line.match(/^ {2}([\w-]+)\s*:/);
      if (found) names.push({ name: found[1], told: "" });
    }
    return key === "returns" ? [{ name: "here", told: "" }, ...names] : names;
  }

  const placeholders = (typed) => fitting(state.placeholders.map((each) => ({ ...each, insert: `${each.name}}` })), typed);

  function fitting(items, typed) {
    const found = items.filter((item) => item.name.startsWith(typed) && item.name !== typed);
    const loose = items.filter((item) => !item.name.startsWith(typed) && typed.length > 1 && item.name.includes(typed));
    return { items: [...found, ...loose].slice(0, MOST), typed };
  }

  // ── The list at the cursor ──
  const pen = document.createElement("canvas").getContext("2d");

  function open(asked) {
    const { items, typed } = offers();
    if (!items.length || (!asked && !typed && !place().brace)) return close();
    Object.assign(state, { items, from: area.selectionStart - typed.length, at: 0 });
    const { line, lines } = place();
    const style = getComputedStyle(area);
    pen.font = `${style.fontSize} ${style.fontFamily}`;
    const left = pen.measureText(line.slice(0, line.length - typed.length)).width + parseFloat(style.paddingLeft) - area.scrollLeft;
    const top = lines.length * LINE + parseFloat(style.paddingTop) - area.scrollTop;
    list.style.left = `${Math.max(0, Math.min(left, area.clientWidth - 320))}px`;
    list.style.top = `${top}px`;
    draw();
  }

  function draw() {
    list.replaceChildren(
      ...state.items.map((item, number) => {
        const row = document.createElement("li");
        row.id = `${list.id}-${number}`;
        row.setAttribute("role", "option");
        row.setAttribute("aria-selected", String(number === state.at));
        const name = document.createElement("strong");
        name.textContent = item.name;
        const words = document.createElement("span");
        words.textContent = item.told;
        row.append(name, words);
        row.addEventListener("mousedown", (event) => {
          event.preventDefault();
          state.at = number;
          take();
        });
        return row;
      }),
    );
    list.hidden = false;
    area.setAttribute("aria-activedescendant", `${list.id}-${state.at}`);
    list.children[state.at].scrollIntoView({ block: "nearest" });
  }

  function close() {
    list.hidden = true;
    area.removeAttribute("aria-activedescendant");
  }

  function take() {
    const item = state.items[state.at];
    close();
    area.setSelectionRange(state.from, area.selectionStart);
    // The only way to write into a text that the browser's own undo can take back.
    document.execCommand("insertText", false, item.insert || item.name);
    close();
    if (item.insert?.endsWith(": ")) open(true);
  }

  const ACTS = {
    ArrowDown: () => ((state.at = (state.at + 1) % state.items.length), draw()),
    ArrowUp: () => ((state.at = (state.at + state.items.length - 1) % state.items.length), draw()),
    Enter: take,
    Tab: take,
    Escape: close,
  };

  area.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      open(true);
    } else if (!list.hidden && ACTS[event.key] && !event.ctrlKey) {
      event.preventDefault();
      event.stopPropagation();
      ACTS[event.key]();
    }
  });
  area.addEventListener("input", (event) => {
    if (state.schema && ["insertText", "deleteContentBackward"].includes(event.inputType)) open(false);
    else close();
  });
  for (const name of ["blur", "scroll", "click"]) area.addEventListener(name, close);

  async function load() {
    state.schema = await window.outbound.send(box.dataset.schema, null, "GET");
    if (box.dataset.names) state.placeholders = (await window.outbound.send(box.dataset.names, null, "GET")).placeholders;
  }

  area.addEventListener("focus", load, { once: true });
})();

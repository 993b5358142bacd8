// A rehearsal: the agent's own rules and views over a script, with nobody on the line.
import { button, fill, h, say } from "./agent/dom.js";
import * as views from "./agent/views.js";
import * as walk from "./agent/walk.js";

const stage = document.getElementById("rehearsal");
const words = JSON.parse(stage.dataset.words);
const script = JSON.parse(stage.dataset.script);
const state = { claim: { script, outcomes: [] }, phase: "calling", draft: null, ending: null, labels: [], marked: 0, found: [] };

function begin() {
  state.draft = walk.newDraft({ id: 0, elapsed: 0 });
  state.ending = null;
  state.labels = [];
  render();
}

function went(ending, label = "") {
  if (label) state.labels[state.draft.trail.length - 1] = label;
  state.ending = ending;
  render();
}

// The answer by its own words: two answers of a step may mean the same.
function chosen(number) {
  const label = walk.current(script, state.draft).choices.find((choice) => choice.key === number)?.label;
  const before = state.draft.trail.length;
  const ending = walk.choose(script, state.draft, number);
  went(ending, state.draft.trail.length > before ? label : "");
}

const acts = {
  said: () => went(walk.say(script, state.draft)),
  chose: chosen,
  jump: (key) => went(walk.jump(script, state.draft, key) ?? null),
  undo: () => {
    walk.undo(script, state.draft);
    state.labels.length = state.draft.trail.length;
    went(null);
  },
  answered: () => went(walk.answered(script, state.draft)),
  answer: (step, kind, value) => {
    const given = state.draft.answers[step.key] || [];
    const several = given.includes?.(value) ? given.filter((each) => each !== value) : [...(Array.isArray(given) ? given : []), value];
    walk.answer(state.draft, step, kind === "multiple" ? several : value);
    if (kind === "multiple") render();
    else acts.said();
  },
  type: (step, value) => walk.answer(state.draft, step, value),
  openObjections: () => showObjections(true),
  objected: (key) => {
    showObjections(false);
    walk.object(state.draft, key);
    went(null);
  },
};

const field = document.getElementById("objection-words");

function showObjections(open) {
  document.getElementById("objections").hidden = !open;
  if (!open) return field.blur();
  field.value = "";
  find(0);
  field.focus();
}

function find(marked) {
  state.marked = marked;
  state.found = views.objections(script, field.value, marked, acts);
}

function render() {
  if (state.ending) over();
  else views.script(state, acts);
  soFar();
}

function over() {
  fill(
    "read",
    h(
      "div",
      { class: "now", role: "status" },
      h("p", { class: "badges" }, h("span", { class: "badge badge-info" }, words.over)),
      h("p", { class: "aloud" }, say(`ending.${state.ending}`).replace(/^ending\./, "")),
      h("div", { class: "actions" }, button(say("undo"), { key: "Backspace", click: acts.undo })),
    ),
  );
}

function soFar() {
  const { draft } = state;
  const asked = walk.PURPOSES.filter((purpose) => walk.asks(script, purpose));
  const told = script.disclosures.length - walk.untold(script, draft).length;
  const criteria = asked.map((purpose) => [say(`purpose.${purpose}`), walk.settled(script, state.draft, purpose)]);
  if (script.disclosures.length) criteria.splice(2, 0, [`${words.told} ${told}/${script.disclosures.length}`, told === script.disclosures.length]);
  const met = ([label, done]) => h("li", { class: done ? "met" : "" }, h("span", {}, label), h("span", {}, done ? "✓" : "–"));
  const past = (each, place) => h("li", {}, h("span", { class: "muted" }, each.cursor), h("span", {}, answerTo(each, place)));
  fill(
    "so-far",
    criteria.length ? [h("h3", {}, words.sofar), h("ul", { class: "criteria" }, criteria.map(met))] : null,
    h("h3", {}, words.said),
    draft.trail.length ? h("ol", { class: "former trail" }, draft.trail.map(past)) : h("p", { class: "muted" }, words.nothing),
  );
}

// What the customer answered: the choice by which the call went on, or what was written down.
function answerTo(past, place) {
  const given = state.draft.answers[past.cursor];
  return given === undefined ? state.labels[place] ?? "" : [].concat(given).join(", ");
}

field.addEventListener("input", () => find(0));
field.addEventListener("keydown", (event) => {
  const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.isComposing || (!move && !["Enter", "Escape"].includes(event.key))) return;
  event.preventDefault();
  event.stopPropagation();
  if (move) find(Math.min(Math.max(state.marked + move, 0), Math.max(state.found.length - 1, 0)));
  else if (event.key === "Escape") showObjections(false);
  else if (state.found[state.marked]) acts.objected(state.found[state.marked].key);
});
stage.querySelector("[name=again]").addEventListener("click", begin);
begin();

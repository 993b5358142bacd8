// The three columns while a customer is in hand: who it is, what to say, the call.
import { button, fill, h, hint, pairs, say } from "./dom.js";
import { reasons } from "./shift.js";
import * as walk from "./walk.js";

const STILL = { verifies_identity: "identity", asks_permission: "permission", checks_understanding: "understanding" };

export function who(claim) {
  const call = claim.call;
  fill(
    "who",
    h("div", { class: "person" }, h("strong", { class: "name" }, claim.name || say("nameless")), h("span", { class: "digits" }, call ? call.number : claim.number)),
    h("p", { class: "why" }, h("span", { class: "badge badge-info" }, claim.duty_label), h("span", {}, claim.why)),
    pairs([[say("campaign"), claim.campaign], [say("tries"), String(claim.tries)], ...claim.attributes.map((each) => [each.label, each.value])]),
    h("h3", {}, say("history")),
    claim.history.length ? h("ol", { class: "former" }, claim.history.map(former)) : h("p", { class: "muted" }, say("noHistory")),
  );
}

function former(past) {
  return h(
    "li",
    {},
    h("span", { class: "muted" }, past.said),
    h("span", { class: past.contacted ? "" : "muted" }, past.outcome),
    h("span", { class: "muted small" }, `${past.duty} · ${past.by}`),
    past.note ? h("span", { class: "note" }, past.note) : null,
  );
}

export function promised(claim) {
  const strip = document.getElementById("promised");
  const shown = claim?.promised;
  strip.hidden = !shown;
  if (!shown) return;
  fill(
    "promised",
    h("h3", {}, say("promised")),
    h("dl", {}, [
      [say("offer"), shown.offer],
      [say("price"), shown.price],
      [say("trialEnds"), shown.trial_ends || "–"],
      [say("soldWhen"), shown.sold],
      [say("soldBy"), shown.seller],
    ].map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value)))),
    h("p", { class: "cancel" }, h("span", { class: "muted" }, `${say("cancel")} `), shown.cancel),
  );
}

// ── What to say ──
export function script(state, acts) {
  const { claim, draft } = state;
  if (!claim.script) {
    fill("read", h("p", { class: "notice notice-bad" }, claim.problem));
    return;
  }
  const live = state.phase === "calling";
  const mine = draft || { trail: [], ticks: {}, answers: {}, cursor: null, objection: null };
  fill("read", live ? ticked(claim.script, mine) : null, stage(claim.script, mine, live, acts), ahead(claim.script, mine), live ? left(claim.script, mine, acts) : null);
}

function ticked(told, draft) {
  const said = draft.trail.filter((past) => past.cursor in draft.ticks).slice(-3);
  return h("ol", { class: "said", "aria-label": say("saidBefore") }, said.map((past) => h("li", {}, h("span", { class: "good" }, "✓"), h("span", { class: "text" }, walk.stepOf(told, past.cursor).said), h("span", { class: "digits" }, mark(draft.ticks[past.cursor])))));
}

const mark = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function stage(told, draft, live, acts) {
  if (draft.objection) return objection(told.objections.find((each) => each.key === draft.objection), acts);
  const step = walk.current(told, draft);
  if (live && walk.isShut(told, draft, step)) return closed(told, draft, step, acts);
  return h(
    "div",
    { class: "now", "aria-live": "polite" },
    badges(step),
    h("p", { class: "aloud", id: "aloud" }, step.said),
    step.note ? h("p", { class: "hint" }, step.note) : null,
    live ? controls(step, draft, acts) : null,
  );
}

function badges(step) {
  const labels = [...step.discloses.map((item) => say(`disclosure.${item}`)), ...step.stands_for.map((item) => say(`purpose.${item}`))];
  return h("p", { class: "badges" }, labels.map((label) => h("span", { class: "badge" }, label)));
}

function controls(step, draft, acts) {
  if (step.question) return question(step, draft, acts);
  if (!step.choices.length) return h("div", { class: "actions" }, button(step.ends ? say("saidAndEnd") : say("said"), { key: "Space", kind: "primary", click: acts.said }));
  return h("div", { class: "choices", role: "group", "aria-labelledby": "aloud" }, step.choices.map((choice) => button(choice.label, { key: String(choice.key), kind: `choice ${choice.meaning}`, click: () => acts.chose(choice.key) })));
}

function question(step, draft, acts) {
  const asked = step.question;
  const given = draft.answers[step.key];
  const on = button(say("goOn"), { key: "Space", kind: "primary", click: acts.said });
  if (asked.kind === "number" || asked.kind === "text") return h("div", { class: "answer" }, typed(step, asked, given, acts), on);
  const options = asked.kind === "scale" ? scale(asked) : asked.options.map((option, place) => ({ value: option.code, label: option.label, key: String(place + 1) }));
  const chosen = (value) => (Array.isArray(given) ? given.includes(value) : given === value);
  const pick = (value) => acts.answer(step, asked.kind, value);
  return h(
    "div",
    { class: "answer" },
    h("div", { class: asked.kind === "scale" ? "scale" : "choices", role: "group", "aria-labelledby": "aloud" }, options.map((each) => button(each.label, { key: each.key, kind: "choice", pressed: chosen(each.value), click: () => pick(each.value) }))),
    asked.kind === "multiple" || !asked.required ? on : null,
  );
}

function scale(asked) {
  const marks = [];
  for (let value = asked.least ?? 1; value <= (asked.most ?? 10); value += 1) marks.push({ value, label: String(value), key: value < 10 ? String(value) : value === 10 && asked.least !== 0 ? "0" : "" });
  return marks;
}

function typed(step, asked, given, acts) {
  const field = h("input", { type: asked.kind === "number" ? "number" : "text", "aria-labelledby": "aloud", "data-key": "i", min: asked.least, max: asked.most, maxlength: 400 });
  field.value = given ?? "";
  field.addEventListener("input", () => acts.type(step, asked.kind === "number" && field.value !== "" ? Number(field.value) : field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      field.blur();
      acts.said();
    }
  });
  queueMicrotask(() => field.focus());
  return field;
}

function closed(told, draft, step, acts) {
  const missing = walk.shut(told, draft, step);
  return h(
    "div",
    { class: "now shut", role: "alert" },
    h("p", { class: "badges" }, h("span", { class: "badge badge-bad" }, `✗ ${say("consentShut")}`)),
    h("p", {}, say("consentWhy")),
    h(
      "div",
      { class: "choices" },
      missing.untold.map((item, place) => button(say("goTo", { what: say(`disclosure.${item}`) }), { key: place < 9 ? String(place + 1) : "", kind: "choice", click: () => acts.jump(walk.teller(told, item).key) })),
      missing.unasked.map((purpose) => button(say("goTo", { what: say(STILL[purpose]) }), { kind: "choice", click: () => acts.jump(told.steps.find((each) => each.stands_for.includes(purpose)).key) })),
    ),
  );
}

function objection(item, acts) {
  return h(
    "div",
    { class: "now objection", "aria-live": "polite" },
    h("p", { class: "badges" }, h("span", { class: "badge badge-wait" }, say("objection")), h("strong", {}, item.title)),
    h("p", { class: "aloud" }, item.said),
    h("div", { class: "actions" }, button(item.ends ? say("saidAndEnd") : say("saidAndBack"), { key: "Space", kind: "primary", click: acts.answered })),
  );
}

function ahead(told, draft) {
  if (!draft.objection && walk.isShut(told, draft, walk.current(told, draft))) return h("div", { class: "ahead" });
  const next = draft.objection ? walk.current(told, draft) : walk.following(told, draft);
  return h("div", { class: "ahead" }, next ? [h("span", { class: "label" }, say(draft.objection ? "thenBack" : "next")), h("p", {}, next.said)] : null);
}

function left(told, draft, acts) {
  const untold = walk.untold(told, draft);
  const items = untold.map((item) => h("button", { type: "button", class: "quiet", click: () => acts.jump(walk.teller(told, item).key) }, say(`disclosure.${item}`)));
  return h(
    "div",
    { class: "still" },
    told.disclosures.length ? [h("span", { class: "label" }, untold.length ? say("still") : ""), untold.length ? items : h("span", { class: "good" }, `✓ ${say("allTold")}`)] : null,
    h(
      "div",
      { class: "tools" },
      button(say("undo"), { key: "Backspace", kind: "quiet", disabled: !draft.trail.length && !draft.objection, click: acts.undo }),
      told.objections.length ? button(say("objections"), { key: "/", click: acts.openObjections }) : null,
    ),
  );
}

export function objections(told, words, marked, acts) {
  const found = walk.search(told, words);
  const items = found.map((item, place) => h("li", { role: "option", id: `objection-${place}`, "aria-selected": String(place === marked), click: () => acts.objected(item.key) }, h("strong", {}, item.title), h("span", { class: "muted" }, item.said)));
  fill("objection-list", items.length ? items : h("li", { class: "muted", role: "option", "aria-selected": "false", "aria-disabled": "true" }, say("noObjection")));
  const field = document.getElementById("objection-words");
  if (items.length) field.setAttribute("aria-activedescendant", `objection-${marked}`);
  else field.removeAttribute("aria-activedescendant");
  document.getElementById(`objection-${marked}`)?.scrollIntoView({ block: "nearest" });
  return found;
}

// ── The call ──
export function beforeCall(state, acts) {
  const { claim } = state;
  fill(
    "call",
    timer("00:00", "waiting"),
    h("p", { class: "dialled digits" }, claim.number),
    button(say("dial"), { key: "d", kind: "primary wide big", disabled: state.busy || !claim.script, click: acts.dial }),
    state.error ? h("p", { class: "error", role: "alert" }, state.error) : null,
    h("p", { class: "muted small" }, say("revealed")),
    h("div", { class: "stack tight end" }, button(say("putBack"), { key: "b", disabled: state.busy, click: acts.putBack }), button(say("askHelp"), { key: "q", kind: "quiet", click: acts.help }), button(say("takeBreak"), { key: "p", kind: "quiet", click: acts.takeBreak })),
  );
}

function timer(text, kind) {
  return h("p", { class: `timer ${kind}` }, h("span", { id: "timer", class: "digits", role: "timer" }, text));
}

export function inCall(state, acts) {
  const { claim, draft } = state;
  const step = claim.script ? walk.current(claim.script, draft) : null;
  const taken = new Set(draft.objection || !step ? [] : (step.choices.length ? step.choices : step.question?.options || []).map((_each, place) => String(place + 1)));
  if (step?.question?.kind === "scale") "0123456789".split("").forEach((key) => taken.add(key));
  if (step && walk.isShut(claim.script, draft, step)) "12345".split("").forEach((key) => taken.add(key));
  const unreached = claim.outcomes.filter((outcome) => !outcome.contacted);
  fill(
    "call",
    timer("00:00", "talking"),
    h("p", { class: "dialled" }, h("a", { href: claim.call.tel, class: "digits", "data-key": "d", "data-key-label": say("dialAgain") }, claim.call.number), hint("d")),
    criteria(claim, draft),
    state.desk === "verifier" ? answers(claim, acts) : null,
    button(say("toOutcome"), { key: "Enter", kind: "primary wide big", click: acts.hangUp }),
    h("h3", {}, say("unreached")),
    h("div", { class: "outcomes small-ones" }, unreached.map((outcome) => button(outcome.label, { key: taken.has(outcome.key) ? "" : outcome.key, click: () => acts.ended(outcome.code) }))),
    h("div", { class: "end" }, button(say("askHelp"), { key: "q", kind: "quiet", click: acts.help }), button(say("breakAfter"), { key: "p", kind: "quiet", pressed: state.breakNext, click: acts.toggleBreak })),
  );
}

export const BIG = ["confirmed", "declined", "considering", "no_answer"];

export function answers(claim, acts, { chosen = null, keyed = false } = {}) {
  const shown = BIG.map((code) => claim.outcomes.find((outcome) => outcome.code === code)).filter(Boolean);
  return h("div", { class: "four", role: "group", "aria-label": say("fourAnswers") }, shown.map((outcome) => button(say(`answer.${outcome.code}`), { key: keyed ? outcome.key : "", kind: `answer-${outcome.code}`, pressed: chosen === outcome.code, click: () => acts.ended(outcome.code) })));
}

function criteria(claim, draft) {
  if (!claim.script || !claim.outcomes.some((outcome) => outcome.after === "consent")) return null;
  const told = walk.told(claim.script, draft).size;
  const all = claim.script.disclosures.length;
  const state = (...purposes) => purposes.every((purpose) => !walk.asks(claim.script, purpose) || walk.settled(claim.script, draft, purpose));
  const rows = [
    ["identity_and_permission", state("verifies_identity", "asks_permission") ? "✓" : "–"],
    ["understanding", state("checks_understanding") ? "✓" : "–"],
    ["script_followed", `${told}/${all}${told === all ? " ✓" : ""}`],
    ["explicit_consent", state("asks_consent") ? "✓" : "–"],
  ];
  return h("ol", { class: "criteria", "aria-label": say("criteria") }, rows.map(([name, mark], place) => h("li", { class: mark.includes("✓") ? "met" : "" }, h("span", {}, `${place + 1} ${say(`criterion.${name}`)}`), h("span", { class: "digits" }, mark))));
}

// ── Nobody in hand ──
export const nobody = () => fill("who", h("p", { class: "muted" }, say("nobodyInHand")));

export function idle(state, acts) {
  const resting = state.phase === "break";
  nobody();
  fill(
    "read",
    h(
      "div",
      { class: "empty idle" },
      state.whyBreak ? reasons(state, acts) : [
        h("p", { class: "lead", role: "status" }, resting ? say("resting") : state.nobody || say("readyToTake")),
        button(say(resting ? "resume" : "take"), { key: "n", kind: "primary big", disabled: state.busy, click: acts.take }),
      ],
      state.error ? h("p", { class: "error", role: "alert" }, state.error) : null,
    ),
  );
  fill(
    "call",
    state.leftOpen.length ? [h("h3", {}, say("leftOpen")), h("ul", { class: "left-open" }, state.leftOpen.map((each, place) => h("li", {}, h("span", {}, `${each.claim.name || say("nameless")} ${each.claim.number}`), h("span", { class: "muted" }, each.said), button(say("wrapUp"), { key: place ? "" : "u", click: () => acts.reopen(each.claim) }))))] : null,
    h("p", { class: "muted" }, say("afterTake")),
    resting || state.whyBreak ? null : h("div", { class: "end" }, button(say("byHand"), { key: "m", kind: "quiet", disabled: state.busy, click: acts.byHand }), button(say("askHelp"), { key: "q", kind: "quiet", click: acts.help }), button(say("takeBreak"), { key: "p", kind: "quiet", click: acts.takeBreak })),
  );
}

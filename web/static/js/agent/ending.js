// The wrap-up in the same three columns: outcome, four marks one by one, time of the callback, note, recording.
import { button, fill, h, say } from "./dom.js";
import { BIG, answers } from "./views.js";

export const CRITERIA = ["identity_and_permission", "understanding", "script_followed", "explicit_consent"];
const MARKS = [["pass", "1"], ["fail", "2"], ["unsure", "3"]];

export const outcomeIn = (claim, code) => claim.outcomes.find((outcome) => outcome.code === code) || null;
export const unmarked = (draft) => CRITERIA.filter((criterion) => !(criterion in draft.marks));

// What still stands between the agent and Enter: outcome, marks, time, note, or nothing.
export function lacking(claim, draft) {
  const outcome = outcomeIn(claim, draft.outcome);
  if (!outcome) return "outcome";
  if (outcome.after === "consent" && unmarked(draft).length) return "marks";
  if (outcome.after === "callback" && outcome.code !== "considering" && !draft.callbackAt) return "time";
  if (outcome.note_required && !draft.note.trim()) return "note";
  return null;
}

export function reportOf(claim, draft, desk) {
  const outcome = outcomeIn(claim, draft.outcome);
  return {
    key: draft.key,
    outcome: draft.outcome,
    ticks: draft.ticks,
    answers: draft.answers,
    marks: outcome.after === "consent" ? draft.marks : {},
    callback_at: outcome.after === "callback" ? draft.callbackAt : null,
    note: draft.note,
    reference: draft.reference,
    seconds: Math.round((draft.endedAt - draft.startedAt) / 100) / 10,
    desk,
  };
}

export function render(state, acts) {
  needs(state, acts);
  outcomes(state, acts);
}

function needs(state, acts) {
  const { claim, draft } = state;
  const outcome = outcomeIn(claim, draft.outcome);
  const big = state.desk === "verifier" ? answers(claim, acts, { chosen: draft.outcome, keyed: !outcome || !keyed(outcome) }) : null;
  fill(
    "needs",
    big,
    h("p", { class: "consequence", role: "status" }, outcome ? [h("strong", {}, outcome.label), h("span", { class: outcome.after === "block" ? "bad" : "muted" }, outcome.consequence)] : say("chooseOutcome")),
    outcome?.after === "consent" ? marks(draft, acts) : null,
    outcome?.after === "callback" ? times(claim, draft, acts, outcome) : null,
  );
}

// While an outcome asks for marks or a time, the number keys belong to them.
const keyed = (outcome) => outcome.after === "consent" || outcome.after === "callback";

function marks(draft, acts) {
  const [now] = unmarked(draft);
  const rows = CRITERIA.map((criterion, place) => {
    const given = draft.marks[criterion];
    const active = criterion === now;
    return h(
      "li",
      { class: active ? "active" : given ? `given ${given}` : "later" },
      h("div", { class: "title" }, h("strong", {}, `${place + 1} ${say(`criterion.${criterion}`)}`), given ? h("span", { class: `badge badge-${{ pass: "good", fail: "bad", unsure: "wait" }[given]}` }, `${{ pass: "✓", fail: "✗", unsure: "?" }[given]} ${say(`mark.${given}`)}`) : null),
      active ? h("p", {}, say(`wording.${criterion}`)) : null,
      active ? h("div", { class: "actions" }, MARKS.map(([mark, key]) => button(say(`mark.${mark}`), { key, kind: `mark-${mark}`, click: () => acts.marked(criterion, mark) }))) : null,
    );
  });
  return h("ol", { class: "marks", "aria-label": say("fourMarks") }, rows);
}

function times(claim, draft, acts, outcome) {
  const { suggested, days } = claim.call.callbacks;
  const chosen = draft.callbackAt ? new Date(draft.callbackAt).getTime() : null;
  const same = (time) => new Date(time.at).getTime() === chosen;
  const day = days.find((each) => each.times.some(same)) || null;
  const daySelect = h("select", { id: "callback-day" }, h("option", { value: "" }, say("day")), days.map((each, place) => h("option", { value: String(place), selected: each === day }, each.label)));
  const timeSelect = h("select", { id: "callback-time", disabled: !day }, h("option", { value: "" }, say("time")), (day?.times || []).map((each) => h("option", { value: each.at, selected: same(each) }, each.label)));
  daySelect.addEventListener("change", () => {
    const picked = days[Number(daySelect.value)];
    acts.timed(daySelect.value === "" ? null : picked.times[0].at, "callback-time");
  });
  timeSelect.addEventListener("change", () => acts.timed(timeSelect.value || null, "callback-time"));
  return h(
    "div",
    { class: "times" },
    h("p", { class: "muted" }, say(outcome.code === "considering" ? "callbackIfWanted" : "callbackWhen")),
    h("div", { class: "choices row", role: "group", "aria-label": say("callbackWhen") }, suggested.map((time, place) => button(time.label, { key: chosen ? "" : String(place + 1), pressed: same(time), click: () => acts.timed(time.at) }))),
    h("div", { class: "line" }, h("label", { for: "callback-day" }, say("otherTime")), daySelect, h("label", { for: "callback-time", class: "visually-hidden" }, say("time")), timeSelect),
  );
}

function outcomes(state, acts) {
  const { claim, draft } = state;
  const outcome = outcomeIn(claim, draft.outcome);
  const keys = !outcome || !keyed(outcome);
  const list = (items) => h("div", { class: "outcomes" }, items.map((each) => button(each.label, { key: keys ? each.key : "", pressed: each.code === draft.outcome, kind: each.after, click: () => acts.ended(each.code) })));
  const lacks = lacking(claim, draft);
  // The verifier's four large answers stand in the middle already.
  const others = claim.outcomes.filter((each) => state.desk !== "verifier" || !BIG.includes(each.code));
  fill(
    "call",
    h("p", { class: "timer ended" }, h("span", { class: "digits" }, state.length)),
    h("h3", {}, say("reached")),
    list(others.filter((each) => each.contacted)),
    h("h3", {}, say("unreached")),
    list(others.filter((each) => !each.contacted)),
    h(
      "div",
      { class: "end" },
      state.error ? h("p", { class: "error", role: "alert" }, state.error) : null,
      h("p", { class: "muted small", id: "lacks" }, lacks ? say(`lacks.${lacks}`) : ""),
      button(say(state.busy ? "sending" : state.breakNext || state.late ? "finish" : "finishAndNext"), { key: "Enter", kind: "primary wide big", disabled: Boolean(lacks) || state.busy, click: acts.send, id: "send" }),
      button(say("back"), { key: "Escape", kind: "quiet wide", click: acts.back }),
      button(say("askHelp"), { key: "q", kind: "quiet wide", click: acts.help }),
    ),
  );
}

export function recording(call, problem, busy, again) {
  const told = document.getElementById("recording-told");
  told.className = problem ? "error" : "help";
  told.textContent = problem || (busy ? say("hearing") : call.recording ? `✓ ${call.recording.said}` : say("recordingHelp", { reference: call.reference }));
  if (again) told.append(" ", button(say("sendRecordingAgain"), { kind: "quiet", click: again }));
}

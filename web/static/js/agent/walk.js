// The way through a script, as plain functions over a draft: what has been said, what is missing, what comes next.
// A draft holds everything that the server has not been told yet, and nothing that cannot be written as JSON.

export const PURPOSES = ["verifies_identity", "asks_permission", "checks_understanding", "asks_consent"];

export function newDraft(call) {
  return {
    callId: call.id,
    key: crypto.randomUUID(),
    startedAt: Date.now() - call.elapsed * 1000,
    endedAt: null,
    cursor: null,
    objection: null,
    trail: [],
    ticks: {},
    answers: {},
    outcome: null,
    marks: {},
    callbackAt: null,
    note: "",
    reference: "",
    untold: [],
    place: 0,
  };
}

// A draft as far as the server knows the call: of a browser that died, or of another machine.
export function draftFrom(call) {
  const draft = newDraft(call);
  draft.place = call.places;
  for (const said of call.spoken) {
    draft.trail.push({ cursor: said.step, objection: null, tick: draft.ticks[said.step] ?? null, answer: draft.answers[said.step] ?? null, meaning: said.meaning, purposes: null, spoken: true });
    if (said.meaning !== null || !(said.step in draft.ticks)) draft.ticks[said.step] = said.second;
    answer(draft, { key: said.step }, said.answer);
    draft.cursor = said.led_to || said.step;
  }
  return draft;
}

// What a step of the trail stood for is in the script.
const purposesOf = (script, past) => past.purposes || stepOf(script, past.cursor)?.stands_for || [];

export const stepOf = (script, key) => script.steps.find((step) => step.key === key);
export const second = (draft) => Math.max(0, ((draft.endedAt || Date.now()) - draft.startedAt) / 1000);

function fits(when, answer) {
  if (answer === undefined || answer === null) return false;
  const given = (Array.isArray(answer) ? answer : [answer]).map(String);
  if (when.is.length && !when.is.some((code) => given.includes(code))) return false;
  if (when.is_not.some((code) => given.includes(code))) return false;
  if (when.at_least !== null && !(Number(answer) >= when.at_least)) return false;
  return when.at_most === null || Number(answer) <= when.at_most;
}

// A step that is said only after certain answers is passed over where they were not given.
export function landing(script, draft, key) {
  let step = stepOf(script, key);
  while (step && step.when && !fits(step.when, draft.answers[step.when.answer_to]) && step.next) step = stepOf(script, step.next);
  return step;
}

export const current = (script, draft) => landing(script, draft, draft.cursor || script.start);

// What comes after the current step on the way of a yes, to be shown in grey.
export function following(script, draft) {
  const step = current(script, draft);
  if (step.next) return landing(script, draft, step.next);
  const choice = step.choices.find((each) => each.meaning === "yes" && each.to) || step.choices.find((each) => each.to);
  return choice ? landing(script, draft, choice.to) : null;
}

export function told(script, draft) {
  const said = new Set();
  for (const key of Object.keys(draft.ticks)) for (const item of stepOf(script, key)?.discloses || []) said.add(item);
  return said;
}

export function untold(script, draft) {
  const said = told(script, draft);
  return script.disclosures.filter((item) => !said.has(item));
}

// The first step that tells something, so that the agent can go there at once.
export const teller = (script, item) => script.steps.find((step) => step.discloses.includes(item));

export const settled = (script, draft, purpose) => draft.trail.some((past) => past.meaning === "yes" && purposesOf(script, past).includes(purpose));
export const asks = (script, purpose) => script.steps.some((step) => step.stands_for.includes(purpose));

// Why consent cannot be asked yet: what is untold, and what was not answered with a yes. Empty where it can.
export function shut(script, draft, step) {
  if (!step.stands_for.includes("asks_consent")) return { untold: [], unasked: [] };
  const unasked = PURPOSES.slice(0, 3).filter((purpose) => asks(script, purpose) && !settled(script, draft, purpose));
  return { untold: untold(script, draft), unasked };
}

export const isShut = (script, draft, step) => {
  const missing = shut(script, draft, step);
  return missing.untold.length > 0 || missing.unasked.length > 0;
};

function remember(draft, step, meaning, spoken = false) {
  draft.trail.push({
    spoken,
    cursor: step.key,
    objection: draft.objection,
    tick: draft.ticks[step.key] ?? null,
    answer: draft.answers[step.key] ?? null,
    meaning,
    purposes: step.stands_for,
  });
}

// The server is told of each step as it is said, or taken back: a browser that dies loses nothing.
function tell(draft, step, facts) {
  draft.untold.push({ place: draft.place, step, second: Math.round(second(draft) * 10) / 10, ...facts });
  draft.place += 1;
}

function leave(script, draft, to, ends) {
  if (to) draft.cursor = landing(script, draft, to)?.key || to;
  return ends || null;
}

// What was told is heard first where it was first said; what was asked counts where it was last answered.
function tick(draft, step) {
  const at = Math.round(second(draft) * 10) / 10;
  if (step.choices.length || !(step.key in draft.ticks)) draft.ticks[step.key] = at;
}

// Says the current step and goes on; gives the ending, where the call ends here.
export function say(script, draft) {
  const step = current(script, draft);
  if (step.choices.length || isShut(script, draft, step)) return null;
  if (step.question?.required && draft.answers[step.key] === undefined) return null;
  remember(draft, step, null, true);
  tick(draft, step);
  const ends = leave(script, draft, step.next, step.ends);
  tell(draft, step.key, { answer: draft.answers[step.key] ?? null, led_to: ends ? null : draft.cursor });
  return ends;
}

export function choose(script, draft, number) {
  const step = current(script, draft);
  const choice = step.choices.find((each) => each.key === number);
  if (!choice || isShut(script, draft, step)) return null;
  remember(draft, step, choice.meaning, true);
  tick(draft, step);
  const ends = leave(script, draft, choice.to, choice.ends);
  tell(draft, step.key, { meaning: choice.meaning, led_to: ends ? null : draft.cursor });
  return ends;
}

export function answer(draft, step, value) {
  if (value === null || value === "" || (Array.isArray(value) && !value.length)) delete draft.answers[step.key];
  else draft.answers[step.key] = value;
}

export function jump(script, draft, key) {
  const step = current(script, draft);
  remember(draft, step, null);
  draft.cursor = key;
}

export function object(draft, key) {
  draft.objection = key;
}

// The objection has been answered: back to where it came up, or to the end of the call.
export function answered(script, draft) {
  const objection = script.objections.find((each) => each.key === draft.objection);
  draft.objection = null;
  return leave(script, draft, objection.returns === "here" ? null : objection.returns, objection.ends);
}

export function undo(script, draft) {
  if (draft.objection) {
    draft.objection = null;
    return;
  }
  const past = draft.trail.pop();
  if (!past) return;
  if (past.spoken) tell(draft, past.cursor, { taken_back: true });
  draft.cursor = past.cursor;
  if (past.tick === null) delete draft.ticks[past.cursor];
  else draft.ticks[past.cursor] = past.tick;
  if (past.answer === null) delete draft.answers[past.cursor];
  else draft.answers[past.cursor] = past.answer;
}

const SUBSTITUTES = { recall: ["callback"], refused: ["declined"], declined: ["refused"] };

// The outcome that a script's ending stands for, among those with which this call may end.
export function outcomeOf(outcomes, ending) {
  const wanted = [ending, ...(SUBSTITUTES[ending] || [])];
  return wanted.find((code) => outcomes.some((outcome) => outcome.code === code)) || null;
}

export function search(script, words) {
  const wanted = words.trim().toLowerCase();
  return script.objections.filter((each) => {
    if (!wanted) return true;
    return [each.title, ...each.triggers].some((text) => text.toLowerCase().includes(wanted) || wanted.includes(text.toLowerCase()));
  });
}

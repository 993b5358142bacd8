// The callers' desk: one state, what can happen to it, and what of it the server must be told.
import { clock, say } from "./dom.js";
import * as ending from "./ending.js";
import { Mailer } from "./mailer.js";
import * as store from "./store.js";
import * as views from "./views.js";
import * as walk from "./walk.js";

const root = document.getElementById("desk");
const desk = root.dataset.desk;
const { send, say: notify } = window.outbound;
const state = { desk, phase: "loading", since: Date.now(), claim: null, draft: null, nobody: "", leftOpen: [], busy: false, error: "", breakNext: false, late: false, length: "", found: [], marked: 0 };
const RENEW_EVERY = 3 * 60 * 1000;
const api = (path, body, method) => send(`/api/v1/${path}`, body, method);

function enter(phase) {
  if (state.phase !== phase) state.since = Date.now();
  state.phase = phase;
}

// ── What is shown ──
function render() {
  root.dataset.phase = state.phase;
  document.getElementById("script-label").textContent = state.phase === "wrapup" ? say("ofCall") : state.claim?.script_label || "";
  document.getElementById("read-title").textContent = say(state.phase === "wrapup" ? "wrapUp" : "script");
  document.getElementById("wrap").hidden = state.phase !== "wrapup";
  document.getElementById("read").hidden = state.phase === "wrapup";
  views.promised(state.claim);
  if (state.claim) views.who(state.claim);
  if (state.phase === "claimed") views.script(state, acts), views.beforeCall(state, acts);
  else if (state.phase === "calling") views.script(state, acts), views.inCall(state, acts);
  else if (state.phase === "wrapup") ending.render(state, acts);
  else if (state.phase !== "loading") views.idle(state, acts);
  tell();
}

function tell() {
  const label = document.getElementById("phase");
  const shown = say(`phase.${state.phase}`);
  if (label.textContent !== shown) label.textContent = shown;
  label.parentElement.dataset.phase = state.phase;
  document.getElementById("phase-time").textContent = clock((Date.now() - state.since) / 1000);
  const timer = document.getElementById("timer");
  if (timer && state.phase === "calling") timer.textContent = clock(walk.second(state.draft));
}

function figures(told) {
  for (const name of ["dialled", "reached", "valid"]) document.querySelector(`[data-figure=${name}]`).textContent = told[name];
}

// ── What the server says ──
function settle(told) {
  figures(told.figures);
  Object.assign(state, { nobody: told.nobody, leftOpen: told.left_open, error: "", busy: false, late: false });
  hold(told.claim);
  render();
}

function hold(claim) {
  Object.assign(state, { claim, draft: null });
  if (!claim) return enter(state.breakNext ? "break" : "idle");
  if (!claim.call) return enter("claimed");
  take(claim);
}

function take(claim) {
  state.claim = claim;
  state.draft = store.draftOf(claim.call.id) || walk.newDraft(claim.call);
  keep();
  if (state.draft.endedAt) openWrapUp();
  else enter("calling");
}

function keep() {
  store.keepDraft(state.draft);
}

function refused(error) {
  state.busy = false;
  state.error = error.message;
  if (error.status === 401) notify(error.message, "wait").append(" ", Object.assign(document.createElement("a"), { href: `/sign-in?next=${location.pathname}`, textContent: say("signIn") }));
  if (error.name === "ClaimEnded") state.claim = null, enter("idle");
  render();
}

async function ask(path, body, then) {
  if (state.busy) return;
  Object.assign(state, { busy: true, error: "" });
  render();
  try {
    const told = await api(path, body);
    state.busy = false;
    then(told);
  } catch (error) {
    refused(error);
  }
}

// ── What the agent does ──
const ended = (outcome) => {
  if (outcome !== null) finish(walk.outcomeOf(state.claim.outcomes, outcome));
  else keep(), render();
};

function finish(outcome) {
  state.draft.endedAt = state.draft.endedAt || Date.now();
  state.draft.outcome = outcome;
  keep();
  openWrapUp();
  render();
}

function openWrapUp() {
  enter("wrapup");
  state.length = clock(walk.second(state.draft));
  document.getElementById("note").value = state.draft.note;
  document.getElementById("reference").value = state.draft.reference;
  document.getElementById("reference").placeholder = state.claim.call.reference;
  ending.recording(state.claim.call);
}

const acts = {
  take: () => {
    state.breakNext = false;
    ask("claims", { desk }, settle);
  },
  dial: () => ask(`claims/${state.claim.id}/dial`, null, (told) => (hold(told.claim), render())),
  putBack: () => ask("claims", { desk, instead_of: state.claim.id }, settle),
  takeBreak: () => {
    state.breakNext = true;
    if (state.phase === "claimed") ask(`claims/${state.claim.id}/put-back`, null, () => (hold(null), render()));
    else enter("break"), render();
  },
  toggleBreak: () => {
    state.breakNext = !state.breakNext;
    render();
  },
  reopen: (claim) => {
    state.late = true;
    state.claim = claim;
    state.draft = store.draftOf(claim.call.id) || walk.newDraft(claim.call);
    // Nobody knows when it ended: after the last thing that was said, and not just now.
    const last = Math.max(0, ...Object.values(state.draft.ticks));
    state.draft.endedAt = state.draft.endedAt || state.draft.startedAt + last * 1000;
    finish(state.draft.outcome);
  },
  said: () => ended(walk.say(state.claim.script, state.draft)),
  chose: (number) => ended(walk.choose(state.claim.script, state.draft, number)),
  jump: (key) => ended(walk.jump(state.claim.script, state.draft, key) ?? null),
  undo: () => (walk.undo(state.claim.script, state.draft), ended(null)),
  answer: (step, kind, value) => {
    const given = state.draft.answers[step.key] || [];
    const several = given.includes?.(value) ? given.filter((each) => each !== value) : [...(Array.isArray(given) ? given : []), value];
    walk.answer(state.draft, step, kind === "multiple" ? several : value);
    if (kind === "multiple") ended(null);
    else acts.said();
  },
  type: (step, value) => (walk.answer(state.draft, step, value), keep()),
  openObjections: () => showObjections(true),
  objected: (key) => {
    showObjections(false);
    walk.object(state.draft, key);
    ended(null);
  },
  answered: () => ended(walk.answered(state.claim.script, state.draft)),
  hangUp: () => finish(state.draft.outcome),
  ended: (code) => finish(code),
  marked: (criterion, mark) => {
    state.draft.marks[criterion] = mark;
    ended(null);
  },
  timed: (at, focus) => {
    state.draft.callbackAt = at;
    ended(null);
    if (focus) document.getElementById(focus).focus();
  },
  back: () => {
    if (state.late && !state.draft.outcome) return look();
    stepBack();
    ended(null);
  },
  send: () => {
    if (ending.lacking(state.claim, state.draft) || state.busy) return;
    Object.assign(state, { busy: true, error: "" });
    const report = { ...ending.reportOf(state.claim, state.draft, desk), next: !state.breakNext && !state.late };
    mailer.post({ callId: state.draft.callId, who: `${state.claim.name} ${state.claim.number}`, body: report });
    render();
  },
};

// Escape takes back the last thing: a mark, the time, the outcome; then it is the call again.
function stepBack() {
  const { draft, claim } = state;
  const after = ending.outcomeIn(claim, draft.outcome)?.after;
  const marked = ending.CRITERIA.filter((criterion) => criterion in draft.marks);
  state.error = "";
  if (after === "consent" && marked.length) delete draft.marks[marked.at(-1)];
  else if (after === "callback" && draft.callbackAt) draft.callbackAt = null;
  else if (draft.outcome) draft.outcome = null;
  else {
    draft.endedAt = null;
    enter("calling");
  }
}

function showObjections(open) {
  const field = document.getElementById("objection-words");
  document.getElementById("objections").hidden = !open;
  if (!open) return field.blur();
  field.value = "";
  findObjections(0);
  field.focus();
}

function findObjections(marked) {
  const field = document.getElementById("objection-words");
  state.marked = marked;
  state.found = views.objections(state.claim.script, field.value, marked, acts);
}

// ── Reports on their way ──
const mailer = new Mailer(api, {
  sent(report, told) {
    const kind = told.late ? "wait" : told.blocked ? "bad" : "good";
    notify([report.who, told.outcome, ...told.follows].join(" · "), kind);
    if (state.draft?.callId !== report.callId) return;
    if (told.desk) settle(told.desk);
    else look();
  },
  refused(report, error) {
    const gone = ["AlreadyWrappedUp", "NotFound"].includes(error.name);
    if (gone) store.dropDraft(report.callId), notify(`${report.who} · ${error.message}`, "bad");
    if (state.draft?.callId !== report.callId) return gone || notify(`${report.who} · ${error.message}`, "bad");
    if (gone) look();
    else refused(error);
  },
  stuck(report, error) {
    state.busy = false;
    refused(Object.assign(error, { message: `${error.message} ${say("keptHere")}` }));
  },
});

async function look() {
  try {
    settle(await api(`desk?desk=${desk}`, null, "GET"));
  } catch (error) {
    enter("idle");
    refused(error);
  }
}

async function renew() {
  if (!state.claim || state.late) return;
  try {
    await api(`claims/${state.claim.id}/renew`);
  } catch (error) {
    if (error.name !== "ClaimEnded") return;
    notify(error.message, "wait");
    if (state.phase === "claimed") hold(null), render();
  }
}

async function upload(file) {
  const { call } = state.claim;
  const form = new FormData();
  form.append("file", file);
  ending.recording(call, "", true);
  try {
    call.recording = await api(`calls/${call.id}/recording`, form);
    ending.recording(call);
  } catch (error) {
    ending.recording(call, error.message);
  }
  document.getElementById("file").value = "";
}

// ── Fields that stay while everything else is drawn anew ──
function listen() {
  const drop = document.getElementById("drop");
  document.getElementById("note").addEventListener("input", (event) => {
    const before = ending.lacking(state.claim, state.draft);
    state.draft.note = event.target.value;
    keep();
    if (ending.lacking(state.claim, state.draft) !== before) ending.render(state, acts);
  });
  document.getElementById("reference").addEventListener("input", (event) => ((state.draft.reference = event.target.value), keep()));
  document.getElementById("file").addEventListener("change", (event) => event.target.files[0] && upload(event.target.files[0]));
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files[0]) upload(event.dataTransfer.files[0]);
    });
  }
  document.getElementById("wrap").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.target.id === "reference") && !event.isComposing) event.preventDefault(), acts.send();
  });
  const words = document.getElementById("objection-words");
  words.addEventListener("input", () => findObjections(0));
  words.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || (!move && !["Enter", "Escape"].includes(event.key))) return;
    event.preventDefault();
    event.stopPropagation();
    if (move) findObjections(Math.min(Math.max(state.marked + move, 0), Math.max(state.found.length - 1, 0)));
    else if (event.key === "Escape") showObjections(false);
    else if (state.found[state.marked]) acts.objected(state.found[state.marked].key);
  });
}

listen();
store.watchTabs(
  () => { document.getElementById("twice").hidden = false; },
  () => { document.getElementById("twice").hidden = true; },
);
setInterval(tell, 250);
setInterval(renew, RENEW_EVERY);
mailer.resume().then(look);

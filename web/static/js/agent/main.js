// The callers' desk: one state, what can happen to it, and what of it the server must be told.
import { ByHand } from "./by_hand.js";
import { clock, say } from "./dom.js";
import * as ending from "./ending.js";
import { Fields } from "./fields.js";
import { Mailer } from "./mailer.js";
import * as screen from "./screen.js";
import { Help } from "./shift.js";
import { Speaker, draftOf } from "./speaking.js";
import * as store from "./store.js";
import * as walk from "./walk.js";

const { desk } = document.getElementById("desk").dataset;
const { send, say: notify } = window.outbound;
const state = { desk, phase: "loading", since: Date.now(), claim: null, draft: null, nobody: "", leftOpen: [], busy: false, error: "", breakNext: false, late: false, length: "", found: [], marked: 0, briefings: [], reasons: [], whyBreak: false, news: 0 };
const RENEW_EVERY = 3 * 60 * 1000;
const SEEN_EVERY = 60 * 1000;
const api = (path, body, method) => send(`/api/v1/${path}`, body, method);

const render = () => screen.render(state, acts);

function enter(phase) {
  if (state.phase !== phase) state.since = Date.now();
  state.phase = phase;
}

// ── What the server says ──
function settle(told) {
  screen.figures(told.figures);
  Object.assign(state, { nobody: told.nobody, leftOpen: told.left_open, error: "", busy: false, late: false, briefings: told.briefings });
  if (told.reasons.length) first(told);
  hold(told.claim);
  render();
}

// A first look tells what somebody was doing before the page was opened.
function first(told) {
  Object.assign(state, { reasons: told.reasons, news: told.briefings.length });
  help.settle(told.help);
  const before = told.standing;
  if (before?.state === "break" && !told.claim && !state.breakNext) enter("break"), (state.since = Date.now() - before.seconds * 1000);
  else if (!told.claim && !["ready", "wrap_up"].includes(before?.state)) stand("ready");
}

// Attendance is told in passing: nothing waits for it.
function stand(now, reason = null) {
  api("attendance", { state: now, reason }).catch(() => {});
}

function hold(claim) {
  Object.assign(state, { claim, draft: null });
  if (!claim) return enter(rests());
  if (!claim.call) return enter("claimed");
  take(claim);
}

// Who wanted a break after this call says why; who is on one stays there.
function rests() {
  if (!state.breakNext) return state.phase === "break" ? "break" : "idle";
  Object.assign(state, { breakNext: false, whyBreak: true });
  return "idle";
}

function take(claim) {
  state.claim = claim;
  state.draft = draftOf(claim.call);
  keep();
  if (state.draft.endedAt) openWrapUp();
  else enter("calling");
}

function keep() {
  store.keepDraft(state.draft);
  speaker.go();
}

function refused(error) {
  state.busy = false;
  state.error = error.message;
  if (error.status === 401) notify(error.message, "wait").append(" ", Object.assign(document.createElement("a"), { href: `/sign-in?next=${location.pathname}`, textContent: say("signIn") }));
  if (error.name === "ClaimEnded") state.claim = null, enter("idle");
  if (error.name === "BriefingUnread") return look();
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
  if (!state.draft.endedAt && !state.late) stand("wrap_up");
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
    Object.assign(state, { breakNext: false, whyBreak: false });
    enter("idle");
    ask("claims", { desk }, settle);
  },
  haveRead: () => {
    const [{ campaign, script }] = state.briefings;
    ask("briefings", { desk, campaign, script }, settle);
  },
  help: () => help.open(),
  byHand: () => byHand.open(),
  takeByHand: async (number) => {
    await ask("claims/by-hand", { desk, number }, (told) => (byHand.close(), settle(told)));
    byHand.tell(state.error);
    state.error = "";
    render();
  },
  dial: () => ask(`claims/${state.claim.id}/dial`, null, (told) => (hold(told.claim), render())),
  putBack: () => ask("claims", { desk, instead_of: state.claim.id }, settle),
  takeBreak: () => {
    state.breakNext = true;
    if (state.phase === "claimed") ask(`claims/${state.claim.id}/put-back`, null, () => (hold(null), render()));
    else hold(null), render();
  },
  rest: (reason) => {
    ask("attendance", { state: "break", reason }, () => {
      state.whyBreak = false;
      enter("break");
      render();
    });
  },
  stay: () => {
    state.whyBreak = false;
    render();
  },
  toggleBreak: () => {
    state.breakNext = !state.breakNext;
    render();
  },
  reopen: (claim) => {
    state.late = true;
    state.claim = claim;
    state.draft = draftOf(claim.call);
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
  openObjections: () => fields.showObjections(true),
  objected: (key) => {
    fields.showObjections(false);
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
    const report = { ...ending.reportOf(state.claim, state.draft, desk), next: !state.breakNext && !state.late && !state.news };
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
    stand("in_call");
  }
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

// Every minute: one is here. A new briefing is read before the next customer comes.
async function beSeen() {
  if (state.phase === "loading") return;
  try {
    const told = await api("attendance/seen", { desk });
    state.news = told.briefings;
    document.getElementById("elsewhere").hidden = !told.elsewhere;
    help.settle(told.help);
    if (told.briefings && state.phase === "idle" && !state.briefings.length) look();
  } catch {
    // Whoever is not seen now is seen a minute later.
  }
}

const speaker = new Speaker(api, () => (state.late ? null : state.draft));
const fields = new Fields(api, state, acts, keep);
const help = new Help(api, () => {
  const script = state.phase === "calling" ? state.claim?.script : null;
  return { call: state.claim?.call?.id ?? null, step: script ? walk.current(script, state.draft).key : "" };
});

const byHand = new ByHand(acts);

fields.listen();
store.watchTabs(
  () => { document.getElementById("twice").hidden = false; },
  () => { document.getElementById("twice").hidden = true; },
);
setInterval(() => screen.tell(state), 250);
setInterval(renew, RENEW_EVERY);
setInterval(beSeen, SEEN_EVERY);
mailer.resume().then(look).then(beSeen);

// What the desk shows of its state: who, what to read, the call or its wrap-up, and how long it has lasted.
import { clock, say } from "./dom.js";
import * as ending from "./ending.js";
import * as shift from "./shift.js";
import * as views from "./views.js";
import * as walk from "./walk.js";

export function render(state, acts) {
  const wrapsUp = state.phase === "wrapup";
  document.getElementById("desk").dataset.phase = state.phase;
  document.getElementById("script-label").textContent = wrapsUp ? say("ofCall") : state.claim?.script_label || "";
  document.getElementById("read-title").textContent = say(wrapsUp ? "wrapUp" : "script");
  document.getElementById("wrap").hidden = !wrapsUp;
  document.getElementById("read").hidden = wrapsUp;
  views.promised(state.claim);
  if (state.phase !== "idle") document.getElementById("by-hand").hidden = true;
  if (state.claim) views.who(state.claim);
  if (mustRead(state)) {
    if (!state.claim) views.nobody();
    shift.briefing(state, acts), shift.briefingKeys(state, acts);
  } else {
    shift.closeBriefing();
    phase(state, acts);
  }
  tell(state);
}

const mustRead = (state) => state.briefings.length > 0 && ["idle", "claimed"].includes(state.phase) && !state.whyBreak;

function phase(state, acts) {
  if (state.phase === "claimed") views.script(state, acts), views.beforeCall(state, acts);
  else if (state.phase === "calling") views.script(state, acts), views.inCall(state, acts);
  else if (state.phase === "wrapup") ending.render(state, acts);
  else if (state.phase !== "loading") views.idle(state, acts);
}

// What changes by itself, several times a second.
export function tell(state) {
  const label = document.getElementById("phase");
  const shown = say(`phase.${state.phase}`);
  if (label.textContent !== shown) label.textContent = shown;
  label.parentElement.dataset.phase = state.phase;
  document.getElementById("phase-time").textContent = clock((Date.now() - state.since) / 1000);
  document.getElementById("news").hidden = !state.news;
  const timer = document.getElementById("timer");
  if (timer && state.phase === "calling") timer.textContent = clock(walk.second(state.draft));
}

export function figures(told) {
  for (const name of ["dialled", "reached", "valid"]) document.querySelector(`[data-figure=${name}]`).textContent = told[name];
}

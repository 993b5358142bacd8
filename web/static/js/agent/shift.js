// The shift around the calls: what is new and must be read, breaks with their reason, and help from who supervises.
import { button, fill, h, say } from "./dom.js";

const END = 12; // pixels: somebody who has scrolled so near has seen the end

// ── What must be read before the first call of it ──
export function briefing(state, acts) {
  const [told] = state.briefings;
  const place = document.getElementById("read");
  if (place.dataset.briefing === `${told.campaign} ${told.script}`) return;
  fill(
    "read",
    h(
      "div",
      { class: "briefing" },
      h("p", { class: "badges" }, h("span", { class: "badge badge-info" }, told.what), told.calls.map((call) => h("span", { class: "badge" }, call))),
      h("h3", { class: "lead" }, told.name),
      told.offer.length ? h("dl", { class: "pairs" }, told.offer.flatMap((each) => [h("dt", {}, each.label), h("dd", {}, mark(each), each.text)])) : null,
      h("h4", {}, told.title),
      h("ol", { class: "lines" }, told.lines.map((each) => h("li", { class: each.new ? "new" : "" }, mark(each), each.label ? h("strong", {}, `${each.label} `) : null, each.text))),
    ),
  );
  place.dataset.briefing = `${told.campaign} ${told.script}`;
  place.scrollTop = 0;
  place.onscroll = () => briefingKeys(state, acts);
}

const mark = (told) => (told.new ? h("span", { class: "badge badge-wait" }, `● ${say("new")}`) : null);

const isReadToTheEnd = (place) => place.scrollHeight - place.scrollTop - place.clientHeight <= END;

export function briefingKeys(state, acts) {
  const place = document.getElementById("read");
  const whole = isReadToTheEnd(place);
  fill(
    "call",
    h("p", {}, say("readFirst")),
    button(say("readOn"), { key: "Space", kind: whole ? "wide" : "primary wide", disabled: whole, click: () => place.scrollBy({ top: place.clientHeight - 60 }) }),
    button(say("haveRead"), { key: "y", kind: whole ? "primary wide big" : "wide big", disabled: !whole || state.busy, click: acts.haveRead }),
    state.error ? h("p", { class: "error", role: "alert" }, state.error) : null,
    state.briefings.length > 1 ? h("p", { class: "muted" }, say("moreToRead", { count: state.briefings.length - 1 })) : null,
    state.claim
      ? h("div", { class: "end" }, button(say("putBack"), { key: "b", disabled: state.busy, click: acts.putBack }))
      : h("div", { class: "end" }, button(say("takeOthers"), { key: "n", kind: "quiet", disabled: state.busy, click: acts.take })),
  );
}

export function closeBriefing() {
  const place = document.getElementById("read");
  delete place.dataset.briefing;
  place.onscroll = null;
}

// ── Breaks ──
export function reasons(state, acts) {
  return h(
    "div",
    { class: "stack tight" },
    h("p", { class: "lead", role: "status" }, say("whyBreak")),
    h("div", { class: "choices", role: "group", "aria-label": say("whyBreak") }, state.reasons.map((each, place) => button(each.label, { key: String(place + 1), kind: "choice", click: () => acts.rest(each.value) }))),
    button(say("back"), { key: "Escape", kind: "quiet", click: acts.stay }),
  );
}

// ── Help ──
export class Help {
  constructor(api, where) {
    Object.assign(this, { api, where, told: null, timer: null, problem: "" });
    this.box = document.getElementById("help");
    this.field = document.getElementById("help-words");
    this.field.addEventListener("keydown", (event) => {
      if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.key === "Escape") this.close();
      else this.ask();
    });
  }

  open() {
    this.box.hidden = false;
    this.render();
    if (!this.told) this.field.focus();
  }

  close() {
    this.box.hidden = !this.told;
    this.field.blur();
  }

  settle(told) {
    const fresh = told?.answers.length && told.answers.length !== this.told?.answers.length;
    this.told = told;
    if (told) this.box.hidden = false;
    this.render(Boolean(fresh));
    clearTimeout(this.timer);
    if (told && !told.answers.length) this.timer = setTimeout(() => this.look(), 2000);
  }

  async look() {
    try {
      this.settle((await this.api("help", null, "GET")).help);
    } catch {
      this.timer = setTimeout(() => this.look(), 5000);
    }
  }

  async send(path, body) {
    try {
      this.problem = "";
      this.settle((await this.api(path, body)).help);
      return true;
    } catch (error) {
      this.problem = error.message;
      this.render();
      return false;
    }
  }

  async ask() {
    if (!this.field.value.trim()) return;
    if (await this.send("help", { text: this.field.value.trim(), ...this.where() })) {
      this.field.value = "";
      this.field.blur();
    }
  }

  async putAway() {
    const { id } = this.told;
    if (await this.send(`help/${id}/withdraw`)) this.box.hidden = true;
  }

  render() {
    const told = this.told;
    document.getElementById("help-ask").hidden = Boolean(told);
    fill(
      "help-told",
      told ? h("p", {}, h("span", { class: "muted" }, `${told.said} `), told.text) : null,
      told && !told.answers.length ? h("p", { class: "wait" }, say("helpWaits")) : null,
      told?.answers.map((each) => h("p", { class: "answered" }, h("strong", {}, each.text), h("span", { class: "muted" }, ` ${each.by} · ${each.said}`))),
      told ? button(say(told.answers.length ? "helpDone" : "helpWithdraw"), { key: "x", kind: "quiet", click: () => this.putAway() }) : null,
      this.problem ? h("p", { class: "error", role: "alert" }, this.problem) : null,
    );
  }
}

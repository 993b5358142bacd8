// Fields that stay while everything else is drawn anew: note, reference, recording, and the search among the objections.
import * as ending from "./ending.js";
import { passing } from "./mailer.js";
import * as views from "./views.js";

const at = (id) => document.getElementById(id);

export class Fields {
  constructor(api, state, acts, keep) {
    Object.assign(this, { api, state, acts, keep });
  }

  listen() {
    this.listenToNote();
    this.listenToRecording();
    this.listenToObjections();
    at("reference").addEventListener("input", (event) => ((this.state.draft.reference = event.target.value), this.keep()));
    at("wrap").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.target.id === "reference") && !event.isComposing) event.preventDefault(), this.acts.send();
    });
  }

  listenToNote() {
    at("note").addEventListener("input", (event) => {
      const { state } = this;
      const before = ending.lacking(state.claim, state.draft);
      state.draft.note = event.target.value;
      this.keep();
      if (ending.lacking(state.claim, state.draft) !== before) ending.render(state, this.acts);
    });
  }

  listenToRecording() {
    const drop = at("drop");
    at("file").addEventListener("change", (event) => event.target.files[0] && this.upload(event.target.files[0]));
    for (const name of ["dragover", "dragleave", "drop"]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", name === "dragover");
        if (name === "drop" && event.dataTransfer.files[0]) this.upload(event.dataTransfer.files[0]);
      });
    }
  }

  async upload(file) {
    const { call } = this.state.claim;
    const form = new FormData();
    form.append("file", file);
    ending.recording(call, "", true);
    try {
      call.recording = await this.api(`calls/${call.id}/recording`, form);
      ending.recording(call);
    } catch (error) {
      // What was refused would be refused again; what was lost on its way need not be looked for once more.
      ending.recording(call, error.message, false, passing(error) ? () => this.upload(file) : null);
    }
    at("file").value = "";
  }

  listenToObjections() {
    const words = at("objection-words");
    words.addEventListener("input", () => this.findObjections(0));
    words.addEventListener("keydown", (event) => {
      const { found, marked } = this.state;
      const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.isComposing || (!move && !["Enter", "Escape"].includes(event.key))) return;
      event.preventDefault();
      event.stopPropagation();
      if (move) this.findObjections(Math.min(Math.max(marked + move, 0), Math.max(found.length - 1, 0)));
      else if (event.key === "Escape") this.showObjections(false);
      else if (found[marked]) this.acts.objected(found[marked].key);
    });
  }

  showObjections(open) {
    const words = at("objection-words");
    at("objections").hidden = !open;
    if (!open) return words.blur();
    words.value = "";
    this.findObjections(0);
    words.focus();
  }

  findObjections(marked) {
    const { state } = this;
    state.marked = marked;
    state.found = views.objections(state.claim.script, at("objection-words").value, marked, this.acts);
  }
}

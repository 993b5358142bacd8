// What was said in a call goes to the server as it is said; what does not get through goes with the next, or with the report.
import { passing } from "./mailer.js";
import * as store from "./store.js";
import * as walk from "./walk.js";

const AGAIN_AFTER = 5000;

// The server may know more than this browser: the call went on at another machine.
export function draftOf(call) {
  const kept = store.draftOf(call.id);
  const told = walk.draftFrom(call);
  if (!kept) return told;
  if ((kept.place ?? 0) >= told.place) return { untold: [], place: told.place, ...kept };
  const answers = { ...kept.answers, ...told.answers };
  return { ...kept, answers, trail: told.trail, ticks: told.ticks, cursor: told.cursor, place: told.place, untold: [] };
}

export class Speaker {
  // `current` gives the draft of the call under way, or null where nothing of it is told.
  constructor(api, current) {
    Object.assign(this, { api, current, going: false });
  }

  async go() {
    const draft = this.current();
    if (this.going || !draft?.untold.length) return;
    this.going = true;
    const waits = await this.tell(draft, [...draft.untold]);
    this.going = false;
    if (this.current() === draft && draft.untold.length) setTimeout(() => this.go(), waits);
  }

  // Gives for how long to wait before what is left is told.
  async tell(draft, said) {
    try {
      await this.api(`calls/${draft.callId}/spoken`, { said });
    } catch (error) {
      if (passing(error)) return AGAIN_AFTER;
    }
    draft.untold = draft.untold.filter((each) => !said.some((told) => told.place === each.place));
    if (this.current() === draft) store.keepDraft(draft);
    return 0;
  }
}

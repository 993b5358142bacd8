// Reports go out one after the other and are kept until the server has taken them or refused them with a reason.
import * as store from "./store.js";

const RETRY_AFTER = 5000;
// No answer, a failing server, a sign-in that ended or a page older than it: the report itself is not at fault.
export const passing = (error) => error.status === 0 || error.status >= 500 || error.status === 401 || error.status === 429 || error.name === "PageOutdated";

export class Mailer {
  constructor(api, { sent, refused, stuck }) {
    Object.assign(this, { api, sent, refused, stuck, timer: null, going: false });
    window.addEventListener("online", () => this.go());
  }

  post(report) {
    store.queue(report);
    return this.go();
  }

  // What an earlier page left behind is sent before anything else; the next contact is asked for afterwards.
  resume() {
    for (const report of store.unsent()) store.queue({ ...report, body: { ...report.body, next: false } });
    return this.go();
  }

  async go() {
    if (this.going) return;
    this.going = true;
    clearTimeout(this.timer);
    try {
      for (const report of store.unsent()) if (!(await this.deliver(report))) break;
    } finally {
      this.going = false;
    }
  }

  async deliver(report) {
    try {
      await this.speakFirst(report.callId);
      const told = await this.api(`calls/${report.callId}/wrap-up`, report.body);
      store.unqueue(report.callId);
      store.dropDraft(report.callId);
      this.sent(report, told);
      return true;
    } catch (error) {
      if (!("status" in error)) throw error;
      if (passing(error)) {
        this.timer = setTimeout(() => this.go(), RETRY_AFTER);
        this.stuck(report, error);
        return false;
      }
      store.unqueue(report.callId);
      this.refused(report, error);
      return true;
    }
  }

  // What was said and not told yet goes before the report that ends the call.
  async speakFirst(callId) {
    const untold = store.draftOf(callId)?.untold;
    if (!untold?.length) return;
    try {
      await this.api(`calls/${callId}/spoken`, { said: untold });
    } catch (error) {
      if (passing(error) || !("status" in error)) throw error;
    }
  }
}

// What the server has not been told yet, kept in this browser for each person: drafts of calls, and reports on their way.
const staff = document.body.dataset.staff;
const DRAFT = `desk:${staff}:draft:`;
const OUTBOX = `desk:${staff}:outbox`;

function read(place) {
  try {
    return JSON.parse(localStorage.getItem(place));
  } catch {
    return null;
  }
}

export const draftOf = (callId) => read(DRAFT + callId);
export const keepDraft = (draft) => localStorage.setItem(DRAFT + draft.callId, JSON.stringify(draft));
export const dropDraft = (callId) => localStorage.removeItem(DRAFT + callId);

export const unsent = () => read(OUTBOX) || [];

export function queue(report) {
  const others = unsent().filter((each) => each.callId !== report.callId);
  localStorage.setItem(OUTBOX, JSON.stringify([...others, report]));
}

export function unqueue(callId) {
  localStorage.setItem(OUTBOX, JSON.stringify(unsent().filter((each) => each.callId !== callId)));
}

// Tells when the same person has the desk open in another tab of this browser: both are told.
export function watchTabs(onOther, onAlone) {
  const channel = new BroadcastChannel(`desk:${staff}`);
  channel.addEventListener("message", (event) => {
    if (event.data === "closed") {
      // Whoever is still there says so again.
      onAlone();
      channel.postMessage("opened");
      return;
    }
    if (event.data === "opened") channel.postMessage("here");
    onOther();
  });
  addEventListener("pagehide", () => channel.postMessage("closed"));
  channel.postMessage("opened");
}

// Marking a call: [1]–[4] pass, Shift fails, Alt cannot tell; a mark stamps the moment that is being heard.
(() => {
  "use strict";
  const form = document.querySelector(".marking");
  if (!form) return;
  const player = window.outbound.player;
  const criteria = [...form.querySelectorAll(".criterion")];
  const moment = (criterion) => criterion.querySelector(".moment input");
  const chosen = (criterion) => criterion.querySelector("[type=radio]:checked");
  let current = 0;

  function written(seconds) {
    const tenths = Math.floor(seconds * 10);
    const minutes = Math.floor(tenths / 600);
    return `${minutes}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
  }

  function stamp(criterion, again) {
    const field = moment(criterion);
    const now = player.second();
    if (now <= 0 || (field.value && !again)) return;
    field.value = written(now);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // The bar with the verdict lies over the end of the form: what is worked on must not be under it. What is being
  // clicked stays where it is, or the button would come up over something else.
  let pressed = false;
  form.addEventListener("pointerdown", () => { pressed = true; }, true);
  document.addEventListener("pointerup", () => { pressed = false; }, true);
  document.addEventListener("pointercancel", () => { pressed = false; }, true);
  const inSight = (criterion) => { if (!pressed) criterion.scrollIntoView({ block: "nearest" }); };

  function turnTo(index) {
    current = index;
    criteria.forEach((each, at) => each.classList.toggle("current", at === index));
    inSight(criteria[index]);
  }

  function outcome() {
    const given = criteria.map((each) => chosen(each)?.value);
    if (given.includes("fail") && !given.includes(undefined)) return "invalid";
    if (given.includes(undefined)) return "open";
    return given.includes("unsure") ? "unsure" : "valid";
  }

  function say() {
    form.querySelector("[data-verdict]").textContent = form.dataset[outcome()];
  }

  // The next one that is not marked yet is the one that [T] stamps, until another is chosen.
  function onward(index) {
    const after = [...criteria.keys()].filter((at) => !chosen(criteria[at]));
    turnTo(chosen(criteria[index])?.value === "pass" && after.length ? after.find((at) => at > index) ?? after[0] : index);
  }

  form.addEventListener("change", (event) => {
    if (!event.target.matches("[type=radio]")) return;
    const criterion = event.target.closest(".criterion");
    stamp(criterion, false);
    say();
    if (event.target.value !== "pass") turnTo(criteria.indexOf(criterion));
    else onward(criteria.indexOf(criterion));
  });
  form.addEventListener("focusin", (event) => {
    const criterion = event.target.closest(".criterion");
    if (criterion && !event.target.matches("[type=radio]")) turnTo(criteria.indexOf(criterion));
  });
  form.addEventListener("toggle", (event) => inSight(event.target.closest(".criterion")), true);
  form.addEventListener("restored", say);
  form.querySelector('[data-do="stamp"]').addEventListener("click", () => stamp(criteria[current], true));

  function mark(index, value) {
    const criterion = criteria[index];
    const radio = criterion.querySelector(`[value="${value}"]`);
    if (radio.checked) turnTo(index);
    else radio.click();
    criterion.querySelectorAll(".error").forEach((told) => told.remove());
    if (value === "fail") criterion.querySelector("select").focus();
  }

  function comment() {
    const field = form.querySelector("[data-comment]");
    const now = player.second();
    if (now > 0) field.value += `${field.value && !field.value.endsWith("\n") ? "\n" : ""}[${player.clock(now)}] `;
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // By the place of the key and not by its character: Shift+1 is ! here, ！ or & there.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.isComposing || event.repeat || document.querySelector("dialog[open]")) return;
    if (document.activeElement.matches("input:not([type=radio], [type=checkbox]), textarea, select") && !event.altKey) return;
    const digit = /^(?:Digit|Numpad)([1-4])$/.exec(event.code);
    if (digit) {
      event.preventDefault();
      mark(Number(digit[1]) - 1, event.altKey ? "unsure" : event.shiftKey ? "fail" : "pass");
    } else if (event.code === "KeyC" && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      comment();
    }
  }, true);

  // A comment may have several lines; the field grows with them.
  const text = form.querySelector("[data-comment]");
  const grow = () => { text.rows = Math.min(4, text.value.split("\n").length); };
  text.addEventListener("input", grow);

  grow();
  say();
  turnTo(Math.max(0, criteria.findIndex((each) => each.querySelector(".error") || !chosen(each))));
})();

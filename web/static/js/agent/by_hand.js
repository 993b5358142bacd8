// A customer taken by hand: the number is typed, and the same rules hold as for whoever is handed out.
export class ByHand {
  constructor(acts) {
    this.box = document.getElementById("by-hand");
    this.field = document.getElementById("by-hand-number");
    this.field.addEventListener("keydown", (event) => {
      if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.key === "Escape") this.close();
      else if (this.field.value.trim()) acts.takeByHand(this.field.value.trim());
    });
  }

  // What was wrong with the number stands beneath it.
  tell(problem) {
    const place = document.getElementById("by-hand-error");
    place.hidden = !problem;
    place.textContent = problem;
  }

  open() {
    this.box.hidden = false;
    this.field.focus();
  }

  close() {
    this.box.hidden = true;
    this.field.value = "";
    this.field.blur();
  }
}

"""The care desk: a number's whole history, and the four things one can do: answer, block, cancel, refer."""

from typing import Any, TypeVar

from flask import Blueprint, flash, g, redirect, render_template
from sqlmodel import SQLModel, col, select

from outbound import complaints
from outbound.calls.model import Call
from outbound.complaints import Complaint, Grievance
from outbound.errors import NotFound, Refusal
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category
from outbound.people import Staff, known
from outbound.phones.model import Phone, find, keep, shown
from outbound.phones.parsing import Number, Unusable, parse
from outbound.recordings.model import Recording
from outbound.subscriptions import life
from outbound.subscriptions.model import FINAL, Subscription
from qa.review import verbs as reviews
from web.desks import money_words
from web.desks.evidence import vault
from web.desks.number_history import History
from web.forms import ChoiceUnknown, Form, filled_form
from web.guard import allows, mine
from web.language import _, chosen_language

bp = Blueprint("care", __name__)
RowT = TypeVar("RowT", bound=SQLModel)

CUSTOMERS_REASONS = (Category.REFUSAL, Category.COMPLAINT, Category.REGULATOR, Category.LITIGATION)


class NotANumber(Refusal):
    """“{text}” is no number that can be called: {reason}."""

    zh = "“{text}”不是可拨打的号码：{reason}。"
    status = 422


class NumberUnknown(Refusal):
    """This centre has never had to do with that number; a customer who wants no calls can be blocked all the same."""

    zh = "本中心从未联系过该号码；如客户要求不再来电，仍可将其列入拒呼名单。"
    status = 404


@bp.get("/care")
@allows("serve_customers")
def show_desk() -> str:
    """One search box, and the complaints that wait for their answer."""
    waiting = complaints.open_complaints(g.session, g.centre.id)
    numbers = {row.phone_id for row in waiting}
    phones = {phone.id: phone for phone in g.session.exec(select(Phone).where(col(Phone.id).in_(numbers)))}
    opener = vault()
    rows = [(row, shown(opener, phones[row.phone_id])) for row in waiting]
    unknown = isinstance(g.get("refusal"), NumberUnknown)
    return render_template("care/desk.html", rows=rows, words=money_words, unknown=unknown)


@bp.post("/care")
@allows("serve_customers", again=show_desk)
def search() -> Any:
    """To the history of a number; the number itself stands in no address."""
    with filled_form() as form:
        number = number_in(form)
    assert number is not None, "a form without a number is refused"
    phone = find(g.session, vault(), number.e164)
    if phone is None or not History(g.session, g.centre.id, phone).is_ours:
        raise NumberUnknown
    return redirect(f"/care/numbers/{phone.id}")


def number_in(form: Form, name: str = "number") -> Number | None:
    """The number typed into a field, or a fault noted there."""
    text = form.text(name, most=40)
    found = parse(text) if text else None
    if isinstance(found, Unusable):
        form.refuse(name, NotANumber(text=text, reason=found.reason.words(chosen_language())))
    return found if isinstance(found, Number) else None


@bp.post("/care/unknown/block")
@allows("block_numbers", again=show_desk)
def block_unknown() -> Any:
    """Block a number that was never met, so that no later list brings it in."""
    with filled_form() as form:
        number = number_in(form)
    assert number is not None, "a form without a number is refused"
    phone = keep(g.session, vault(), number, now=g.now)
    _block(phone, Category.REFUSAL, "")
    return redirect(f"/care/numbers/{phone.id}")


@bp.get("/care/numbers/<int:phone_id>")
@allows("serve_customers")
def show_number(phone_id: int) -> str:
    """Everything that ever happened with a number, and what can be done."""
    phone, history = _met(phone_id)
    return render_template(
        "care/number.html",
        phone=phone,
        number=shown(vault(), phone),
        history=history,
        entries=history.entries(),
        blocks=opt_outs.of_number(g.session, phone, now=g.now),
        living=[each for each in history.subscriptions if each.state not in FINAL],
        open=[row for row in history.complaints if not complaints.settlement_of(g.session, row)],
        words=money_words,
        reasons=[(each.value, money_words.CATEGORIES[each]) for each in CUSTOMERS_REASONS],
        grievances=[(each.value, money_words.GRIEVANCES[each]) for each in Grievance],
    )


def _met(phone_id: int) -> tuple[Phone, History]:
    phone = g.session.get(Phone, phone_id)
    history = History(g.session, g.centre.id, phone) if phone else None
    if phone is None or history is None or not history.is_ours:
        raise NotFound
    return phone, history


def _of_number(model: type[RowT], identity: int, phone_id: int) -> RowT:
    row = mine(g.session, model, identity)
    if getattr(row, "phone_id", None) != phone_id:
        raise NotFound
    return row


@bp.post("/care/numbers/<int:phone_id>/complaints")
@allows("serve_customers", again=show_number)
def take(phone_id: int) -> Any:
    """Take a complaint; “never ordered” holds the charge at once."""
    phone, history = _met(phone_id)
    with filled_form() as form:
        grievance, said = form.choice("grievance", Grievance), form.text("said", most=2000)
        about = _chosen(form, history)
    complaints.take(
        g.session, g.centre, phone, grievance=grievance, said=said, subscription=about, by=g.staff, now=g.now
    )
    flash(_("The complaint is taken; it waits for its answer."))
    return redirect(f"/care/numbers/{phone_id}")


def _chosen(form: Form, history: History) -> Subscription | None:
    text = form.text("about", required=False)
    found = next((each for each in history.subscriptions if str(each.id) == text), None)
    if text and found is None:
        form.refuse("about", ChoiceUnknown())
    return found


@bp.post("/care/numbers/<int:phone_id>/complaints/<int:complaint_id>/settle")
@allows("serve_customers", again=show_number)
def settle(phone_id: int, complaint_id: int) -> Any:
    """Answer a complaint: upheld or not."""
    complaint = _of_number(Complaint, complaint_id, phone_id)
    with filled_form() as form:
        answer = form.text(f"answer-{complaint_id}", most=2000)
        upheld = form.text(f"upheld-{complaint_id}")
        if upheld not in ("", "yes", "no"):
            form.refuse(f"upheld-{complaint_id}", ChoiceUnknown())
    complaints.settle(g.session, complaint, answer=answer, upheld=upheld == "yes", by=g.staff, now=g.now)
    flash(_("The complaint is settled."))
    return redirect(f"/care/numbers/{phone_id}")


@bp.post("/care/numbers/<int:phone_id>/block")
@allows("block_numbers", again=show_number)
def block(phone_id: int) -> Any:
    """Never ring this number again, in any campaign."""
    phone, _history = _met(phone_id)
    with filled_form() as form:
        category, reason = form.choice("category", Category), form.text("block-reason", required=False, most=400)
    _block(phone, category, reason)
    return redirect(f"/care/numbers/{phone_id}")


def _block(phone: Phone, category: Category, reason: str) -> None:
    opt_outs.block(
        g.session,
        phone,
        category=category,
        source="care desk",
        centre_id=g.centre.id,
        reason=reason,
        by=g.staff,
        now=g.now,
    )
    flash(_("The number is blocked: no campaign calls it from now on."))


@bp.post("/care/numbers/<int:phone_id>/subscriptions/<int:subscription_id>/cancel")
@allows("serve_customers", again=show_number)
def cancel(phone_id: int, subscription_id: int) -> Any:
    """The customer takes the yes back; the carrier is told."""
    subscription = _of_number(Subscription, subscription_id, phone_id)
    with filled_form() as form:
        reason = form.text(f"why-{subscription_id}", required=False, most=400)
    life.cancel(g.session, subscription, via="care desk", reason=reason, by=g.staff, now=g.now)
    flash(_("Subscription %(number)d is cancelled; the carrier is told.", number=known(subscription.id)))
    return redirect(f"/care/numbers/{phone_id}")


@bp.post("/care/numbers/<int:phone_id>/recordings/<int:recording_id>/refer")
@allows("serve_customers", again=show_number)
def refer(phone_id: int, recording_id: int) -> Any:
    """Ask for the review of a call by somebody who did not make it."""
    recording = mine(g.session, Recording, recording_id)
    _of_number(Call, recording.call_id or 0, phone_id)
    task = reviews.pull_in(g.session, recording, by=g.staff, now=g.now)
    reviewer = g.session.get_one(Staff, task.reviewer_id)
    flash(_("%(reviewer)s is asked to review this call.", reviewer=reviewer.name))
    return redirect(f"/care/numbers/{phone_id}")

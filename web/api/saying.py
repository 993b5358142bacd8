"""Words of the callers' desks: when, why now, and what follows the end of a call."""

from datetime import date, datetime, timedelta

from babel.dates import format_date
from sqlmodel import Session

from outbound.briefings import Standing
from outbound.call_lists.model import Contact, ContactState, Duty
from outbound.calls.model import After, Call, Outcome
from outbound.calls.wrap_up import WrappedUp
from outbound.clock import local, local_day
from outbound.dialing.by_hand import WHY_NOW as WHY_BY_HAND
from outbound.dialing.outlook import Outlook
from outbound.prompter import InHand
from outbound.recordings import keeping
from outbound.subscriptions import life
from outbound.subscriptions.model import Subscription
from outbound.subscriptions.model import SubscriptionState as S
from scripts.model import script_of
from web import language
from web.filters import DAYS, zone
from web.language import chosen_language


def _(message: str, **facts: object) -> str:
    return str(language._(message, **facts))


def ngettext(one: str, many: str, count: int, **facts: object) -> str:
    return str(language.ngettext(one, many, count, **facts))


def said_day(then: date) -> str:
    """12月1日, 1 Dec."""
    return format_date(then, DAYS[chosen_language()][0], locale=chosen_language())


def said_weekday(then: date) -> str:
    """11月24日 周二, 24 Nov Tue."""
    weekday = format_date(then, "EEE", locale=chosen_language())
    return f"{said_day(then)} {weekday}"


def said_time(at: datetime, *, now: datetime) -> str:
    """Today 18:30, tomorrow 10:00, 26 Nov 10:00: by the centre's clock."""
    here, today = local(at, zone()), local_day(now, zone())
    names = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}
    name = names.get((here.date() - today).days)
    return f"{name or said_day(here.date())} {here:%H:%M}"


def clock(at: datetime) -> str:
    """10:30, by the centre's clock."""
    return f"{local(at, zone()):%H:%M}"


def duty_label(duty: Duty) -> str:
    """What a call is for."""
    return {
        Duty.PITCH: _("First call"),
        Duty.RECALL: _("Re-call"),
        Duty.CONFIRMATION: _("Second confirmation"),
        Duty.CORRECTION: _("Correction"),
    }[duty]


def briefing_title(standing: Standing) -> str:
    """A script with the version that is to be read."""
    return f"{script_of(standing.script).title.shown(chosen_language())} v{standing.script.number}"


def outcome_name(outcome: Outcome) -> str:
    """An outcome in the reader's language."""
    return outcome.zh if chosen_language() == "zh" else outcome.en


def why_now(hand: InHand, last: Outcome | None, *, now: datetime) -> str:
    """Why this customer is called at this moment; `last` is how the call before ended."""
    claim, subscription = hand.claim, hand.subscription
    if claim.why_now == WHY_BY_HAND:
        return _("You took this customer by their number")
    if claim.why_now == "callback":
        return _("The customer asked to be called %(when)s", when=said_time(claim.was_due_at or now, now=now))
    if claim.why_now == "retry" and last:
        return _("Called again: last time “%(outcome)s”", outcome=outcome_name(last))
    if claim.duty == Duty.CONFIRMATION and subscription and subscription.trial_ends_on:
        return _("To be confirmed before the trial ends on %(day)s", day=said_day(subscription.trial_ends_on))
    return {
        Duty.PITCH: _("New on the list, never called"),
        Duty.RECALL: _("The seller was unsure of a criterion: call again"),
        Duty.CONFIRMATION: _("The second confirmation is due"),
        Duty.CORRECTION: _("The sale failed its review: put it right"),
    }[claim.duty]


def consequence(outcome: Outcome) -> str:
    """What registering an outcome will do, said before it is done."""
    if outcome.code == "considering":
        return _("Called again at the time agreed; without a time, not again")
    return {
        After.RETRY: _again_in(outcome.retry_minutes),
        After.CALLBACK: _("Called again at the time agreed"),
        After.CLOSE: _("Not called again for this campaign"),
        After.CONSENT: _("Needs the four marks"),
        After.BLOCK: _("The number is blocked at once, for all campaigns"),
    }[outcome.after]


def _again_in(minutes: int) -> str:
    if minutes % 60:
        return ngettext("Called again in %(num)d minute", "Called again in %(num)d minutes", minutes)
    return ngettext("Called again in %(num)d hour", "Called again in %(num)d hours", minutes // 60)


def nobody_due(outlook: Outlook, *, now: datetime) -> str:
    """Why there is no contact, and until when."""
    if not outlook.campaigns:
        return _("No campaign that you work on may call now; ask your manager.")
    if not outlook.waiting:
        return _("Everybody on your lists has been called.")
    if outlook.next_at is None:
        return _("Everybody who is due is in a colleague's hands; try again in a moment.")
    if outlook.bounded:
        when = said_time(outlook.next_at, now=now)
        return _(
            "More than %(count)d customers wait; the next may be called %(when)s.", count=outlook.waiting, when=when
        )
    return ngettext(
        "%(num)d customer waits; the next may be called %(when)s.",
        "%(num)d customers wait; the next may be called %(when)s.",
        outlook.waiting,
        when=said_time(outlook.next_at, now=now),
    )


def follows(session: Session, done: WrappedUp, *, now: datetime) -> list[str]:
    """What happens now that a call is wrapped up, one sentence for each thing."""
    told = []
    if done.outcome.after == After.BLOCK:
        told.append(_("On the opt-out list: no campaign will call this number again."))
    if done.late:
        return [*told, _("The contact was no longer yours: your report waits for a supervisor.")]
    subscription = life.of_call(session, done.call)
    if subscription and (said := _of_subscription(session, subscription, done)):
        told.append(said)
    if said := _of_contact(session, done, now=now):
        told.append(said)
    going_on = subscription and subscription.state in {S.TRIAL, S.CONFIRMING, S.CONFIRMED}
    if going_on and done.outcome.after == After.CONSENT and keeping.of_call(session, done.call) is None:
        told.append(_("Nothing is charged before the recording of this call is in."))
    return told


def _of_subscription(session: Session, subscription: Subscription, done: WrappedUp) -> str:
    ends = subscription.trial_ends_on
    day = said_day(ends) if ends else ""
    after = said_day(ends + timedelta(days=1)) if ends else ""
    if (
        done.outcome.after == After.CONSENT
        and subscription.state in {S.CONFIRMING, S.EXTENDED}
        and _is_second(done.call)
    ):
        return _("Not all four marks pass: it must be confirmed again.")
    return {
        S.TRIAL: _("On trial until %(day)s; a colleague confirms before that.", day=day),
        S.RECALL_DUE: _("Not certain yet: to be called again."),
        S.VOID: _("No valid sale: nothing is set up."),
        S.CONFIRMING: _("To be confirmed by a colleague until %(day)s.", day=day),
        S.EXTENDED: _("In the further trial until %(day)s.", day=day),
        S.CONFIRMED: _("Confirmed: charged from %(day)s.", day=after),
        S.CANCELLED: _("Cancelled: nothing is charged."),
        S.CORRECTION_DUE: _("The correction is still due: to be called again."),
    }.get(subscription.state, "")


def _is_second(call: Call) -> bool:
    return call.duty == Duty.CONFIRMATION


def _of_contact(session: Session, done: WrappedUp, *, now: datetime) -> str:
    contact = session.get_one(Contact, done.call.contact_id)
    if done.outcome.after in (After.BLOCK, After.CONSENT):
        return ""
    if contact.state == ContactState.CLOSED:
        return _("Not called again for this campaign.")
    if contact.callback:
        return _("To be called back %(when)s.", when=said_time(contact.due_at, now=now))
    return _("To be called again, not before %(when)s.", when=said_time(contact.due_at, now=now))

"""Subscriptions, and the evidence of one of them on one page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, g, jsonify, render_template, request
from sqlmodel import col, select
from werkzeug.wsgi import wrap_file

from outbound.call_lists.model import Contact
from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from outbound.clock import day_starts, local_day
from outbound.compliance import Criterion, Disclosure, Mark, Verdict
from outbound.evidence.bundle import Sources, take
from outbound.evidence.gathering import Evidence, gather
from outbound.notices.model import NoticeKind, NoticeState
from outbound.people import Staff, known, may
from outbound.phones.model import Phone, shown
from outbound.phones.vault import Vault, open_vault
from outbound.recordings.describing import InvalidReason
from outbound.recordings.hearing import check
from outbound.recordings.model import Recording
from outbound.recordings.store import StoreOutOfReach
from outbound.subscriptions.model import Subscription, SubscriptionState
from qa.review import verbs as reviews
from web.desks import listening, money_words
from web.filters import zone
from web.guard import allows, mine
from web.language import _, chosen_language, lazy_gettext
from web.tables import Column, Filter, Table

bp = Blueprint("evidence", __name__)

_IN_MEMORY = 8 << 20
"""A larger file lies in a temporary one until it is sent."""

SINCE = {
    1: lazy_gettext("today"),
    7: lazy_gettext("the last 7 days"),
    30: lazy_gettext("the last 30 days"),
    90: lazy_gettext("the last 90 days"),
}


@dataclass(frozen=True)
class Since(Filter):
    """A choice of how many days back an instant may lie, today being the first of them."""

    def condition(self, chosen: str) -> Any:
        """The condition for a number of days from an address."""
        if chosen not in {str(days) for days in self.options}:
            return None
        first = local_day(g.now, zone()) - timedelta(days=int(chosen) - 1)
        return self.by >= day_starts(first, zone())


def vault() -> Vault:
    """What opens the numbers of this console."""
    return open_vault(current_app.config["SETTINGS"].data)


def subscriptions_table() -> Table:
    """The table of subscriptions with the campaigns that its reader may see."""
    opener = vault()
    return Table(
        caption=lazy_gettext("Subscriptions"),
        columns=(
            Column("id", lazy_gettext("No."), sort=col(Subscription.id), value=lambda row: row[0].id, number=True),
            Column("made_at", lazy_gettext("Sold"), sort=col(Subscription.made_at), value=lambda row: row[0].made_at),
            Column("customer", lazy_gettext("Customer"), sort=col(Contact.name), value=lambda row: row[1].name),
            Column("number", lazy_gettext("Number"), value=lambda row: shown(opener, row[4])),
            Column("campaign", lazy_gettext("Campaign"), sort=col(Campaign.name), value=lambda row: row[2].name),
            Column("seller", lazy_gettext("Seller"), sort=col(Staff.name), value=lambda row: row[3].name),
            Column("state", lazy_gettext("State"), sort=col(Subscription.state), value=_state),
            Column(
                "price",
                lazy_gettext("Price a month"),
                sort=col(Subscription.price_fen),
                value=lambda row: f"{row[0].price_fen / 100:.2f}",
                number=True,
            ),
            Column(
                "ends",
                lazy_gettext("Trial ends"),
                sort=col(Subscription.trial_ends_on),
                value=lambda row: row[0].trial_ends_on if row[0].trial_days else None,
            ),
        ),
        key=col(Subscription.id),
        order="-made_at",
        empty=lazy_gettext("No subscriptions yet: they appear here with the first yes."),
        search=(col(Contact.name), col(Staff.name)),
        filters=(
            Filter("state", lazy_gettext("State"), col(Subscription.state), _states()),
            Filter("campaign", lazy_gettext("Campaign"), col(Subscription.campaign_id), _campaigns()),
            Since("since", lazy_gettext("Sold in"), col(Subscription.made_at), SINCE),
        ),
    )


def _state(row: Any) -> str:
    return str(row[0].state.words(chosen_language()))


def _states() -> dict[str, str]:
    return {state.value: state.words(chosen_language()) for state in SubscriptionState}


def _campaigns() -> dict[int, str]:
    asked = select(Campaign.id, Campaign.name).order_by(Campaign.name)
    if g.centre:
        asked = asked.where(Campaign.centre_id == g.centre.id)
    return {number: name for number, name in g.session.exec(asked) if number}


@bp.get("/subscriptions")
@allows("see_subscriptions")
def show_subscriptions() -> Any:
    """Every subscription of the centre, the newest first."""
    asked = (
        sa.select(Subscription, Contact, Campaign, Staff, Phone)
        .join(Contact, col(Contact.id) == col(Subscription.contact_id))
        .join(Campaign, col(Campaign.id) == col(Subscription.campaign_id))
        .join(Staff, col(Staff.id) == col(Subscription.seller_id))
        .join(Phone, col(Phone.id) == col(Subscription.phone_id))
    )
    if g.centre:
        asked = asked.where(Subscription.centre_id == g.centre.id)
    page = subscriptions_table().page(g.session, asked, request.args)
    if page.exported:
        return page.export("subscriptions")
    opener = vault()
    return render_template("evidence/list.html", page=page, words=money_words, shown=lambda phone: shown(opener, phone))


def seen(subscription_id: int) -> Subscription:
    """A subscription whose evidence who asks may see; raises NotFound, and HearItFirst who still reviews its calls.

    The evidence holds the self-checks and verdicts that a reviewer must not know before their own.
    """
    subscription = mine(g.session, Subscription, subscription_id)
    for call in g.session.exec(select(Call).where(Call.contact_id == subscription.contact_id)):
        if reviews.has_still_to_hear(g.session, g.staff, known(call.id)):
            raise reviews.HearItFirst
    return subscription


@bp.get("/subscriptions/<int:subscription_id>/evidence")
@allows("see_evidence")
def show_evidence(subscription_id: int) -> str:
    """Everything on which the charge of a subscription rests, or what is missing."""
    subscription = seen(subscription_id)
    found = gather(g.session, vault(), subscription)
    return render_template(
        "evidence/one.html",
        subscription=subscription,
        found=found,
        calls=list(_described(found["calls"])),
        steps=sorted(_steps(found), key=lambda step: str(step["at"])),
        words=money_words,
        when=money_words.when,
        hears=may(g.roles, "hear_recordings"),
        takes=may(g.roles, "take_evidence"),
        reads=_reading(),
    )


@bp.get("/subscriptions/<int:subscription_id>/evidence.json")
@allows("see_evidence")
def download_evidence(subscription_id: int) -> Response:
    """The same evidence as a file for programs."""
    found = gather(g.session, vault(), seen(subscription_id))
    answer = jsonify(found)
    answer.headers.set("Content-Disposition", "attachment", filename=f"evidence-{subscription_id}.json")
    return answer


@bp.post("/subscriptions/<int:subscription_id>/evidence/file")
@allows("take_evidence")
def take_evidence(subscription_id: int) -> Response:
    """The evidence as one signed ZIP, with the recordings in it; who takes it is journalled."""
    subscription = seen(subscription_id)
    file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # the answer closes it, once it is sent
    sources = Sources(vault(), listening.store(), current_app.config["SETTINGS"].data)
    take(g.session, sources, subscription, file, by=g.staff, now=g.now)
    size = file.tell()
    file.seek(0)
    answer = Response(wrap_file(request.environ, file), mimetype="application/zip", direct_passthrough=True)
    answer.content_length = size
    answer.headers.set("Content-Disposition", "attachment", filename=f"evidence-{subscription_id}.zip")
    return answer


def _described(calls: list[Evidence]) -> Iterator[dict[str, Any]]:
    """The calls with what only the store can say: whether each recording is still the one that was kept."""
    for call in calls:
        recording = g.session.get(Recording, call["recording"]["id"]) if call["recording"] else None
        yield {**call, "sound": _soundness(recording) if recording else None}


def _steps(found: Evidence) -> Iterator[dict[str, Any]]:
    """What was decided, whatever table it stands in."""
    for change in found["decisions"]:
        state = SubscriptionState(change["after"])
        label, kind = state.words(chosen_language()), money_words.STATES[state]
        yield {**change, "label": label, "kind": kind, "why": money_words.why(change["why"])}
    for held in found["holds"]:
        yield {**held, "label": _("charge held"), "kind": "wait", "why": money_words.why(held["reason"])}
        if lifted := held["lifted"]:
            yield {**lifted, "label": _("hold lifted"), "kind": "", "why": lifted["reason"]}
    if taken_back := found["withdrawal"]:
        why = f"{money_words.why(taken_back['via'])} {taken_back['reason']}".strip()
        yield {**taken_back, "label": _("yes taken back"), "kind": "bad", "why": why}


def _soundness(recording: Recording) -> str:
    try:
        return str(check(listening.store(), recording))
    except StoreOutOfReach:
        return "unknown"


def _reading() -> dict[str, Any]:
    """How the codes of calls read in the page's language."""
    language = chosen_language()
    return {
        "criterion": {item.value: item.label.said(language) for item in Criterion},
        "disclosure": {item.value: item.label.said(language) for item in Disclosure},
        "mark": {item.value: item.in_review.said(language) for item in Mark},
        "self_mark": {item.value: item.in_self_check.said(language) for item in Mark},
        "verdict": {item.value: item.label.said(language) for item in Verdict},
        "notice": {item.value: item.words(language) for item in NoticeKind},
        "notice_state": {item.value: item.words(language) for item in NoticeState},
        "state": {item.value: item.words(language) for item in SubscriptionState},
        "invalid": {item.value: item.words(language) for item in InvalidReason},
        "reason": {(item.value, reason.code): reason.said(language) for item in Criterion for reason in item.reasons},
        "day": datetime.fromisoformat,
    }

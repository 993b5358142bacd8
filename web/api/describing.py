"""How rows become what the callers' desks show."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from flask import g
from sqlmodel import Session

from outbound import prompter
from outbound.call_lists.model import Contact, Duty
from outbound.calls import callbacks, lookups, outcomes
from outbound.calls.model import Call
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign, CampaignVersion
from outbound.clock import local_day
from outbound.dialing.model import Claim
from outbound.dialing.outlook import outlook
from outbound.errors import Language, Refusal
from outbound.people import Role, Staff, known
from outbound.phones.model import Phone
from outbound.phones.parsing import display, masked
from outbound.recordings import keeping
from outbound.recordings.model import Recording
from outbound.subscriptions import life
from scripts.model import script_of
from scripts.rendering import Rendered
from web import filters
from web.api import saying, shapes
from web.api.blueprint import vault
from web.language import _, chosen_language

ROLES = {"agent": Role.AGENT, "verifier": Role.VERIFIER}


def roles_at(desk: shapes.DeskName) -> list[Role]:
    """The roles in which whoever asks works at a desk: one's own only."""
    return [role for role in (ROLES[desk],) if role in g.roles]


def desk(
    session: Session, name: shapes.DeskName, *, now: datetime, claim: Claim | None, asked: bool
) -> shapes.DeskShown:
    """Everything that the desk shows to who asks; why there is nobody in hand only where somebody was asked for."""
    today = lookups.today_of(session, g.staff, zone=filters.zone(), now=now)
    told = (
        ""
        if claim or not asked
        else saying.nobody_due(outlook(session, g.staff, roles=roles_at(name), now=now), now=now)
    )
    left = [open_call(session, call, now=now) for call in lookups.left_open(session, g.staff, now=now)]
    return shapes.DeskShown(
        now=now,
        figures=shapes.Figures(dialled=today.dialled, reached=today.reached, valid=today.valid),
        claim=claim_shown(session, claim, now=now) if claim else None,
        nobody=told,
        left_open=left,
    )


def open_call(session: Session, call: Call, *, now: datetime) -> shapes.OpenCall:
    """A call that was never reported."""
    shown = claim_shown(session, session.get_one(Claim, call.claim_id), now=now)
    return shapes.OpenCall(claim=shown, said=saying.said_time(call.dialled_at, now=now))


def claim_shown(
    session: Session, claim: Claim, *, now: datetime, language: Language | None = None
) -> shapes.ClaimShown:
    """A contact in hand."""
    contact = session.get_one(Contact, claim.contact_id)
    campaign = session.get_one(Campaign, claim.campaign_id)
    call = lookups.open_call_of(session, claim)
    script, problem = _script(session, claim, language or prompter.language_for(session, claim, chosen_language()), now)
    return shapes.ClaimShown(
        id=known(claim.id),
        duty=claim.duty,
        duty_label=saying.duty_label(claim.duty),
        why=saying.why_now(session, claim, contact, now=now),
        campaign=campaign.name,
        name=contact.name,
        number=masked(_number(session, claim)),
        attributes=list(_attributes(contact)),
        tries=contact.attempts,
        history=list(_history(session, claim, now=now)),
        lease_until=claim.lease_until,
        script=script,
        script_label=_script_label(session, claim, call, script),
        languages=list(campaigns.definition_of(session, campaign).calling.languages),
        problem=problem,
        outcomes=_outcomes(session, claim, call),
        promised=_promised(session, claim, now=now),
        call=call_shown(session, call, claim, now=now) if call else None,
    )


def _number(session: Session, claim: Claim) -> str:
    return vault().open(session.get_one(Phone, claim.phone_id).sealed)


def _script(session: Session, claim: Claim, language: Language, now: datetime) -> tuple[Rendered | None, str]:
    try:
        return prompter.script_for(session, vault(), claim, g.staff, language, now), ""
    except Refusal as refused:
        # Who it is must still be shown, so that the contact can be put back.
        return None, refused.sentence(chosen_language())


def _script_label(session: Session, claim: Claim, call: Call | None, script: Rendered | None) -> str:
    if script is None:
        return ""
    return f"{script.title} v{prompter.version_for(session, claim, call).number}"


def _attributes(contact: Contact) -> Iterator[shapes.Labelled]:
    for label, value in contact.attributes.items():
        # What begins with an underscore is the list's own book-keeping, such as further numbers.
        if not label.startswith("_") and value not in (None, ""):
            yield shapes.Labelled(label=label, value=str(value))


def _history(session: Session, claim: Claim, *, now: datetime) -> Iterator[shapes.FormerCall]:
    for call, outcome, caller in lookups.history_of(session, claim.contact_id):
        # A second confirmation must not be coloured by what the seller hoped.
        hidden = claim.duty == Duty.CONFIRMATION and call.duty != Duty.CONFIRMATION
        yield shapes.FormerCall(
            at=call.dialled_at,
            said=saying.said_time(call.dialled_at, now=now),
            duty=saying.duty_label(call.duty),
            outcome=saying.outcome_name(outcome),
            contacted=outcome.contacted,
            by=caller.name,
            note="" if hidden else call.note,
        )


def _outcomes(session: Session, claim: Claim, call: Call | None) -> list[shapes.OutcomeShown]:
    try:
        script = script_of(prompter.version_for(session, claim, call))
    except Refusal:
        return []
    return [
        shapes.OutcomeShown(
            code=outcome.code,
            label=saying.outcome_name(outcome),
            key=outcome.key,
            contacted=outcome.contacted,
            after=outcome.after,
            note_required=outcome.note_required,
            consequence=saying.consequence(outcome),
        )
        for outcome in outcomes.of_duty(session, claim.duty, script.kind)
    ]


def _promised(session: Session, claim: Claim, *, now: datetime) -> shapes.Promised | None:
    subscription = life.of_contact(session, claim.contact_id)
    if subscription is None:
        return None
    offer = campaigns.definition_in(session.get_one(CampaignVersion, subscription.campaign_version_id)).offer
    sale = session.get_one(Call, subscription.sale_call_id)
    ends = subscription.trial_ends_on if subscription.trial_days else None
    return shapes.Promised(
        offer=offer.shown(chosen_language()) if offer else subscription.offer_name,
        price=_("%(price)s a month", price=filters.money(subscription.price_fen)),
        trial_ends=saying.said_weekday(ends) if ends else "",
        trial_ends_on=ends,
        sold=saying.said_time(sale.dialled_at, now=now),
        seller=session.get_one(Staff, subscription.seller_id).name,
        cancel=offer.cancel.shown(chosen_language()) if offer else "",
    )


def call_shown(session: Session, call: Call, claim: Claim, *, now: datetime) -> shapes.CallShown:
    """A call under way, with the number to dial."""
    number = _number(session, claim)
    recording = keeping.of_call(session, call)
    return shapes.CallShown(
        id=known(call.id),
        reference=call.reference,
        number=display(number),
        tel=f"tel:{number}",
        dialled_at=call.dialled_at,
        elapsed=max(0.0, (now - call.dialled_at).total_seconds()),
        callbacks=_callbacks(session, claim, now=now),
        recording=recording_shown(recording) if recording else None,
    )


def _callbacks(session: Session, claim: Claim, *, now: datetime) -> shapes.Callbacks:
    campaign = session.get_one(Campaign, claim.campaign_id)
    rules = campaigns.definition_of(session, campaign).profile
    zones, zone = session.get_one(Phone, claim.phone_id).time_zones, filters.zone()
    possible = callbacks.possible_times(rules, zones, zone=zone, now=now)
    return shapes.Callbacks(
        suggested=[
            shapes.Time(at=at, label=saying.said_time(at, now=now))
            for at in callbacks.suggested_times(rules, zones, zone=zone, now=now)
        ],
        days=[
            shapes.Day(
                label=saying.said_weekday(day),
                times=[shapes.Time(at=at, label=saying.clock(at)) for at in times],
            )
            for day, times in groupby(possible, key=lambda at: local_day(at, zone))
        ],
    )


def recording_shown(recording: Recording) -> shapes.RecordingShown:
    """A recording with what was heard on it."""
    said = _("valid") if recording.valid else keeping.InvalidReason(recording.invalid_reason).words(chosen_language())
    return shapes.RecordingShown(
        reference=recording.reference,
        seconds=recording.seconds,
        valid=recording.valid,
        said=f"{filters.seconds(recording.seconds)} · {said}",
        sha256=recording.sha256,
        matched=recording.call_id is not None,
    )

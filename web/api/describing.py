"""How rows become what the callers' desks show."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from flask import g
from sqlmodel import Session

from outbound import prompter
from outbound.call_lists.hidden_cells import attributes_of
from outbound.call_lists.model import Duty
from outbound.calls import lookups, speaking
from outbound.calls.model import Call, Outcome
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.model import CampaignVersion
from outbound.dialing.outlook import outlook
from outbound.errors import Language, Refusal
from outbound.people import Role, Staff, known
from outbound.phones.parsing import display, masked
from outbound.phones.vault import Vault
from outbound.prompter import InHand
from outbound.recordings import keeping
from outbound.recordings.describing import InvalidReason
from outbound.recordings.model import Recording
from scripts.model import ScriptVersion, script_of
from scripts.rendering import Rendered
from web import filters
from web.api import choices, correcting, requests, saying, shapes, shifting
from web.api.blueprint import vault
from web.language import _, chosen_language

ROLES = {"agent": Role.AGENT, "verifier": Role.VERIFIER}


def roles_at(desk: requests.DeskName) -> list[Role]:
    """The roles in which whoever asks works at a desk: one's own only."""
    return [role for role in (ROLES[desk],) if role in g.roles]


def desk(
    session: Session, name: requests.DeskName, *, now: datetime, claim: int | None, asked: bool
) -> shapes.DeskShown:
    """Everything that the desk shows to who asks; why there is nobody in hand only where somebody was asked for."""
    unread = shifting.briefings_shown(session, roles_at(name), now=now) if asked and not claim else []
    today = lookups.today_of(session, g.staff, zone=filters.zone(), now=now)
    told = (
        ""
        if claim or not asked
        else _("Read what is new first; then you get its customers.")
        if unread
        else saying.nobody_due(outlook(session, g.staff, roles=roles_at(name), now=now), now=now)
    )
    left = [open_call(session, session.get_one(Call, call), now=now) for call in today.left_open]
    return shapes.DeskShown(
        now=now,
        figures=shapes.Figures(dialled=today.dialled, reached=today.reached, valid=today.valid),
        claim=claim_shown(session, prompter.in_hand(session, claim), now=now) if claim else None,
        nobody=told,
        left_open=left,
        briefings=unread,
    )


def open_call(session: Session, call: Call, *, now: datetime) -> shapes.OpenCall:
    """A call that was never reported."""
    shown = claim_shown(session, prompter.in_hand(session, call.claim_id), now=now)
    return shapes.OpenCall(claim=shown, said=saying.said_time(call.dialled_at, now=now))


def claim_shown(
    session: Session, hand: InHand, *, now: datetime, language: Language | None = None
) -> shapes.ClaimShown:
    """A contact in hand."""
    definition, former, keys = hand.definition, _former(session, hand), vault()
    version, script, problem = _script(session, hand, keys, language or spoken(hand), now)
    return shapes.ClaimShown(
        id=known(hand.claim.id),
        duty=hand.claim.duty,
        duty_label=saying.duty_label(hand.claim.duty),
        why=_why(session, hand, former, now=now),
        campaign=hand.campaign.name,
        name=hand.contact.name,
        number=masked(keys.open(hand.phone.sealed)),
        attributes=list(_attributes(hand, keys)),
        tries=hand.contact.attempts,
        history=list(_history(hand, former, now=now)),
        lease_until=hand.claim.lease_until,
        script=script,
        script_label=f"{script.title} v{version.number}" if script and version else "",
        languages=list(definition.calling.languages),
        problem=problem,
        outcomes=_outcomes(session, hand, version),
        promised=_promised(session, hand, now=now),
        call=call_shown(session, hand, hand.call, now=now) if hand.call else None,
    )


def _outcomes(session: Session, hand: InHand, version: ScriptVersion | None) -> list[shapes.OutcomeShown]:
    if version is None:
        return []
    changes = hand.definition.calling.outcomes
    return choices.outcomes(session, hand.claim.duty, script_of(version).kind, changes)


def _why(session: Session, hand: InHand, former: Sequence[tuple[Call, Outcome, Staff]], *, now: datetime) -> str:
    # What a call for something else came to is not why this one is made.
    last = former[0][1] if former and former[0][0].duty == hand.claim.duty else None
    return "\n".join([saying.why_now(hand, last, now=now), *correcting.found_wrong(session, hand)])


def spoken(hand: InHand) -> Language:
    """The language in which this customer is spoken to, as far as nobody chose another."""
    return prompter.spoken_in(hand.definition, chosen_language())


def _script(
    session: Session, hand: InHand, keys: Vault, language: Language, now: datetime
) -> tuple[ScriptVersion | None, Rendered | None, str]:
    version = None
    try:
        version = prompter.script_version(session, hand)
        return version, prompter.read_to(session, keys, hand, version, g.staff, language, now), ""
    except Refusal as refused:
        # Who it is must still be shown, so that the contact can be put back.
        return version, None, refused.sentence(chosen_language())


def _attributes(hand: InHand, keys: Vault) -> Iterator[shapes.Labelled]:
    for label, value in attributes_of(hand.contact, keys).items():
        # What begins with an underscore is the list's own book-keeping.
        if not label.startswith("_") and value not in (None, ""):
            yield shapes.Labelled(label=label, value=str(value))


def _former(session: Session, hand: InHand) -> Sequence[tuple[Call, Outcome, Staff]]:
    # Every call needs a claim: with the first one in hand there is nothing to look for.
    return lookups.history_of(session, hand.claim.contact_id) if hand.claim.epoch > 1 else ()


def _history(
    hand: InHand, former: Sequence[tuple[Call, Outcome, Staff]], *, now: datetime
) -> Iterator[shapes.FormerCall]:
    for call, outcome, caller in former:
        # A second confirmation must not be coloured by what the seller hoped.
        hidden = hand.claim.duty == Duty.CONFIRMATION and call.duty != Duty.CONFIRMATION
        yield shapes.FormerCall(
            at=call.dialled_at,
            said=saying.said_time(call.dialled_at, now=now),
            duty=saying.duty_label(call.duty),
            outcome=saying.outcome_name(outcome),
            contacted=outcome.contacted,
            by=caller.name,
            note="" if hidden else call.note,
        )


def _promised(session: Session, hand: InHand, *, now: datetime) -> shapes.Promised | None:
    subscription = hand.subscription
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


def call_shown(session: Session, hand: InHand, call: Call, *, now: datetime) -> shapes.CallShown:
    """A call under way, with the number to dial."""
    number = vault().open(hand.phone.sealed)
    recording, spoken = keeping.of_call(session, call), speaking.spoken_in(session, call)
    return shapes.CallShown(
        id=known(call.id),
        reference=call.reference,
        number=display(number),
        tel=f"tel:{number}",
        dialled_at=call.dialled_at,
        elapsed=max(0.0, (now - call.dialled_at).total_seconds()),
        callbacks=choices.callback_times(session, hand, now=now),
        recording=recording_shown(recording) if recording else None,
        spoken=[shapes.SpokenShown.model_validate(each, from_attributes=True) for each in speaking.way(spoken)],
        places=max((each.place for each in spoken), default=-1) + 1,
    )


def recording_shown(recording: Recording) -> shapes.RecordingShown:
    """A recording with what was heard on it."""
    said = _("valid") if recording.valid else InvalidReason(recording.invalid_reason).words(chosen_language())
    return shapes.RecordingShown(
        reference=recording.reference,
        seconds=recording.seconds,
        valid=recording.valid,
        said=f"{filters.seconds(recording.seconds)} · {said}",
        sha256=recording.sha256,
        matched=recording.call_id is not None,
    )

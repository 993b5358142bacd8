"""How briefings, the state of who calls and their questions become what the callers' desks show."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from flask import g
from sqlmodel import Session

from outbound import attendance, briefings, prompter, support
from outbound.briefings import Briefing, Novelty
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.definition import Definition, Offer
from outbound.errors import Refusal
from outbound.people import Role, Staff, known
from scripts.model import ScriptVersion, script_of
from scripts.rendering import Rendered, render
from web import filters
from web.api import saying, shapes
from web.desks.scripts.showing import sample_facts
from web.language import _, chosen_language


def unread_count(session: Session, roles: Collection[Role], *, now: datetime) -> int:
    """How many briefings wait for who asks."""
    return len(briefings.unread(session, g.staff, roles=roles, now=now))


def briefings_shown(session: Session, roles: Collection[Role], *, now: datetime) -> list[shapes.BriefingShown]:
    """What who asks must read before they are handed a contact of it."""
    return [_briefing(session, each, now=now) for each in briefings.unread(session, g.staff, roles=roles, now=now)]


def _briefing(session: Session, briefing: Briefing, *, now: datetime) -> shapes.BriefingShown:
    definition = campaigns.definition_in(briefing.version)
    former = campaigns.definition_in(briefing.former_version) if briefing.former_version else None
    return shapes.BriefingShown(
        campaign=known(briefing.campaign.id),
        script=known(briefing.script.id),
        name=briefing.campaign.name,
        novelty=briefing.novelty,
        what=_what(briefing),
        calls=[saying.duty_label(duty) for duty in briefing.duties],
        offer=list(_offer(definition.offer, former.offer if former else None)) if definition.offer else [],
        title=f"{script_of(briefing.script).title.shown(chosen_language())} v{briefing.script.number}",
        lines=list(_lines(session, briefing, definition, now=now)),
    )


def _what(briefing: Briefing) -> str:
    if briefing.novelty is Novelty.CAMPAIGN:
        return str(_("A campaign that is new to you"))
    if briefing.novelty is Novelty.OFFER:
        return str(_("The offer has changed"))
    return str(_("The script has a new version") if briefing.former_script else _("A script that is new to you"))


def _offer(offer: Offer, former: Offer | None) -> Iterator[shapes.Told]:
    before = dict(_terms(former)) if former else {}
    for label, value in _terms(offer):
        yield shapes.Told(label=label, text=value, new=bool(before) and before.get(label) != value)


def _terms(offer: Offer) -> list[tuple[str, str]]:
    language = chosen_language()
    between = "；" if language == "zh" else "; "
    trial = _("%(days)d days", days=offer.trial_days) if offer.trial_days else _("none")
    return [
        (str(_("Offer")), offer.shown(language)),
        (str(_("Price")), str(_("%(price)s a month", price=filters.money(offer.price_fen)))),
        (str(_("Trial")), str(trial)),
        (str(_("What it does")), between.join(function.shown(language) for function in offer.functions)),
        (str(_("How it is used")), offer.usage.shown(language)),
        (str(_("Questions")), offer.enquiry.shown(language)),
        (str(_("How to cancel")), offer.cancel.shown(language)),
    ]


def _lines(session: Session, briefing: Briefing, definition: Definition, *, now: datetime) -> Iterator[shapes.Told]:
    """What is said, with an example customer, in the order of reading; what is new is marked where some was known."""
    now_said = _said(session, briefing.script, definition, now=now)
    before = _said(session, briefing.former_script, definition, now=now) if briefing.former_script else None
    for key, (label, text) in now_said.items():
        yield shapes.Told(label=label, text=text, new=before is not None and before.get(key, ("", ""))[1] != text)


def _said(
    session: Session, version: ScriptVersion, definition: Definition, *, now: datetime
) -> Mapping[str, tuple[str, str]]:
    script, language = script_of(version), prompter.spoken_in(definition, chosen_language())
    spoken = language if language in script.languages else script.languages[0]
    try:
        facts = sample_facts(session, script, g.centre, now=now, language=spoken, definition=definition)
        return _texts(render(script, facts, spoken))
    except Refusal:
        # A script that cannot be filled in is read as it is written.
        return {key: ("", step.say.shown(spoken)) for key, step in script.steps.items()}


def _texts(read: Rendered) -> Mapping[str, tuple[str, str]]:
    steps = {f"step {step.key}": ("", step.said) for step in read.steps}
    return steps | {f"objection {each.key}": (each.title, each.said) for each in read.objections}


def standing_shown(session: Session, staff: Staff, *, now: datetime) -> shapes.StandingShown | None:
    """What somebody is doing, and for how long; None before they ever sat here."""
    last = attendance.current(session, staff)
    if last is None:
        return None
    seconds = max(0.0, (now - last.at).total_seconds())
    return shapes.StandingShown(state=last.state, reason=last.reason, seconds=seconds)


def reasons() -> list[shapes.Labelled]:
    """Why somebody may take a break."""
    return [shapes.Labelled(label=each.words(chosen_language()), value=each) for each in attendance.BreakReason]


def help_shown(session: Session, staff: Staff, *, now: datetime) -> shapes.HelpShown | None:
    """Somebody's latest question with its answers."""
    asked = support.shown_to(session, staff, now=now)
    if asked is None:
        return None
    return shapes.HelpShown(
        id=known(asked.question.id),
        text=asked.question.text,
        said=saying.said_time(asked.question.at, now=now),
        answers=[
            shapes.HelpAnswered(text=answer.text, by=by.name, said=saying.said_time(answer.at, now=now))
            for answer, by in asked.answers
        ],
    )

"""What is heard of a call on a page: its recording for the player, the script as it was spoken, the sound itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from flask import Response, current_app, g, request
from sqlmodel import Session, select
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from outbound import prompter
from outbound.call_lists.model import Duty
from outbound.calls.model import Call, Tick
from outbound.campaigns.lookups import definition_in
from outbound.campaigns.model import CampaignVersion
from outbound.clock import local_day
from outbound.dialing.model import Claim
from outbound.documents import DocumentFaulty
from outbound.errors import Language, Refusal
from outbound.people import Centre, Staff
from outbound.phones.vault import open_vault
from outbound.recordings import hearing
from outbound.recordings.model import AgentSide, Recording
from outbound.recordings.store import Store, open_store
from outbound.settings import Settings
from scripts.language import Disclosure, Meaning, Purpose, Script, Step
from scripts.model import ScriptVersion, script_of
from scripts.rendering import Facts, reading_order, render
from web.language import chosen_language, lazy_gettext

PURPOSES = {
    Purpose.VERIFIES_IDENTITY: lazy_gettext("Identity"),
    Purpose.ASKS_PERMISSION: lazy_gettext("Permission"),
    Purpose.CHECKS_UNDERSTANDING: lazy_gettext("Understood?"),
    Purpose.ASKS_CONSENT: lazy_gettext("Consent"),
    Purpose.TELLS_CANCEL_ROUTE: lazy_gettext("How to cancel"),
}
"""What a step asks or tells, as it stands on the time line."""


@dataclass(frozen=True)
class Line:
    """A step of the script: what was said, what it stands for, and the second at which the caller ticked it."""

    key: str
    said: str
    about: str
    second: float | None

    @property
    def label(self) -> str:
        """What stands at its mark on the time line."""
        return self.about or f"{self.said[:8]}…"


@dataclass(frozen=True)
class Spoken:
    """The script of a call: the lines ticked in the order of the ticks, those that should have been, and the rest."""

    title: str
    number: int
    language: Language
    ticked: list[Line]
    missing: list[Line]
    others: list[Line]
    filled: bool
    """Whether the lines stand as they were spoken; else as they are written, with their placeholders."""


def store() -> Store:
    """The store of recordings of this console."""
    return _store(current_app.config["SETTINGS"])


@cache
def _store(settings: Settings) -> Store:
    return open_store(settings)


def player_of(recording: Recording, address: str) -> dict[str, Any]:
    """What the player draws at once, before any sound is loaded: both sides' peaks, who speaks when, the length."""
    sides: list[Mapping[str, Any]] = recording.hearing.get("sides", [])
    return {
        "id": recording.id,
        "address": address,
        "seconds": recording.seconds,
        "peaks": [side["peaks"] for side in sides],
        "sides": _sides(recording) if len(sides) == 2 else ["both"],
        "spoken": _together(span for side in sides for span in side["spoken"]),
    }


def _sides(recording: Recording) -> list[str]:
    """Who is on the left and who on the right, as the recorder's rule was when the recording came in."""
    if recording.agent_side == AgentSide.UNKNOWN:
        return ["left", "right"]
    return ["agent", "customer"] if recording.agent_side == AgentSide.LEFT else ["customer", "agent"]


def _together(spans: Iterable[tuple[float, float]]) -> list[list[float]]:
    joined: list[list[float]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(end, joined[-1][1])
        else:
            joined.append([start, end])
    return joined


def spoken_in(session: Session, call: Call) -> Spoken | None:
    """The script of a call as the customer heard it; None where its version cannot be read."""
    version = session.get_one(ScriptVersion, call.script_version_id)
    try:
        script = script_of(version)
    except DocumentFaulty:
        return None
    said, filled = _texts(session, call, script)
    seconds = {tick.step: tick.second for tick in session.exec(select(Tick).where(Tick.call_id == call.id))}
    lines = [Line(key, said[key], _about(script.steps[key]), seconds.get(key)) for key in reading_order(script)]
    left = [line for line in lines if line.second is None]
    wanted = _way_of_yes(script)
    return Spoken(
        title=script.title.shown(chosen_language()),
        number=version.number,
        language=script.languages[0],
        ticked=sorted((line for line in lines if line.second is not None), key=lambda line: line.second or 0),
        missing=[line for line in left if line.about and line.key in wanted],
        others=[line for line in left if not line.about or line.key not in wanted],
        filled=filled,
    )


def _texts(session: Session, call: Call, script: Script) -> tuple[dict[str, str], bool]:
    """What each step says, filled in where everything is known of the call, and whether it is."""
    language = script.languages[0]
    try:
        rendered = render(script, _facts(session, call, language), language)
    except Refusal:
        return {key: step.say.spoken(language) for key, step in script.steps.items()}, False
    return {step.key: step.said for step in rendered.steps}, True


def _facts(session: Session, call: Call, language: Language) -> Facts:
    """What the script said of this call: as things stood when it was dialled, and not as they stand now."""
    vault = open_vault(current_app.config["SETTINGS"].data)
    claim, agent = session.get_one(Claim, call.claim_id), session.get_one(Staff, call.agent_id)
    facts = prompter.facts_of(session, vault, claim, agent, language, call.dialled_at)
    if call.duty != Duty.PITCH:
        return facts
    offer = definition_in(session.get_one(CampaignVersion, call.campaign_version_id)).offer
    if offer is None:
        return facts
    # The trial may have been extended, and the offer changed since: the customer was told what held in this call.
    today = local_day(call.dialled_at, session.get_one(Centre, call.centre_id).zone)
    ends = today + timedelta(days=offer.trial_days)
    told = {"offer": offer.facts, "trial_days": offer.trial_days, "trial_ends": ends}
    return facts.model_copy(update={**told, "charge_starts": ends + timedelta(days=1)})


def _about(step: Step) -> str:
    told = [item.label.said(chosen_language()) for item in Disclosure if item in step.disclosures]
    return " · ".join([*told, *(str(PURPOSES[purpose]) for purpose in Purpose if purpose in step.purposes)])


def _way_of_yes(script: Script) -> set[str]:
    """The steps of a call in which everything is answered with yes: what a sale must hold."""
    way: set[str] = set()
    key: str | None = script.start
    while key in script.steps and key not in way:
        way.add(key)
        step = script.steps[key]
        key = next((choice.to for choice in step.choices if choice.meaning == Meaning.YES), step.next)
    return way


def sound(recording: Recording) -> Response:
    """The recording, whole or the range that is asked for; who hears it is journalled.

    Raises NotFound for another centre's, RecordingGone, StoreOutOfReach.
    """
    file = hearing.open_for(g.session, store(), recording, by=g.staff, now=g.now)
    answer = Response(wrap_file(request.environ, file), mimetype=recording.media_type, direct_passthrough=True)
    answer.content_length = recording.size
    answer.set_etag(recording.sha256)
    try:
        answer.make_conditional(request, accept_ranges=True, complete_length=recording.size)
    except RequestedRangeNotSatisfiable:
        answer.close()
        return Response(status=416, headers={"Content-Range": f"bytes */{recording.size}", "Accept-Ranges": "bytes"})
    return answer

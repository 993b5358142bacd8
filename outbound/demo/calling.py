"""A simulated call: the next contact is taken, rung, spoken with, wrapped up, and the recording attached."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from outbound import attendance
from outbound.attendance import Stance
from outbound.calls import placing
from outbound.calls.model import Call
from outbound.calls.wrap_up import Report
from outbound.compliance import Disclosure
from outbound.concluding import conclude
from outbound.demo.happening import Happening, what_happens
from outbound.demo.stage import Stage
from outbound.demo.tapes import Tape
from outbound.dialing import handout
from outbound.people import Centre, Role, Staff
from outbound.recordings import keeping
from scripts.language import ASKING, Purpose, Question, Script, Step
from scripts.model import ScriptVersion, script_of


def one_call(stage: Stage, staff: Staff, roles: set[Role], now: datetime) -> datetime:
    """Take the next contact, ring, wrap up, attach the recording; when the next one may begin."""
    claim = handout.claim_next(stage.session, staff, roles=roles, now=now)
    if claim is None:
        return now + stage.pace.wait
    token = handout.issue_token(stage.session, claim, by=staff, now=now)
    call = placing.begin(stage.session, token, by=staff, now=now)
    script = script_of(stage.session.get_one(ScriptVersion, call.script_version_id))
    happened = what_happens(stage, call, script)
    said = happened.said
    seconds = said.hearing.seconds if said else stage.chance.uniform(8, 45)
    ended = now + timedelta(seconds=seconds + stage.chance.uniform(10, 40))
    if after := stage.chance.randrange(*stage.pace.wrap_up):
        attendance.enter(stage.session, staff, Stance.WRAP_UP, now=ended)
        ended += timedelta(seconds=after)
    conclude(stage.session, call, _report(stage, script, happened, seconds, ended), by=staff, now=ended)
    if said:
        _keep(stage, call, said, staff, now=ended)
    return ended + timedelta(seconds=stage.chance.randrange(*stage.pace.rest))


def _report(stage: Stage, script: Script, happened: Happening, seconds: float, ended: datetime) -> Report:
    outcome, marks = happened.outcome, happened.marks
    callback = ended + timedelta(hours=24, minutes=stage.chance.randrange(90)) if outcome == "callback" else None
    return Report(
        key=stage.next_key(),
        outcome=outcome,
        marks=marks,
        seconds=seconds,
        callback_at=callback,
        ticks=_ticks(script, happened.said) if marks or outcome == "considering" else {},
        answers=_answers(stage.chance, script) if outcome == "completed" else {},
        note="客户情绪激动，要求投诉。" if outcome == "complaint" else "",
    )


def _ticks(script: Script, said: Tape | None) -> dict[str, float]:
    """What the seller ticks: the steps on the tape at their second, and whatever is told or asked nowhere on it."""
    heard = {step: second for step, second in (said.steps if said else {}).items() if step in script.steps}
    done = {item for step in heard for item in _done_by(script.steps[step])}
    ticks, second = {}, 1.0
    for step, about in script.steps.items():
        second = heard.get(step, second + 1.0)
        if step in heard or _done_by(about) - done:
            ticks[step] = round(second, 2)
            done |= _done_by(about)
    return ticks


def _done_by(step: Step) -> frozenset[Disclosure | Purpose]:
    return step.disclosures | (step.purposes & set(ASKING))


def _answers(chance: Random, script: Script) -> dict[str, Any]:
    """An answer to each question that waits for no other answer."""
    asked = {name: step.question for name, step in script.steps.items() if step.question and not step.when}
    return {name: answer for name, question in asked.items() if (answer := _answer(chance, question))}


def _answer(chance: Random, question: Question) -> Any:
    codes = [option.code for option in question.options]
    match question.kind:
        case "single":
            return chance.choice(codes)
        case "multiple":
            return sorted(chance.sample(codes, chance.randint(1, len(codes))))
        case "scale" | "number":
            least, most = question.least or 0, question.most if question.most is not None else 100
            return chance.randint(least, min(most, least + 100))
    return ""


def _keep(stage: Stage, call: Call, said: Tape, staff: Staff, *, now: datetime) -> None:
    keeping.keep(
        stage.session,
        stage.store,
        stage.session.get_one(Centre, call.centre_id),
        data=said.labelled(call.reference),
        file_name=f"{call.reference}.mp3",
        hearing=said.hearing,
        call=call,
        minimum_seconds=5,
        by=staff,
        now=now + timedelta(seconds=20),
    )

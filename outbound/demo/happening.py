"""What customers do when a simulated call rings: by seeded chance, and for show what is still to be seen."""

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import select

from outbound.call_lists.model import Duty
from outbound.calls.model import Call
from outbound.compliance import Criterion, Mark
from outbound.demo import lacking
from outbound.demo.stage import Stage
from outbound.demo.tapes import CONFIRMED, DECLINED, SALES, Tape, tape
from outbound.subscriptions.model import Subscription
from scripts.language import Script
from scripts.vocabulary import CONSENTED, Ending, Kind

UNSURE = 0.06
"""Share of sales that the seller is unsure of; half as many fail by the seller's own mark."""
EVERY_FAULTY = 6
"""Every so manieth sale has a fault on its recording, each kind in turn."""
HARD_TO_REACH = 7
"""Every so manieth customer never answers the second call, so that trials are extended and lapse."""
HARD_WITHOUT_TRIAL = 4
"""As many more where there is no trial to be extended."""
PASSED = dict.fromkeys(Criterion, Mark.PASS)


@dataclass(frozen=True)
class Happening:
    """How a call ends, what is heard on its recording where one is kept, and how its caller marks it."""

    outcome: str
    said: Tape | None = None
    marks: dict[Criterion, Mark] = field(default_factory=dict)


def what_happens(stage: Stage, call: Call, script: Script) -> Happening:
    """The end of a call: what must be seen once, or what chance says."""
    wanted = lacking.wanted(stage, call, script.kind) if stage.for_show else None
    outcome = wanted.outcome if wanted else _by_chance(stage, call, script.kind)
    match outcome:
        case "sold" | "renewed":
            marks = wanted.marks if wanted and wanted.marks else _sellers_marks(stage)
            name = SALES[1] if wanted and wanted.faulty else _sales_tape(stage)
            return Happening(outcome, tape(name), dict(marks))
        case "corrected":
            return Happening(outcome, tape(SALES[0]), PASSED)
        case "confirmed":
            return Happening(outcome, tape(CONFIRMED), PASSED)
        case "declined":
            return Happening(outcome, tape(DECLINED))
    return Happening(outcome)


def _by_chance(stage: Stage, call: Call, kind: Kind) -> str:
    if call.duty == Duty.CONFIRMATION and _is_hard_to_reach(stage, call):
        return "no_answer"
    weights = stage.chances[call.duty]
    outcome = stage.chance.choices(list(weights), list(weights.values()))[0]
    return str(CONSENTED.get(kind, Ending.COMPLETED)) if outcome == "sold" else outcome


def _is_hard_to_reach(stage: Stage, call: Call) -> bool:
    sold = stage.session.exec(select(Subscription).where(Subscription.contact_id == call.contact_id)).one()
    number = sold.id or 0
    return number % HARD_TO_REACH == 0 or (not sold.trial_days and number % HARD_WITHOUT_TRIAL == 0)


def _sales_tape(stage: Stage) -> str:
    before = stage.session.exec(select(sa.func.count()).select_from(Subscription)).one()
    turn, rest = divmod(before, EVERY_FAULTY)
    faulty = SALES[1:]
    return faulty[turn % len(faulty)] if rest == EVERY_FAULTY - 1 else SALES[0]


def _sellers_marks(stage: Stage) -> dict[Criterion, Mark]:
    draw = stage.chance.random()
    if draw < UNSURE:
        return {**PASSED, Criterion.UNDERSTANDING: Mark.UNSURE}
    if draw < UNSURE * 1.5:
        return {**PASSED, Criterion.IDENTITY_AND_PERMISSION: Mark.FAIL}
    return dict(PASSED)

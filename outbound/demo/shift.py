"""A working day of the demo: people call and reviewers hear, by the verbs of the console and seeded chance."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import attendance, briefings, support
from outbound.attendance import BreakReason, Stance
from outbound.call_lists.model import Contact, Duty
from outbound.calls import placing
from outbound.calls.model import Call
from outbound.calls.wrap_up import Report
from outbound.compliance import Criterion, Disclosure, Mark
from outbound.demo.cast import Company
from outbound.demo.tapes import CONFIRMED, DECLINED, SALES, Tape, tape
from outbound.dialing import handout
from outbound.people import Centre, Role, Staff, known
from outbound.phones.vault import Vault
from outbound.recordings import keeping
from outbound.recordings.store import Store
from outbound.subscriptions.model import Subscription
from outbound.subscriptions.model import SubscriptionState as S
from outbound.wrap_up import conclude
from scripts.language import ASKING, Purpose, Step
from scripts.model import ScriptVersion, script_of

PITCHED = {
    "no_answer": 30,
    "refused": 20,
    "sold": 14,
    "busy": 7,
    "switched_off": 6,
    "hung_up": 6,
    "unreachable": 3,
    "callback": 5,
    "do_not_call": 3,
    "not_decision_maker": 3,
    "wrong_number": 2,
    "voicemail": 1,
    "line_suspended": 1,
    "recall": 2,
}
CONFIRMATIONS = {"confirmed": 52, "no_answer": 22, "declined": 9, "considering": 8, "busy": 5, "line_suspended": 4}
CORRECTIONS = {"corrected": 45, "no_answer": 30, "declined": 15, "busy": 10}
RECALLS = {"sold": 50, "no_answer": 25, "declined": 10, "busy": 15}
UNSURE = 0.06
"""Share of sales that the seller is unsure of; half as many fail by the seller's own mark."""
HARD_TO_REACH = 7
"""Every seventh customer never answers the second call, so that trials are extended and lapse."""

_CORRECTED = select(Call.id).where(Call.outcome_code == "corrected").limit(1)


@dataclass(frozen=True)
class Stage:
    """What the simulated day works with."""

    session: Session
    vault: Vault
    store: Store
    company: Company
    chance: Random
    serial: list[int]
    last_day: bool

    def next_key(self) -> str:
        """An idempotency key as a browser would make it."""
        self.serial[0] += 1
        return f"demo-call-{self.serial[0]:06d}"


def work_day(stage: Stage, centre: str, opens: datetime, *, calls: int) -> None:
    """Everybody of a centre who calls makes about `calls` calls from `opens` on, a quarter of an hour apart."""
    callers = [(staff, {Role.AGENT}) for staff in stage.company.holding(centre, Role.AGENT)]
    callers += [(staff, {Role.VERIFIER}) for staff in stage.company.holding(centre, Role.VERIFIER)]
    at = {staff.login: opens + timedelta(minutes=stage.chance.randrange(12)) for staff, _ in callers}
    for staff, roles in callers:
        read_what_is_new(stage, staff, roles, opens)
        attendance.enter(stage.session, staff, Stance.READY, now=opens)
    for number in range(calls):
        for staff, roles in callers:
            if number == calls // 2:
                at[staff.login] = _eat(stage, staff, at[staff.login])
            attendance.stayed(stage.session, staff, until=at[staff.login])
            at[staff.login] = one_call(stage, staff, roles, at[staff.login])
    for staff, _ in callers:
        attendance.stayed(stage.session, staff, until=at[staff.login])
        attendance.leave(stage.session, staff, now=at[staff.login])


def _eat(stage: Stage, staff: Staff, now: datetime) -> datetime:
    """A break of half an hour; when it is over."""
    attendance.stayed(stage.session, staff, until=now)
    attendance.enter(stage.session, staff, Stance.BREAK, reason=BreakReason.MEAL, now=now)
    over = now + timedelta(minutes=30)
    attendance.stayed(stage.session, staff, until=over)
    attendance.enter(stage.session, staff, Stance.READY, now=over)
    return over


def read_what_is_new(stage: Stage, staff: Staff, roles: set[Role], now: datetime) -> None:
    """Read and acknowledge every briefing that waits for somebody."""
    for briefing in briefings.unread(stage.session, staff, roles=roles, now=now):
        briefings.acknowledge(stage.session, briefing.campaign, briefing.script, by=staff, now=now)


def one_call(stage: Stage, staff: Staff, roles: set[Role], now: datetime) -> datetime:
    """Take the next contact, ring, wrap up, attach the recording; when the next one may begin."""
    claim = handout.claim_next(stage.session, staff, roles=roles, now=now)
    if claim is None:
        return now + timedelta(minutes=20)
    token = handout.issue_token(stage.session, claim, by=staff, now=now)
    call = placing.begin(stage.session, token, by=staff, now=now)
    outcome, said, marks = _what_happens(stage, call)
    seconds = said.hearing.seconds if said else stage.chance.uniform(8, 45)
    ended = now + timedelta(seconds=seconds + stage.chance.uniform(10, 40))
    conclude(stage.session, call, _report(stage, call, outcome, said, marks, seconds, ended), by=staff, now=ended)
    if said:
        _keep(stage, call, said, staff, now=ended)
    return ended + timedelta(minutes=stage.chance.randrange(8, 26))


def _what_happens(stage: Stage, call: Call) -> tuple[str, Tape | None, dict[Criterion, Mark]]:
    outcome = _outcome(stage, call)
    if outcome in ("sold", "renewed"):
        marks = _sellers_marks(stage)
        name = stage.chance.choices(SALES, (84, 6, 6, 4))[0]
        return outcome, tape(name), marks
    if outcome == "corrected":
        return outcome, tape(SALES[0]), dict.fromkeys(Criterion, Mark.PASS)
    if outcome == "confirmed":
        return outcome, tape(CONFIRMED), dict.fromkeys(Criterion, Mark.PASS)
    return outcome, tape(DECLINED) if outcome == "declined" else None, {}


def _outcome(stage: Stage, call: Call) -> str:
    outcome = _still_wanted(stage, call.duty) or _by_chance(stage, call)
    return "renewed" if outcome == "sold" and _renews(stage, call) else outcome


def _by_chance(stage: Stage, call: Call) -> str:
    if call.duty == Duty.CONFIRMATION and call.contact_id % HARD_TO_REACH == 0:
        return "no_answer"
    weights = {
        Duty.PITCH: PITCHED,
        Duty.CONFIRMATION: CONFIRMATIONS,
        Duty.CORRECTION: CORRECTIONS,
        Duty.RECALL: RECALLS,
    }[call.duty]
    return stage.chance.choices(list(weights), list(weights.values()))[0]


def _renews(stage: Stage, call: Call) -> bool:
    version = stage.session.get_one(ScriptVersion, call.script_version_id)
    return script_of(version).kind == "retention"


def _still_wanted(stage: Stage, duty: Duty) -> str | None:
    """What nobody happened to do: a correction that passes and, on the last day, every state of a subscription."""
    if duty == Duty.CORRECTION and not stage.session.exec(_CORRECTED).first():
        return "corrected"
    if not stage.last_day or duty not in (Duty.PITCH, Duty.CONFIRMATION):
        return None
    states = set(stage.session.exec(select(Subscription.state).distinct()))
    if duty == Duty.CONFIRMATION:
        return next(
            (
                outcome
                for state, outcome in ((S.CONFIRMED, "confirmed"), (S.CANCELLED, "declined"))
                if state not in states
            ),
            None,
        )
    return None if {S.RECALL_DUE, S.VOID} <= states else "sold"


def _sellers_marks(stage: Stage) -> dict[Criterion, Mark]:
    marks = dict.fromkeys(Criterion, Mark.PASS)
    states = set(stage.session.exec(select(Subscription.state).distinct())) if stage.last_day else set(S)
    draw = stage.chance.random()
    if draw < UNSURE or S.RECALL_DUE not in states:
        marks[Criterion.UNDERSTANDING] = Mark.UNSURE
    elif draw < UNSURE * 1.5 or S.VOID not in states:
        marks[Criterion.IDENTITY_AND_PERMISSION] = Mark.FAIL
    return marks


def _report(
    stage: Stage,
    call: Call,
    outcome: str,
    said: Tape | None,
    marks: dict[Criterion, Mark],
    seconds: float,
    ended: datetime,
) -> Report:
    callback = ended + timedelta(hours=24, minutes=stage.chance.randrange(90)) if outcome == "callback" else None
    return Report(
        key=stage.next_key(),
        outcome=outcome,
        marks=marks,
        seconds=seconds,
        callback_at=callback,
        ticks=_ticks(stage, call, said) if marks or outcome == "considering" else {},
        note="客户情绪激动，要求投诉。" if outcome == "complaint" else "",
    )


def _ticks(stage: Stage, call: Call, said: Tape | None) -> dict[str, float]:
    """What the seller ticks: the steps on the tape at their second, and whatever is told or asked nowhere on it."""
    script = script_of(stage.session.get_one(ScriptVersion, call.script_version_id))
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


def ask_for_help(stage: Stage, centre: str, now: datetime) -> None:
    """One question of an agent was answered, another waits."""
    first, second = stage.company.holding(centre, Role.AGENT)[:2]
    supervisor = stage.company.holding(centre, Role.SUPERVISOR)[0]
    hard = "客户问亲情网的成员能不能是外省号码？"
    asked = support.ask(stage.session, hard, call=None, step="functions", by=first, now=now)
    told = "不能，成员都要是本省的手机号。"
    support.answer(stage.session, asked, told, by=supervisor, now=now + timedelta(minutes=1))
    support.ask(stage.session, "客户要求把录音发给他，怎么答复？", call=None, step="", by=second, now=now)


def leave_loose_ends(stage: Stage, centre: str, now: datetime) -> None:
    """What an evening leaves behind: a wrap-up that came too late, and a recording whose call nobody knows yet."""
    agent = stage.company.holding(centre, Role.AGENT)[0]
    if claim := handout.claim_next(stage.session, agent, roles={Role.AGENT}, now=now):
        token = handout.issue_token(stage.session, claim, by=agent, now=now)
        call = placing.begin(stage.session, token, by=agent, now=now)
        late = now + timedelta(minutes=25)
        report = Report(key=stage.next_key(), outcome="hung_up", seconds=95, note="客户中途挂断，登记晚了。")
        conclude(stage.session, call, report, by=agent, now=late)
    said = tape(SALES[0])
    reference = "REC-0042"
    keeping.keep(
        stage.session,
        stage.store,
        stage.company.centres[centre],
        data=said.labelled(reference),
        file_name=f"{reference}.mp3",
        hearing=said.hearing,
        reference=reference,
        minimum_seconds=5,
        by=stage.company.holding(centre, Role.SUPERVISOR)[0],
        now=now + timedelta(minutes=30),
    )


def living_subscription(session: Session, centre: Centre, states: set[S]) -> tuple[Subscription, Contact] | None:
    """The newest subscription of a centre in one of these states, with its contact."""
    asked = select(Subscription, Contact).join(Contact, col(Contact.id) == col(Subscription.contact_id))
    here = asked.where(Subscription.centre_id == known(centre.id), col(Subscription.state).in_(states))
    return session.exec(here.order_by(sa.desc(col(Subscription.id))).limit(1)).first()

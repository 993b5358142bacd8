"""A working day of the demo: people call and reviewers hear, by the verbs of the console and seeded chance."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import attendance, briefings, support
from outbound.attendance import BreakReason, Stance
from outbound.call_lists.model import Contact
from outbound.calls import placing
from outbound.calls.wrap_up import Report
from outbound.concluding import conclude
from outbound.demo.calling import one_call
from outbound.demo.stage import Stage
from outbound.demo.tapes import SALES, tape
from outbound.dialing import handout
from outbound.people import Centre, Role, Staff, known
from outbound.recordings import keeping
from outbound.subscriptions.model import Subscription
from outbound.subscriptions.model import SubscriptionState as S


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
                at[staff.login] = eat(stage, staff, at[staff.login])
            attendance.stayed(stage.session, staff, until=at[staff.login])
            at[staff.login] = one_call(stage, staff, roles, at[staff.login])
    for staff, _ in callers:
        attendance.stayed(stage.session, staff, until=at[staff.login])
        attendance.leave(stage.session, staff, now=at[staff.login])


def eat(stage: Stage, staff: Staff, now: datetime) -> datetime:
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

"""What a simulation tells a manager: whom it reached, what was sold and charged, how busy people were, what holds back.

All of it is read from the rows that the verbs left.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from outbound import attendance, clock
from outbound.attendance import Stance
from outbound.call_lists.model import Contact
from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from outbound.demo.cast import ZONE
from outbound.errors import Language
from outbound.opt_outs.model import OptOut
from outbound.overview.progress import progress_of
from outbound.people import Centre, Role, StaffRole
from outbound.simulation.plan import Plan
from outbound.subscriptions.model import StateChange, Subscription
from outbound.subscriptions.model import SubscriptionState as S

WEEK = 8
"""Days after a trial in which the sales of a first week are charged."""
BUSY = (Stance.IN_CALL, Stance.WRAP_UP)
STEPS = {
    "recalls": S.RECALL_DUE,
    "corrections": S.CORRECTION_DUE,
    "confirmations": S.CONFIRMED,
    "extended": S.EXTENDED,
    "lapsed": S.LAPSED,
    "cancelled": S.CANCELLED,
    "charged": S.CHARGED,
}
"""The states of subscriptions that are counted, by the name of their figure."""


def told(session: Session, plan: Plan, campaign: Campaign, held: Mapping[str, Any]) -> dict[str, Any]:
    """Everything as plain values; `held` is the campaign's tally at the end of the last working day."""
    return {
        "campaign": campaign.name,
        "seed": plan.seed,
        "from": plan.working_days[0].date().isoformat(),
        "days": plan.days,
        "working_days": len(plan.working_days),
        "agents": plan.agents,
        "trial_days": plan.definition.offer.trial_days if plan.definition.offer else 0,
        **_people(session, campaign),
        **_sales(session),
        "agent_hours": _hours(session, plan),
        **_end_of_list(session, plan),
        "waiting": held["waiting"],
        "callable": held["callable"],
        "held_back": _counts(held["held"]),
        "done_with": _counts(held["closed"]),
    }


def _people(session: Session, campaign: Campaign) -> dict[str, int]:
    progress = progress_of(session, [campaign])[0]
    return {
        "contacts": progress.contacts,
        "dialled": progress.dialled,
        "reached": progress.reached,
        "calls": _number_of(session, Call),
        "opt_outs": _number_of(session, OptOut),
    }


def _sales(session: Session) -> dict[str, int]:
    """How many were sold, and how many of these ever came into each state."""
    people = sa.func.count(sa.distinct(col(StateChange.subscription_id)))
    asked = sa.select(col(StateChange.after), people).group_by(col(StateChange.after))
    entered: dict[S, int] = dict(session.execute(asked).all())
    return {
        "sales": _number_of(session, Subscription),
        **{name: entered.get(state, 0) for name, state in STEPS.items()},
    }


def _number_of(session: Session, model: type[SQLModel]) -> int:
    return session.exec(select(sa.func.count()).select_from(model)).one()


def _counts(groups: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: each[name] for name in ("key", "count", "zh", "en")} for each in groups]


def _hours(session: Session, plan: Plan) -> dict[str, float]:
    """Hours of all agents together: in calls and wrap-up, ready without anybody to call, on a break."""
    centre = session.exec(select(Centre)).one()
    agents = set(session.exec(select(StaffRole.staff_id).where(StaffRole.role == Role.AGENT)))
    times = {"busy": timedelta(0), "idle": timedelta(0), "break": timedelta(0)}
    for day in plan.working_days:
        for hours in attendance.hours_of(session, centre, day.date(), now=plan.until):
            if hours.staff.id in agents:
                times["busy"] += sum((hours.of(stance) for stance in BUSY), timedelta(0))
                times["idle"] += hours.of(Stance.READY)
                times["break"] += hours.of(Stance.BREAK)
    return {name: round(time / timedelta(hours=1), 1) for name, time in times.items()}


def _end_of_list(session: Session, plan: Plan) -> dict[str, Any]:
    """The day on which the last contact was rung for the first time; or, by estimate, would be at the same pace."""
    firsts = select(sa.func.min(Call.dialled_at)).group_by(col(Call.contact_id))
    rung = session.exec(firsts).all()
    untouched = session.exec(select(sa.func.count()).select_from(Contact).where(Contact.attempts == 0)).one()
    ends = None
    if rung:
        more = -(-untouched * len(plan.working_days) // len(rung))
        ends = _working_days_after(plan.working_days[-1].date(), more) if untouched else _day_of(max(rung))
    return {
        "untouched": untouched,
        "list_ends": ends.isoformat() if ends else None,
        "list_end_estimated": untouched > 0,
    }


def _day_of(instant: datetime) -> date:
    return clock.local_day(instant, ZONE)


def _working_days_after(day: date, number: int) -> date:
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day


HEADINGS: Mapping[str, tuple[str, str]] = {
    "campaign": ("外呼活动", "campaign"),
    "seed": ("随机种子", "seed"),
    "from": ("起始日期", "from"),
    "working_days": ("工作日", "working days"),
    "agents": ("坐席", "agents"),
    "contacts": ("联系人", "contacts"),
    "dialled": ("已拨联系人", "contacts dialled"),
    "reached": ("接通联系人", "contacts reached"),
    "calls": ("拨打次数", "calls"),
    "opt_outs": ("拒呼", "opt-outs"),
    "sales": ("成交", "sales"),
    "recalls": ("其中待再次核实", "of these in doubt, called again"),
    "corrections": ("其中须回访修正", "of these failed in review"),
    "confirmations": ("二次确认通过", "confirmed"),
    "extended": ("延长体验", "trial extended"),
    "lapsed": ("逾期失效", "lapsed"),
    "cancelled": ("已取消", "cancelled"),
    "charged": ("已计费", "charged"),
}


def lines(found: Mapping[str, Any], language: Language) -> Iterator[str]:
    """The figures as people read them."""
    english = language == "en"
    for name, words in HEADINGS.items():
        yield f"{words[english]}{': ' if english else '：'}{found[name]}"
    hours = found["agent_hours"]
    ends, estimated = found["list_ends"] or "–", found["list_end_estimated"]
    if english:
        yield f"agents' hours: busy {hours['busy']}, idle {hours['idle']}, on a break {hours['break']}"
        yield f"the list runs out: {ends}{' (estimated)' if estimated else ''}, {found['untouched']} not dialled yet"
        yield f"still to be rung: {found['waiting']}, of these at once: {found['callable']}; held back by:"
    else:
        yield f"坐席工时：通话与整理 {hours['busy']}，空闲 {hours['idle']}，小休 {hours['break']}（小时）"
        yield f"清单用完：{ends}{'（预计）' if estimated else ''}，尚未拨打 {found['untouched']} 人"
        yield f"待拨：{found['waiting']} 人，其中现在可拨 {found['callable']} 人；暂不能拨的原因："
    for each in (*found["held_back"], *found["done_with"]):
        yield f"  {each['count']:>6}  {each[language]}"
    if found["days"] <= found["trial_days"]:
        yield _TOO_SHORT[english].format(trial=found["trial_days"], days=found["trial_days"] + WEEK)


_TOO_SHORT = (
    "体验期为 {trial} 天，期满才计费：模拟 {days} 天以上才能看到计费结果（--days {days}）。",
    "The trial is {trial} days, and charges come after it: simulate {days} days or more to see them (--days {days}).",
)

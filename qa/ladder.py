"""How strictly each agent is sampled: normal, tightened, full, and back (after ISO 2859-1's switching rules).

A failed review tightens; two failed reviews within five working days are sampled in full; five consecutive working days
without a failure lead one step down. The steps and their figures are ours.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from outbound.calling_rules.calendar import overrides_of
from outbound.calling_rules.days import NO_OVERRIDES, Overrides, is_workday
from outbound.calling_rules.profiles import profile
from outbound.calls.model import Call
from outbound.campaigns.definition import Ladder as Tightened
from outbound.campaigns.model import Campaign, CampaignStaff
from outbound.clock import local_day
from outbound.compliance import Mark, Verdict
from outbound.errors import Language
from outbound.people import Role, Staff, holders, known
from qa.calibration.results import suspensions
from qa.review.model import Review, ReviewMark, stands

WORKING_DAYS = 5
"""Two failures within so many working days lead to full; so many without one lead a step down."""
USUAL = Tightened()

Workday = Callable[[date], bool]


class Level(StrEnum):
    """A step of the ladder."""

    NORMAL = "normal"
    TIGHTENED = "tightened"
    FULL = "full"

    def words(self, language: Language) -> str:
        """The step as pages show it."""
        return _WORDS[self][0 if language == "zh" else 1]

    def rate(self, percent: int, tightened: Tightened = USUAL) -> int:
        """The per cent that is sampled on this step where a campaign's own rate is `percent`."""
        if self is Level.FULL:
            return 100
        if self is Level.NORMAL:
            return percent
        return min(100, max(tightened.tightened_times * percent, tightened.tightened_percent))


_WORDS = {
    Level.NORMAL: ("正常抽检", "normal"),
    Level.TIGHTENED: ("加严抽检", "tightened"),
    Level.FULL: ("全检", "full"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an agent stands, and why."""

    level: Level
    last_failure: date | None = None
    """The day of the last failed review that counts."""
    clean_days: int = 0
    """Working days without a failure since then, or since the last step down."""

    def why(self, language: Language) -> str:
        """The reason of the step, for the agent and the manager."""
        if self.level is Level.NORMAL or self.last_failure is None:
            return "近期没有不合格记录。" if language == "zh" else "No failed review of late."
        if language == "zh":
            return (
                f"最近一次质检不合格在 {self.last_failure}，"
                f"已连续 {self.clean_days} 个工作日合格，满 {WORKING_DAYS} 个降一级。"
            )
        return (
            f"The last failed review was on {self.last_failure}; {self.clean_days} of {WORKING_DAYS} working days "
            "without a failure towards one step down."
        )


def working_days(decided: Overrides = NO_OVERRIDES) -> Workday:
    """Which days are working days: by the default calling rules' calendar, but for what a centre decided itself."""
    calendar = profile().calendar
    return lambda day: is_workday(calendar, day, decided)


USUAL_WORKDAYS = working_days()


def standing(failures: Iterable[date], *, today: date, workday: Workday = USUAL_WORKDAYS) -> Standing:
    """Where somebody stands at the beginning of `today`, given the day of each failed review (one per failed call).

    Failures of `today` itself count at once; `today` does not count as a day without one before it is over.
    """
    days = sorted(day for day in failures if day <= today)
    level, clean, last = Level.NORMAL, 0, None
    day = days[0] if days else today
    while day <= today:
        if failed := days.count(day):
            second = failed > 1 or (last is not None and _working_days(last, day, workday) <= WORKING_DAYS)
            level = Level.FULL if second or level is Level.FULL else Level.TIGHTENED
            last, clean = day, 0
        elif day < today and workday(day) and level is not Level.NORMAL:
            clean += 1
            if clean == WORKING_DAYS:
                level, clean = Level.TIGHTENED if level is Level.FULL else Level.NORMAL, 0
        day += timedelta(days=1)
    return Standing(level, last, clean)


def _working_days(first: date, last: date, workday: Workday) -> int:
    """Working days from `first` to `last`, both included; a failure on a day off counts as on a day of its own."""
    between = (first + timedelta(days=offset) for offset in range(1, (last - first).days))
    return 2 + sum(workday(day) for day in between)


def failures_of(session: Session, agent: Staff, *, zone: str, now: datetime) -> list[date]:
    """The days on which calls of an agent were failed in review: one for each call, however often it was reviewed.

    A verdict that was changed counts as it stands now, from the day on which it first was so. A failure on nothing but
    criteria on which the reviewers had to be calibrated again at that time does not count.
    """
    last = aliased(Review)
    failed_still = sa.exists().where(
        col(last.task_id) == col(Review.task_id), col(last.verdict) == Verdict.INVALID, stands(last)
    )
    asked = (
        select(Review.call_id, Review.at, ReviewMark.criterion)
        .join(Call, col(Call.id) == col(Review.call_id))
        .join(ReviewMark, col(ReviewMark.review_id) == col(Review.id))
        .where(Call.agent_id == agent.id, Review.verdict == Verdict.INVALID, col(Review.at) <= now)
        .where(ReviewMark.mark == Mark.FAIL, failed_still)
    )
    doubtful = suspensions(session, known(agent.centre_id))
    first: dict[int, datetime] = {}
    for call_id, at, criterion in session.exec(asked):
        if not any(each.criterion == criterion and each.holds(at) for each in doubtful):
            first[call_id] = min(at, first.get(call_id, at))
    return sorted(local_day(at, zone) for at in first.values())


def standing_of(session: Session, agent_id: int, *, zone: str, now: datetime) -> Standing:
    """Where an agent stands now, by the working days of the agent's centre."""
    agent = session.get_one(Staff, agent_id)
    failures = failures_of(session, agent, zone=zone, now=now)
    decided = overrides_of(session, known(agent.centre_id))
    return standing(failures, today=local_day(now, zone), workday=working_days(decided))


def rate_for(
    session: Session, agent_id: int, *, percent: int, tightened: Tightened = USUAL, zone: str, now: datetime
) -> int:
    """The per cent of an agent's recordings to be reviewed where the campaign's own rate is `percent`."""
    return standing_of(session, agent_id, zone=zone, now=now).level.rate(percent, tightened)


def all_on_full(session: Session, campaign: Campaign, *, zone: str, now: datetime) -> bool:
    """Whether every agent of a campaign is sampled in full: it is to be paused until a manager says what was done."""
    agents = agents_of(session, campaign)
    # The first who is not ends the search: this is asked within a review.
    return bool(agents) and all(
        standing_of(session, known(agent.id), zone=zone, now=now).level is Level.FULL for agent in agents
    )


def agents_of(session: Session, campaign: Campaign) -> list[Staff]:
    """Those who sell in a campaign today: those it names, or every agent of its centre."""
    asked = select(CampaignStaff.staff_id).where(CampaignStaff.campaign_id == campaign.id)
    named = set(session.exec(asked))
    return [person for person in holders(session, Role.AGENT, campaign.centre_id) if not named or person.id in named]

"""Who reviews what: shared out evenly, never to a sale's callers, a second hearing to somebody else where possible."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.calling_rules.calendar import overrides_of
from outbound.calling_rules.days import is_workday
from outbound.calling_rules.profiles import profile
from outbound.calls.model import Call
from outbound.clock import day_ends, local_day
from outbound.errors import Refusal
from outbound.people import Centre, Role, Staff, holders, known
from qa.review.model import ReviewSource, ReviewTask

ASKED_FIRST: dict[ReviewSource, Sequence[Role]] = {
    ReviewSource.DAILY: (Role.REVIEWER, Role.SUPERVISOR),
    ReviewSource.WEEKLY: (Role.SUPERVISOR, Role.REVIEWER),
    ReviewSource.TARGETED: (Role.REVIEWER, Role.SUPERVISOR),
    ReviewSource.DISPUTE: (Role.REVIEWER, Role.SUPERVISOR),
}
"""Whose work a review is, and who helps out where nobody of them can."""


class NobodyToReview(Refusal):
    """Nobody at this centre can review this call; take on a reviewer who never called its customer."""

    zh = "本中心没有可以质检这通电话的人员，请先安排一名没有给该客户打过电话的质检员。"


class Sharing:
    """Shares reviews out among the people of a centre, counting what each has been given."""

    def __init__(self, session: Session, centre_id: int, roles: Sequence[Role]) -> None:
        """Those in the first of `roles` are asked first, then those in the next."""
        self._session = session
        self._groups = [holders(session, role, centre_id) for role in roles]
        self._open = open_tasks(session, centre_id)
        self._given: Counter[int] = Counter()

    def pick(self, call: Call, *, but: Collection[int] = ()) -> Staff:
        """Who reviews this call: of those who have not been asked to hear it yet, who was given least.

        `but` are staff who are not asked at all. Raises NobodyToReview.
        """
        heard = set(self._session.exec(select(ReviewTask.reviewer_id).where(ReviewTask.call_id == call.id)).all())
        for candidates in self._candidates({*callers_of(self._session, call), *but}, heard):
            chosen = min(candidates, key=self._burden)
            self._given[known(chosen.id)] += 1
            return chosen
        raise NobodyToReview

    def _candidates(self, barred: Collection[int], heard: Collection[int]) -> Iterator[list[Staff]]:
        able = [[person for person in group if person.id not in barred] for group in self._groups]
        fresh = [[person for person in group if person.id not in heard] for group in able]
        return (group for group in (*fresh, *able) if group)

    def _burden(self, person: Staff) -> tuple[int, int, int]:
        number = known(person.id)
        return self._given[number], self._open[number], number


def callers_of(session: Session, call: Call) -> set[int]:
    """Who called the customer of a call in its campaign, seller and verifier alike: none of them reviews it."""
    asked = select(Call.agent_id).where(Call.contact_id == call.contact_id).distinct()
    return {call.agent_id, *session.exec(asked)}


def open_tasks(session: Session, centre_id: int) -> Counter[int]:
    """How many reviews each person of a centre still has to do."""
    asked = select(ReviewTask.reviewer_id, sa.func.count()).where(
        ReviewTask.centre_id == centre_id, col(ReviewTask.done_at).is_(None)
    )
    return Counter(dict(session.exec(asked.group_by(col(ReviewTask.reviewer_id))).all()))


def due_at(session: Session, centre: Centre, now: datetime, *, days: int = 1) -> datetime:
    """When what is asked for now is due: at the end of the centre's next working day, or of that many, in its zone."""
    decided = overrides_of(session, known(centre.id))
    day = local_day(now, centre.zone)
    for _day in range(days):
        day += timedelta(days=1)
        while not is_workday(profile().calendar, day, decided):
            day += timedelta(days=1)
    return day_ends(day, centre.zone)

"""What the daily draws of some days were made from, and what was heard on their samples. Reads only."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.calls.model import Call, SelfMark
from outbound.compliance import Criterion, Mark, Verdict
from outbound.recordings.model import Recording
from qa.review.model import Review, ReviewMark, ReviewTask, stands
from qa.sampling.model import Draw, DrawKind, FrameItem


class Place(NamedTuple):
    """Where a recording stands in the draws: in which stratum of which, whose it is, and of what campaign."""

    draw_id: int
    period: str
    centre_id: int
    stratum: str
    campaign_id: int
    agent_id: int

    @property
    def layer(self) -> "Layer":
        """The stratum that it is part of."""
        return Layer(self.centre_id, self.draw_id, self.stratum)


class Layer(NamedTuple):
    """A stratum of a draw."""

    centre_id: int
    draw_id: int
    stratum: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording of a sample that was reviewed."""

    place: Place
    verdict: Verdict
    failed: frozenset[Criterion]
    claimed: frozenset[Criterion] | None
    """The criteria that the caller's own check passed; None where there was no self-check."""

    @property
    def overstated(self) -> bool:
        """Whether the caller passed a criterion that the reviewer failed."""
        return bool(self.claimed and self.claimed & self.failed)


@dataclass
class Sample:
    """The frames of some draws, counted, and the recordings of their samples that were reviewed."""

    frame: Mapping[Place, int] = field(default_factory=dict)
    checked: Mapping[Place, int] = field(default_factory=dict)
    """Those of the frame that their callers checked themselves."""
    heard: Sequence[Heard] = ()
    drawn: int = 0
    """How many recordings were drawn, reviewed or not."""


def sample_of(session: Session, centre_id: int | None, first: date, last: date) -> Sample:
    """The daily draws of the days from `first` to `last`, of one centre or (None) of all."""
    here = [Draw.kind == DrawKind.DAILY, col(Draw.period) >= str(first), col(Draw.period) <= str(last)]
    if centre_id is not None:
        here.append(Draw.centre_id == centre_id)
    return Sample(
        frame=_counted(session, here),
        checked=_counted(session, [*here, _checked()]),
        heard=_heard(session, here),
        drawn=session.exec(_items(sa.func.count()).where(*here, col(FrameItem.drawn))).one(),
    )


def _items(*columns: Any) -> Any:
    """The recordings of all frames."""
    return (
        select(*columns)
        .select_from(FrameItem)
        .join(Draw, col(Draw.id) == col(FrameItem.draw_id))
        .join(Recording, col(Recording.id) == col(FrameItem.recording_id))
        .join(Call, col(Call.id) == col(Recording.call_id))
    )


_PLACE = (
    col(Draw.id),
    col(Draw.period),
    col(Draw.centre_id),
    col(FrameItem.stratum),
    col(Call.campaign_id),
    col(FrameItem.agent_id),
)


def _checked() -> sa.ColumnElement[bool]:
    return sa.exists().where(col(SelfMark.call_id) == col(Call.id))


def _counted(session: Session, here: Sequence[Any]) -> dict[Place, int]:
    rows = session.execute(_items(*_PLACE, sa.func.count()).where(*here).group_by(*_PLACE))
    return {Place(*place): count for *place, count in rows}


def _heard(session: Session, here: Sequence[Any]) -> list[Heard]:
    reviewed = (
        _items(*_PLACE, col(Review.id), col(Review.call_id), col(Review.verdict))
        .join(
            ReviewTask,
            sa.and_(
                col(ReviewTask.draw_id) == col(FrameItem.draw_id),
                col(ReviewTask.recording_id) == col(FrameItem.recording_id),
            ),
        )
        .join(Review, col(Review.task_id) == col(ReviewTask.id))
        .where(*here, stands())
    )
    rows = [tuple(row) for row in session.execute(reviewed)]
    failed = _sets(session, ReviewMark.review_id, ReviewMark, Mark.FAIL, [row[-3] for row in rows])
    passed = _sets(session, SelfMark.call_id, SelfMark, Mark.PASS, [row[-2] for row in rows])
    checked = _who_checked(session, [row[-2] for row in rows])
    return [
        Heard(Place(*place), Verdict(verdict), failed[review], passed[call] if call in checked else None)
        for *place, review, call, verdict in rows
    ]


_AT_ONCE = 500


def _sets(
    session: Session, key: Any, table: Any, mark: Mark, numbers: Sequence[int]
) -> defaultdict[int, frozenset[Criterion]]:
    """By number, the criteria that carry a mark."""
    found: defaultdict[int, frozenset[Criterion]] = defaultdict(frozenset)
    for start in range(0, len(numbers), _AT_ONCE):
        some = col(key).in_(numbers[start : start + _AT_ONCE])
        for number, criterion in session.execute(select(key, table.criterion).where(some, table.mark == mark)):
            found[number] |= {Criterion(criterion)}
    return found


def _who_checked(session: Session, calls: Sequence[int]) -> set[int]:
    checked: set[int] = set()
    for start in range(0, len(calls), _AT_ONCE):
        some = col(SelfMark.call_id).in_(calls[start : start + _AT_ONCE])
        checked |= set(session.exec(select(SelfMark.call_id).where(some).distinct()))
    return checked


def count_by(places: Mapping[Place, int]) -> Counter[Layer]:
    """How many recordings each stratum of each draw holds."""
    layers: Counter[Layer] = Counter()
    for place, count in places.items():
        layers[place.layer] += count
    return layers

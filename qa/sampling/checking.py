"""Drawing again: whether a stored draw is the one that its seed and its frame give, and whether the frame was whole."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.calls.model import Call
from outbound.errors import Language
from outbound.journal import JournalEntry
from outbound.people import Centre, known
from outbound.recordings.model import Recording
from qa import drawing
from qa.review.model import ReviewTask
from qa.sampling.frames import in_a_frame
from qa.sampling.model import Draw, DrawSeed, FrameItem
from qa.sampling.seeds import SeedAwaitsAnchor, drawn_with, said_of, seed_of, span_of


class Difference(StrEnum):
    """One way in which a stored draw is not what it should be."""

    SEED = "seed"
    SEED_NOT_PUBLISHED = "seed_not_published"
    SEED_LATE = "seed_late"
    FRAME = "frame"
    FRAME_INCOMPLETE = "frame_incomplete"
    CHANCES = "chances"
    SAMPLE = "sample"
    TASKS = "tasks"

    def words(self, language: Language) -> str:
        """What differs, as a sentence."""
        return _WORDS[self][0 if language == "zh" else 1]


_WORDS = {
    Difference.SEED: ("抽样用的种子不是事先承诺的种子。", "The seed is not the one that was promised."),
    Difference.SEED_NOT_PUBLISHED: (
        "审计日志中没有该种子的哈希值。",
        "The hash of the seed does not stand in the journal.",
    ),
    Difference.SEED_LATE: (
        "种子是在第一通电话拨打之后才承诺的。",
        "The seed was promised only after the first of the calls had been made.",
    ),
    Difference.FRAME: (
        "抽样清单与其哈希值不符。",
        "The frozen frame is not the one whose hash was stored.",
    ),
    Difference.FRAME_INCOMPLETE: (
        "有当期的有效录音没有进入抽样清单。",
        "A valid recording of the period is missing from the frame.",
    ),
    Difference.CHANCES: ("登记的入样概率与清单不符。", "The chances stored are not those that the frame gives."),
    Difference.SAMPLE: ("重新抽样得到的样本不同。", "Drawing again gives another sample."),
    Difference.TASKS: ("质检任务与样本不一致。", "The reviews asked for are not the sample."),
}


def frozen(session: Session, draw: Draw) -> list[drawing.FrameItem]:
    """The frozen frame of a draw, each recording with its rate."""
    return [
        drawing.FrameItem(recording=str(item.recording_id), agent=str(item.agent_id), rate=_rate(item))
        for item in _stored(session, draw)
    ]


def _stored(session: Session, draw: Draw) -> list[FrameItem]:
    return list(session.exec(select(FrameItem).where(FrameItem.draw_id == draw.id)).all())


def _rate(item: FrameItem) -> int:
    # The drawing names a stratum by its rate first: "10% 7" is agent 7 at 10 per cent.
    return int(item.stratum.partition("%")[0])


def verify(session: Session, draw: Draw) -> list[Difference]:
    """Draw again from the stored rows alone; everything that differs, and nothing where it is the same."""
    centre = session.get_one(Centre, draw.centre_id)
    return [*_about_the_seed(session, centre, draw), *_about_the_frame(session, centre, draw), *_again(session, draw)]


def _about_the_seed(session: Session, centre: Centre, draw: Draw) -> Iterable[Difference]:
    seed = seed_of(session, centre, draw.kind, draw.period)
    if seed is None or not _fits(session, seed, draw):
        yield Difference.SEED
        return
    if not _published(session, seed):
        yield Difference.SEED_NOT_PUBLISHED
    if seed.late is None and _dialled_before(session, centre, draw, seed.at):
        yield Difference.SEED_LATE


def _fits(session: Session, seed: DrawSeed, draw: Draw) -> bool:
    """Whether a draw is made with its seed: as it was promised, or bound to the right anchor where that was late."""
    try:
        used, anchor = drawn_with(session, seed)
    except SeedAwaitsAnchor:
        return False
    made_of = (used, anchor.id if anchor else None, drawing.commitment(seed.seed))
    return made_of == (draw.seed, draw.anchor_id, seed.seed_hash)


def _dialled_before(session: Session, centre: Centre, draw: Draw, promised_at: datetime) -> bool:
    """Whether the first call of a draw's own period had been made when its seed was promised."""
    dialled = select(sa.func.min(col(Call.dialled_at))).join(Recording, col(Recording.call_id) == col(Call.id))
    first = session.exec(
        dialled.where(col(Call.dialled_at) >= span_of(draw.kind, draw.period, centre.zone)[0])
        .join(FrameItem, col(FrameItem.recording_id) == col(Recording.id))
        .where(FrameItem.draw_id == draw.id)
    ).one()
    return first is not None and first < promised_at


def _published(session: Session, seed: DrawSeed) -> bool:
    said = journal.canonical(said_of(seed))
    asked = select(JournalEntry.id).where(
        JournalEntry.chain == seed.centre_id,
        # What the journal's index goes by: otherwise the whole chain is read for each draw.
        JournalEntry.subject_kind == DrawSeed.__tablename__,
        JournalEntry.action == "draw.seed_committed",
        JournalEntry.at == seed.at,
        JournalEntry.details == said,
    )
    return session.exec(asked).first() is not None


def _about_the_frame(session: Session, centre: Centre, draw: Draw) -> Iterable[Difference]:
    items = frozen(session, draw)
    if (drawing.frame_hash(items), len(items)) != (draw.frame_hash, draw.frame_size):
        yield Difference.FRAME
    if _left_out(session, centre, draw):
        yield Difference.FRAME_INCOMPLETE


def _left_out(session: Session, centre: Centre, draw: Draw) -> bool:
    """Whether a valid recording of the period, or one that came in then too late for its own, is in no frame."""
    since, until = span_of(draw.kind, draw.period, centre.zone)
    framed = select(FrameItem.recording_id).where(FrameItem.draw_id == draw.id)
    own = sa.and_(col(Call.dialled_at) >= since, col(Recording.id).not_in(framed))
    late = sa.and_(col(Recording.matched_at) >= since, ~in_a_frame(centre, draw.kind))
    asked = (
        select(Recording.id)
        .join(Call, col(Call.id) == col(Recording.call_id))
        .where(Recording.centre_id == centre.id, col(Recording.valid), col(Recording.matched_at) < until)
        .where(col(Call.dialled_at) < until, sa.or_(own, late))
    )
    return session.exec(asked.limit(1)).first() is not None


def _again(session: Session, draw: Draw) -> Iterable[Difference]:
    frame, stored = frozen(session, draw), _stored(session, draw)
    chances = drawing.inclusion(frame, rate=draw.rate_percent)
    if any(chances[str(item.recording_id)] * item.chance_in != item.chance_of for item in stored):
        yield Difference.CHANCES
    again = {int(item.recording) for item in drawing.draw(frame, rate=draw.rate_percent, seed=draw.seed)}
    drawn = {item.recording_id for item in stored if item.drawn}
    if again != drawn or len(drawn) != draw.sample_size:
        yield Difference.SAMPLE
    asked = session.exec(select(ReviewTask.recording_id).where(ReviewTask.draw_id == known(draw.id))).all()
    if sorted(asked) != sorted(drawn):
        yield Difference.TASKS

"""Reviews: what a reviewer heard, criterion by criterion, and the corrections that follow."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, SQLModel, col

from outbound.compliance import Criterion, Mark, Verdict
from outbound.confirmations.model import Confirmation
from outbound.db import UtcDateTime, append_only, choice, guard, table_of
from outbound.subscriptions.model import raises_version


class ReviewSource(StrEnum):
    """Why a recording is reviewed; targeted ones are never mixed into estimates."""

    DAILY = "daily"
    WEEKLY = "weekly"
    TARGETED = "targeted"
    DISPUTE = "dispute"


class ReviewTask(SQLModel, table=True):
    """A recording that waits for, or had, its review."""

    __tablename__ = "review_task"
    __table_args__ = (
        sa.UniqueConstraint("draw_id", "recording_id"),
        sa.Index("ix_review_task_reviewer_open", "reviewer_id", "done_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    draw_id: int | None = Field(default=None, foreign_key="draw.id")
    source: ReviewSource = Field(sa_type=choice(ReviewSource))
    recording_id: int = Field(foreign_key="recording.id", index=True)
    call_id: int = Field(foreign_key="call.id", index=True)
    reviewer_id: int = Field(foreign_key="staff.id")
    made_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Review(SQLModel, table=True):
    """A reviewer's verdict on one call; a later change of it is a further version, and the last version stands."""

    __tablename__ = "review"
    __table_args__ = (
        sa.UniqueConstraint("task_id", "version"),
        sa.CheckConstraint("version >= 1", name="versions_from_one"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    task_id: int = Field(foreign_key="review_task.id")
    version: int = 1
    why_changed: str = Field(default="", max_length=1000, description="of a later version, the reason")
    call_id: int = Field(foreign_key="call.id", index=True)
    recording_id: int = Field(foreign_key="recording.id")
    reviewer_id: int = Field(foreign_key="staff.id")
    verdict: Verdict = Field(sa_type=choice(Verdict))
    comment: str = Field(default="", max_length=2000)
    at: datetime = Field(sa_type=UtcDateTime)
    answer_by: datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="until when the caller may dispute it"
    )


def stands(review: type[Review] = Review) -> sa.ColumnElement[bool]:
    """That a review is the last version of itself: the condition under which it counts."""
    later = aliased(Review)
    return ~sa.exists().where(col(later.task_id) == col(review.task_id), col(later.version) > col(review.version))


class ReviewMark(SQLModel, table=True):
    """One criterion as the reviewer heard it, in the words in which it was asked."""

    __tablename__ = "review_mark"

    review_id: int = Field(foreign_key="review.id", primary_key=True)
    criterion: Criterion = Field(primary_key=True, sa_type=choice(Criterion))
    asked_zh: str = Field(max_length=400)
    asked_en: str = Field(max_length=400)
    mark: Mark = Field(sa_type=choice(Mark))
    second: float | None = Field(default=None, description="where it is heard")
    reason: str = Field(default="", max_length=60, description="the code of the chief reason")
    also: list[str] = Field(default_factory=list, sa_type=sa.JSON, description="the codes of further reasons")
    reason_zh: str = Field(default="", max_length=800, description="all the reasons in the words of that day")
    reason_en: str = Field(default="", max_length=800)
    note: str = Field(default="", max_length=1000)


class CorrectionState(StrEnum):
    """What became of the call that puts a failed sale right."""

    DUE = "due"
    PASSED = "passed"
    DECLINED = "declined"
    LAPSED = "lapsed"
    LIFTED = "lifted"
    """The review that asked for it was found wrong."""


class Correction(SQLModel, table=True):
    """A failed sale that must be called again."""

    __tablename__ = "correction"
    __table_args__ = (sa.UniqueConstraint("review_id"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    subscription_id: int = Field(foreign_key="subscription.id", index=True)
    review_id: int = Field(foreign_key="review.id")
    failed_call_id: int = Field(foreign_key="call.id")
    state: CorrectionState = Field(default=CorrectionState.DUE, sa_type=choice(CorrectionState))
    made_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closing_call_id: int | None = Field(default=None, foreign_key="call.id")


_BEFORE = "o.task_id = NEW.task_id AND o.version = NEW.version - 1"

append_only(table_of(Review))
append_only(table_of(ReviewMark))
# A charge looks at the reviews of its calls: it and a review in flight cannot both win.
raises_version(
    table_of(Review),
    "(SELECT s.id FROM subscription s JOIN call c ON c.contact_id = s.contact_id WHERE c.id = NEW.call_id)",
)
guard(
    table_of(Review),
    "review_not_ones_own_call",
    when="BEFORE INSERT",
    # Neither the seller nor the verifier of a sale reviews any of its calls.
    refuse_if="""EXISTS (SELECT 1 FROM call c JOIN call o ON o.contact_id = c.contact_id
        WHERE c.id = NEW.call_id AND o.agent_id = NEW.reviewer_id)
        OR NOT EXISTS (SELECT 1 FROM recording r WHERE r.id = NEW.recording_id AND r.call_id = NEW.call_id)""",
    saying="nobody reviews their own call",
)
guard(
    table_of(Review),
    "review_changed_with_reason",
    when="BEFORE INSERT",
    refuse_if=f"""NEW.version > 1 AND (trim(NEW.why_changed) = '' OR NOT EXISTS (SELECT 1 FROM review o
        WHERE {_BEFORE} AND o.call_id = NEW.call_id AND o.recording_id = NEW.recording_id))""",
    saying="a verdict is changed with a reason",
)
guard(
    table_of(Confirmation),
    "confirmation_restored_with_its_review",
    when="BEFORE INSERT",
    # A confirmation that a review voided counts again only once no standing review fails its call.
    refuse_if="""NEW.restored > 0 AND (NOT EXISTS (SELECT 1 FROM confirmation o
        JOIN confirmation_void v ON v.confirmation_id = o.id AND v.reason = 'review_failed'
        WHERE o.call_id = NEW.call_id AND o.restored = NEW.restored - 1 AND o.subscription_id = NEW.subscription_id
        AND o.kind = NEW.kind AND o.result = NEW.result AND o.by_id = NEW.by_id)
        OR NOT EXISTS (SELECT 1 FROM review r WHERE r.call_id = NEW.call_id AND r.verdict = 'valid'
        AND NOT EXISTS (SELECT 1 FROM review l WHERE l.task_id = r.task_id AND l.version > r.version))
        OR EXISTS (SELECT 1 FROM review r WHERE r.call_id = NEW.call_id AND r.verdict = 'invalid'
        AND NOT EXISTS (SELECT 1 FROM review l WHERE l.task_id = r.task_id AND l.version > r.version)))""",
    saying="what a review voided is restored by a review",
)

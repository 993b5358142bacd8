"""What a caller answers to a review, how the team leader screens a dispute; the decision is a version of the review."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime, append_only, guard, table_of
from qa.review.model import Review


class ReviewAcceptance(SQLModel, table=True):
    """The caller accepts what a review says."""

    __tablename__ = "review_acceptance"

    review_id: int = Field(foreign_key="review.id", primary_key=True)
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


class Dispute(SQLModel, table=True):
    """The caller says that a review is wrong, and why."""

    __tablename__ = "dispute"
    __table_args__ = (sa.UniqueConstraint("review_id"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    review_id: int = Field(foreign_key="review.id")
    by_id: int = Field(foreign_key="staff.id")
    why: str = Field(max_length=1000)
    at: datetime = Field(sa_type=UtcDateTime)


class DisputeScreening(SQLModel, table=True):
    """The team leader refers a dispute to another reviewer, or rejects it with a reason."""

    __tablename__ = "dispute_screening"
    __table_args__ = (
        sa.CheckConstraint("referred = (task_id IS NOT NULL)", name="referred_to_somebody"),
        sa.CheckConstraint("referred OR reason <> ''", name="rejected_with_reason"),
        sa.UniqueConstraint("task_id"),
    )

    dispute_id: int = Field(foreign_key="dispute.id", primary_key=True)
    by_id: int = Field(foreign_key="staff.id")
    referred: bool
    reason: str = Field(default="", max_length=1000)
    task_id: int | None = Field(default=None, foreign_key="review_task.id", description="the hearing that decides")
    at: datetime = Field(sa_type=UtcDateTime)


for _table in (ReviewAcceptance, Dispute, DisputeScreening):
    append_only(table_of(_table))

_CALLERS_OWN = """NOT EXISTS (SELECT 1 FROM review r JOIN call c ON c.id = r.call_id
        WHERE r.id = NEW.review_id AND c.agent_id = NEW.by_id
        AND NOT EXISTS (SELECT 1 FROM review l WHERE l.task_id = r.task_id AND l.version > r.version))"""
guard(
    table_of(ReviewAcceptance),
    "review_accepted_by_its_caller",
    when="BEFORE INSERT",
    refuse_if=f"{_CALLERS_OWN} OR EXISTS (SELECT 1 FROM dispute d WHERE d.review_id = NEW.review_id)",
    saying="a review is accepted by its caller",
)
guard(
    table_of(Dispute),
    "review_disputed_in_time_by_its_caller",
    when="BEFORE INSERT",
    refuse_if=f"""{_CALLERS_OWN} OR trim(NEW.why) = ''
        OR EXISTS (SELECT 1 FROM review r WHERE r.id = NEW.review_id AND (r.answer_by IS NULL OR r.answer_by < NEW.at))
        OR EXISTS (SELECT 1 FROM review_acceptance a WHERE a.review_id = NEW.review_id)""",
    saying="a review is disputed in time by its caller",
)
guard(
    table_of(DisputeScreening),
    "dispute_not_screened_by_its_reviewer",
    when="BEFORE INSERT",
    refuse_if="""EXISTS (SELECT 1 FROM dispute d JOIN review r ON r.id = d.review_id
        JOIN review o ON o.task_id = r.task_id
        WHERE d.id = NEW.dispute_id AND NEW.by_id IN (o.reviewer_id, d.by_id))""",
    saying="nobody screens a dispute about their own verdict",
)
_BEFORE = "o.task_id = NEW.task_id AND o.version = NEW.version - 1"
guard(
    table_of(Review),
    "dispute_decided_by_another",
    when="BEFORE INSERT",
    # Undisputed, only the reviewer changes a verdict; disputed, only somebody who has given none of its versions.
    refuse_if=f"""EXISTS (SELECT 1 FROM review o LEFT JOIN dispute d ON d.review_id = o.id
        LEFT JOIN dispute_screening s ON s.dispute_id = d.id AND s.referred
        WHERE {_BEFORE} AND ((d.id IS NULL AND o.reviewer_id <> NEW.reviewer_id)
        OR (d.id IS NOT NULL AND (s.dispute_id IS NULL OR EXISTS (SELECT 1 FROM review e
            WHERE e.task_id = NEW.task_id AND e.reviewer_id = NEW.reviewer_id)))))""",
    saying="a dispute is decided by another reviewer",
)

"""Calibrations: the same recordings marked by several reviewers, none of whom sees what the others said."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.compliance import Criterion, Mark
from outbound.db import UtcDateTime, append_only, choice, guard, table_of


class Calibration(SQLModel, table=True):
    """A set of recordings that several reviewers hear."""

    __tablename__ = "calibration"

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    name: str = Field(max_length=80)
    made_by_id: int = Field(foreign_key="staff.id")
    made_at: datetime = Field(sa_type=UtcDateTime)


class CalibrationCall(SQLModel, table=True):
    """A recording of a calibration, in its place."""

    __tablename__ = "calibration_call"

    calibration_id: int = Field(foreign_key="calibration.id", primary_key=True)
    recording_id: int = Field(foreign_key="recording.id", primary_key=True)
    place: int


class CalibrationReviewer(SQLModel, table=True):
    """Who takes part."""

    __tablename__ = "calibration_reviewer"

    calibration_id: int = Field(foreign_key="calibration.id", primary_key=True)
    reviewer_id: int = Field(foreign_key="staff.id", primary_key=True, index=True)


class CalibrationVerdict(SQLModel, table=True):
    """That a reviewer has marked a recording."""

    __tablename__ = "calibration_verdict"
    __table_args__ = (
        sa.UniqueConstraint("calibration_id", "recording_id", "reviewer_id"),
        sa.ForeignKeyConstraint(
            ["calibration_id", "recording_id"], ["calibration_call.calibration_id", "calibration_call.recording_id"]
        ),
        sa.ForeignKeyConstraint(
            ["calibration_id", "reviewer_id"],
            ["calibration_reviewer.calibration_id", "calibration_reviewer.reviewer_id"],
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    calibration_id: int
    recording_id: int
    reviewer_id: int
    comment: str = Field(default="", max_length=2000)
    at: datetime = Field(sa_type=UtcDateTime)


class CalibrationMark(SQLModel, table=True):
    """One criterion as a reviewer heard it, in the words in which it was asked."""

    __tablename__ = "calibration_mark"

    verdict_id: int = Field(foreign_key="calibration_verdict.id", primary_key=True)
    criterion: Criterion = Field(primary_key=True, sa_type=choice(Criterion))
    asked_zh: str = Field(max_length=400)
    asked_en: str = Field(max_length=400)
    mark: Mark = Field(sa_type=choice(Mark))
    second: float | None = Field(default=None, description="where it is heard")
    reason: str = Field(default="", max_length=60, description="the code of the chief reason")
    also: list[str] = Field(default_factory=list, sa_type=sa.JSON, description="the codes of further reasons")
    note: str = Field(default="", max_length=1000)


class CalibrationClosing(SQLModel, table=True):
    """The end of a calibration: from then on everybody sees what everybody said."""

    __tablename__ = "calibration_closing"

    calibration_id: int = Field(foreign_key="calibration.id", primary_key=True)
    by_id: int | None = Field(default=None, foreign_key="staff.id", description="null: the last one had marked")
    at: datetime = Field(sa_type=UtcDateTime)


class CalibrationResult(SQLModel, table=True):
    """What a calibration came to on one criterion, as it was at its end."""

    __tablename__ = "calibration_result"

    calibration_id: int = Field(foreign_key="calibration.id", primary_key=True)
    criterion: Criterion = Field(primary_key=True, sa_type=choice(Criterion))
    alpha: float | None = Field(default=None, description="Krippendorff's; null where it is undefined")
    recalibrate: bool


for _table in (
    Calibration,
    CalibrationCall,
    CalibrationReviewer,
    CalibrationVerdict,
    CalibrationMark,
    CalibrationClosing,
    CalibrationResult,
):
    append_only(table_of(_table))
guard(
    table_of(CalibrationVerdict),
    "calibration_is_open",
    when="BEFORE INSERT",
    refuse_if="EXISTS (SELECT 1 FROM calibration_closing c WHERE c.calibration_id = NEW.calibration_id)",
    saying="the calibration is closed",
)

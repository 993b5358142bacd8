"""Scripts and their versions: immutable once submitted, in force after two parties approved them."""

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime, append_only, choice, guard, table_of
from scripts.language import Script, read_script


class ScriptState(StrEnum):
    """Where a version is on its way."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    IN_FORCE = "in_force"
    RETIRED = "retired"


class Party(StrEnum):
    """Who must approve a script."""

    CARRIER = "carrier"
    BUSINESS_SUPPORT = "business_support"


class PitchScript(SQLModel, table=True):
    """A script by its name in a centre; what is read is always one of its versions."""

    __tablename__ = "script"
    asked_often: ClassVar[bool] = True
    __table_args__ = (sa.UniqueConstraint("centre_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    name: str = Field(max_length=80, description="the name by which a campaign refers to it")
    kind: str = Field(max_length=40)


class ScriptVersion(SQLModel, table=True):
    """The wording of a script, as it is or was to be read."""

    __tablename__ = "script_version"
    asked_often: ClassVar[bool] = True
    __table_args__ = (
        sa.UniqueConstraint("script_id", "number"),
        sa.Index(
            "uq_script_version_in_force",
            "script_id",
            unique=True,
            sqlite_where=sa.text("state = 'in_force'"),
            postgresql_where=sa.text("state = 'in_force'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id", index=True)
    script_id: int = Field(foreign_key="script.id")
    number: int
    source: str = Field(sa_type=sa.Text)
    content_hash: str = Field(max_length=64)
    state: ScriptState = Field(default=ScriptState.DRAFT, sa_type=choice(ScriptState))
    author_id: int = Field(foreign_key="staff.id")
    written_at: datetime = Field(sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    in_force_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ScriptDecision(SQLModel, table=True):
    """What an approver decided about a version; `line` is where a comment belongs (0: the whole)."""

    __tablename__ = "script_decision"
    __table_args__ = (
        sa.Index(
            "uq_script_decision_approval",
            "version_id",
            "party",
            unique=True,
            sqlite_where=sa.text("approved"),
            postgresql_where=sa.text("approved"),
        ),
        sa.Index(
            "uq_script_decision_two_people",
            "version_id",
            "by_id",
            unique=True,
            sqlite_where=sa.text("approved"),
            postgresql_where=sa.text("approved"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    version_id: int = Field(foreign_key="script_version.id", index=True)
    party: Party = Field(sa_type=choice(Party))
    approved: bool
    line: int = 0
    comment: str = Field(default="", max_length=1000)
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


def script_of(version: ScriptVersion) -> Script:
    """The script that a version holds; raises DocumentFaulty for a faulty draft."""
    return script_written(version.source)


# The text itself is the key, so none is stale.
@lru_cache(maxsize=256)
def script_written(source: str) -> Script:
    """The script that a version's text says, read once: that takes tens of milliseconds. Raises DocumentFaulty."""
    return read_script(source)


append_only(table_of(ScriptDecision))
guard(
    table_of(ScriptDecision),
    "script_decision_not_the_author",
    when="BEFORE INSERT",
    refuse_if="""NEW.approved AND EXISTS (SELECT 1 FROM script_version v WHERE v.id = NEW.version_id
        AND v.author_id = NEW.by_id)""",
    saying="nobody approves their own script",
)
guard(
    table_of(ScriptVersion),
    "script_version_immutable",
    when="BEFORE UPDATE",
    refuse_if="""OLD.state <> 'draft' AND (NEW.source <> OLD.source OR NEW.content_hash <> OLD.content_hash
        OR NEW.number <> OLD.number OR NEW.author_id <> OLD.author_id OR NEW.script_id <> OLD.script_id)""",
    saying="a submitted script version never changes",
)
guard(
    table_of(ScriptVersion),
    "script_version_two_approvals",
    when="BEFORE UPDATE",
    refuse_if="""NEW.state = 'in_force' AND OLD.state <> 'in_force' AND (SELECT count(DISTINCT d.party)
        FROM script_decision d WHERE d.version_id = NEW.id AND d.approved) < 2""",
    saying="a script needs both approvals",
)
guard(
    table_of(ScriptVersion),
    "script_version_begins_as_draft",
    when="BEFORE INSERT",
    refuse_if="NEW.state <> 'draft'",
    saying="a script version begins as a draft",
)

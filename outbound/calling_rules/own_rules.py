"""A centre's own calling rules, kept under a name: every version as it was written, by whom and why.

A version never changes and none is ever deleted. A campaign pins the one that it is held by (`campaigns.pinning`), so
that a new version reaches no campaign by itself; rules that are retired are taken up by no further one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from outbound import journal
from outbound.calling_rules.own_profiles import own_profile
from outbound.calling_rules.profiles import PROFILES
from outbound.db import UtcDateTime, append_only, guard, table_of
from outbound.documents import Document, DocumentFaulty
from outbound.errors import DATABASE_REFUSALS, Refusal
from outbound.people import Centre, Staff, known


class OwnRules(SQLModel, table=True):
    """The name of a centre's own rules, under which their versions are kept."""

    __tablename__ = "own_rules"
    __table_args__ = (
        sa.UniqueConstraint("centre_id", "name"),
        sa.CheckConstraint(f"name NOT IN ({', '.join(map(repr, PROFILES))})", name="not_shipped"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    name: str = Field(max_length=60)


class OwnRulesVersion(SQLModel, table=True):
    """Rules as they were written once; what a campaign is held by points here and can never change."""

    __tablename__ = "own_rules_version"
    asked_often: ClassVar[bool] = True
    __table_args__ = (sa.UniqueConstraint("rules_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    rules_id: int = Field(foreign_key="own_rules.id")
    number: int
    text: str = Field(sa_type=sa.Text, description="the YAML, byte for byte")
    sha256: str = Field(max_length=64)
    note: str = Field(default="", max_length=200, description="why they were written or changed")
    by_id: int | None = Field(default=None, foreign_key="staff.id", description="null: on the command line")
    at: datetime = Field(sa_type=UtcDateTime)


class OwnRulesRetirement(SQLModel, table=True):
    """From when on no further campaign takes rules up."""

    __tablename__ = "own_rules_retirement"

    rules_id: int = Field(foreign_key="own_rules.id", primary_key=True)
    why: str = Field(max_length=200)
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


append_only(table_of(OwnRules))
append_only(table_of(OwnRulesVersion))
append_only(table_of(OwnRulesRetirement))
guard(
    table_of(OwnRulesVersion),
    "own_rules_version_follows",
    when="BEFORE INSERT",
    refuse_if="""NEW.number <> (SELECT COUNT(*) + 1 FROM own_rules_version v WHERE v.rules_id = NEW.rules_id)
        OR EXISTS (SELECT 1 FROM own_rules_retirement r WHERE r.rules_id = NEW.rules_id)""",
    saying="the version of own rules does not follow",
)


class RulesRetired(Refusal):
    """The calling rules “{name}” are retired and take no new version; keep them under another name."""

    zh = "外呼规则“{name}”已停用，不能再写新版本，请另起名称。"


class RulesChangedMeanwhile(Refusal):
    """Somebody else has just changed these calling rules; look at what they wrote, then save again."""

    zh = "他人刚刚修改过这套外呼规则，请先查看其内容，再重新保存。"


DATABASE_REFUSALS["the version of own rules does not follow"] = RulesChangedMeanwhile


def keep(
    session: Session, centre: Centre, text: str, *, note: str = "", by: Staff | None, now: datetime
) -> OwnRulesVersion:
    """Keep rules under the name that they bear, as the first version or the next one; the same text, that version.

    Raises DocumentFaulty and RulesRetired.
    """
    name = own_profile(text).name
    rules = find(session, known(centre.id), name) or _named(session, centre, name)
    before = newest(session, rules)
    if before and before.text == text:
        return before
    if retirement_of(session, rules):
        raise RulesRetired(name=name)
    version = OwnRulesVersion(
        rules_id=known(rules.id),
        number=before.number + 1 if before else 1,
        text=text,
        sha256=digest(text),
        note=note.strip(),
        by_id=by.id if by else None,
        at=now,
    )
    session.add(version)
    session.flush()
    facts = {"number": version.number, "sha256": version.sha256, "note": version.note}
    journal.record(session, "rules.kept", rules, by=by, now=now, name=name, version=facts)
    return version


def keep_new(
    session: Session, centre: Centre, text: str, *, note: str = "", by: Staff, now: datetime
) -> OwnRulesVersion:
    """Keep rules under a name that the centre does not have yet; raises DocumentFaulty, also for a name that it has."""
    name = own_profile(text).name
    if find(session, known(centre.id), name):
        zh = f"本中心已有名为“{name}”的外呼规则，请换一个名称，或打开原规则写新版本。"
        en = f"the centre has calling rules `{name}` already; take another name, or write a new version of those."
        raise DocumentFaulty([Document(text).fault(("name",), zh=zh, en=en)])
    return keep(session, centre, text, note=note, by=by, now=now)


def change(
    session: Session, rules: OwnRules, text: str, *, over: int, note: str = "", by: Staff, now: datetime
) -> OwnRulesVersion:
    """Keep a new version of these rules, written over the version of the number `over`.

    Raises RulesRetired, RulesChangedMeanwhile, and DocumentFaulty, also where the text bears another name.
    """
    if own_profile(text).name != rules.name:
        zh = f"新版本沿用原名称“{rules.name}”；要另起名称，请新建规则。"
        en = f"a new version keeps the name `{rules.name}`; write new rules for another one."
        raise DocumentFaulty([Document(text).fault(("name",), zh=zh, en=en)])
    before = newest(session, rules)
    if before and before.number != over and before.text != text:
        raise RulesChangedMeanwhile
    return keep(session, session.get_one(Centre, rules.centre_id), text, note=note, by=by, now=now)


def retire(session: Session, rules: OwnRules, *, why: str, by: Staff, now: datetime) -> OwnRulesRetirement:
    """Let no further campaign take these rules up; those that are held by them go on. Retired already, as it was."""
    if already := retirement_of(session, rules):
        return already
    retired = OwnRulesRetirement(rules_id=known(rules.id), why=why.strip(), by_id=known(by.id), at=now)
    session.add(retired)
    session.flush()
    journal.record(session, "rules.retired", rules, by=by, now=now, name=rules.name, why=retired.why)
    return retired


def _named(session: Session, centre: Centre, name: str) -> OwnRules:
    rules = OwnRules(centre_id=known(centre.id), name=name)
    session.add(rules)
    session.flush()
    return rules


def digest(text: str) -> str:
    """The SHA-256 of rules as they are written."""
    return sha256(text.encode()).hexdigest()


def find(session: Session, centre_id: int, name: str) -> OwnRules | None:
    """The own rules of that name at a centre."""
    return session.exec(select(OwnRules).where(OwnRules.centre_id == centre_id, OwnRules.name == name)).first()


def versions(session: Session, rules: OwnRules) -> Sequence[OwnRulesVersion]:
    """Every version of some rules, the newest first."""
    asked = select(OwnRulesVersion).where(OwnRulesVersion.rules_id == rules.id)
    return session.exec(asked.order_by(col(OwnRulesVersion.number).desc())).all()


def newest(session: Session, rules: OwnRules) -> OwnRulesVersion | None:
    """The newest version; None only while the first is being written."""
    asked = select(OwnRulesVersion).where(OwnRulesVersion.rules_id == rules.id)
    return session.exec(asked.order_by(col(OwnRulesVersion.number).desc()).limit(1)).first()


def retirement_of(session: Session, rules: OwnRules) -> OwnRulesRetirement | None:
    """When and why these rules were retired, where they were."""
    return session.get(OwnRulesRetirement, known(rules.id))


def kept_at(session: Session, centre_id: int) -> Mapping[str, OwnRulesVersion]:
    """The newest version of all of a centre's own rules, by name; retired ones too."""
    later = aliased(OwnRulesVersion)
    is_last = ~sa.exists().where(
        col(later.rules_id) == col(OwnRulesVersion.rules_id), col(later.number) > col(OwnRulesVersion.number)
    )
    asked = select(OwnRules.name, OwnRulesVersion).join(OwnRules, col(OwnRules.id) == col(OwnRulesVersion.rules_id))
    return dict(session.exec(asked.where(OwnRules.centre_id == centre_id, is_last).order_by(OwnRules.name)).all())


def names_at(session: Session, centre_id: int) -> Sequence[str]:
    """The names of the own rules that a campaign of a centre may take up."""
    retired = sa.exists().where(col(OwnRulesRetirement.rules_id) == col(OwnRules.id))
    asked = select(OwnRules.name).where(OwnRules.centre_id == centre_id, ~retired)
    return session.exec(asked.order_by(OwnRules.name)).all()

"""The way of a script version: written, submitted once it is proved, approved by two parties, in force, retired."""

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound import journal
from outbound.dialing.statements import Book, Statement
from outbound.errors import DATABASE_REFUSALS, NotAllowed, Refusal
from outbound.instances import Instances
from outbound.people import Centre, Role, Staff, known, roles_of
from scripts import refusals
from scripts.language import Script, content_hash, read_script
from scripts.model import Party, PitchScript, ScriptDecision, ScriptState, ScriptVersion
from scripts.proof import prove

DATABASE_REFUSALS.update(
    {
        "nobody approves their own script": refusals.OwnScript,
        "a script needs both approvals": refusals.ApprovalsMissing,
        "uq_script_decision_two_people": refusals.SecondApproverNeeded,
    }
)

PARTY_OF: dict[Role, Party] = {Role.CARRIER: Party.CARRIER, Role.BUSINESS_SUPPORT: Party.BUSINESS_SUPPORT}
"""For which party somebody of a role decides."""


def write(session: Session, centre: Centre, text: str, *, by: Staff, now: datetime) -> ScriptVersion:
    """Keep a script as a draft: the same draft until it is submitted, a new version after that.

    Raises DocumentFaulty and ScriptKindFixed.
    """
    script = _kept(session, centre, read_script(text), by=by, now=now)
    latest = _latest(session, script)
    if latest and latest.state is ScriptState.DRAFT:
        return _rewritten(session, latest, text, by=by, now=now)
    version = ScriptVersion(
        centre_id=script.centre_id,
        script_id=known(script.id),
        number=latest.number + 1 if latest else 1,
        source=text,
        content_hash=content_hash(text),
        author_id=known(by.id),
        written_at=now,
    )
    session.add(version)
    session.flush()
    journal.record(session, "script.written", version, by=by, now=now, hash=version.content_hash)
    return version


def _kept(session: Session, centre: Centre, script: Script, *, by: Staff, now: datetime) -> PitchScript:
    asked = select(PitchScript).where(PitchScript.centre_id == centre.id, PitchScript.name == script.script)
    if kept := session.exec(asked.with_for_update()).one_or_none():
        if kept.kind != script.kind:
            raise refusals.ScriptKindFixed(name=kept.name, kind=kept.kind)
        return kept
    kept = PitchScript(centre_id=known(centre.id), name=script.script, kind=script.kind)
    session.add(kept)
    session.flush()
    journal.record(session, "script.named", kept, by=by, now=now, name=kept.name)
    return kept


def _latest(session: Session, script: PitchScript) -> ScriptVersion | None:
    asked = select(ScriptVersion).where(ScriptVersion.script_id == script.id)
    return session.exec(asked.order_by(col(ScriptVersion.number).desc()).limit(1)).first()


def _rewritten(session: Session, draft: ScriptVersion, text: str, *, by: Staff, now: datetime) -> ScriptVersion:
    if draft.source == text:
        return draft
    draft.source, draft.content_hash = text, content_hash(text)
    draft.author_id, draft.written_at = known(by.id), now
    session.add(draft)
    session.flush()
    journal.record(session, "script.written", draft, by=by, now=now, hash=draft.content_hash)
    return draft


def submit(session: Session, version: ScriptVersion, *, by: Staff, now: datetime) -> ScriptVersion:
    """Ask both parties to approve a draft; an older version that still waits steps back.

    Raises ScriptNotProved, AlreadyReturned and AlreadyRetired.
    """
    _lock(session, version)
    if version.state in (ScriptState.SUBMITTED, ScriptState.IN_FORCE):
        return version
    if version.state is not ScriptState.DRAFT:
        raise _unfit(session, version)
    proof = prove(read_script(version.source))
    if not proof.holds:
        raise refusals.ScriptNotProved(proof)
    _retire(session, version, ScriptState.SUBMITTED, by=by, now=now)
    version.state, version.submitted_at = ScriptState.SUBMITTED, now
    session.add(version)
    session.flush()
    journal.record(session, "script.submitted", version, by=by, now=now, hash=version.content_hash)
    return version


def approve(session: Session, version: ScriptVersion, *, by: Staff, now: datetime) -> ScriptVersion:
    """Approve a version for the party that `by` stands for; with the second approval it is in force at once.

    Raises NotAllowed, OwnScript, SecondApproverNeeded, NotSubmitted, AlreadyReturned and AlreadyRetired.
    """
    party = _party_of(session, by)
    _lock(session, version)
    if by.id == version.author_id:
        raise refusals.OwnScript
    given = _approvals(session, version)
    if party in given:
        return version
    if version.state is not ScriptState.SUBMITTED:
        raise _unfit(session, version)
    if by.id in given.values():
        raise refusals.SecondApproverNeeded
    session.add(ScriptDecision(version_id=known(version.id), party=party, approved=True, by_id=known(by.id), at=now))
    session.flush()
    journal.record(session, "script.approved", version, by=by, now=now, party=party)
    if {*given, party} == set(Party):
        _put_in_force(session, version, by=by, now=now)
    return version


def return_(
    session: Session, version: ScriptVersion, *, by: Staff, line: int = 0, comment: str, now: datetime
) -> ScriptVersion:
    """Send a version back to its writer with a comment on a line (from 1; 0: on the whole).

    Raises NotAllowed, CommentNeeded, LineUnknown, NotSubmitted, AlreadyInForce and AlreadyRetired.
    """
    party = _party_of(session, by)
    _lock(session, version)
    if version.state is ScriptState.RETURNED:
        return version
    if version.state is not ScriptState.SUBMITTED:
        raise _unfit(session, version)
    if not comment.strip():
        raise refusals.CommentNeeded
    lines = len(version.source.splitlines())
    if not 0 <= line <= lines:
        raise refusals.LineUnknown(line=line, lines=lines)
    said = comment.strip()[:1000]
    decision = ScriptDecision(version_id=known(version.id), party=party, approved=False, by_id=known(by.id), at=now)
    decision.line, decision.comment = line, said
    version.state = ScriptState.RETURNED
    session.add_all([decision, version])
    session.flush()
    journal.record(session, "script.returned", version, by=by, now=now, party=party, line=line, comment=said)
    return version


def _lock(session: Session, version: ScriptVersion) -> None:
    # Two approvers at once must see each other, or neither would find the approvals complete.
    session.refresh(session.get_one(PitchScript, version.script_id), with_for_update=True)
    session.refresh(version)


def _party_of(session: Session, staff: Staff) -> Party:
    party = next((PARTY_OF[role] for role in roles_of(session, staff) if role in PARTY_OF), None)
    if party is None:
        raise NotAllowed
    return party


def _approvals(session: Session, version: ScriptVersion) -> dict[Party, int]:
    return {decision.party: decision.by_id for decision in decisions(session, version) if decision.approved}


def _put_in_force(session: Session, version: ScriptVersion, *, by: Staff, now: datetime) -> None:
    _retire(session, version, ScriptState.IN_FORCE, by=by, now=now)
    version.state, version.in_force_at = ScriptState.IN_FORCE, now
    session.add(version)
    session.flush()
    journal.record(session, "script.in_force", version, by=by, now=now, hash=version.content_hash)


def _retire(session: Session, successor: ScriptVersion, state: ScriptState, *, by: Staff, now: datetime) -> None:
    """The script's other version in `state` makes way for its successor."""
    same = ScriptVersion.script_id == successor.script_id
    others = select(ScriptVersion).where(same, ScriptVersion.state == state, ScriptVersion.id != successor.id)
    for former in session.exec(others):
        former.state, former.retired_at = ScriptState.RETIRED, now
        session.add(former)
        session.flush()
        journal.record(session, "script.retired", former, by=by, now=now, successor=successor.id)


_UNFIT: dict[ScriptState, type[Refusal]] = {
    ScriptState.DRAFT: refusals.NotSubmitted,
    ScriptState.RETURNED: refusals.AlreadyReturned,
    ScriptState.IN_FORCE: refusals.AlreadyInForce,
    ScriptState.RETIRED: refusals.AlreadyRetired,
}


def _unfit(session: Session, version: ScriptVersion) -> Refusal:
    script = session.get_one(PitchScript, version.script_id)
    return _UNFIT[version.state](name=script.name, number=version.number)


def find(session: Session, centre_id: int, name: str) -> PitchScript | None:
    """The script of that name at a centre."""
    return session.exec(select(PitchScript).where(PitchScript.centre_id == centre_id, PitchScript.name == name)).first()


def versions(session: Session, script: PitchScript) -> list[ScriptVersion]:
    """Every version of a script, the newest first."""
    asked = select(ScriptVersion).where(ScriptVersion.script_id == script.id)
    return list(session.exec(asked.order_by(col(ScriptVersion.number).desc())).all())


_VERSION = Instances(ScriptVersion)
_IN_FORCE = Statement(
    f"""SELECT {_VERSION.columns} FROM script_version JOIN script ON script.id = script_version.script_id
    WHERE script.centre_id = :centre AND script.name = :name AND script_version.state = 'in_force'"""
)
"""Asked at every step of every call: at the driver's own speed."""
_NUMBERED = Statement(f"SELECT {_VERSION.columns} FROM script_version WHERE script_version.id = :version")


def in_force(session: Session, centre_id: int, name: str) -> ScriptVersion | None:
    """The version of a centre's script that is to be read now."""
    found = Book.of(session).ask(_IN_FORCE, centre=centre_id, name=name)
    version: ScriptVersion | None = _VERSION.of(session, found[0])[0] if found else None
    return version


def version_of_call(session: Session, version_id: int) -> ScriptVersion:
    """The version that a call was made with."""
    version: ScriptVersion = _VERSION.of(session, Book.of(session).ask(_NUMBERED, version=version_id)[0])[0]
    return version


def waiting_for(session: Session, party: Party, *, centre_id: int | None = None) -> list[ScriptVersion]:
    """The versions that a party has still to decide about, the longest waiting first; of all centres unless one."""
    approved = sa.exists().where(
        col(ScriptDecision.version_id) == col(ScriptVersion.id),
        col(ScriptDecision.party) == party,
        col(ScriptDecision.approved),
    )
    asked = select(ScriptVersion).where(ScriptVersion.state == ScriptState.SUBMITTED, ~approved)
    if centre_id is not None:
        asked = asked.where(ScriptVersion.centre_id == centre_id)
    return list(session.exec(asked.order_by(col(ScriptVersion.submitted_at), col(ScriptVersion.id))).all())


def still_to_approve(session: Session, version: ScriptVersion) -> list[Party]:
    """The parties whose approval a version still lacks."""
    given = _approvals(session, version)
    return [party for party in Party if party not in given]


def decisions(session: Session, version: ScriptVersion) -> list[ScriptDecision]:
    """Everything that was decided about a version, in order."""
    asked = select(ScriptDecision).where(ScriptDecision.version_id == version.id)
    return list(session.exec(asked.order_by(col(ScriptDecision.id))).all())


@dataclass(frozen=True)
class DiffLine:
    """A line of a diff, with its number (from 1) in the old and in the new text where it stands there."""

    change: Literal["same", "removed", "added"]
    old: int | None
    new: int | None
    text: str


def diff(old: str, new: str, *, around: int | None = None) -> list[DiffLine]:
    """What became of the lines of `old` in `new`; `around`: only so many unchanged lines about each change."""
    before, after = old.splitlines(), new.splitlines()
    lines: list[DiffLine] = []
    for tag, i, i_end, j, j_end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += [DiffLine("same", i + n + 1, j + n + 1, before[i + n]) for n in range(i_end - i)]
            continue
        lines += [DiffLine("removed", n + 1, None, before[n]) for n in range(i, i_end)]
        lines += [DiffLine("added", None, n + 1, after[n]) for n in range(j, j_end)]
    return lines if around is None else _near_changes(lines, around)


def _near_changes(lines: Collection[DiffLine], around: int) -> list[DiffLine]:
    changed = [place for place, line in enumerate(lines) if line.change != "same"]
    near = {place for at in changed for place in range(at - around, at + around + 1)}
    return [line for place, line in enumerate(lines) if place in near]

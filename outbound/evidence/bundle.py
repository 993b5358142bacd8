"""The evidence of a subscription as one ZIP that anybody can check without us: sound, scripts, facts, journal rows
with their proofs, and a manifest that the centre signed.

The same state gives the same bytes, but for the instant in the manifest and the signature over it.
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import IO, Any

from sqlmodel import Session, col, select

from outbound import journal, signing
from outbound.anchors import anchoring
from outbound.anchors.model import JournalAnchor
from outbound.evidence import rows, summary
from outbound.evidence.gathering import Evidence, gather
from outbound.journal import JournalEntry
from outbound.people import Staff, known
from outbound.phones.vault import Vault
from outbound.recordings import deleting
from outbound.recordings.hearing import Soundness, check
from outbound.recordings.model import Recording
from outbound.recordings.store import Store
from outbound.subscriptions.model import Subscription
from scripts.model import ScriptVersion

FORMAT = "outbound-evidence/1"
MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "manifest.sig", "public.pem"
FACTS, ROWS, ANCHOR, SUMMARY = "evidence.json", "journal.jsonl", "anchor.json", "summary.html"
ALWAYS = frozenset({MANIFEST, SIGNATURE, PUBLIC_KEY, FACTS, ROWS, ANCHOR, SUMMARY})
"""What is in every such file."""

_PIECE = 1 << 20
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_DETAILS = {"chain", "sequence", "actor_id", "action", "subject_kind", "subject_id", "details", "previous_hash", "hash"}


@dataclass(frozen=True)
class Sources:
    """Where evidence comes from besides the database."""

    vault: Vault
    store: Store
    data: Path


@dataclass
class _Writing:
    """A ZIP in the making, and what the manifest says of its files."""

    archive: zipfile.ZipFile
    files: list[dict[str, Any]] = field(default_factory=list)

    def put(self, name: str, content: bytes, *, listed: bool = True) -> None:
        """A file that fits into memory."""
        with self.archive.open(_entry(name, zipfile.ZIP_DEFLATED), "w") as target:
            target.write(content)
        if listed:
            self._list(name, len(content), hashlib.sha256(content).hexdigest())

    def copy(self, name: str, source: IO[bytes], size: int) -> None:
        """A recording, piece by piece."""
        entry, hashed = _entry(name, zipfile.ZIP_STORED), hashlib.sha256()
        entry.file_size = size
        with self.archive.open(entry, "w") as target:
            while piece := source.read(_PIECE):
                hashed.update(piece)
                target.write(piece)
        self._list(name, size, hashed.hexdigest())

    def _list(self, name: str, size: int, sha256: str) -> None:
        self.files.append({"name": name, "size": size, "sha256": sha256})


def _entry(name: str, compression: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type, entry.create_system, entry.external_attr = compression, 3, 0o644 << 16
    return entry


def take(
    session: Session,
    sources: Sources,
    subscription: Subscription,
    to: IO[bytes],
    *,
    by: Staff | None,
    now: datetime,
    told: Callable[[str], None] = lambda _step: None,
) -> None:
    """Write the evidence of a subscription into `to` (a file that can be sought), and journal that it was taken.

    What the journal says of it is anchored first, so that all of it can be proved. `told` hears of each step.
    Raises WrongNumberKey, WrongSigningKey, JournalGap, StoreOutOfReach.
    """
    entries = rows.entries_about(session, subscription)
    anchor = _anchored(session, subscription.centre_id, entries, now=now)
    found = gather(session, sources.vault, subscription)
    del found["journal"]
    with zipfile.ZipFile(to, "w", strict_timestamps=True) as archive:
        writing = _Writing(archive)
        for call in found["calls"]:
            told(call["reference"])
            _enclose_sound(session, sources.store, writing, call)
        _enclose_scripts(session, writing, found)
        _enclose_rows(session, writing, entries, anchor)
        writing.put(FACTS, _json(found))
        writing.put(SUMMARY, summary.page(found, entries, anchor).encode())
        _sign(writing, sources.data, subscription, entries, now=now)
    journal.record(session, rows.TAKEN, subscription, by=by, now=now)


def _anchored(session: Session, chain: int, entries: Any, *, now: datetime) -> JournalAnchor:
    latest = anchoring.latest(session, chain)
    if latest is None or (entries and latest.length < entries[-1].sequence):
        latest = anchoring.drop(session, chain, now=now)
    if latest is None:
        raise anchoring.JournalGap(chain=chain, start=1, end=1)
    return latest


def _enclose_sound(session: Session, store: Store, writing: _Writing, call: Evidence) -> None:
    if not call["recording"]:
        return
    recording = session.get_one(Recording, call["recording"]["id"])
    tombstone = deleting.of(session, recording)
    state = "deleted" if tombstone else str(check(store, recording))
    call["recording"] |= {"enclosed": None, "file": state}
    if state == Soundness.SAME:
        name = f"recordings/{call['id']}{_suffix(recording)}"
        with store.open(recording.storage_key) as source:
            writing.copy(name, source, recording.size)
        call["recording"]["enclosed"] = name


def _suffix(recording: Recording) -> str:
    found = PurePath(recording.file_name).suffix.lower()
    return found if re.fullmatch(r"\.[a-z0-9]{1,5}", found) else ".audio"


def _enclose_scripts(session: Session, writing: _Writing, found: Evidence) -> None:
    numbers = {call["script"]["id"] for call in found["calls"]}
    asked = select(ScriptVersion).where(col(ScriptVersion.id).in_(numbers)).order_by(col(ScriptVersion.id))
    for version in session.exec(asked):
        writing.put(script_file(known(version.id)), version.source.encode())


def script_file(version_id: int) -> str:
    """Where a script version stands in the file."""
    return f"scripts/{version_id}.yaml"


def _enclose_rows(session: Session, writing: _Writing, entries: Any, anchor: JournalAnchor) -> None:
    proofs = anchoring.Proofs(session, anchor)
    lines = [journal.canonical({**_row(entry), "proof": proofs.of(entry.sequence)}) for entry in entries]
    writing.put(ROWS, "".join(f"{line}\n" for line in lines).encode())
    writing.put(ANCHOR, f"{anchoring.line(session, anchor)}\n".encode())


def _row(entry: JournalEntry) -> dict[str, Any]:
    return {**entry.model_dump(include=_DETAILS), "at": entry.at.astimezone(UTC).isoformat()}


def _sign(writing: _Writing, data: Path, subscription: Subscription, entries: Any, *, now: datetime) -> None:
    writing.put(PUBLIC_KEY, signing.public_key(data, subscription.centre_id))
    manifest = {
        "format": FORMAT,
        "subscription": subscription.id,
        "made_at": now.astimezone(UTC).isoformat(),
        "rows": [entry.sequence for entry in entries],
        "files": sorted(writing.files, key=lambda file: str(file["name"])),
    }
    content = _json(manifest)
    writing.put(MANIFEST, content, listed=False)
    writing.put(SIGNATURE, signing.private_key(data, subscription.centre_id).sign(content), listed=False)


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()

"""Whether an evidence file is whole, unchanged and its centre's own: the file and a public key are all it takes."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from outbound import signing
from outbound.anchors import merkle
from outbound.documents import DocumentFaulty
from outbound.evidence.agreeing import disagreements
from outbound.evidence.bundle import (
    ALWAYS,
    ANCHOR,
    FACTS,
    FORMAT,
    MANIFEST,
    PUBLIC_KEY,
    ROWS,
    SIGNATURE,
    script_file,
)
from outbound.evidence.faults import Fault, Wrong, fault
from outbound.evidence.opening import Opened, listed, opened
from outbound.journal import digest_of
from scripts.language import content_hash


@dataclass(frozen=True)
class Checked:
    """What a check came to; without faults, what the file says of itself."""

    faults: list[Fault]
    subscription: int = 0
    made_at: str = ""
    fingerprint: str = ""
    """Of the key that signed it."""
    rows: int = 0
    anchored_at: str = ""
    sounds: int = 0
    """Recordings that are in it."""


def check(file: Path, *, key: Ed25519PublicKey | None = None, anchors: Collection[str] | None = None) -> Checked:
    """Check an evidence file. Without a `key` the one enclosed is taken, which shows only that nothing was changed by
    somebody who has no key; `anchors` are lines of anchors that somebody else kept.
    """
    found, faults = opened(file)
    if found is None:
        return Checked(faults)
    try:
        manifest = json.loads(found.texts[MANIFEST])
        files = listed(manifest)
        signature = found.texts[SIGNATURE]
        if manifest["format"] != FORMAT:
            raise ValueError(manifest["format"])
    except (KeyError, ValueError, TypeError, RecursionError):
        return Checked([*faults, fault(Wrong.NO_MANIFEST)])
    faults += _of_signature(found, signature, key)
    faults += _of_files(found, files)
    told, stated = _of_contents(found, manifest, anchors)
    return Checked([*faults, *told], **stated)


def _of_signature(found: Opened, signature: bytes, key: Ed25519PublicKey | None) -> Iterator[Fault]:
    enclosed = _enclosed(found)
    signed = enclosed and signing.signed(enclosed, signature, found.texts[MANIFEST])
    if key and signing.signed(key, signature, found.texts[MANIFEST]):
        return
    if key and enclosed and signed:
        yield fault(Wrong.OTHER_KEY, fingerprint=signing.fingerprint(enclosed))
    elif key or not signed:
        yield fault(Wrong.SIGNATURE)


def _enclosed(found: Opened) -> Ed25519PublicKey | None:
    try:
        return signing.read_public(found.texts.get(PUBLIC_KEY, b""))
    except signing.NotAPublicKey:
        return None


def _of_files(found: Opened, files: list[tuple[str, int, str]]) -> Iterator[Fault]:
    names = {name for name, _, _ in files}
    for name in sorted((names | (ALWAYS - {MANIFEST, SIGNATURE})) - set(found.hashes)):
        yield fault(Wrong.MISSING_FILE, name=name)
    for name in sorted(set(found.hashes) - names - {MANIFEST, SIGNATURE}):
        yield fault(Wrong.STRANGE_FILE, name=name)
    for name, size, sha256 in files:
        if name in found.hashes and (found.sizes[name], found.hashes[name]) != (size, sha256):
            yield fault(Wrong.CHANGED_FILE, name=name)


def _of_contents(found: Opened, manifest: Any, anchors: Collection[str] | None) -> tuple[list[Fault], dict[str, Any]]:
    """What the contents say of each other, and what the file says of itself."""
    faults: list[Fault] = []
    name = FACTS
    try:
        facts = json.loads(found.texts[FACTS])
        faults += [*_of_sounds(found, facts), *_of_scripts(found, facts)]
        name = ANCHOR
        anchor = json.loads(found.texts[ANCHOR])
        root = bytes.fromhex(anchor["root"])
        name = ROWS
        rows = [json.loads(line) for line in found.texts[ROWS].splitlines()]
        faults += [*_of_rows(rows, manifest), *_of_proofs(rows, anchor, root), *disagreements(facts, rows)]
        name = MANIFEST
        stated = {
            "subscription": int(manifest["subscription"]),
            "made_at": str(manifest["made_at"]),
            "fingerprint": signing.fingerprint(key) if (key := _enclosed(found)) else "",
            "rows": len(rows),
            "anchored_at": str(anchor["at"]),
            "sounds": sum(name.startswith("recordings/") for name in found.hashes),
        }
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError):
        return [*faults, fault(Wrong.UNREADABLE, name=name)], {}
    if anchors is not None and found.texts[ANCHOR].decode().strip() not in anchors:
        faults.append(fault(Wrong.OTHER_ANCHOR))
    return faults, stated


def _of_sounds(found: Opened, facts: Any) -> Iterator[Fault]:
    for call in facts["calls"]:
        recording = call["recording"]
        if not recording or not (name := recording["enclosed"]):
            continue
        if name not in found.hashes:
            yield fault(Wrong.LOST_RECORDING, call=call["reference"], name=name)
        elif found.hashes[name] != recording["sha256"]:
            yield fault(Wrong.SWAPPED_RECORDING, call=call["reference"])


def _of_scripts(found: Opened, facts: Any) -> Iterator[Fault]:
    hashes = {call["script"]["id"]: call["script"]["content_hash"] for call in facts["calls"]}
    for version, expected in sorted(hashes.items()):
        name = script_file(version)
        try:
            fits = name in found.texts and content_hash(found.texts[name].decode()) == expected
        except (DocumentFaulty, UnicodeDecodeError):
            fits = False
        if not fits:
            yield fault(Wrong.CHANGED_SCRIPT, name=name)


def _of_rows(rows: list[Any], manifest: Any) -> Iterator[Fault]:
    there = {row["sequence"] for row in rows}
    for sequence in sorted(set(manifest["rows"]) - there):
        yield fault(Wrong.MISSING_ROW, sequence=sequence)
    for row in rows:
        if row["hash"] != _digest(row):
            yield fault(Wrong.CHANGED_ROW, sequence=row["sequence"])
    for before, after in pairwise(rows):
        follows = before["sequence"] < after["sequence"]
        neighbours = before["sequence"] + 1 == after["sequence"]
        if not follows or (neighbours and before["hash"] != after["previous_hash"]):
            yield fault(Wrong.CUT_CHAIN, before=before["sequence"], after=after["sequence"])


def _digest(row: Any) -> str:
    said = (row["action"], row["subject_kind"], row["subject_id"], row["details"])
    return digest_of(row["previous_hash"], row["chain"], row["sequence"], row["at"], row["actor_id"], *said)


def _of_proofs(rows: list[Any], anchor: Any, root: bytes) -> Iterator[Fault]:
    for row in rows:
        beside = [bytes.fromhex(each) for each in row["proof"]]
        place, size = row["sequence"] - 1, anchor["length"]
        under = row["chain"] == anchor["chain"] and 0 <= place < size
        if not under or merkle.climbed(merkle.leaf(row["hash"]), place, size, beside) != root:
            yield fault(Wrong.UNPROVED_ROW, sequence=row["sequence"])

"""The evidence as one file: made of the verbs' own rows; every kind of tampering with it is told in a sentence."""

import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlmodel import select

from outbound import db, signing
from outbound.anchors import anchoring, merkle
from outbound.evidence import bundle, opening
from outbound.evidence.checking import Checked, check
from outbound.evidence.faults import Wrong
from outbound.journal import JournalEntry
from outbound.people import known
from outbound.phones.vault import open_vault
from outbound.settings import Settings
from outbound.subscriptions.model import Subscription
from tests.conftest import NOW, cast_in
from tests.sold_and_charged import Shift, owned_copy, sold_and_charged

AFTER = NOW + timedelta(days=40)
SALE, SECOND = "recordings/1.mp3", "recordings/2.mp3"
Files = dict[str, bytes]
ONCE = pytest.mark.parametrize("shift", ["sqlite"], indirect=True)
"""A file is a file, whatever database it came from."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shift(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shift]:
    """A sale that was heard, confirmed and charged."""
    folder = tmp_path_factory.mktemp("sold")
    settings = Settings(data=folder / "data", recordings_encrypted=True)
    with owned_copy(request, request.param, folder) as engine:
        yield sold_and_charged(engine, settings, open_vault(settings.data), cast_in(engine), NOW)


@dataclass
class Made:
    """An evidence file, and the key that everybody trusts."""

    content: bytes
    pem: bytes

    def files(self) -> Files:
        """What is in it."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def take(shift: Shift) -> bytes:
    """The evidence of the one subscription, as of now."""
    out = io.BytesIO()
    with db.transaction(shift.engine) as session:
        bundle.take(session, shift.sources, session.exec(select(Subscription)).one(), out, by=None, now=AFTER)
    return out.getvalue()


@pytest.fixture(scope="module")
def made(shift: Shift) -> Made:
    return Made(take(shift), signing.public_key(shift.settings.data, known(shift.cast.fz.id)))


# Honest files


def checked(content: bytes, folder: Path, **how: Any) -> Checked:
    file = folder / "evidence.zip"
    file.write_bytes(content)
    return check(file, **how)


def test_an_honest_file_is_whole_under_its_centres_key(made: Made, tmp_path: Path) -> None:
    found = checked(made.content, tmp_path, key=signing.read_public(made.pem))
    assert found.faults == []
    assert (found.subscription, found.sounds, found.rows > 20) == (1, 2, True)


def test_the_same_state_gives_the_same_bytes(shift: Shift, made: Made) -> None:
    assert take(shift) == made.content


def test_a_later_one_differs_in_its_instant_and_signature_alone(shift: Shift, made: Made) -> None:
    out = io.BytesIO()
    with db.transaction(shift.engine) as session:
        subscription = session.exec(select(Subscription)).one()
        bundle.take(session, shift.sources, subscription, out, by=None, now=AFTER + timedelta(days=9))
    later = Made(out.getvalue(), made.pem).files()
    assert {name for name, content in made.files().items() if later[name] != content} == {
        "manifest.json",
        "manifest.sig",
    }


def test_recordings_are_in_it_as_they_were_registered(shift: Shift, made: Made) -> None:
    files = made.files()
    calls = json.loads(files["evidence.json"])["calls"]
    assert [sha256(files[call["recording"]["enclosed"]]).hexdigest() for call in calls] == [
        call["recording"]["sha256"] for call in calls
    ]
    sealed = [file for file in Path(shift.settings.recordings).rglob("*") if file.is_file()]
    assert files[SALE] not in [file.read_bytes() for file in sealed], "in the store they are encrypted"


def test_everything_on_which_the_charge_rests_is_in_it(made: Made) -> None:
    found = json.loads(made.files()["evidence.json"])
    assert found["verdict"]["word"] == "charged"
    assert [call["confirmation"]["kind"] for call in found["calls"]] == ["first", "second"]
    assert all(len(call["self_marks"]) == 4 and call["ticks"] for call in found["calls"])
    assert found["calls"][0]["reviews"][0]["verdict"] == "valid"
    assert [each["kind"] for each in found["ledger"]] == ["charge"]
    assert {"activate", "charge"} <= {each["kind"] for each in found["instructions"]}
    assert {name for name in made.files() if name.startswith("scripts/")} == {
        f"scripts/{call['script']['id']}.yaml" for call in found["calls"]
    }


def test_no_number_of_the_customer_is_in_it(made: Made) -> None:
    assert not any(b"13800138000" in content for content in made.files().values())


def test_the_summary_says_it_in_both_languages_and_asks_for_nothing_from_outside(made: Made) -> None:
    page = made.files()["summary.html"].decode()
    for said in (
        "订购 1 的证据",
        "Evidence of subscription 1",
        "已计费 ¥5.00",
        "Charged ¥5.00",
        "二次确认",
        "明确同意",
    ):
        assert said in page, said
    assert f'src="{SALE}"' in page
    assert "http" not in page


def test_that_it_was_taken_is_journalled_and_is_no_evidence_itself(shift: Shift, made: Made) -> None:
    with db.reading(shift.engine) as session:
        assert session.exec(select(JournalEntry).where(JournalEntry.action == "evidence.taken")).first()
    assert b"evidence.taken" not in made.files()["journal.jsonl"]


def test_its_anchor_is_among_those_that_others_kept(shift: Shift, made: Made, tmp_path: Path) -> None:
    with db.reading(shift.engine) as session:
        anchor = anchoring.latest(session, known(shift.cast.fz.id))
        assert anchor
        line = anchoring.line(session, anchor)
    assert checked(made.content, tmp_path, anchors=[line]).faults == []
    assert wrongs(checked(made.content, tmp_path, anchors=["another"])) == {Wrong.OTHER_ANCHOR}


# Tampering


def wrongs(found: Checked) -> set[Wrong]:
    return {each.wrong for each in found.faults}


def zipped(files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def rehashed(files: Files) -> Files:
    """The manifest fits its files again; nobody can sign it."""
    manifest = json.loads(files["manifest.json"])
    names = sorted(set(files) - {"manifest.json", "manifest.sig"})
    manifest["files"] = [
        {"name": name, "size": len(files[name]), "sha256": sha256(files[name]).hexdigest()} for name in names
    ]
    return {**files, "manifest.json": json.dumps(manifest).encode()}


def signed_again(files: Files, key: Ed25519PrivateKey) -> Files:
    """Everything fits, under another key that is enclosed."""
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    fitting = rehashed({**files, "public.pem": public})
    return {**fitting, "manifest.sig": key.sign(fitting["manifest.json"])}


def edit(name: str, change: Callable[[Any], None]) -> Callable[[Files], None]:
    def tamper(files: Files) -> None:
        found = json.loads(files[name])
        change(found)
        files[name] = json.dumps(found, ensure_ascii=False).encode()

    return tamper


def rows(change: Callable[[list[Any]], None]) -> Callable[[Files], None]:
    def tamper(files: Files) -> None:
        found = [json.loads(line) for line in files["journal.jsonl"].splitlines()]
        change(found)
        files["journal.jsonl"] = "".join(f"{json.dumps(row)}\n" for row in found).encode()

    return tamper


def swap_recordings(files: Files) -> None:
    files[SALE], files[SECOND] = files[SECOND], files[SALE]


def swap_recording_and_its_hash(files: Files) -> None:
    files[SALE] = files[SECOND]
    edit(
        "evidence.json", lambda facts: facts["calls"][0]["recording"].update(sha256=sha256(files[SECOND]).hexdigest())
    )(files)


def lose_recording(files: Files) -> None:
    del files[SALE]


def edit_mark(facts: Any) -> None:
    facts["calls"][1]["self_marks"]["understanding"] = "fail"


def edit_review(facts: Any) -> None:
    facts["calls"][0]["reviews"][0]["marks"][0]["mark"] = "unsure"


def leave_call_out(facts: Any) -> None:
    del facts["calls"][1]


def edit_amount(facts: Any) -> None:
    facts["ledger"][0]["amount_fen"] = 100


def edit_script(files: Files) -> None:
    name = next(name for name in files if name.startswith("scripts/"))
    files[name] = files[name].replace("您".encode(), "你".encode())


def drop_row(found: list[Any]) -> None:
    del found[-2]


def edit_row(found: list[Any]) -> None:
    found[3]["details"] = "{}"


def cut_chain(found: list[Any]) -> None:
    """A row is moved to another chain: it fits its own hash, and not what stands before it."""
    from outbound.evidence.checking import _digest

    at = next(place for place in range(1, len(found)) if found[place]["sequence"] == found[place - 1]["sequence"] + 1)
    found[at]["previous_hash"] = "0" * 64
    found[at]["hash"] = _digest(found[at])


def borrow_proof(found: list[Any]) -> None:
    found[0]["proof"] = found[1]["proof"]


TAMPERINGS: dict[str, tuple[Callable[[Files], None], set[Wrong]]] = {
    "swapped recordings": (swap_recordings, {Wrong.SWAPPED_RECORDING}),
    "a swapped recording and its registered hash": (
        swap_recording_and_its_hash,
        {Wrong.NOT_JOURNALLED, Wrong.NOT_TOLD},
    ),
    "a lost recording": (lose_recording, {Wrong.LOST_RECORDING}),
    "an edited mark": (edit("evidence.json", edit_mark), {Wrong.NOT_JOURNALLED, Wrong.NOT_TOLD}),
    "an edited mark of a review": (edit("evidence.json", edit_review), {Wrong.NOT_JOURNALLED, Wrong.NOT_TOLD}),
    "a call left out": (edit("evidence.json", leave_call_out), {Wrong.NOT_TOLD}),
    "an edited amount": (edit("evidence.json", edit_amount), {Wrong.NOT_JOURNALLED, Wrong.NOT_TOLD}),
    "an edited script": (edit_script, {Wrong.CHANGED_SCRIPT}),
    "a missing row": (rows(drop_row), {Wrong.MISSING_ROW}),
    "an edited row": (rows(edit_row), {Wrong.CHANGED_ROW}),
    "a cut chain": (rows(cut_chain), {Wrong.CUT_CHAIN, Wrong.UNPROVED_ROW}),
    "a borrowed proof": (rows(borrow_proof), {Wrong.UNPROVED_ROW}),
    "another anchor": (edit("anchor.json", lambda anchor: anchor.update(root="0" * 64)), {Wrong.UNPROVED_ROW}),
    "an older anchor": (edit("anchor.json", lambda anchor: anchor.update(length=1)), {Wrong.UNPROVED_ROW}),
    "facts that are none": (lambda files: files.update({"evidence.json": b"[]"}), {Wrong.UNREADABLE}),
}


@pytest.mark.parametrize("what", TAMPERINGS)
@ONCE
def test_tampering_is_found_by_the_hashes(made: Made, tmp_path: Path, what: str) -> None:
    tamper, wanted = TAMPERINGS[what]
    files = made.files()
    tamper(files)
    found = wrongs(checked(zipped(files), tmp_path))
    assert wanted <= found
    assert found & {Wrong.CHANGED_FILE, Wrong.MISSING_FILE}


@pytest.mark.parametrize("what", TAMPERINGS)
@ONCE
def test_tampering_with_a_manifest_made_to_fit_is_found_by_the_signature(made: Made, tmp_path: Path, what: str) -> None:
    tamper, wanted = TAMPERINGS[what]
    files = made.files()
    tamper(files)
    found = wrongs(checked(zipped(rehashed(files)), tmp_path, key=signing.read_public(made.pem)))
    assert {*wanted, Wrong.SIGNATURE} <= found
    assert not found & {Wrong.CHANGED_FILE, Wrong.MISSING_FILE}


@pytest.mark.parametrize("what", TAMPERINGS)
@ONCE
def test_tampering_signed_with_another_key_is_found_by_what_the_rows_say(made: Made, tmp_path: Path, what: str) -> None:
    tamper, wanted = TAMPERINGS[what]
    files = made.files()
    tamper(files)
    forged = zipped(signed_again(files, Ed25519PrivateKey.generate()))
    assert wanted <= wrongs(checked(forged, tmp_path)), "even who trusts the enclosed key sees it"
    assert Wrong.OTHER_KEY in wrongs(checked(forged, tmp_path, key=signing.read_public(made.pem)))


@ONCE
def test_a_file_signed_with_another_key_is_not_the_centres(made: Made, tmp_path: Path) -> None:
    other = Ed25519PrivateKey.generate().public_key()
    assert wrongs(checked(made.content, tmp_path, key=other)) == {Wrong.OTHER_KEY}


@ONCE
def test_a_file_without_its_signature_proves_nothing(made: Made, tmp_path: Path) -> None:
    files = made.files()
    del files["manifest.sig"]
    assert wrongs(checked(zipped(files), tmp_path)) == {Wrong.NO_MANIFEST}


@ONCE
def test_a_file_of_its_own_beside_the_listed_ones_is_strange(made: Made, tmp_path: Path) -> None:
    files = {**made.files(), "recordings/99.mp3": b"x"}
    assert wrongs(checked(zipped(files), tmp_path)) == {Wrong.STRANGE_FILE}


@pytest.mark.parametrize("kept", [0, 1, 100, 20_000, -1])
@ONCE
def test_a_truncated_file_is_no_whole_zip(made: Made, tmp_path: Path, kept: int) -> None:
    assert wrongs(checked(made.content[:kept], tmp_path)) == {Wrong.NO_ZIP}


@ONCE
def test_a_damaged_byte_is_found(made: Made, tmp_path: Path) -> None:
    at = made.content.index(made.files()[SALE]) + 5000
    damaged = made.content[:at] + bytes([made.content[at] ^ 1]) + made.content[at + 1 :]
    assert {Wrong.UNREADABLE, Wrong.MISSING_FILE} <= wrongs(checked(damaged, tmp_path))


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("recordings/1.mp3", bytes(30 << 20))
    assert wrongs(checked(out.getvalue(), tmp_path)) == {Wrong.TOO_LARGE}


@ONCE
def test_a_file_that_claims_to_be_immense_is_not_unpacked(made: Made, tmp_path: Path) -> None:
    # The size of the first file in the list at the end, which is what a reader goes by.
    at = made.content.index(b"PK\1\2") + 24
    immense = made.content[:at] + struct.pack("<I", 0xFFFF0000) + made.content[at + 4 :]
    assert wrongs(checked(immense, tmp_path)) == {Wrong.TOO_LARGE}


def test_too_many_files_are_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_FILES", 3)
    files = {f"recordings/{number}.mp3": b"" for number in range(4)}
    assert wrongs(checked(zipped(files), tmp_path)) == {Wrong.TOO_LARGE}


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "recordings/../../x.mp3", "\x1b[2Jnice.txt"])
@ONCE
def test_a_name_that_no_evidence_has_is_refused_and_shown_harmlessly(made: Made, tmp_path: Path, name: str) -> None:
    found = checked(zipped({**made.files(), name: b"x"}), tmp_path)
    assert wrongs(found) == {Wrong.UNFIT_ENTRY}
    assert "\x1b" not in found.faults[0].sentence("en")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@ONCE
def test_a_file_that_is_there_twice_is_refused(made: Made, tmp_path: Path) -> None:
    out = io.BytesIO(made.content)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("evidence.json", b"{}")
    assert Wrong.UNFIT_ENTRY in wrongs(checked(out.getvalue(), tmp_path))


def test_every_fault_has_its_sentence_in_both_languages() -> None:
    from outbound.evidence.faults import _SENTENCES

    assert set(_SENTENCES) == set(Wrong)


def test_a_proof_for_a_longer_journal_is_none() -> None:
    assert merkle.climbed(merkle.leaf("a"), 5, 2, []) is None


# What the store lacks


def test_a_recording_that_was_changed_in_the_store_is_not_enclosed_and_that_is_said(
    shift: Shift, tmp_path: Path
) -> None:
    [file, *_] = sorted(file for file in Path(shift.settings.recordings).rglob("*") if file.is_file())
    kept = file.read_bytes()
    try:
        file.unlink()
        found = Made(take(shift), b"")
    finally:
        file.write_bytes(kept)
    calls = json.loads(found.files()["evidence.json"])["calls"]
    assert sorted(str(call["recording"]["enclosed"]) for call in calls)[0] == "None"
    assert "gone" in {call["recording"]["file"] for call in calls}
    assert checked(found.content, tmp_path).faults == []

"""Instructions: told once under their key, exported once in batches kept byte for byte, answered, and compared."""

import csv
import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from outbound.billing import answers, batches, charges, instructions
from outbound.billing.answer_files import AcknowledgementUnreadable
from outbound.billing.batches import NothingToExport
from outbound.billing.model import Acknowledgement, BatchFile, FileForm, Instruction, InstructionBatch, InstructionKind
from outbound.journal import JournalEntry
from outbound.phones.model import Phone, keep
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import Vault, open_vault
from outbound.subscriptions.model import Subscription
from tests.conftest import NOW, Cast
from tests.factories import Maker
from tests.sales import Sales

LATER = NOW + timedelta(days=8)
SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(tmp_path / "data")


def phone(sales: Sales, vault: Vault, digits: str = "13812345678") -> Phone:
    number = parse(digits)
    assert isinstance(number, Number)
    return keep(sales.session, vault, number, now=NOW)


def charged(sales: Sales, vault: Vault) -> Subscription:
    """A charged subscription: two instructions wait."""
    subscription = sales.confirmed(phone=phone(sales, vault))
    charges.charge(sales.session, subscription, today=LATER.date(), now=LATER)
    return subscription


def export(sales: Sales, vault: Vault) -> InstructionBatch:
    return batches.export(sales.session, vault, sales.centre, by=sales.cast.finance, now=LATER)


def acknowledge(sales: Sales, text: str | bytes) -> answers.ReadBack:
    data = text.encode() if isinstance(text, str) else text
    return answers.acknowledge(sales.session, sales.centre, data, by=sales.cast.finance, now=LATER)


def rows(sales: Sales, vault: Vault, batch: InstructionBatch) -> list[dict[str, str]]:
    text = batches.file_of(sales.session, vault, batch, FileForm.CSV).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


# Telling


def test_the_same_charge_is_told_once(sales: Sales, vault: Vault) -> None:
    subscription = charged(sales, vault)
    entry = sales.charges(subscription)[0]
    first, again = (
        instructions.tell(sales.session, subscription, InstructionKind.CHARGE, now=LATER, entry=entry) for _ in range(2)
    )
    assert first.id == again.id
    assert first.key == f"{subscription.id}-charge-2026-12-01"


def test_two_instructions_never_share_a_key(sales: Sales, vault: Vault) -> None:
    sales.sell()
    sales.sell()
    sales.session.flush()
    with pytest.raises(sa.exc.IntegrityError):
        sales.session.execute(sa.text("UPDATE instruction SET key = 'same'"))


# Leaving


def test_everything_that_waits_leaves_as_one_numbered_batch(sales: Sales, vault: Vault) -> None:
    charged(sales, vault)
    batch = export(sales, vault)
    assert (batch.number, batch.count, batch.sum_fen) == (1, 2, 500)
    assert instructions.waiting(sales.session, sales.centre.id or 0) == []


def test_the_file_says_key_kind_number_amount_and_day(sales: Sales, vault: Vault) -> None:
    subscription = charged(sales, vault)
    activate, charge = rows(sales, vault, export(sales, vault))
    assert activate["kind"] == "activate"
    assert charge == {
        "key": f"{subscription.id}-charge-2026-12-01",
        "kind": "charge",
        "phone": "13812345678",
        "offer": "亲情网",
        "amount_fen": "500",
        "effective_on": "2026-12-01",
        "subscription": str(subscription.id),
        "repeats": "",
    }


def test_the_files_and_their_manifest_are_kept_byte_for_byte(
    sales: Sales, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    charged(sales, vault)
    batch = export(sales, vault)
    before = everything(sales, vault, batch)
    sales.session.commit()
    sales.session.expire_all()
    # A later program writes its columns in another order; what has left stays as it was.
    monkeypatch.setattr(batches, "COLUMNS", batches.COLUMNS[::-1])
    restarted = open_vault(tmp_path / "data")
    assert everything(sales, restarted, sales.session.get_one(InstructionBatch, batch.id)) == before


def everything(sales: Sales, vault: Vault, batch: InstructionBatch) -> list[bytes]:
    return [
        *(batches.file_of(sales.session, vault, batch, form) for form in FileForm),
        batches.manifest_of(batch),
    ]


def test_the_json_says_the_same_as_the_csv(sales: Sales, vault: Vault) -> None:
    charged(sales, vault)
    batch = export(sales, vault)
    document = json.loads(batches.file_of(sales.session, vault, batch, FileForm.JSON))
    told = [{name: str(value) for name, value in each.items()} for each in document["instructions"]]
    assert (document["centre"], document["batch"]) == ("fz", 1)
    assert told == rows(sales, vault, batch)


def test_the_manifest_has_counts_sums_and_hashes(sales: Sales, vault: Vault) -> None:
    charged(sales, vault)
    batch = export(sales, vault)
    csv_file, json_file = (batches.file_of(sales.session, vault, batch, form) for form in FileForm)
    manifest = json.loads(batches.manifest_of(batch))
    assert (manifest["count"], manifest["sum_fen"]) == (2, 500)
    assert manifest["kinds"] == {"activate": {"count": 1, "sum_fen": 0}, "charge": {"count": 1, "sum_fen": 500}}
    assert [file["sha256"] for file in manifest["files"]] == [
        hashlib.sha256(content).hexdigest() for content in (csv_file, json_file)
    ]
    assert [file["name"] for file in manifest["files"]] == ["instructions-fz-1.csv", "instructions-fz-1.json"]
    assert hashlib.sha256(batches.manifest_of(batch)).hexdigest() == batch.sha256


def test_each_manifest_names_the_one_before(sales: Sales, vault: Vault) -> None:
    charged(sales, vault)
    first = export(sales, vault)
    sales.sell(phone=phone(sales, vault, "13987654321"))
    second = export(sales, vault)
    assert [json.loads(batches.manifest_of(batch))["previous"] for batch in (first, second)] == [None, first.sha256]


def test_a_file_that_is_not_what_left_is_not_given_out(sales: Sales, vault: Vault) -> None:
    charged(sales, vault)
    batch = export(sales, vault)
    # In memory only: the database does not let it be changed.
    file = sales.session.exec(select(BatchFile).where(BatchFile.form == FileForm.CSV)).one()
    sales.session.expunge(file)
    with sales.session.no_autoflush:
        batch.manifest = batch.manifest.replace("500", "501")
        with pytest.raises(batches.BatchDamaged):
            batches.manifest_of(batch)
        with pytest.raises(batches.BatchDamaged):
            batches.file_of(sales.session, vault, batch, FileForm.CSV)


def test_an_offer_that_looks_like_a_formula_leaves_as_text(sales: Sales, vault: Vault) -> None:
    subscription = sales.sell(phone=phone(sales, vault))
    subscription.offer_name = "=1+1"
    assert rows(sales, vault, export(sales, vault))[0]["offer"] == "'=1+1"


def test_nothing_leaves_twice(sales: Sales, vault: Vault) -> None:
    charged(sales, vault)
    export(sales, vault)
    with pytest.raises(NothingToExport):
        export(sales, vault)


def test_batches_are_numbered_by_centre(sales: Sales, vault: Vault, cast: Cast) -> None:
    charged(sales, vault)
    export(sales, vault)
    sales.sell(phone=phone(sales, vault, "13987654321"))
    assert export(sales, vault).number == 2
    with pytest.raises(NothingToExport):
        batches.export(sales.session, vault, cast.xm, by=cast.outsider_manager, now=LATER)


def test_the_export_is_in_the_journal_with_its_hash(sales: Sales, vault: Vault, cast: Cast) -> None:
    charged(sales, vault)
    batch = export(sales, vault)
    sales.session.commit()
    entry = sales.session.exec(select(JournalEntry).where(JournalEntry.action == "instructions.exported")).one()
    assert (entry.actor_id, batch.sha256 in entry.details) == (cast.finance.id, True)


@pytest.mark.parametrize(
    "change",
    [
        "batch_id = NULL",
        "amount_fen = 1",
        "key = 'x'",
        "kind = 'cancel'",
        "effective_on = '2027-01-01'",
        "ledger_entry_id = NULL",
    ],
)
def test_what_has_left_does_not_change(sales: Sales, vault: Vault, change: str) -> None:
    charged(sales, vault)
    export(sales, vault)
    sales.session.flush()
    with pytest.raises(sa.exc.IntegrityError):
        sales.session.execute(sa.text(f"UPDATE instruction SET {change} WHERE kind = 'charge'"))


@pytest.mark.parametrize("table", ["instruction", "instruction_batch", "acknowledgement"])
def test_instructions_batches_and_answers_are_kept(sales: Sales, vault: Vault, table: str) -> None:
    subscription = charged(sales, vault)
    export(sales, vault)
    acknowledge(sales, f"{subscription.id}-activate-1,accepted,\n")
    with pytest.raises(sa.exc.IntegrityError):
        sales.session.execute(sa.text(f"DELETE FROM {table}"))


# The answers


def test_answers_are_read_back(sales: Sales, vault: Vault) -> None:
    subscription = charged(sales, vault)
    export(sales, vault)
    read = acknowledge(
        sales, f"key,result,reason\r\n{subscription.id}-activate-1,accepted,\r\n99-charge-2026-12-01,accepted,\r\n"
    )
    assert (read.accepted, read.rejected, read.known_already, read.unknown) == (1, 0, 0, ("99-charge-2026-12-01",))


def test_the_same_file_twice_changes_nothing(sales: Sales, vault: Vault) -> None:
    subscription = charged(sales, vault)
    export(sales, vault)
    text = f"{subscription.id}-activate-1,accepted,\n"
    acknowledge(sales, text)
    read = acknowledge(sales, text)
    assert (read.accepted, read.known_already) == (0, 1)
    assert len(sales.session.exec(select(Acknowledgement)).all()) == 1


def test_what_was_rejected_or_not_answered_is_a_difference(sales: Sales, vault: Vault) -> None:
    subscription = charged(sales, vault)
    other = sales.sell(phone=phone(sales, vault, "13987654321"))
    export(sales, vault)
    acknowledge(
        sales, f"{subscription.id}-activate-1,accepted,\n{subscription.id}-charge-2026-12-01,rejected,no credit\n"
    )
    differing = instructions.unanswered(sales.session, sales.centre.id or 0)
    assert [each.key for each in differing] == [f"{subscription.id}-charge-2026-12-01", f"{other.id}-activate-1"]
    assert instructions.how_many_unanswered(sales.session, sales.centre.id or 0) == 2


def test_what_has_not_left_cannot_be_answered(sales: Sales, vault: Vault) -> None:
    subscription = charged(sales, vault)
    read = acknowledge(sales, f"{subscription.id}-activate-1,accepted,\n")
    assert read.unknown == (f"{subscription.id}-activate-1",)


def test_another_centres_instruction_is_unknown_here(sales: Sales, vault: Vault, cast: Cast) -> None:
    subscription = charged(sales, vault)
    export(sales, vault)
    data = f"{subscription.id}-activate-1,accepted,\n".encode()
    read = answers.acknowledge(sales.session, cast.xm, data, by=cast.outsider_manager, now=LATER)
    assert read.unknown == (f"{subscription.id}-activate-1",)


def test_chinese_answers_in_gb18030_are_read(sales: Sales, vault: Vault) -> None:
    subscription = charged(sales, vault)
    export(sales, vault)
    lines = ["指令编号,结果,原因", f"{subscription.id}-activate-1,成功,"]
    lines.append(f"{subscription.id}-charge-2026-12-01,失败,余额不足")
    read = acknowledge(sales, "\r\n".join(lines).encode("gb18030"))
    assert (read.accepted, read.rejected) == (1, 1)
    reasons = sales.session.exec(select(Acknowledgement.reason).where(Acknowledgement.reason != "")).all()
    assert reasons == ["余额不足"]


def test_more_answers_than_one_question_may_hold_are_read(sales: Sales, vault: Vault) -> None:
    subscription = charged(sales, vault)
    export(sales, vault)
    others = "".join(f"x-{number},accepted,\n" for number in range(40_000))
    read = acknowledge(sales, f"{others}{subscription.id}-activate-1,accepted,\n")
    assert (read.accepted, len(read.unknown)) == (1, 40_000)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it holds no answers"),
        (b"key,result\n", "it holds no answers"),
        (b"1-activate-1\n", "line 1 should read"),
        (b"key,result\n\n1-activate-1,perhaps,\n", "line 3 should read"),
        (b"1-activate-1,accepted\n1-activate-1,rejected\n", "line 2 contradicts"),
        (b"\xff\xfe\x00\x01", "it is not a CSV file"),
        ((SAMPLES / "recordings" / "compliant-sale-mono-alaw.wav").read_bytes(), "cannot be read"),
    ],
    ids=["empty", "head-only", "short-line", "unknown-word", "contradiction", "not-text", "audio"],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_cannot_be_read_is_refused_whole(sales: Sales, data: bytes, said: str) -> None:
    with pytest.raises(AcknowledgementUnreadable, match=said) as refused:
        acknowledge(sales, data)
    assert refused.value.sentence("zh").endswith("，未导入任何内容。")
    assert sales.session.exec(select(Acknowledgement)).all() == []


def test_an_unreadable_line_takes_nothing_over_from_the_lines_before(sales: Sales, vault: Vault) -> None:
    subscription = charged(sales, vault)
    export(sales, vault)
    with pytest.raises(AcknowledgementUnreadable, match="line 2"):
        acknowledge(sales, f"{subscription.id}-activate-1,accepted,\nnonsense\n")
    assert sales.session.exec(select(Acknowledgement)).all() == []


def test_another_centres_waiting_instructions_stay(sales: Sales, vault: Vault, cast: Cast) -> None:
    elsewhere = Maker(sales.session, cast.xm, now=NOW).sale(cast.outsider)
    sales.session.add(
        Instruction(
            centre_id=cast.xm.id or 0,
            subscription_id=elsewhere.id or 0,
            key="xm-1",
            kind=InstructionKind.ACTIVATE,
            effective_on=NOW.date(),
            made_at=NOW,
        )
    )
    charged(sales, vault)
    assert export(sales, vault).count == 2
    assert [each.key for each in instructions.waiting(sales.session, cast.xm.id or 0)] == ["xm-1"]

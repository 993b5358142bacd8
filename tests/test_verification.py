"""The promises derived again: what somebody with the database's own powers did is found, and named rightly.

One database for each engine holds an honest sale, heard, charged and told; each test spoils it within a transaction
that is rolled back.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from outbound import db, journal, locks
from outbound.anchors import anchoring, outings
from outbound.anchors.model import JournalAnchor
from outbound.billing import batches
from outbound.call_lists.importing import import_list
from outbound.campaigns.model import Campaign
from outbound.journal import START, JournalEntry
from outbound.people import Centre, known
from outbound.phones.vault import open_vault
from outbound.promises import clocks, past
from outbound.settings import Settings
from outbound.verification import broken_promises
from qa.sampling import verbs as sampling
from qa.sampling.model import DrawKind
from tests.conftest import NOW, cast_in
from tests.sold_and_charged import Shift, owned_copy, sold_and_charged

DAY = "2026-11-23"
LIST = "姓名,手机号\n李强,13800138001\n李强,13800138001\n坏行,12\n"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shift(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shift]:
    """Honest work: a list imported, a sale made, drawn, reviewed, confirmed, charged, told to the carrier, anchored."""
    folder = tmp_path_factory.mktemp("sold")
    settings = Settings(data=folder / "data")
    with owned_copy(request, request.param, folder) as engine:
        cast, vault = cast_in(engine), open_vault(settings.data)
        with db.transaction(engine) as session:
            centre = session.get_one(Centre, known(cast.fz.id))
            sampling.commit_seed(session, centre, DrawKind.DAILY, DAY, seed="5" * 64, now=NOW - timedelta(hours=3))
        made = sold_and_charged(engine, settings, vault, cast, NOW)
        with db.transaction(engine) as session:
            campaign = session.get_one(Campaign, known(made.floor.campaign.id))
            import_list(session, vault, campaign, (LIST.encode(), "list.csv"), by=cast.manager, now=NOW)
            centre = session.get_one(Centre, known(cast.fz.id))
            sampling.draw(session, centre, DrawKind.DAILY, DAY, now=NOW + timedelta(days=1))
            batches.export(session, vault, centre, by=cast.finance, now=NOW + timedelta(days=40))
        anchor(made)
        unlock(made)
        yield made


def anchor(shift: Shift) -> None:
    """Anchor the journal, and take the anchors outside."""
    with db.transaction(shift.engine) as session:
        for chain in journal.chains(session):
            anchoring.drop(session, chain, now=NOW)
    outings.put_in_file(shift.engine, shift.settings.data, now=NOW)


def unlock(shift: Shift) -> None:
    """Take off what stands in the way of more than one row, as the owner of a database can."""
    doomed = [f"DROP INDEX {index}" for index in UNIQUE]
    with shift.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars()
            doomed += [f"DROP TRIGGER {name}" for name in names]
        for statement in doomed:
            connection.exec_driver_sql(statement)


@pytest.fixture
def owner(shift: Shift) -> Iterator[Session]:
    """A session of somebody who may do everything; what they do is undone."""
    plain = sa.create_engine(shift.engine.url)
    with Session(plain) as session:
        if plain.dialect.name == "postgresql":
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        else:
            # Without a pragma SQLite asks for no foreign key.
            session.execute(sa.text("PRAGMA ignore_check_constraints=ON"))
        yield session
        session.rollback()
    plain.dispose()


@pytest.fixture(autouse=True)
def no_locks_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are off here for every test, or none could spoil anything."""
    for asked in ("missing", "strange"):
        monkeypatch.setattr(locks, asked, lambda _connection: [])


UNIQUE = (
    "uq_claim_open_phone_id",
    "uq_claim_open_contact_id",
    "uq_claim_open_agent_id",
    "uq_ledger_entry_charge_once",
    "uq_instruction_entry_told_once",
)


def run(session: Session, *statements: str) -> None:
    """Do each of these, and see that it does something."""
    for statement in statements:
        assert session.execute(sa.text(statement)).rowcount > 0, statement  # type: ignore[attr-defined]


def found(session: Session, shift: Shift | None = None) -> set[str]:
    """The promises that are broken."""
    data = shift.settings.data if shift else None
    return {each["promise"] for each in broken_promises(session, data=data)}


def copied(table: str, **changed: str) -> str:
    """Insert a row again with some columns changed; the number is the database's own."""
    columns = [column.name for column in sa.inspect(_table(table)).columns if column.name != "id"]
    values = ", ".join(changed.get(name, name) for name in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}"


def _table(name: str) -> sa.Table:
    return SQLModel.metadata.tables[name]


SECOND = "(SELECT call_id FROM confirmation WHERE kind = 'second')"
FIRST = "(SELECT call_id FROM confirmation WHERE kind = 'first')"
EARLY, LATE = "'2026-11-24 00:00:00.000000+00'", "'2027-06-01 00:00:00.000000+00'"
VOID = """INSERT INTO confirmation_void (confirmation_id, subscription_id, reason, at)
    SELECT id, subscription_id, 'review_failed', at FROM confirmation WHERE kind = '{}'"""
OPT_OUT = """INSERT INTO opt_out (phone_id, category, scope, source, reason, at)
    SELECT phone_id, 'refusal', 'all', 'care', '', '2026-11-01 00:00:00.000000' FROM subscription"""
PERIOD = "INSERT INTO period_done (job, centre_id, period, at, effect) SELECT '{}', id, '{}', {}, '{{}}' FROM centre"
UNCHARGED = (
    "DELETE FROM instruction WHERE kind = 'charge'",
    "DELETE FROM ledger_entry",
    "DELETE FROM state_change WHERE after = 'charged'",
    "UPDATE subscription SET state = 'confirmed'",
)

CORRUPTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "the seller confirmed": (
        "charge_without_valid_second_confirmation",
        ("UPDATE confirmation SET by_id = (SELECT seller_id FROM subscription) WHERE kind = 'second'",),
    ),
    "the customer said no": (
        "charge_without_valid_second_confirmation",
        ("UPDATE confirmation SET result = 'declined' WHERE kind = 'second'",),
    ),
    "a criterion of the confirmation failed": (
        "charge_without_valid_second_confirmation",
        (f"UPDATE self_mark SET mark = 'fail' WHERE criterion = 'understanding' AND call_id = {SECOND}",),
    ),
    "nobody is heard in the confirmation": (
        "charge_without_valid_second_confirmation",
        (f"UPDATE recording SET valid = (1 = 0) WHERE call_id = {SECOND}",),
    ),
    "the confirmation was void": ("charge_without_valid_second_confirmation", (VOID.format("second"),)),
    "the confirmation came after the charge": (
        "charge_without_valid_second_confirmation",
        (f"UPDATE confirmation SET at = {LATE} WHERE kind = 'second'",),
    ),
    "the charge names the sale": (
        "charge_without_valid_second_confirmation",
        ("UPDATE ledger_entry SET confirmation_id = (SELECT id FROM confirmation WHERE kind = 'first')",),
    ),
    "the sale's recording is gone": ("charge_without_valid_sale", (f"DELETE FROM recording WHERE call_id = {FIRST}",)),
    "the sale was void": ("charge_without_valid_sale", (VOID.format("first"),)),
    "a reviewer had failed the confirmation": (
        "charge_of_a_call_that_failed_review",
        (f"UPDATE review SET verdict = 'invalid', call_id = {SECOND}",),
    ),
    "more was charged": ("charge_of_another_amount", ("UPDATE ledger_entry SET amount_fen = amount_fen + 1",)),
    "the customer had taken the yes back": (
        "charge_after_withdrawal",
        (
            "INSERT INTO withdrawal (subscription_id, via, reason, at) "
            f"SELECT id, 'care', '', {EARLY} FROM subscription",
        ),
    ),
    "the trial was not over": ("charge_within_the_trial", ("UPDATE subscription SET trial_ends_on = '2027-06-01'",)),
    "the charge was held": (
        "charge_under_a_hold",
        (f"INSERT INTO charge_hold (subscription_id, reason, at) SELECT id, 'x', {EARLY} FROM subscription",),
    ),
    "charged twice": ("charged_twice_in_a_cycle", (copied("ledger_entry"),)),
    "charged by hand": ("charge_not_in_the_journal", (f"UPDATE ledger_entry SET at = {LATE}",)),
    "a reversal of another amount": (
        "reversal_without_its_charge",
        (copied("ledger_entry", kind="'reversal'", reverses_id="id", amount_fen="-1"),),
    ),
    "a charge that the carrier was never told": ("ledger_entry_not_told", UNCHARGED[:1]),
    "the carrier was told another amount": (
        "charge_instruction_without_ledger_entry",
        ("UPDATE instruction SET amount_fen = amount_fen * 2 WHERE kind = 'charge'",),
    ),
    "the carrier was told twice": (
        "charge_instruction_told_twice",
        (f"{copied('instruction', key=repr('k'), batch_id='NULL')} WHERE kind = 'charge'",),
    ),
    "sums of ledger and instructions differ": (
        "ledger_and_instructions_differ",
        ("UPDATE instruction SET amount_fen = 1 WHERE kind = 'activate'",),
    ),
    "never activated": ("active_without_activation", ("DELETE FROM instruction WHERE kind = 'activate'",)),
    "cancelled and never told": (
        "ended_without_cancellation",
        (
            "UPDATE subscription SET state = 'cancelled'",
            "UPDATE state_change SET after = 'cancelled' WHERE after = 'charged'",
        ),
    ),
    "a batch with another count": ("batch_does_not_add_up", ("UPDATE instruction_batch SET count = count + 1",)),
    "a batch left out": ("batch_missing", ("UPDATE instruction_batch SET number = number + 1",)),
    "a manifest that was changed": (
        "batch_manifest_changed",
        ("UPDATE instruction_batch SET manifest = manifest || ' '",),
    ),
    "a manifest that left as another": (
        "batch_not_in_the_journal",
        (f"UPDATE instruction_batch SET sha256 = '{'0' * 64}'",),
    ),
    "an answer to what never left": (
        "answer_to_what_never_left",
        (
            f"INSERT INTO acknowledgement (instruction_id, accepted, reason, at) SELECT id, (1 = 1), '', {LATE} "
            "FROM instruction WHERE kind = 'charge'",
            "UPDATE instruction SET batch_id = NULL",
        ),
    ),
    "a sale of somebody else's call": (
        "subscription_without_its_sale",
        (f"UPDATE subscription SET sale_call_id = {SECOND}",),
    ),
    "a sale that vanished": ("sale_without_subscription", ("DELETE FROM subscription",)),
    "a mark that vanished": (
        "yes_without_four_marks",
        ("DELETE FROM self_mark WHERE criterion = 'understanding'",),
    ),
    "passed although in doubt": (
        "passed_without_four_passes",
        ("UPDATE self_mark SET mark = 'unsure' WHERE criterion = 'understanding'",),
    ),
    "an edited mark": (
        "mark_not_in_the_journal",
        ("UPDATE self_mark SET mark = 'unsure' WHERE criterion = 'understanding'",),
    ),
    "a confirmation of another call": (
        "confirmation_of_another_call",
        (f"UPDATE confirmation SET call_id = {FIRST}, restored = 7 WHERE kind = 'second'",),
    ),
    "confirmed without a second yes": ("confirmed_without_second_yes", (VOID.format("second"),)),
    "active without a valid sale": ("active_without_valid_sale", (VOID.format("first"),)),
    "charged without an entry": ("charged_without_ledger_entry", UNCHARGED[1:2]),
    "another state": ("state_not_from_its_history", ("UPDATE subscription SET state = 'trial'",)),
    "a step left out": ("history_with_a_gap", ("DELETE FROM state_change WHERE after = 'confirming'",)),
    "two further trials": (
        "extended_twice",
        ("UPDATE state_change SET after = 'extended', why = 'not_reached'",),
    ),
    "a step by hand": ("step_not_in_the_journal", (f"UPDATE state_change SET at = {LATE} WHERE after = 'confirmed'",)),
    "the seller reviewed it": (
        "review_by_the_caller",
        ("UPDATE review SET reviewer_id = (SELECT seller_id FROM subscription)",),
    ),
    "another recording was reviewed": (
        "review_of_another_recording",
        (f"UPDATE review SET recording_id = (SELECT id FROM recording WHERE call_id = {SECOND})",),
    ),
    "another verdict": ("verdict_against_its_marks", ("UPDATE review SET verdict = 'unsure'",)),
    "a failed sale that went on": (
        "failed_review_without_consequence",
        ("UPDATE review SET verdict = 'invalid'",),
    ),
    "an edited mark of a review": (
        "review_not_in_the_journal",
        ("UPDATE review_mark SET mark = 'fail' WHERE criterion = 'explicit_consent'",),
    ),
    "a swapped recording": (
        "recording_not_in_the_journal",
        (f"UPDATE recording SET sha256 = '{'0' * 64}' WHERE call_id = {FIRST}",),
    ),
    "a tombstone of another recording": (
        "tombstone_of_another_recording",
        (
            "INSERT INTO recording_deletion (recording_id, centre_id, sha256, storage_key, size, why, at) "
            f"SELECT id, centre_id, 'x', storage_key, size, '', {LATE} FROM recording",
        ),
    ),
    "a number with two agents": ("number_with_two_agents", (copied("claim", ended_at="NULL", ended_how="NULL"),)),
    "a contact claimed twice": ("claim_taken_twice", (copied("claim"),)),
    "a claim that ended before it began": (
        "claim_out_of_order",
        ("UPDATE claim SET ended_at = '2026-01-01 00:00:00.000000+00'",),
    ),
    "a call without its token": ("call_without_used_token", ("UPDATE dial_token SET used_at = NULL",)),
    "a call that vanished": ("token_without_its_call", (f"DELETE FROM call WHERE id = {FIRST}",)),
    "a token used too late": ("token_used_out_of_time", (f"UPDATE dial_token SET used_at = {LATE}",)),
    "another agent's call": ("call_against_its_claim", ("UPDATE call SET agent_id = agent_id + 1",)),
    "a call to a blocked number": ("call_after_block", (OPT_OUT,)),
    "a token for a blocked number": ("token_after_block", (OPT_OUT,)),
    "a token that outlived a block": (
        "token_outlived_a_block",
        (OPT_OUT, "UPDATE dial_token SET used_at = NULL, issued_at = '2026-10-01 00:00:00.000000+00'"),
    ),
    "lifted by one person": (
        "lifted_by_one_person",
        (
            OPT_OUT,
            "INSERT INTO opt_out_lifting (opt_out_id, request_id, asked_by_id, approved_by_id, reason, at) "
            f"SELECT o.id, 4711, s.seller_id, s.seller_id + 1, '', {LATE} FROM opt_out o, subscription s",
        ),
    ),
    "a contact slipped into a list": ("import_does_not_add_up", ("UPDATE call_list SET accepted = accepted + 1",)),
    "a refused row that vanished": ("refused_rows_do_not_add_up", ("DELETE FROM refused_row WHERE fault = 'invalid'",)),
    "a call by hand": ("call_not_in_the_journal", (f"UPDATE call SET dialled_at = {LATE}",)),
    "a call with no approved script": (
        "call_without_approved_script",
        ("UPDATE script_version SET in_force_at = NULL",),
    ),
    "one approval only": ("script_in_force_unapproved", ("DELETE FROM script_decision WHERE party = 'carrier'",)),
    "another wording": ("script_text_changed", ("UPDATE script_version SET source = replace(source, '您', '你')",)),
    "another sample": ("draw_not_repeatable", ("UPDATE frame_item SET drawn = NOT drawn",)),
    "a draw that was not made": ("draw_missed", ("DELETE FROM draw", PERIOD.format("daily_draw", "2026-11-24", LATE))),
    "a day without its seed": ("seed_missed", (PERIOD.format("seeds", "2026-11-24", LATE),)),
    "a day without its job": (
        "period_skipped",
        (PERIOD.format("charge_run", "2026-11-23", LATE), PERIOD.format("charge_run", "2026-11-25", LATE)),
    ),
    "a trial that did not end": (
        "trial_end_missed",
        ("UPDATE subscription SET state = 'confirming'", PERIOD.format("trial_ends", "2027-06-01", LATE)),
    ),
    "a charge that was not made": ("charge_missed", (*UNCHARGED, PERIOD.format("charge_run", "2027-06-01", LATE))),
    "an edited row of the journal": ("journal_chain", ("UPDATE journal_entry SET details = '{}' WHERE sequence = 3",)),
    "a row taken out of the journal": ("journal_chain", ("DELETE FROM journal_entry WHERE sequence = 3",)),
    "an edited anchor": ("journal_anchor", ("UPDATE journal_anchor SET head = root",)),
    "an anchor with another root": ("journal_anchor", ("UPDATE journal_anchor SET root = head",)),
    "a block that is none": (
        "journal_block",
        ("INSERT INTO journal_block (chain, number, root) SELECT chain, 7, root FROM journal_anchor",),
    ),
    "an anchor that the file does not have": (
        "anchor_not_in_database",
        ("UPDATE journal_anchor SET at = '2020-01-01 00:00:00.000000+00'",),
    ),
}


def test_honest_work_breaks_nothing(shift: Shift) -> None:
    with db.reading(shift.engine) as session:
        assert broken_promises(session, data=shift.settings.data) == []


def test_there_is_a_test_for_every_promise_that_a_statement_asks_for() -> None:
    from outbound.promises import documents
    from outbound.verification import STATEMENTS

    planted = {promise for promise, _ in CORRUPTIONS.values()}
    tested_below = {
        "definition_changed",
        "charge_without_reply",
        "charge_reversed_twice",
        "contact_with_two_agents",
        "agent_with_two_contacts",
    }
    assert {*STATEMENTS, *documents.CHECKS} - planted - tested_below - {"confirmed_by_the_seller"} == set()


@pytest.mark.parametrize("what", CORRUPTIONS)
def test_a_planted_corruption_is_found_under_its_name(shift: Shift, owner: Session, what: str) -> None:
    promise, statements = CORRUPTIONS[what]
    run(owner, *statements)
    assert promise in found(owner, shift)


def test_a_number_in_two_hands_is_a_contact_and_an_agent_twice(shift: Shift, owner: Session) -> None:
    run(owner, copied("claim", ended_at="NULL", ended_how="NULL"), "UPDATE claim SET ended_at = NULL, ended_how = NULL")
    wanted = {"number_with_two_agents", "contact_with_two_agents", "agent_with_two_contacts"}
    assert wanted <= found(owner)


def test_a_charge_without_the_reply_that_its_campaign_asks_for_is_found(shift: Shift, owner: Session) -> None:
    run(owner, "UPDATE campaign_version SET needs_reply = true")
    assert found(owner) == {"charge_without_reply", "definition_changed"}, "its text asks for none"


def test_a_reply_counts_for_the_confirmation_that_was_restored_too(shift: Shift, owner: Session) -> None:
    now = {
        "kind": "'reply_request'",
        "state": "'sent'",
        "sent_at": "made_at",
        "key": "'asked'",
        "valid_until": "made_at",
    }
    asked = "(SELECT min(id) FROM confirmation WHERE kind = 'second')"
    replied = """INSERT INTO reply (id, centre_id, phone_id, reference, text, wording, at, taken_at)
        SELECT 1, centre_id, phone_id, 'm', 'Y', 'Y', made_at, made_at FROM notice WHERE key = 'asked'"""
    matched = """INSERT INTO reply_match (reply_id, notice_id, subscription_id, meaning, at)
        SELECT 1, id, subscription_id, 'yes', made_at FROM notice WHERE key = 'asked'"""
    run(
        owner,
        "UPDATE campaign_version SET needs_reply = true",
        copied("notice", confirmation_id=asked, **now) + " WHERE id = (SELECT min(id) FROM notice)",
        replied,
        matched,
    )
    assert found(owner) == {"definition_changed"}
    run(
        owner,
        copied("confirmation", restored="1") + " WHERE kind = 'second'",
        "UPDATE ledger_entry SET confirmation_id = (SELECT max(id) FROM confirmation) WHERE kind = 'charge'",
    )
    assert found(owner) == {"definition_changed"}


PRESENT = NOW + timedelta(days=41)
OUT_OF_TIME = {
    "a charge of next summer": ("dated_in_the_future", f"UPDATE ledger_entry SET at = {LATE}"),
    "a row of the journal of next summer": ("dated_in_the_future", f"UPDATE journal_entry SET at = {LATE}"),
    "a charge before its cycle": ("charge_before_its_cycle", "UPDATE ledger_entry SET cycle = '2027-05-01'"),
    "a charge dated back, in the journal too": (
        "charge_dated_back",
        f"UPDATE journal_entry SET at = {EARLY} WHERE action = 'subscription.charge'",
    ),
}


@pytest.mark.parametrize("forgery", OUT_OF_TIME)
def test_an_instant_that_cannot_be_is_found(owner: Session, forgery: str) -> None:
    promise, statement = OUT_OF_TIME[forgery]
    assert list(clocks.check(owner, PRESENT)) == []
    run(owner, statement)
    assert {promise} == {name for name, _row in clocks.check(owner, PRESENT)}


def test_a_verification_that_knows_the_present_looks_at_the_clocks(owner: Session) -> None:
    assert broken_promises(owner, now=PRESENT) == []
    assert {each["promise"] for each in broken_promises(owner, now=NOW - timedelta(days=9))} == {"dated_in_the_future"}


@pytest.mark.parametrize(
    ("changed", "into"),
    [
        ('"amount_fen": 500', '"amount_fen": 900'),
        ('"kind": "charge"', '"kind": "cancel"'),
        ('"phone": "', '"phone": "9'),
    ],
)
def test_a_file_of_a_batch_that_tells_something_else_is_found(
    shift: Shift, owner: Session, changed: str, into: str
) -> None:
    forge(shift, owner, "json", lambda text: text.replace(changed, into))
    assert found(owner, shift) == {"batch_file_changed", "batch_not_in_the_journal"}
    assert found(owner) == {"batch_not_in_the_journal"}, "without the keys its files stay shut"


def test_a_row_put_twice_into_a_file_is_found(shift: Shift, owner: Session) -> None:
    forge(shift, owner, "csv", lambda text: text + text.splitlines(keepends=True)[-1])
    assert "batch_file_changed" in found(owner, shift)


@pytest.mark.parametrize("sealed", ["x'0001'", "substr(sealed, 1, 40)"])
def test_a_file_that_nobody_can_open_is_found(shift: Shift, owner: Session, sealed: str) -> None:
    spelt = sealed if owner.get_bind().dialect.name == "sqlite" or "x'" not in sealed else "'\\x0001'::bytea"
    run(owner, f"UPDATE batch_file SET sealed = {spelt} WHERE form = 'csv'")
    assert found(owner, shift) == {"batch_file_changed"}


def test_a_file_whose_hash_is_another_is_found(shift: Shift, owner: Session) -> None:
    run(owner, f"UPDATE batch_file SET sha256 = '{'0' * 64}' WHERE form = 'csv'")
    assert found(owner, shift) == {"batch_file_changed", "batch_manifest_changed"}


def forge(shift: Shift, session: Session, form: str, write: Callable[[str], str]) -> None:
    """Seal another content in the place of a batch's, and let sizes, hashes and manifest fit again."""
    vault = open_vault(shift.settings.data)
    file = session.execute(
        sa.text("SELECT id, sealed, sha256, size FROM batch_file WHERE form = :form"), {"form": form}
    )
    number, sealed, was, size = file.one()
    content = write(vault.open(bytes(sealed)))
    assert content != vault.open(bytes(sealed))
    facts = {"id": number, "hash": hashlib.sha256(content.encode()).hexdigest(), "size": len(content.encode())}
    changed = sa.text("UPDATE batch_file SET sealed = :sealed, sha256 = :hash, size = :size WHERE id = :id")
    session.execute(changed, {**facts, "sealed": vault.seal(content)})
    manifest = session.execute(sa.text("SELECT manifest FROM instruction_batch")).scalar_one()
    manifest = manifest.replace(was, facts["hash"]).replace(f'"bytes": {size}', f'"bytes": {facts["size"]}')
    fitting = {"manifest": manifest, "hash": hashlib.sha256(manifest.encode()).hexdigest()}
    session.execute(sa.text("UPDATE instruction_batch SET manifest = :manifest, sha256 = :hash"), fitting)


def test_a_journal_written_anew_with_hashes_that_fit_is_found_by_the_file(shift: Shift, owner: Session) -> None:
    rewrite(owner, known(shift.cast.fz.id))
    assert found(owner) & {"journal_chain", "journal_anchor"} == set(), "whoever has no file is deceived"
    assert "journal_rewritten" in found(owner, shift)


def rewrite(session: Session, chain: int) -> None:
    """Change a row and make everything after it fit again: hashes, head and anchors, as only the owner can."""
    previous = START
    for entry in session.exec(
        select(JournalEntry).where(JournalEntry.chain == chain).order_by(col(JournalEntry.sequence))
    ):
        entry.details = "{}" if entry.sequence == 3 else entry.details
        entry.previous_hash, previous = previous, ""
        entry.hash = previous = entry.digest()
        session.add(entry)
    session.execute(sa.text(f"UPDATE journal_head SET hash = '{previous}' WHERE chain = {chain}"))
    session.execute(sa.text(f"DELETE FROM journal_anchor WHERE chain = {chain}"))
    session.flush()
    anchoring.drop(session, chain, now=NOW)


def test_a_journal_cut_off_behind_its_anchor_is_found_by_the_file(shift: Shift, owner: Session) -> None:
    chain = known(shift.cast.fz.id)
    last = owner.execute(sa.text(f"SELECT length FROM journal_head WHERE chain = {chain}")).scalar_one()
    run(
        owner,
        f"DELETE FROM journal_entry WHERE chain = {chain} AND sequence = {last}",
        f"UPDATE journal_head SET length = length - 1, hash = (SELECT hash FROM journal_entry WHERE chain = {chain} "
        f"AND sequence = {last - 1}) WHERE chain = {chain}",
        f"DELETE FROM journal_anchor WHERE chain = {chain}",
    )
    assert "journal_rewritten" in found(owner, shift)


def test_a_line_taken_out_of_the_file_is_found(shift: Shift, owner: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = past._kept(shift.settings.data)
    del kept[known(shift.cast.fz.id)]
    monkeypatch.setattr(past, "_kept", lambda _data: kept)
    assert found(owner, shift) == {"anchor_not_in_file"}


def test_a_line_of_the_file_that_is_no_anchor_is_found(
    shift: Shift, owner: Session, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    lines = (shift.settings.data / "anchors.jsonl").read_text()
    (folder / "anchors.jsonl").write_text(f"{lines}nonsense\n")
    assert broken_promises(owner, data=folder) == [{"promise": "anchor_file", "line": str(len(lines.splitlines()) + 1)}]


def test_a_whole_block_with_another_root_is_found(
    shift: Shift, owner: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (anchoring, past):
        monkeypatch.setattr(module, "BLOCK", 4)
        monkeypatch.setattr(module, "BLOCK_HEIGHT", 2)
    owner.execute(sa.delete(JournalAnchor.__table__))  # type: ignore[attr-defined]
    anchoring.drop(owner, known(shift.cast.fz.id), now=NOW)
    owner.flush()
    assert found(owner) == set()
    run(owner, f"UPDATE journal_block SET root = '{'0' * 64}' WHERE number = 2")
    assert found(owner) == {"journal_block"}


def test_each_step_is_told(shift: Shift) -> None:
    steps: list[str] = []
    with db.reading(shift.engine) as session:
        broken_promises(session, told=steps.append)
    assert steps[0].endswith("charge_without_valid_second_confirmation")
    assert "journal" in steps
    assert json.dumps(steps)

"""What the database itself refuses about money, whoever writes and whatever they switch off.

Nothing here rests on a foreign key or a CHECK alone: on SQLite both can be switched off by the connection that writes.
"""

from outbound.billing.model import (
    Acknowledgement,
    BatchFile,
    ChargeHold,
    ChargeHoldLifting,
    DifferenceSettlement,
    Instruction,
    InstructionBatch,
    LedgerEntry,
    StrayAnswer,
    StraySettlement,
)
from outbound.calls.model import Call
from outbound.db import append_only, guard, never_replaced, table_of
from outbound.grants import changes_all_but, changes_only
from outbound.recordings.model import Recording
from outbound.resealing import append_only_but_resealed
from outbound.subscriptions.model import Subscription, raises_version

for _table in (
    LedgerEntry,
    ChargeHold,
    ChargeHoldLifting,
    InstructionBatch,
    Acknowledgement,
    DifferenceSettlement,
    StrayAnswer,
    StraySettlement,
):
    append_only(table_of(_table))
append_only_but_resealed(table_of(BatchFile))
never_replaced(table_of(Instruction), "instructions are kept")
changes_only(table_of(Instruction), "batch_id")
changes_all_but(
    table_of(Subscription),
    *("price_fen", "phone_id", "campaign_version_id", "trial_days", "seller_id", "sale_call_id", "contact_id"),
    "centre_id",
)
changes_all_but(table_of(Recording), "sha256", "storage_key", "size", "reference", "kept_at")
never_replaced(table_of(Subscription), "subscriptions are kept")
never_replaced(table_of(Recording), "recordings are kept")
never_replaced(table_of(Call), "calls are kept")
guard(
    table_of(Subscription),
    "subscription_never_deleted",
    when="BEFORE DELETE",
    refuse_if="OLD.id IS NOT NULL",
    saying="subscriptions are kept",
)
raises_version(table_of(ChargeHold))

_DIGIT = "('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')"
_A_DAY = " AND ".join(
    (
        "length(NEW.cycle) = 10",
        "substr(NEW.cycle, 1, 2) = '20'",
        *(f"substr(NEW.cycle, {place}, 1) IN {_DIGIT}" for place in (3, 4, 7, 10)),
        *(f"substr(NEW.cycle, {place}, 1) = '-'" for place in (5, 8)),
        "substr(NEW.cycle, 6, 1) IN ('0', '1')",
        "substr(NEW.cycle, 9, 1) IN ('0', '1', '2', '3')",
    )
)
"""Otherwise `2026-12-01` and `２026-12-01` would be two cycles."""
_VALID = """EXISTS (SELECT 1 FROM confirmation c JOIN recording r ON r.call_id = c.call_id AND r.valid
        WHERE c.id = (SELECT max(latest.id) FROM confirmation latest
            WHERE latest.subscription_id = NEW.subscription_id AND latest.kind = '{kind}')
        AND c.result = 'passed' {also}
        AND NOT EXISTS (SELECT 1 FROM confirmation_void v WHERE v.confirmation_id = c.id)
        AND NOT EXISTS (SELECT 1 FROM review w WHERE w.call_id = c.call_id AND w.verdict = 'invalid'
            AND NOT EXISTS (SELECT 1 FROM review x WHERE x.task_id = w.task_id AND x.version > w.version))
        AND (SELECT count(*) FROM self_mark m WHERE m.call_id = c.call_id AND m.mark = 'pass') = 4)"""
guard(
    table_of(LedgerEntry),
    "ledger_entry_in_form",
    when="BEFORE INSERT",
    refuse_if=f"""NEW.kind NOT IN ('charge', 'reversal') OR NOT ({_A_DAY})
        OR (NEW.kind = 'charge' AND (NEW.amount_fen <= 0 OR NEW.reverses_id IS NOT NULL OR NEW.confirmation_id IS NULL
            OR coalesce(NEW.confirmation_kind, '') <> 'second' OR coalesce(NEW.confirmation_result, '') <> 'passed'))
        OR (NEW.kind = 'reversal' AND (NEW.amount_fen >= 0 OR NEW.reverses_id IS NULL))
        OR NOT EXISTS (SELECT 1 FROM subscription s
            WHERE s.id = NEW.subscription_id AND s.centre_id = NEW.centre_id)""",
    saying="an entry is a charge or its reversal",
)
guard(
    table_of(LedgerEntry),
    "charge_needs_second_confirmation",
    when="BEFORE INSERT",
    # Raising the version first: a review, a withdrawal or a hold in flight has the row, and is seen once it is done.
    first="UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id",
    refuse_if=f"""NEW.kind = 'charge' AND (
        NOT {_VALID.format(kind="first", also="")}
        OR NOT {
        _VALID.format(
            kind="second",
            also="AND c.id = NEW.confirmation_id AND c.by_id <> "
            "(SELECT s.seller_id FROM subscription s WHERE s.id = NEW.subscription_id)",
        )
    }
        OR EXISTS (SELECT 1 FROM withdrawal w WHERE w.subscription_id = NEW.subscription_id)
        OR EXISTS (SELECT 1 FROM charge_hold h WHERE h.subscription_id = NEW.subscription_id
            AND NOT EXISTS (SELECT 1 FROM charge_hold_lifting l WHERE l.charge_hold_id = h.id))
        OR NOT EXISTS (SELECT 1 FROM subscription s WHERE s.id = NEW.subscription_id AND s.state IN
            ('confirmed', 'charged') AND s.price_fen = NEW.amount_fen
            AND CAST(s.trial_ends_on AS TEXT) < NEW.cycle)
        OR EXISTS (SELECT 1 FROM ledger_entry e WHERE e.subscription_id = NEW.subscription_id AND e.kind = 'charge'
            AND substr(e.cycle, 1, 7) = substr(NEW.cycle, 1, 7)))""",
    saying="a charge needs a valid second confirmation",
)
guard(
    table_of(LedgerEntry),
    "charge_not_before_its_time",
    when="BEFORE INSERT",
    # The day begins somewhere up to fourteen hours before it begins in UTC.
    refuse_if="""NEW.kind = 'charge' AND (coalesce(date(substr(NEW.at, 1, 10), '+1 day'), '') < NEW.cycle
        OR EXISTS (SELECT 1 FROM confirmation c WHERE c.subscription_id = NEW.subscription_id
            AND c.result = 'passed' AND substr(c.at, 1, 19) > substr(NEW.at, 1, 19)))""",
    postgresql_if="""NEW.kind = 'charge' AND (
        to_char(NEW.at AT TIME ZONE 'UTC' + interval '1 day', 'YYYY-MM-DD') < NEW.cycle
        OR EXISTS (SELECT 1 FROM confirmation c WHERE c.subscription_id = NEW.subscription_id
            AND c.result = 'passed' AND c.at > NEW.at))""",
    saying="a charge has its time after what it rests on",
)
guard(
    table_of(LedgerEntry),
    "reversal_takes_back_its_charge",
    when="BEFORE INSERT",
    refuse_if="""NEW.kind = 'reversal' AND (NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = NEW.reverses_id
        AND e.kind = 'charge' AND e.amount_fen = -NEW.amount_fen AND e.subscription_id = NEW.subscription_id
        AND e.cycle = NEW.cycle) OR EXISTS (SELECT 1 FROM ledger_entry e WHERE e.reverses_id = NEW.reverses_id))""",
    saying="a reversal takes back one charge, whole",
)
guard(
    table_of(Instruction),
    "instruction_leaves_once",
    when="BEFORE UPDATE",
    # What was made since a batch left cannot have left with it, and would never be told.
    refuse_if="""OLD.batch_id IS NOT NULL OR NEW.id <> OLD.id OR NEW.key <> OLD.key OR NEW.amount_fen <> OLD.amount_fen
        OR NEW.kind <> OLD.kind OR NEW.subscription_id <> OLD.subscription_id OR NEW.centre_id <> OLD.centre_id
        OR NEW.effective_on <> OLD.effective_on OR NEW.made_at <> OLD.made_at
        OR coalesce(NEW.ledger_entry_id, 0) <> coalesce(OLD.ledger_entry_id, 0)
        OR coalesce(NEW.repeats_id, 0) <> coalesce(OLD.repeats_id, 0)
        OR NOT EXISTS (SELECT 1 FROM instruction_batch b WHERE b.id = NEW.batch_id AND b.centre_id = NEW.centre_id
            AND b.at >= NEW.made_at)
        OR EXISTS (SELECT 1 FROM ledger_entry e JOIN instruction_batch b ON b.id = NEW.batch_id
            WHERE e.id = NEW.ledger_entry_id AND e.at > b.at)""",
    saying="an instruction leaves once",
)
guard(
    table_of(Instruction),
    "instruction_charge_from_ledger",
    when="BEFORE INSERT",
    refuse_if="""NEW.batch_id IS NOT NULL
        OR (NEW.kind IN ('charge', 'reverse')) <> (NEW.ledger_entry_id IS NOT NULL)
        OR (NEW.ledger_entry_id IS NULL AND NEW.amount_fen <> 0)
        OR (NEW.ledger_entry_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_entry e
        WHERE e.id = NEW.ledger_entry_id AND e.subscription_id = NEW.subscription_id AND e.amount_fen = NEW.amount_fen
        AND (e.kind = 'charge') = (NEW.kind = 'charge')))
        OR (NEW.repeats_id IS NULL AND EXISTS (SELECT 1 FROM instruction i
            WHERE i.ledger_entry_id = NEW.ledger_entry_id))""",
    saying="a charge instruction follows the ledger",
)
guard(
    table_of(Instruction),
    "instruction_repeated_by_decision",
    when="BEFORE INSERT",
    refuse_if="""NEW.repeats_id IS NOT NULL AND (NOT EXISTS (SELECT 1 FROM instruction o
        JOIN difference_settlement d ON d.instruction_id = o.id AND d.decision = 'resend'
        WHERE o.id = NEW.repeats_id AND o.kind = NEW.kind AND o.amount_fen = NEW.amount_fen
        AND o.subscription_id = NEW.subscription_id AND o.centre_id = NEW.centre_id
        AND coalesce(o.ledger_entry_id, 0) = coalesce(NEW.ledger_entry_id, 0))
        OR EXISTS (SELECT 1 FROM ledger_entry e WHERE e.reverses_id = NEW.ledger_entry_id))""",
    saying="an instruction is repeated once, after its rejection",
)
guard(
    table_of(Instruction),
    "extension_told_once",
    when="BEFORE INSERT",
    first="UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id AND NEW.kind = 'extend'",
    refuse_if="""NEW.kind = 'extend' AND NEW.repeats_id IS NULL AND (
        EXISTS (SELECT 1 FROM instruction i WHERE i.subscription_id = NEW.subscription_id AND i.kind = 'extend')
        OR NOT EXISTS (SELECT 1 FROM state_change h
            WHERE h.subscription_id = NEW.subscription_id AND h.after = 'extended'))""",
    saying="the carrier is told of one further trial",
)
guard(
    table_of(Instruction),
    "instruction_never_deleted",
    when="BEFORE DELETE",
    refuse_if="OLD.id IS NOT NULL",
    saying="instructions are kept",
)
guard(
    table_of(InstructionBatch),
    "instruction_batch_without_gap",
    when="BEFORE INSERT",
    refuse_if="""NEW.number <> 1 + coalesce((SELECT max(b.number) FROM instruction_batch b
        WHERE b.centre_id = NEW.centre_id), 0)""",
    saying="batches are numbered without gaps",
)
guard(
    table_of(Acknowledgement),
    "acknowledgement_of_what_left",
    when="BEFORE INSERT",
    refuse_if="NOT EXISTS (SELECT 1 FROM instruction i WHERE i.id = NEW.instruction_id AND i.batch_id IS NOT NULL)",
    saying="only what has left is answered",
)
guard(
    table_of(DifferenceSettlement),
    "settlement_of_a_difference",
    when="BEFORE INSERT",
    refuse_if="""NEW.reason = '' OR NEW.decision NOT IN ('resend', 'accept', 'carried_out')
        OR NOT EXISTS (SELECT 1 FROM instruction i WHERE i.id = NEW.instruction_id AND i.batch_id IS NOT NULL
            AND i.centre_id = NEW.centre_id)
        OR (NEW.acknowledgement_id IS NULL AND (NEW.decision <> 'carried_out'
            OR EXISTS (SELECT 1 FROM acknowledgement a WHERE a.instruction_id = NEW.instruction_id)
            OR EXISTS (SELECT 1 FROM difference_settlement d WHERE d.instruction_id = NEW.instruction_id)))
        OR (NEW.acknowledgement_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM acknowledgement a
            JOIN instruction i ON i.id = a.instruction_id
            WHERE a.id = NEW.acknowledgement_id AND a.instruction_id = NEW.instruction_id
            AND (NOT a.accepted OR (a.amount_fen <> i.amount_fen AND NEW.decision = 'carried_out'))))""",
    saying="only a difference is settled",
)

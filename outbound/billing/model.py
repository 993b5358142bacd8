"""The ledger and the instructions to the carrier's billing system."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.confirmations.model import ConfirmationKind, ConfirmationResult
from outbound.db import UtcDateTime, append_only, choice, guard, table_of
from outbound.resealing import append_only_but_resealed
from outbound.subscriptions.model import raises_version


class EntryKind(StrEnum):
    """A charge, or what takes one back."""

    CHARGE = "charge"
    REVERSAL = "reversal"


class LedgerEntry(SQLModel, table=True):
    """One line of the ledger, in 分. A charge names the second confirmation that allows it."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["confirmation_id", "subscription_id", "confirmation_kind", "confirmation_result"],
            ["confirmation.id", "confirmation.subscription_id", "confirmation.kind", "confirmation.result"],
            name="fk_ledger_entry_confirmation",
        ),
        sa.CheckConstraint(
            "kind = 'reversal' OR (confirmation_id IS NOT NULL AND confirmation_kind IS NOT NULL "
            "AND confirmation_kind = 'second' AND confirmation_result IS NOT NULL "
            "AND confirmation_result = 'passed' AND amount_fen > 0 AND reverses_id IS NULL)",
            name="charge_names_confirmation",
        ),
        sa.CheckConstraint(
            "kind = 'charge' OR (reverses_id IS NOT NULL AND amount_fen < 0)", name="reversal_names_charge"
        ),
        sa.Index(
            "uq_ledger_entry_charge_once",
            "subscription_id",
            "cycle",
            unique=True,
            sqlite_where=sa.text("kind = 'charge'"),
            postgresql_where=sa.text("kind = 'charge'"),
        ),
        sa.UniqueConstraint("reverses_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    subscription_id: int = Field(foreign_key="subscription.id")
    cycle: str = Field(max_length=10, description="the first day of the cycle, as 2026-11-21")
    kind: EntryKind = Field(sa_type=choice(EntryKind))
    amount_fen: int
    confirmation_id: int | None = None
    confirmation_kind: ConfirmationKind | None = Field(default=None, sa_type=choice(ConfirmationKind))
    confirmation_result: ConfirmationResult | None = Field(default=None, sa_type=choice(ConfirmationResult))
    reverses_id: int | None = Field(default=None, foreign_key="ledger_entry.id")
    why: str = Field(default="", max_length=60)
    at: datetime = Field(sa_type=UtcDateTime)


class ChargeHold(SQLModel, table=True):
    """Something that forbids the charge for now, such as a complaint that nothing was ordered."""

    __tablename__ = "charge_hold"

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int = Field(foreign_key="subscription.id", index=True)
    reason: str = Field(max_length=60)
    by_id: int | None = Field(default=None, foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


class ChargeHoldLifting(SQLModel, table=True):
    """The decision that a hold no longer stands."""

    __tablename__ = "charge_hold_lifting"

    charge_hold_id: int = Field(foreign_key="charge_hold.id", primary_key=True)
    reason: str = Field(max_length=400)
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


class InstructionKind(StrEnum):
    """What the carrier is told."""

    ACTIVATE = "activate"
    EXTEND = "extend"
    CANCEL = "cancel"
    CHARGE = "charge"
    REVERSE = "reverse"


class InstructionBatch(SQLModel, table=True):
    """Instructions that left together, kept byte for byte."""

    __tablename__ = "instruction_batch"
    __table_args__ = (sa.UniqueConstraint("centre_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    number: int
    count: int
    sum_fen: int
    sha256: str = Field(max_length=64)
    sealed: bytes = Field(sa_type=sa.LargeBinary, description="the CSV, encrypted, since it holds numbers")
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


class Instruction(SQLModel, table=True):
    """One thing the carrier's billing system is told, under a key that never changes."""

    __tablename__ = "instruction"
    __table_args__ = (
        sa.UniqueConstraint("key"),
        sa.Index(
            "ix_instruction_waiting",
            "centre_id",
            "id",
            sqlite_where=sa.text("batch_id IS NULL"),
            postgresql_where=sa.text("batch_id IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    subscription_id: int = Field(foreign_key="subscription.id", index=True)
    key: str = Field(max_length=80)
    kind: InstructionKind = Field(sa_type=choice(InstructionKind))
    amount_fen: int = 0
    effective_on: date
    ledger_entry_id: int | None = Field(default=None, foreign_key="ledger_entry.id", unique=True)
    made_at: datetime = Field(sa_type=UtcDateTime)
    batch_id: int | None = Field(default=None, foreign_key="instruction_batch.id", index=True)


class Acknowledgement(SQLModel, table=True):
    """What the carrier answered to an instruction."""

    __tablename__ = "acknowledgement"

    id: int | None = Field(default=None, primary_key=True)
    instruction_id: int = Field(foreign_key="instruction.id", unique=True)
    accepted: bool
    reason: str = Field(default="", max_length=200)
    at: datetime = Field(sa_type=UtcDateTime)


for _table in (LedgerEntry, ChargeHold, ChargeHoldLifting, Acknowledgement):
    append_only(table_of(_table))
append_only_but_resealed(table_of(InstructionBatch))
raises_version(table_of(ChargeHold))

_VALID = """EXISTS (SELECT 1 FROM confirmation c JOIN recording r ON r.call_id = c.call_id AND r.valid
        WHERE c.id = (SELECT max(latest.id) FROM confirmation latest
            WHERE latest.subscription_id = NEW.subscription_id AND latest.kind = '{kind}')
        AND c.result = 'passed' {also}
        AND NOT EXISTS (SELECT 1 FROM confirmation_void v WHERE v.confirmation_id = c.id)
        AND (SELECT count(*) FROM self_mark m WHERE m.call_id = c.call_id AND m.mark = 'pass') = 4)"""
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
    refuse_if="""OLD.batch_id IS NOT NULL OR NEW.key <> OLD.key OR NEW.amount_fen <> OLD.amount_fen
        OR NEW.kind <> OLD.kind OR NEW.subscription_id <> OLD.subscription_id OR NEW.centre_id <> OLD.centre_id
        OR NEW.effective_on <> OLD.effective_on OR NEW.made_at <> OLD.made_at
        OR coalesce(NEW.ledger_entry_id, 0) <> coalesce(OLD.ledger_entry_id, 0)""",
    saying="an instruction leaves once",
)
guard(
    table_of(Instruction),
    "instruction_charge_from_ledger",
    when="BEFORE INSERT",
    refuse_if="""(NEW.kind IN ('charge', 'reverse')) <> (NEW.ledger_entry_id IS NOT NULL)
        OR (NEW.ledger_entry_id IS NULL AND NEW.amount_fen <> 0)
        OR (NEW.ledger_entry_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_entry e
        WHERE e.id = NEW.ledger_entry_id AND e.subscription_id = NEW.subscription_id AND e.amount_fen = NEW.amount_fen
        AND (e.kind = 'charge') = (NEW.kind = 'charge')))""",
    saying="a charge instruction follows the ledger",
)
guard(
    table_of(Instruction),
    "instruction_never_deleted",
    when="BEFORE DELETE",
    refuse_if="OLD.id IS NOT NULL",
    saying="instructions are kept",
)

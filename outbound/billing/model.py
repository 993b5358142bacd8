"""The ledger and the instructions to the carrier's billing system."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.confirmations.model import ConfirmationKind, ConfirmationResult
from outbound.db import UtcDateTime, choice


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
    """Instructions that left together, under a number without gaps; its files are kept byte for byte."""

    __tablename__ = "instruction_batch"
    __table_args__ = (sa.UniqueConstraint("centre_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    number: int
    count: int
    sum_fen: int
    manifest: str = Field(sa_type=sa.Text, description="JSON as it left: counts, sums, and the SHA-256 of each file")
    sha256: str = Field(max_length=64, description="of the manifest, which names the files' own")
    by_id: int | None = Field(default=None, foreign_key="staff.id", description="null: the command line")
    at: datetime = Field(sa_type=UtcDateTime)


class FileForm(StrEnum):
    """In which form a batch leaves."""

    CSV = "csv"
    JSON = "json"


class BatchFile(SQLModel, table=True):
    """A batch in one form, encrypted because it holds customers' numbers."""

    __tablename__ = "batch_file"
    __table_args__ = (sa.UniqueConstraint("batch_id", "form"),)

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="instruction_batch.id")
    form: FileForm = Field(sa_type=choice(FileForm))
    name: str = Field(max_length=80)
    size: int = Field(description="bytes")
    sha256: str = Field(max_length=64)
    sealed: bytes = Field(sa_type=sa.LargeBinary)


class Instruction(SQLModel, table=True):
    """One thing the carrier's billing system is told, under a key that never changes."""

    __tablename__ = "instruction"
    __table_args__ = (
        sa.UniqueConstraint("key"),
        sa.UniqueConstraint("repeats_id"),
        sa.Index(
            "uq_instruction_entry_told_once",
            "ledger_entry_id",
            unique=True,
            sqlite_where=sa.text("repeats_id IS NULL"),
            postgresql_where=sa.text("repeats_id IS NULL"),
        ),
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
    ledger_entry_id: int | None = Field(default=None, foreign_key="ledger_entry.id")
    repeats_id: int | None = Field(
        default=None, foreign_key="instruction.id", description="the rejected one that this tells again, by decision"
    )
    made_at: datetime = Field(sa_type=UtcDateTime)
    batch_id: int | None = Field(default=None, foreign_key="instruction_batch.id", index=True)


class Acknowledgement(SQLModel, table=True):
    """What the carrier answered to an instruction."""

    __tablename__ = "acknowledgement"

    id: int | None = Field(default=None, primary_key=True)
    instruction_id: int = Field(foreign_key="instruction.id", unique=True)
    accepted: bool
    amount_fen: int | None = Field(default=None, description="what the carrier says it took; null: it does not say")
    reason: str = Field(default="", max_length=200)
    at: datetime = Field(sa_type=UtcDateTime)


class StrayAnswer(SQLModel, table=True):
    """An answer of the carrier to something that it was never told."""

    __tablename__ = "stray_answer"
    __table_args__ = (sa.UniqueConstraint("centre_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    key: str = Field(max_length=80)
    accepted: bool
    reason: str = Field(default="", max_length=200)
    at: datetime = Field(sa_type=UtcDateTime)


class StraySettlement(SQLModel, table=True):
    """A person's decision that a stray answer is cleared up."""

    __tablename__ = "stray_settlement"

    stray_answer_id: int = Field(foreign_key="stray_answer.id", primary_key=True)
    reason: str = Field(max_length=400)
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)


class Decision(StrEnum):
    """How a person settles a difference between what was told and what the carrier answered."""

    RESEND = "resend"
    ACCEPT = "accept"
    CARRIED_OUT = "carried_out"


class DifferenceSettlement(SQLModel, table=True):
    """A person's decision about one difference: the answer that it settles, or that there was none."""

    __tablename__ = "difference_settlement"
    __table_args__ = (
        sa.UniqueConstraint("acknowledgement_id"),
        sa.Index(
            "uq_difference_settlement_unanswered",
            "instruction_id",
            unique=True,
            sqlite_where=sa.text("acknowledgement_id IS NULL"),
            postgresql_where=sa.text("acknowledgement_id IS NULL"),
        ),
        sa.Index("ix_difference_settlement_instruction_id", "instruction_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    centre_id: int = Field(foreign_key="centre.id")
    instruction_id: int = Field(foreign_key="instruction.id")
    acknowledgement_id: int | None = Field(default=None, foreign_key="acknowledgement.id")
    decision: Decision = Field(sa_type=choice(Decision))
    reason: str = Field(max_length=400)
    by_id: int = Field(foreign_key="staff.id")
    at: datetime = Field(sa_type=UtcDateTime)

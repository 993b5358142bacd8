"""Anchors: what a chain of the journal was at an instant, so that it can be kept where its owners cannot change it."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from outbound.db import UtcDateTime, append_only, choice, table_of

BLOCK_HEIGHT = 10
BLOCK = 1 << BLOCK_HEIGHT
"""Entries whose root is kept, so that neither an anchor nor a proof has to read the whole chain."""


class JournalAnchor(SQLModel, table=True):
    """The length of a chain, the hash of its last entry and the root over all of them, at an instant."""

    __tablename__ = "journal_anchor"
    __table_args__ = (sa.UniqueConstraint("chain", "length"),)

    id: int | None = Field(default=None, primary_key=True)
    chain: int = Field(description="the centre's number; 0 for acts that belong to no centre")
    length: int
    head: str = Field(max_length=64, description="hash of the last entry")
    root: str = Field(max_length=64, description="root of the tree over the first `length` entries")
    previous: str = Field(max_length=64, description="SHA-256 of the line of the chain's anchor before this one")
    at: datetime = Field(sa_type=UtcDateTime)


class JournalBlock(SQLModel, table=True):
    """The root over one whole block of a chain's entries."""

    __tablename__ = "journal_block"

    chain: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False}, description="from 0")
    root: str = Field(max_length=64)


class Place(StrEnum):
    """Where anchors are kept outside the database."""

    FILE = "file"
    ADDRESS = "address"


class AnchorOuting(SQLModel, table=True):
    """An anchor has left the database for a place."""

    __tablename__ = "anchor_outing"

    anchor_id: int = Field(foreign_key="journal_anchor.id", primary_key=True)
    place: Place = Field(primary_key=True, sa_type=choice(Place))
    at: datetime = Field(sa_type=UtcDateTime)


for _table in (JournalAnchor, JournalBlock, AnchorOuting):
    append_only(table_of(_table))

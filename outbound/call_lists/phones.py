"""The rows of many numbers at once: found by their digests, or made."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from outbound.call_lists import bulk
from outbound.db import is_sqlite, table_of
from outbound.phones.model import Phone

PHONE_COLUMNS = ("id", "digest", "sealed", "region", "zones", "version", "added_at")
Fresh = tuple[bytes, bytes, str, str]
"""A number as its row will hold it: digest, sealed, region, and zones as `Phone.zones` keeps them."""


def phone_ids(session: Session, digests: Iterable[bytes]) -> dict[bytes, int]:
    """The rows of those numbers that have one, by digest; quickest where the digests come in order."""
    return bulk.pairs(session, "SELECT digest, id FROM phone WHERE digest IN ", digests)


def keep_phones(session: Session, new: Sequence[Fresh], *, now: datetime) -> dict[bytes, int]:
    """Rows for numbers that had none, in the order of their digests, so that nobody waits in a circle; their ids."""
    if not new:
        return {}
    table = table_of(Phone)
    added_at, numbers = bulk.stored(session, table.c.added_at, now), bulk.next_ids(session, table, len(new))
    rows = [(number, *fresh, 0, added_at) for number, fresh in zip(numbers, new, strict=True)]
    found = {fresh[0]: number for number, fresh in zip(numbers, new, strict=True)}
    if is_sqlite(session):
        bulk.insert(session, table, PHONE_COLUMNS, rows)
        return found
    try:
        with session.begin_nested():
            bulk.insert(session, table, PHONE_COLUMNS, rows)
        return found
    except sa.exc.IntegrityError:
        # Somebody else has made some of them since they were looked for.
        bulk.insert(session, table, PHONE_COLUMNS, rows, then="ON CONFLICT (digest) DO NOTHING")
        return phone_ids(session, found)

"""Whose work a charge rests on, for assessment: credits follow the ledger, so that a reversed sale is no success."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session

from outbound.db import UtcDateTime
from outbound.people import Centre


class Part(StrEnum):
    """What somebody did for a sale."""

    SELLER = "seller"
    VERIFIER = "verifier"


@dataclass(frozen=True)
class Credit:
    """What became of one person's part in the sales that were first charged in a period."""

    staff_id: int
    part: Part
    charged: int = 0
    reversed: int = 0
    """Of those charged: nothing of them stands."""
    standing_fen: int = 0

    @property
    def standing(self) -> int:
        """Sales that count as a success: something of what was charged stands."""
        return self.charged - self.reversed


_CREDITS = sa.text("""
WITH first AS (
    SELECT e.subscription_id, min(e.id) AS id FROM ledger_entry e
    WHERE e.centre_id = :centre AND e.kind = 'charge' GROUP BY e.subscription_id
), sale AS (
    SELECT s.seller_id, c.by_id AS verifier_id, (
        SELECT sum(x.amount_fen) FROM ledger_entry x WHERE x.subscription_id = s.id) AS fen
    FROM first f JOIN ledger_entry e ON e.id = f.id JOIN subscription s ON s.id = f.subscription_id
    JOIN confirmation c ON c.id = e.confirmation_id
    WHERE e.at >= :begins AND e.at < :ends
), part AS (
    SELECT seller_id AS staff_id, 'seller' AS part, fen FROM sale
    UNION ALL SELECT verifier_id, 'verifier', fen FROM sale
)
SELECT staff_id, part, count(*) AS charged, sum(CASE WHEN fen > 0 THEN 0 ELSE 1 END) AS reversed, sum(fen) AS fen
FROM part GROUP BY staff_id, part ORDER BY staff_id, part
""").bindparams(sa.bindparam("begins", type_=UtcDateTime()), sa.bindparam("ends", type_=UtcDateTime()))


def credits_of(session: Session, centre: Centre, begins: datetime, ends: datetime) -> list[Credit]:
    """The credits of everybody in a centre for sales first charged from `begins` until before `ends`.

    A sale counts for its seller and for the verifier on whose confirmation the first charge rests; one of which
    nothing stands any more, since its charges were taken back, counts for neither.
    """
    rows = session.execute(_CREDITS, {"centre": centre.id, "begins": begins, "ends": ends})
    return [Credit(row.staff_id, Part(row.part), int(row.charged), int(row.reversed), int(row.fen)) for row in rows]

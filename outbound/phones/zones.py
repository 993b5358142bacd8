"""The sets of time zones in which numbers may be, each kept once: contacts of one set open and shut together."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from outbound.db import is_sqlite


class ZoneGroup(SQLModel, table=True):
    """One set of candidate zones, such as `Asia/Shanghai` or `America/Adak,America/Anchorage`."""

    __tablename__ = "zone_group"

    id: int | None = Field(default=None, primary_key=True)
    zones: str = Field(sa_type=sa.Text, unique=True, description="candidate IANA zones, separated by commas")

    @property
    def time_zones(self) -> tuple[str, ...]:
        """The zones by name."""
        return tuple(self.zones.split(",")) if self.zones else ()


def group_of(session: Session, zones: str) -> int:
    """The number of a set of zones, written as `Phone.zones` writes it; made where there is none."""
    asked = select(ZoneGroup.id).where(col(ZoneGroup.zones) == zones)
    if (found := session.exec(asked).first()) is not None:
        return found
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    session.execute(insert(ZoneGroup).values(zones=zones).on_conflict_do_nothing())
    return session.exec(asked).one() or 0

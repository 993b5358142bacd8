"""One row per number, whatever lists it is in."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, select

from outbound.db import UtcDateTime
from outbound.phones.parsing import Number, masked, zones_kept
from outbound.phones.vault import Vault, WrongNumberKey


class Phone(SQLModel, table=True):
    """A number: its digest, itself encrypted, and a version that every dial and every block raises."""

    __tablename__ = "phone"

    id: int | None = Field(default=None, primary_key=True)
    digest: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), unique=True, nullable=False))
    sealed: bytes = Field(sa_type=sa.LargeBinary)
    region: str = Field(max_length=2)
    zones: str = Field(max_length=400, description="candidate IANA zones, separated by commas")
    version: int = Field(default=0, description="raised by blocks and dial tokens, so that two at once cannot both win")
    added_at: datetime = Field(sa_type=UtcDateTime)

    @property
    def time_zones(self) -> tuple[str, ...]:
        """The zones in which the number may be."""
        return tuple(self.zones.split(",")) if self.zones else ()


def find(session: Session, vault: Vault, e164: str) -> Phone | None:
    """The row of a number, if it was ever met."""
    return session.exec(select(Phone).where(Phone.digest == vault.digest(e164))).first()


def keep(session: Session, vault: Vault, number: Number, *, now: datetime) -> Phone:
    """The row of a number, made where there is none."""
    if phone := find(session, vault, number.e164):
        return phone
    phone = Phone(
        digest=vault.digest(number.e164),
        sealed=vault.seal(number.e164),
        region=number.region,
        zones=zones_kept(number),
        added_at=now,
    )
    session.add(phone)
    session.flush()
    return phone


def refuse_other_key(session: Session, vault: Vault) -> None:
    """Raise WrongNumberKey where the numbers here were kept with another key: blocked ones would not be found."""
    phone = session.exec(select(Phone).limit(1)).first()
    if phone and vault.digest(vault.open(phone.sealed)) != phone.digest:
        raise WrongNumberKey


def shown(vault: Vault, phone: Phone) -> str:
    """The number as the pages show it: 138****5678."""
    return masked(vault.open(phone.sealed))

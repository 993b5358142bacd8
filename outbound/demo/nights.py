"""The nights of a simulation: the timetable runs, and notices leave."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Engine

from outbound.demo.cast import ZONE
from outbound.demo.gateway import Gateway, carry
from outbound.phones.vault import Vault
from outbound.timetable.ledger import Job, run_due


def at(day: datetime, hour: int, minute: int = 0) -> datetime:
    """The instant of an hour of a day in the centres' zone."""
    return datetime.combine(day.date(), time(hour, minute), ZoneInfo(ZONE)).astimezone(UTC)


def pass_nights(
    engine: Engine, vault: Vault, gateway: Gateway, night: datetime, *, until: datetime, jobs: tuple[Job, ...]
) -> datetime:
    """Let the timetable run soon after each midnight, as it does on its own, and the notices leave; the next night."""
    while night <= until:
        run_due(engine, jobs, now=night + timedelta(minutes=50))
        carry(engine, vault, gateway, now=night + timedelta(minutes=55))
        night += timedelta(days=1)
    return night

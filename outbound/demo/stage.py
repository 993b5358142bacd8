"""What a simulated day works with: the room, the people, the chance, and which day it is."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from sqlmodel import Session

from outbound.demo.cast import Company
from outbound.demo.chances import CHANCES, Chances
from outbound.phones.vault import Vault
from outbound.recordings.store import Store


@dataclass(frozen=True)
class Pace:
    """How quickly people call: how long they wait where nobody is due; seconds of wrap-up, and of rest after it."""

    wait: timedelta = timedelta(minutes=20)
    wrap_up: tuple[int, int] = (0, 1)
    rest: tuple[int, int] = (480, 1560)


@dataclass(frozen=True)
class Stage:
    """One day of a simulation. Where it is for show, what chance left out by the last days is seen to."""

    session: Session
    vault: Vault
    store: Store
    company: Company
    chance: Random
    serial: list[int]
    for_show: bool = False
    day: int = 1
    days: int = 1
    pace: Pace = Pace()
    chances: Chances = field(default_factory=lambda: CHANCES)

    @property
    def last_day(self) -> bool:
        """Whether what is left now is what the visitors find."""
        return self.for_show and self.day == self.days

    @property
    def last_days(self) -> bool:
        """Whether it is time to see to what did not happen."""
        return self.for_show and self.day >= self.days - 1

    def next_key(self) -> str:
        """An idempotency key as a browser would make it."""
        self.serial[0] += 1
        return f"demo-call-{self.serial[0]:06d}"

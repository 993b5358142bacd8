"""What a rule says of a number: held back, until when, in words; and the facts that rules are asked about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NotRequired, TypedDict
from zoneinfo import ZoneInfo

from outbound.calling_rules.days import Overrides
from outbound.calling_rules.profiles import Profile
from outbound.errors import Language


class Rule(StrEnum):
    """Which rule holds a number back; the names are stored and counted by."""

    ZONE_UNKNOWN = "zone_unknown"
    TOO_MANY_ZONES = "too_many_zones"
    CALLING_HOURS = "calling_hours"
    CAP = "cap"
    SPACING = "spacing"
    ABANDONED_LATELY = "abandoned_lately"
    LIST_TOO_OLD = "list_too_old"
    ATTEMPTS_USED_UP = "attempts_used_up"
    ATTEMPTS_TODAY = "attempts_today"
    ATTEMPTS_IN_DAY_PART = "attempts_in_day_part"


@dataclass(frozen=True, slots=True)
class Hold:
    """One rule that holds a number back; `free_at` is when it alone lets go, None is never."""

    rule: Rule
    free_at: datetime | None
    zh: str
    en: str

    def sentence(self, language: Language) -> str:
        """Why, and until when, in the reader's language."""
        return self.zh if language == "zh" else self.en


class Facts(TypedDict):
    """What is known of a number and of the contact that is to be tried on it."""

    time_zones: Sequence[str]
    """Every zone in which the number may be, as IANA names."""
    tries: Sequence[datetime]
    """All dials of the number, in any campaign, by hand or not, in any order; older than the caps may be left out."""
    list_imported_at: NotRequired[datetime | None]
    """When the contact's list came in; None: the number is on no list."""
    attempts_on_contact: NotRequired[Sequence[datetime]]
    """All dials of the contact in this campaign, on any of its numbers."""
    abandoned: NotRequired[Sequence[datetime]]
    """Calls that this number answered and no agent took."""
    agent_waiting: NotRequired[bool]
    """Whether an agent waits for this very call, so that it cannot be abandoned again."""
    workday_override: NotRequired[Overrides]
    """The centre's own table of holidays and workdays."""


@dataclass(frozen=True, slots=True)
class Case:
    """The facts as the rules want them: zones known, tries in order, nothing left out."""

    rules: Profile
    now: datetime
    zones: tuple[ZoneInfo, ...]
    tries: Sequence[datetime]
    list_imported_at: datetime | None
    attempts: Sequence[datetime]
    abandoned: Sequence[datetime]
    overrides: Overrides

    def hold(self, rule: Rule, free_at: datetime, zh: str, en: str, *, zone: ZoneInfo | None = None) -> Hold:
        """A hold that ends, its end said on the callee's wall clock (of `zone`, else of the first)."""
        clock = zone or (self.zones[0] if self.zones else free_at.tzinfo)
        # Never said a minute too early: seconds are rounded up.
        local = (free_at + timedelta(seconds=59, microseconds=999_999)).astimezone(clock)
        return Hold(
            rule, free_at, f"{zh}，{on_clock(local, 'zh')} 起可拨。", f"{en}; free from {on_clock(local, 'en')}."
        )


def on_clock(local: datetime, language: Language) -> str:
    """A day and a time on a wall clock, as people write them."""
    if language == "zh":
        return f"{local.month} 月 {local.day} 日 {local.hour:02d}:{local.minute:02d}"
    return f"{local.hour:02d}:{local.minute:02d} on {local.year}-{local.month:02d}-{local.day:02d}"

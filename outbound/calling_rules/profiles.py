"""Calling-rule profiles: what a law or a carrier allows, as data that a centre may change or write itself."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, ValidationError, WithJsonSchema, model_validator
from pydantic_core import to_json

from outbound.calling_rules.writing import Hours, Part, Span, Stretch
from outbound.documents import Document, DocumentFaulty, Fault
from outbound.errors import Language, Refusal

PROFILES = ("cn-telecom", "us-tsr", "uk")
"""The profiles that come with the product; the first is the default."""


class ProfileUnknown(Refusal):
    """There are no calling rules named “{name}”; choose from {known}."""

    zh = "没有名为“{name}”的外呼规则，可选：{known}。"
    status: ClassVar[int] = 422


class ProfileFaulty(Refusal):
    """The calling rules are not usable: {faults}"""

    zh = "外呼规则有误：{faults}"
    status: ClassVar[int] = 422

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.list = tuple(faults)
        super().__init__(faults=len(self.list))

    def sentence(self, language: Language) -> str:
        """Every fault, with the name of the setting it is in."""
        said = "; ".join(f"{fault.path}: {fault.zh if language == 'zh' else fault.en}" for fault in self.list)
        return self.zh.format(faults=said) if language == "zh" else f"The calling rules are not usable: {said}"


class RulesNameBadlyWritten(Refusal):
    """“{written}” cannot name calling rules; write up to 60 small letters, digits and hyphens, such as our-rules."""

    zh = "“{written}”不能作为外呼规则的名称，请用小写字母、数字和连字符，如 our-rules，最多 60 个字符。"
    status: ClassVar[int] = 422


class CalendarUnknown(Refusal):
    """There is no calendar of holidays for {place}; write a country such as CN, or leave it out and write the days."""

    zh = "没有 {place} 的节假日历；请填写国家代码，如 CN，或不写国家、在 days 中逐日列出。"
    status: ClassVar[int] = 422


_NAME = r"[a-z0-9][a-z0-9-]{0,59}"


def _well_named(name: str) -> str:
    if not re.fullmatch(_NAME, name):
        raise ValueError from RulesNameBadlyWritten(written=name[:80])
    return name


RulesName = Annotated[
    str, AfterValidator(_well_named), WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$", "maxLength": 60})
]
"""What calling rules are called in definitions."""


class DayKind(StrEnum):
    """What a calendar day is, whatever its weekday."""

    WORKDAY = "workday"
    HOLIDAY = "holiday"


class Label(Part):
    """A name in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Windows(Part):
    """When a number may ring, on the callee's wall clock: every day, but as written for a weekday or a holiday."""

    every_day: tuple[Hours, ...] = ()
    monday: tuple[Hours, ...] | None = None
    tuesday: tuple[Hours, ...] | None = None
    wednesday: tuple[Hours, ...] | None = None
    thursday: tuple[Hours, ...] | None = None
    friday: tuple[Hours, ...] | None = None
    saturday: tuple[Hours, ...] | None = None
    sunday: tuple[Hours, ...] | None = None
    holiday: tuple[Hours, ...] | None = None
    """On a holiday, whatever its weekday; where nothing is written a holiday is like any day, and [] is closed."""

    @cached_property
    def week(self) -> tuple[tuple[Stretch, ...], ...]:
        """The stretches of Monday to Sunday, each in order."""
        days = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)
        return tuple(_in_order(self.every_day if day is None else day) for day in days)

    @cached_property
    def on_holidays(self) -> tuple[Stretch, ...] | None:
        """The stretches of a holiday in order, or None where a holiday is like any day."""
        return None if self.holiday is None else _in_order(self.holiday)

    @cached_property
    def ask_the_calendar(self) -> bool:
        """Whether it matters if a day is a holiday or a make-up workday."""
        return self.holiday is not None or len(set(self.week)) > 1


def _in_order(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    return tuple(sorted(stretches, key=lambda stretch: stretch.start))


class Calendar(Part):
    """Which days are holidays and which weekend days are worked."""

    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    """ISO 3166 code; nothing: no holidays but those under `days`."""
    subdivision: str | None = None
    days: Mapping[date, DayKind] = Field(default_factory=dict)
    """Days that are otherwise than the country's calendar says; they win."""
    decided_years: tuple[int, ...] = ()
    """Years whose decree stands under `days` in full, so that no warning is due."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.country and (self.country, self.subdivision) not in _USUAL_CALENDARS:
            _refuse_unknown(self.country, self.subdivision)
        return self


_USUAL_CALENDARS = (("CN", None), ("US", None), ("GB", "ENG"))
"""What the profiles ask for: known to be there, without a look at the library."""


def _refuse_unknown(country: str, subdivision: str | None) -> None:
    import holidays  # over 100 ms, so only where another calendar is asked for

    supported = holidays.list_supported_countries()
    if country not in supported or (subdivision and subdivision not in supported[country]):
        place = f"{country} {subdivision}" if subdivision else country
        raise ValueError from CalendarUnknown(place=place)


class Cap(Part):
    """At most `count` dials of a number within any stretch of that length, over all campaigns."""

    count: int = Field(ge=1)
    within: Span


class DayPart(Part):
    """A named part of the day on the callee's wall clock."""

    label: Label
    hours: Hours


class Attempts(Part):
    """How often one contact may be tried in one campaign."""

    max: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1)
    per_day_part: int | None = Field(default=None, ge=1)
    """In one part of one day."""
    in_one_day_part: int | None = Field(default=None, ge=1)
    """In the same part of the day, all days together, so that tries are spread."""
    day_parts: tuple[DayPart, ...] = (
        DayPart(label=Label(zh="上午", en="morning"), hours=Stretch(start=0, end=720)),
        DayPart(label=Label(zh="下午", en="afternoon"), hours=Stretch(start=720, end=1080)),
        DayPart(label=Label(zh="晚间", en="evening"), hours=Stretch(start=1080, end=1440)),
    )


class Abandonment(Part):
    """Calls that a person answered and no agent took."""

    percent: Decimal = Field(default=Decimal(3), ge=0, le=100)
    over_days: int = Field(default=1, ge=1)
    """Days over which a campaign's calls are counted."""
    quiet: Span | None = None
    """How long an abandoned number is not rung again unless an agent waits for it."""
    connect_within_seconds: int | None = Field(default=None, ge=0)
    ring_at_least_seconds: int | None = Field(default=None, ge=0)


class RefusalBlock(Part):
    """How long a number stays blocked after "do not call me again": for ever, unless somebody gives it an end."""

    minimum_months: int = Field(default=6, ge=0)
    """Before then nobody may let it end."""


class Profile(Part):
    """One set of calling rules."""

    name: RulesName
    label: Label
    windows: Windows
    calendar: Calendar = Calendar()
    caps: tuple[Cap, ...] = ()
    spacing: Span | None = None
    """Least time between two dials of a number, over all campaigns."""
    attempts: Attempts = Attempts()
    abandonment: Abandonment = Abandonment()
    list_max_age_days: int | None = Field(default=None, ge=1)
    """How old a list may be since its import; nothing: it is checked at each import and hand-out anyway."""
    retention_years: int = Field(default=5, ge=0)
    """How long recordings of sales are kept at least."""
    refusal: RefusalBlock = RefusalBlock()


def profile(name: str = PROFILES[0], overrides: Mapping[str, Any] | None = None) -> Profile:
    """The profile of that name, with a campaign's or a centre's own settings merged in; keep it, do not ask per call.

    Groups are merged setting by setting, lists are replaced. Raises ProfileUnknown and ProfileFaulty.
    """
    if name not in PROFILES:
        raise ProfileUnknown(name=name, known=", ".join(PROFILES))
    if not overrides:
        return _shipped(name)
    return checked(merged(shipped(name).plain(), overrides))


def checked(settings: Mapping[str, Any]) -> Profile:
    """The profile that these settings make; raises ProfileFaulty."""
    try:
        return Profile.model_validate(settings)
    except ValidationError:
        raise ProfileFaulty(_faults(settings)) from None


def earliest_unblock(rules: Profile, blocked_at: datetime) -> datetime:
    """The first instant at which a refusal may end: calendar months later, a missing day being the month's last."""
    months = blocked_at.month - 1 + rules.refusal.minimum_months
    year, month = blocked_at.year + months // 12, months % 12 + 1
    month_ends = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return blocked_at.replace(year=year, month=month, day=min(blocked_at.day, month_ends))


def abandonment_holds(rules: Profile, *, abandoned: int, connected: int) -> bool:
    """Whether a campaign's abandoned calls are within the limit, over the profile's days.

    `connected` calls were answered and taken by an agent. With live = abandoned + connected the rule of 16 CFR 310.4
    (`100 * abandoned <= 3 * live`) and Ofcom's `abandoned / (abandoned + connected) <= 3 %` are one.
    Nothing is rounded.
    """
    return 100 * abandoned <= rules.abandonment.percent * (abandoned + connected)


@cache
def _shipped(name: str) -> Profile:
    return shipped(name).read_as(Profile)


@cache
def shipped(name: str) -> Document:
    """A profile that comes with the product, as it is written."""
    return Document(files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8"))


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with others put over them: groups setting by setting, lists as a whole."""
    both = dict(base)
    for key, value in changes.items():
        old = both.get(key)
        both[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return both


def _faults(settings: Mapping[str, Any]) -> Sequence[Fault]:
    try:
        Document(to_json(settings, fallback=str).decode()).read_as(Profile)
    except DocumentFaulty as refused:
        return refused.list
    return ()

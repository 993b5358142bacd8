"""What kind of day a calendar day is: its country's holidays and make-up workdays, and what a centre decided itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from outbound.calling_rules.profiles import Calendar, DayKind, Profile
from outbound.errors import Language

Overrides = Mapping[date, DayKind]
"""Days that are otherwise than any calendar says; they win over all."""

NO_OVERRIDES: Overrides = {}

# Where days off are moved by a decree each year. Of an undecreed year only the festivals fixed by law count.
_DECREED_YEARLY = frozenset({"CN"})


@dataclass(frozen=True, slots=True)
class UndecreedYear:
    """A year whose days off and make-up workdays are not decreed yet."""

    country: str
    year: int

    def sentence(self, language: Language) -> str:
        """What is not known, and what to do about it."""
        if language == "zh":
            return (
                f"{self.year} 年的放假调休安排尚未公布或尚未收录，目前只按法定节日当天计算；"
                "公布后请在“日历”中补录放假日和调休上班日。"
            )
        return (
            f"The days off and make-up workdays of {self.year} ({self.country}) are not known yet, so only festival "
            "days fixed by law are counted; enter the others in the calendar once they are decreed."
        )


def undecreed_years(rules: Profile, days: Iterable[date]) -> list[UndecreedYear]:
    """A warning for each year among `days` whose decree is neither in the country's calendar nor in the profile's."""
    calendar = rules.calendar
    if calendar.country not in _DECREED_YEARLY:
        return []
    years = sorted({day.year for day in days} - set(calendar.decided_years))
    return [UndecreedYear(calendar.country, year) for year in years if not _year(calendar.country, None, year).decreed]


def day_kind(calendar: Calendar, day: date, overrides: Overrides = NO_OVERRIDES) -> DayKind | None:
    """Whether a day is a holiday or a make-up workday; None where it is what its weekday says."""
    if kind := overrides.get(day) or calendar.days.get(day):
        return kind
    if calendar.country is None:
        return None
    return _year(calendar.country, calendar.subdivision, day.year).days.get(day)


def is_workday(calendar: Calendar, day: date, overrides: Overrides = NO_OVERRIDES) -> bool:
    """Whether people work on a day: Monday to Friday but holidays, and make-up workdays."""
    kind = day_kind(calendar, day, overrides)
    return day.weekday() < 5 if kind is None else kind == DayKind.WORKDAY


@dataclass(frozen=True, slots=True)
class _Year:
    days: Mapping[date, DayKind]
    decreed: bool


@lru_cache(maxsize=256)
def _year(country: str, subdivision: str | None, year: int) -> _Year:
    import holidays  # over 100 ms, so only where a calendar is asked

    known = holidays.country_holidays(country, subdiv=subdivision, years=year)
    worked = {day for day in known.weekend_workdays if day.year == year}
    decreed = country not in _DECREED_YEARLY or bool(worked)
    if not decreed:
        known = holidays.country_holidays(country, subdiv=subdivision, years=year, observed=False)
    days = {day: DayKind.HOLIDAY for day in known if day.year == year}
    return _Year(days | dict.fromkeys(worked, DayKind.WORKDAY), decreed)


def days_from(first: date, count: int) -> Iterable[date]:
    """`count` calendar days, the first included."""
    return (first + timedelta(days=offset) for offset in range(count))

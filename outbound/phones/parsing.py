"""What is written in a list's phone cell: one telephone number, or a reason why nobody can be rung there.

Spellings are folded (full-width digits, +86, 0086, brackets, dashes, zero-width characters), digits are never guessed:
what Excel has rounded is refused, because repairing it would ring somebody else.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType, ValidationResult

from outbound.errors import Language

MAINLAND_ZONES = ("Asia/Shanghai",)
UNKNOWN_ZONE = "Etc/Unknown"
MOST_ZONES = 6
"""A number that may be in more time zones than this is not callable: nobody can say what the hour is there."""


class Kind(StrEnum):
    """What sort of line a number is."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    OTHER = "other"


class Reason(StrEnum):
    """Why a row of a list is refused; the value is the English wording."""

    EMPTY = "empty"
    LENGTH = "length"
    SCIENTIFIC = "scientific notation"
    NOT_A_NUMBER = "not a number"
    NOT_MOBILE = "not a mobile range"
    SERVICE = "service number"
    UNASSIGNED = "not an assigned number"
    TOTAL_LINE = "the total line"

    def words(self, language: Language) -> str:
        """The reason as shown beside a refused row."""
        return _REASONS_ZH[self] if language == "zh" else self.value


class Oddity(StrEnum):
    """What was odd about a number that is usable all the same."""

    TRAILING_ZERO = "trailing .0"
    LEADING_ZERO = "leading 0 missing"

    def words(self, language: Language) -> str:
        """The warning as shown beside an accepted row."""
        return _WARNINGS_ZH[self] if language == "zh" else self.value


_REASONS_ZH = {
    Reason.EMPTY: "号码为空",
    Reason.LENGTH: "号码位数不对",
    Reason.SCIENTIFIC: "科学计数法，号码尾数已丢失",
    Reason.NOT_A_NUMBER: "不是电话号码",
    Reason.NOT_MOBILE: "不是手机号段",
    Reason.SERVICE: "服务号码，不可外呼",
    Reason.UNASSIGNED: "空号，号段或区号未启用",
    Reason.TOTAL_LINE: "合计行",
}
_WARNINGS_ZH = {Oddity.TRAILING_ZERO: "号码末尾多了“.0”", Oddity.LEADING_ZERO: "区号前少了 0"}


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone number that exists: `national` are the digits dialled within its own country."""

    e164: str
    national: str
    region: str
    kind: Kind
    time_zones: tuple[str, ...]
    warning: Oddity | None = None

    @property
    def callable(self) -> bool:
        """Whether the hour at the callee's can be told: one to six candidate time zones."""
        return 1 <= len(self.time_zones) <= MOST_ZONES


@dataclass(frozen=True, slots=True)
class Unusable:
    """A cell in which there is no number that may be rung."""

    raw: str
    reason: Reason


def parse(raw: str, *, region: str = "CN") -> Number | Unusable:
    """The number written in `raw`; `region` (ISO 3166) is where a number without a country code belongs.

    Plain mainland mobiles never reach phonenumbers, which takes twenty times as long to say the same.
    """
    if region != "CN":
        return parse_slowly(raw, region=region)
    if number := _plain_mobile(raw, None):
        return number
    return _plain_mobile(*_unrounded(_folded(raw))) or parse_slowly(raw, region=region)


def parse_slowly(raw: str, *, region: str = "CN") -> Number | Unusable:
    """The same answer as `parse`, always asked of phonenumbers: the yardstick of the fast path."""
    text, warning = _unrounded(_folded(raw))
    if reason := _illegible(text):
        return Unusable(raw, reason)
    found = _looked_up(text, region)
    if isinstance(found, Reason):
        return Unusable(raw, found)
    return _number(found, warning or _zero_lost(found, text))


def masked(e164: str) -> str:
    """The number as shown until it is needed: 138****5678, 0591****4321, +141****0132."""
    written = as_dialled(e164)
    if len(written) < 9:
        return "****" + written[-2:]
    return f"{written[:-8]}****{written[-4:]}"


def display(e164: str) -> str:
    """The number spaced for reading aloud and dialling: 138 0013 8000, 0591 8765 4321, +1 415-555-0132."""
    written = as_dialled(e164)
    if _MOBILE_SHAPE.fullmatch(written):
        return f"{written[:3]} {written[3:7]} {written[7:]}"
    style = phonenumbers.PhoneNumberFormat
    form = style.INTERNATIONAL if written.startswith("+") else style.NATIONAL
    return str(phonenumbers.format_number(phonenumbers.parse(e164), form))


def as_dialled(e164: str) -> str:
    """The digits that are dialled within the country: 13800138000, 059187654321; +14155550132 from abroad."""
    if not e164.startswith("+86"):
        return e164
    national = e164[3:]
    return national if _MOBILE_SHAPE.fullmatch(national) else "0" + national


# Spellings

_DASHES = "‐‑‒–—―−－﹣ー"
_SPACES = "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000\t\r\n\v\f"
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
FOLD: dict[int, str | None] = {
    **{full: chr(full - 0xFEE0) for full in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, _DASHES), "-"),
    **dict.fromkeys(map(ord, _SPACES), " "),
    **dict.fromkeys(map(ord, _INVISIBLE), None),
    **{ord(left): "(" for left in "[【〔［"},
    **{ord(right): ")" for right in "]】〕］"},
    **{ord(quote): "'" for quote in "‘’`´＇"},
}
_FORMULA_TEXT = re.compile(r'="([^"]*)"')
_ROUNDED = re.compile(r"(\+?\d{5,})\.0+", re.ASCII)
SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d*)?[eE][+-]?\d+", re.ASCII)
LEGIBLE = re.compile(r"\(?\+? ?\(?\d[\d ()\-]*", re.ASCII)
_DOTTED = re.compile(r"\+[\d.() \-]+|\d+(?:\.\d+){2,}", re.ASCII)
_MOBILE_SHAPE = re.compile(r"1\d{10}", re.ASCII)
_PLAIN = re.compile(r"(?:(?:\+86|0086|86|\(\+?86\))[ \-]?)?(1\d\d)[ \-]?(\d{4})[ \-]?(\d{4})", re.ASCII)


def _folded(raw: str) -> str:
    """`raw` in plain ASCII where it has a plain counterpart, without what nobody sees."""
    text = raw.translate(FOLD).strip()
    if formula := _FORMULA_TEXT.fullmatch(text):
        text = formula[1]
    text = text.lstrip("' ")
    return text.replace(".", "-") if _DOTTED.fullmatch(text) and not _ROUNDED.fullmatch(text) else text


def _unrounded(text: str) -> tuple[str, Oddity | None]:
    """The text without the .0 that a spreadsheet writes behind whole numbers, and the warning that it was there."""
    rounded = _ROUNDED.fullmatch(text)
    return (rounded[1], Oddity.TRAILING_ZERO) if rounded else (text, None)


def _plain_mobile(text: str, warning: Oddity | None) -> Number | None:
    """A mainland mobile in one of its everyday spellings, or None."""
    match = _PLAIN.fullmatch(text)
    if not match:
        return None
    digits = "".join(match.groups())
    if not _mobile_ranges().fullmatch(digits):
        return None
    return Number("+86" + digits, digits, "CN", Kind.MOBILE, MAINLAND_ZONES, warning)


@cache
def _mobile_ranges() -> re.Pattern[str]:
    mainland = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    assert mainland and mainland.mobile and mainland.mobile.national_number_pattern
    return re.compile(mainland.mobile.national_number_pattern, re.ASCII)


def _illegible(text: str) -> Reason | None:
    if not text:
        return Reason.EMPTY
    if SCIENTIFIC.fullmatch(text):
        return Reason.SCIENTIFIC
    return None if LEGIBLE.fullmatch(text) else Reason.NOT_A_NUMBER


# What libphonenumber knows

SERVICE = re.compile(
    r"1[12]\d|1[012]\d{3}|100\d{2,3}|9[56]\d{3,6}|1010\d{4}|400\d{7}|(?:10|21)?800\d{7}",
    re.ASCII,
)
_SERVICE_TYPES = {PhoneNumberType.SHARED_COST, PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE}
_KINDS = {PhoneNumberType.MOBILE: Kind.MOBILE, PhoneNumberType.FIXED_LINE: Kind.LANDLINE}


def _looked_up(text: str, region: str) -> PhoneNumber | Reason:
    digits = re.sub(r"\D", "", text)
    if "+" in text:
        return _international(digits)
    if digits.startswith("00"):
        return _international(digits[2:])
    if region != "CN":
        return _asked(digits, region)
    if digits.startswith("86") and len(digits) >= 12:
        return _mainland(digits[2:])
    return _mainland(digits)


def _international(digits: str) -> PhoneNumber | Reason:
    return _mainland(digits[2:]) if digits.startswith("86") else _asked("+" + digits, None)


def _mainland(digits: str) -> PhoneNumber | Reason:
    """Mainland digits with or without the trunk 0. Dial-through prefixes (17951…) stay: taking them off would guess."""
    bare = digits.removeprefix("0")
    if SERVICE.fullmatch(bare):
        return Reason.SERVICE
    if not 10 <= len(bare) <= 11 or re.match(r"1[1-9]\d{8}$", bare):
        return Reason.LENGTH
    if bare.startswith("0"):
        return Reason.UNASSIGNED
    number = PhoneNumber(country_code=86, national_number=int(bare))
    kind = phonenumbers.number_type(number)
    if kind in _SERVICE_TYPES:
        return Reason.SERVICE
    if kind in _KINDS:
        return number
    return Reason.NOT_MOBILE if re.match(r"1\d{10}$", bare) else Reason.UNASSIGNED


def _asked(digits: str, region: str | None) -> PhoneNumber | Reason:
    try:
        number = phonenumbers.parse(digits, region)
    except NumberParseException as failed:
        lengths = (NumberParseException.TOO_LONG, NumberParseException.TOO_SHORT_NSN)
        return Reason.LENGTH if failed.error_type in lengths else Reason.UNASSIGNED
    if phonenumbers.is_valid_number(number):
        return number
    possible = phonenumbers.is_possible_number_with_reason(number)
    return Reason.UNASSIGNED if possible == ValidationResult.IS_POSSIBLE else Reason.LENGTH


def _number(found: PhoneNumber, warning: Oddity | None) -> Number:
    kind = _KINDS.get(phonenumbers.number_type(found), Kind.OTHER)
    e164 = str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))
    region = str(phonenumbers.region_code_for_number(found) or phonenumbers.UNKNOWN_REGION)
    national = phonenumbers.national_significant_number(found)
    if region == "CN" and kind is Kind.LANDLINE:
        national = "0" + national
    return Number(e164, national, region, kind, _zones(found), warning)


def _zones(found: PhoneNumber) -> tuple[str, ...]:
    if found.country_code == 86:
        return MAINLAND_ZONES
    # Its data is several megabytes, and a mainland centre may never need it.
    from phonenumbers.timezone import time_zones_for_number

    return tuple(zone for zone in time_zones_for_number(found) if zone != UNKNOWN_ZONE)


def _zero_lost(found: PhoneNumber, text: str) -> Oddity | None:
    """Excel drops the 0 of 0591… when it takes the cell for a number; the area code still tells which line it is."""
    digits = re.sub(r"\D", "", text)
    area = str(found.national_number)
    bare = found.country_code == 86 and "+" not in text and digits == area and not _MOBILE_SHAPE.fullmatch(area)
    return Oddity.LEADING_ZERO if bare else None


def zones_kept(number: Number) -> str:
    """A number's candidate zones as its row holds them: of too many only so many that it is seen to be too many."""
    return ",".join(number.time_zones[: MOST_ZONES + 1])

"""Filling in a text: the facts of one call, and each placeholder as it is said or written.

Filling in is one pass: a customer whose name holds braces cannot smuggle in a placeholder.
"""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from outbound.errors import Language, Refusal
from scripts import spoken
from scripts.language import Words
from scripts.placeholders import Placeholder, placeholders, split


class FactsMissing(Refusal):
    """The script cannot be shown: {names} is not known for this call."""

    zh = "脚本无法显示：本次通话缺少 {names}。"

    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__(names=", ".join(names))


class PlaceholderUnknown(Refusal):
    """The script uses {names}, which does not exist."""

    zh = "脚本用到了不存在的占位内容 {names}。"
    status = 422

    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__(names=", ".join(names))


class OfferFacts(BaseModel):
    """The offer as it is told to customers; `price` in 分 for each cycle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Words
    price: int = Field(ge=0)
    functions: Words
    usage: Words
    enquiry: Words
    cancel: Words
    cycle: Words | None = None


class Facts(BaseModel):
    """What is known of one call. Days are calendar days in the centre's zone; `customer` holds name and attributes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    customer: dict[str, str | int | float | None] = Field(default_factory=dict)
    offer: OfferFacts | None = None
    trial_days: int | None = Field(default=None, ge=0)
    trial_ends: date | None = None
    charge_starts: date | None = None
    sale_date: date | None = None
    agent_name: str | None = None
    agent_number: str | None = None
    centre_name: str | None = None
    today: date | None = None
    reply_code: str | None = None


def fill(text: str, facts: Facts, language: Language) -> str:
    """`text` with its placeholders filled in; raises PlaceholderUnknown or FactsMissing."""
    unknown = [found.written for found in placeholders(text) if not found.known]
    if unknown:
        raise PlaceholderUnknown(unknown)
    missing = [found.written for found in placeholders(text) if value_of(found, facts, language) is None]
    if missing:
        raise FactsMissing(missing)
    filled = ""
    for part in split(text):
        value = part if isinstance(part, str) else value_of(part, facts, language) or ""
        begins = not filled or filled.rstrip().endswith((".", "!", "?"))
        filled += value[:1].upper() + value[1:] if begins and language == "en" else value
    return filled


def value_of(found: Placeholder, facts: Facts, language: Language) -> str | None:
    """What a known placeholder is filled with; None where the fact is missing and there is no fallback."""
    fact = _fact(found.name, facts, language)
    if fact is None or fact == "":
        return found.fallback or None
    if isinstance(fact, date):
        return (spoken.date_said if found.way else spoken.date_written)(fact, language)
    if found.name == "offer.price":
        return (spoken.money_said if found.way else spoken.money_written)(int(fact), language)
    if found.way == "digits":
        return spoken.digits_said(str(fact), language)
    if found.way == "words" and language == "zh":
        return spoken.number_words(int(fact), counting=True)
    # A manager may have ended the offer's text with a full stop, where the script's own sentence goes on.
    return str(fact).strip().rstrip("。．.；;，,") if found.name.startswith("offer.") else str(fact)


def _fact(name: str, facts: Facts, language: Language) -> str | int | float | date | None:
    group, _, field = name.partition(".")
    if group == "customer":
        return facts.customer.get(field)
    if group == "offer":
        value = getattr(facts.offer, field) if facts.offer else None
        return value.shown(language) if value is not None and not isinstance(value, int) else value
    fact: str | int | float | date | None = getattr(facts, name.replace(".", "_"))
    return fact

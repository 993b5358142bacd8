"""The names in braces that a script may use, what each stands for, and the ways in which it can be said.

`{offer.price}` is filled in as written, `{offer.price_words}` or `{offer.price|words}` as spoken,
`{agent.number|digits}` digit by digit; `{customer.plan|or 现在的套餐}` has words to fall back on, because lists do not
know everything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Sort(StrEnum):
    """What a placeholder holds, which decides how it can be said."""

    TEXT = "text"
    MONEY = "money"
    NUMBER = "number"
    DATE = "date"


KNOWN: dict[str, Sort] = {
    "customer.name": Sort.TEXT,
    "customer.honorific": Sort.TEXT,
    "offer.name": Sort.TEXT,
    "offer.price": Sort.MONEY,
    "offer.cycle": Sort.TEXT,
    "offer.functions": Sort.TEXT,
    "offer.usage": Sort.TEXT,
    "offer.enquiry": Sort.TEXT,
    "offer.cancel": Sort.TEXT,
    "trial.days": Sort.NUMBER,
    "trial.ends": Sort.DATE,
    "charge.starts": Sort.DATE,
    "agent.name": Sort.TEXT,
    "agent.number": Sort.TEXT,
    "centre.name": Sort.TEXT,
    "today": Sort.DATE,
    "sale.date": Sort.DATE,
    "reply.code": Sort.TEXT,
}
"""Every name but those of the customer's own attributes, which are `customer.` and the column's name."""

_WAYS: dict[Sort, frozenset[str]] = {
    Sort.TEXT: frozenset({"digits"}),
    Sort.MONEY: frozenset({"words"}),
    Sort.NUMBER: frozenset({"words", "digits"}),
    Sort.DATE: frozenset({"words"}),
}
_BRACED = re.compile(r"\{([^{}]*)\}")
_ATTRIBUTE = re.compile(r"customer\.\w[\w-]*")


@dataclass(frozen=True)
class Placeholder:
    """One `{…}` as written, taken apart."""

    written: str
    name: str
    way: str | None
    fallback: str | None

    @property
    def sort(self) -> Sort | None:
        """What it holds; None where the name is unknown."""
        return KNOWN.get(self.name) or (Sort.TEXT if _ATTRIBUTE.fullmatch(self.name) else None)

    @property
    def known(self) -> bool:
        """Whether both the name and the way of saying it exist."""
        return self.sort is not None and (self.way is None or self.way in _WAYS[self.sort])

    @property
    def attribute(self) -> str | None:
        """The customer's attribute that is meant; None for the names that always exist."""
        return self.name.removeprefix("customer.") if self.name not in KNOWN and self.sort else None


def taken_apart(inside: str) -> Placeholder:
    """The placeholder whose braces hold `inside`."""
    name, *rest = (part.strip() for part in inside.split("|"))
    way: str | None = None
    fallback: str | None = None
    for part in rest:
        if part.startswith("or "):
            fallback = part.removeprefix("or ").strip()
        else:
            way = part if way is None else f"{way}|{part}"
    base = name.removesuffix("_words")
    if name not in KNOWN and KNOWN.get(base, Sort.TEXT) != Sort.TEXT:
        name, way = base, "words" if way is None else f"words|{way}"
    return Placeholder("{" + inside + "}", name, way, fallback)


# Texts of scripts are filled in for every customer, and taken apart once.
@lru_cache(maxsize=4096)
def placeholders(text: str) -> tuple[Placeholder, ...]:
    """Every placeholder in `text`, in order; a brace without its partner is an unknown one."""
    return tuple(_found(text))


def _found(text: str) -> Iterator[Placeholder]:
    position = 0
    for found in _BRACED.finditer(text):
        yield from _strays(text[position : found.start()])
        yield taken_apart(found[1])
        position = found.end()
    yield from _strays(text[position:])


def _strays(text: str) -> Iterator[Placeholder]:
    for brace in re.findall(r"[{}][^{}]{0,20}", text):
        yield Placeholder(brace, "", None, None)


def names_in(text: str) -> frozenset[str]:
    """The names of the known placeholders that `text` is filled with."""
    return frozenset(found.name for found in placeholders(text) if found.known)


@lru_cache(maxsize=4096)
def split(text: str) -> tuple[str | Placeholder, ...]:
    """`text` as its plain stretches and placeholders in order."""
    return tuple(_stretches(text))


def _stretches(text: str) -> Iterator[str | Placeholder]:
    position = 0
    for found in _BRACED.finditer(text):
        yield text[position : found.start()]
        yield taken_apart(found[1])
        position = found.end()
    yield text[position:]

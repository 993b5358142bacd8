"""Rows of lists on a page: numbers of customers are masked, unless a number is the very thing that is wrong."""

import re
import unicodedata
from collections.abc import Sequence

from outbound.call_lists.model import RowFault
from outbound.phones import parsing
from outbound.phones.parsing import Number, parse
from web.filters import masked

_DATED = re.compile(r"\d{4}\D\d{1,2}\D\d{1,2}")


def shown_cells(cells: Sequence[str], fault: RowFault | None) -> list[str]:
    """The cells of a row as a page shows them."""
    return list(cells) if fault is RowFault.INVALID else [without_numbers(cell) for cell in cells]


def without_numbers(cell: str) -> str:
    """A cell with a number, or with ten digits and more, as 138****5678; dates are left as they are."""
    found = parse(cell, region="CN")
    if isinstance(found, Number):
        return parsing.masked(found.e164)
    plain = unicodedata.normalize("NFKC", cell)
    digits = "".join(char for char in plain if char.isdecimal())
    if len(digits) < 10 or _DATED.match(plain.strip()):
        return cell
    return masked(digits[-11:])

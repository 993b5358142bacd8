"""A list's rows told apart: those that may be rung, and those that are refused, each with its reason."""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

from outbound.call_lists.columns import ColumnMap
from outbound.call_lists.reading import ListFile
from outbound.call_lists.refusals import HeadOnly, TooManyRows
from outbound.phones.parsing import Number, Reason, Unusable, parse

MOST_ROWS = 10_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """A customer with at least one number; `unusable` are the other phone cells in which there was none."""

    row: int
    numbers: tuple[Number, ...]
    name: str | None
    priority: int | None
    city: str | None
    attributes: dict[str, str]
    unusable: tuple[Unusable, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A row without a number that may be rung: `raw` is what its phone cells say, `cells` the row as it came."""

    row: int
    reason: Reason
    raw: str
    cells: list[str]


def examine(
    list_file: ListFile, column_map: ColumnMap, *, region: str = "CN", most_rows: int = MOST_ROWS
) -> Iterator[Row | Refused]:
    """Every row beneath the header, in the file's order, as accepted or refused.

    Raises TooManyRows, HeadOnly, and what `ListFile.rows` raises.
    """
    count = 0
    for number, cells in list_file.rows():
        if number <= column_map.header_row:
            continue
        count += 1
        if count > most_rows:
            raise TooManyRows(file_name=list_file.file_name, limit=most_rows)
        yield examined(number, cells, column_map, region=region)
    if not count:
        raise HeadOnly(file_name=list_file.file_name)


@dataclass
class Tally:
    """What came of a list's rows; the four kinds add up to `rows`."""

    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    invalid: int = 0
    suppressed: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)

    def counts(self) -> dict[str, int]:
        """The five figures by name."""
        return {name: getattr(self, name) for name in ("rows", "accepted", "duplicate", "invalid", "suppressed")}


def tally(found: Iterable[Row | Refused], *, suppressed: Container[str] = ()) -> Tally:
    """Counts a list as an import into an empty centre would: a row is a duplicate when all its numbers came before,
    suppressed when none of those that are left may be rung (`suppressed`, in E.164).

    Holds every number in memory: for previews and tests, not for millions.
    """
    result, seen = Tally(), set[str]()
    for row in found:
        result.rows += 1
        if isinstance(row, Refused):
            result.invalid += 1
            result.reasons[row.reason] += 1
        elif not (left := new_numbers(row, seen)):
            result.duplicate += 1
        elif all(number in suppressed for number in left):
            result.suppressed += 1
        else:
            result.accepted += 1
    return result


def new_numbers(row: Row, seen: set[str]) -> set[str]:
    """Those of a row's numbers (E.164) that are not in `seen` yet; they are in it afterwards."""
    new = {number.e164 for number in row.numbers} - seen
    seen |= new
    return new


_TOTAL = re.compile(
    r"(?:本页|本表|全部)?(?:合\s*计|总\s*计|小\s*计|共\s*计|(?:grand\s*|sub\s*)?totals?|sum)\s*[:：]?\s*[\d,.]*\s*(?:户|条|个|人|行|rows?)?",
    re.IGNORECASE,
)
_SEVERAL = re.compile(r"[/\\;；、，,|\n]|或")
_URGENCY = {"高": 1, "high": 1, "紧急": 1, "urgent": 1, "中": 2, "medium": 2, "普通": 2, "normal": 2, "低": 3, "low": 3}
_WHOLE = re.compile(r"(\d{1,6})(?:\.0+)?", re.ASCII)


def examined(number: int, cells: list[str], columns: ColumnMap, *, region: str = "CN") -> Row | Refused:
    """One row, told by itself: the yardstick of `preparing.prepare`, which tells many at once."""
    if len(cells) < len(columns.headers):
        cells = cells + [""] * (len(columns.headers) - len(cells))
    if is_total(next(cell for cell in cells if cell.strip())):
        return _refused(number, cells, columns, Reason.TOTAL_LINE)
    numbers, unusable = _numbers([cells[at] for at in columns.phone], region)
    if not numbers:
        return _refused(number, cells, columns, _reason(cells, unusable))
    return Row(
        number,
        numbers,
        _cell(cells, columns.name),
        priority(_cell(cells, columns.priority)),
        _cell(cells, columns.city),
        _attributes(cells, columns),
        unusable,
    )


def _refused(number: int, cells: list[str], columns: ColumnMap, reason: Reason) -> Refused:
    raw = " / ".join(cells[at] for at in columns.phone if cells[at] or len(columns.phone) == 1)
    return Refused(number, reason, raw, cells)


def is_total(cell: str) -> bool:
    """Whether a cell says that the row adds up others: 合计, 总计 128 户, Total."""
    return bool(_TOTAL.fullmatch(cell.strip()))


def _reason(cells: list[str], unusable: tuple[Unusable, ...]) -> Reason:
    if any(is_total(cell) for cell in cells):
        return Reason.TOTAL_LINE
    return unusable[0].reason if unusable else Reason.EMPTY


def _numbers(written: list[str], region: str) -> tuple[tuple[Number, ...], tuple[Unusable, ...]]:
    """The different numbers in a row's phone cells, and the cells that say something else than a number."""
    found: dict[str, Number] = {}
    unusable: list[Unusable] = []
    for cell in written:
        for one in _parsed(cell, region):
            if isinstance(one, Number):
                found.setdefault(one.e164, one)
            elif one.reason is not Reason.EMPTY:
                unusable.append(one)
    return tuple(found.values()), tuple(unusable)


def _parsed(cell: str, region: str) -> list[Number | Unusable]:
    """The number in a cell, or the several numbers where people have written more than one into it."""
    whole = parse(cell, region=region)
    if isinstance(whole, Number) or not _SEVERAL.search(cell):
        return [whole]
    parts = [parse(part, region=region) for part in _SEVERAL.split(cell) if part.strip()]
    return parts if any(isinstance(part, Number) for part in parts) else [whole]


def _cell(cells: list[str], at: int | None) -> str | None:
    return cells[at] if at is not None and cells[at].strip() else None


def priority(said: str | None) -> int | None:
    """1 is the most urgent; 高, 中, 低 are 1, 2, 3; anything else says nothing."""
    if said is None:
        return None
    plain = said.strip().lower()
    whole = _WHOLE.fullmatch(plain)
    return int(whole[1]) if whole else _URGENCY.get(plain)


def _attributes(cells: list[str], columns: ColumnMap) -> dict[str, str]:
    kept = {header: cells[at] for at, header in columns.attributes if cells[at]}
    for at in range(len(columns.headers), len(cells)):
        if cells[at].strip():
            kept[f"第{at + 1}列"] = cells[at]
    return kept

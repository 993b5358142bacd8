"""The rows of an opt-out list with the numbers in them, a chunk at a time; nothing here asks the database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from outbound.call_lists import examining
from outbound.call_lists.columns import ColumnMap, NumberedRow
from outbound.call_lists.examining import MOST_ROWS, Row
from outbound.call_lists.reading import ListFile
from outbound.call_lists.refusals import TooManyRows
from outbound.phones.bulk import parse_many
from outbound.phones.model import zones_kept
from outbound.phones.vault import Vault

CHUNK = 20_000
Place = tuple[str, str, str]
"""A number (E.164), its region, and its zones as `Phone.zones` keeps them."""


@dataclass(slots=True)
class Chunk:
    """Some rows of a list: what stands at one place of `cells` and `digests` is of one row."""

    cells: list[list[str]]
    digests: list[tuple[bytes, ...]]
    """Of each row's numbers; none where it has no number that may be rung."""
    numbers: dict[bytes, Place]


def prepared(list_file: ListFile, columns: ColumnMap, vault: Vault, *, size: int = CHUNK) -> Iterator[Chunk]:
    """The rows beneath the header in chunks; raises TooManyRows and what `ListFile.rows` raises."""
    beneath = (row for row in list_file.rows() if row[0] > columns.header_row)
    count = 0
    while rows := list(islice(beneath, size)):
        count += len(rows)
        if count > MOST_ROWS:
            raise TooManyRows(file_name=list_file.file_name, limit=MOST_ROWS)
        yield prepare(rows, columns, vault)


def prepare(rows: Sequence[NumberedRow], columns: ColumnMap, vault: Vault) -> Chunk:
    """These rows with their numbers."""
    cells = [written for _, written in rows]
    places: dict[str, Place] = {}
    found = _plain(cells, columns, places)
    for at, (number, written) in enumerate(rows):
        if not found[at] or _may_be_total(written):
            found[at] = _examined(number, written, columns, places)
    digests = dict(zip(places, vault.digest_many(places), strict=True))
    return Chunk(
        cells=cells,
        digests=[tuple([digests[number] for number in numbers]) for numbers in found],
        numbers={digest: places[number] for number, digest in digests.items()},
    )


def _plain(cells: Sequence[list[str]], columns: ColumnMap, places: dict[str, Place]) -> list[tuple[str, ...]]:
    """The numbers of rows in which every phone cell holds exactly one; none for rows that need a closer look."""
    at = columns.phone[0]
    column = [written[at] if at < len(written) else "" for written in cells]
    parsed = parse_many(column)
    numbers: list[str | None] = parsed["e164"].to_list()
    for number, region, zones in zip(numbers, parsed["region"].to_list(), parsed["zones"].to_list(), strict=True):
        if number:
            places[number] = (number, region, zones)
    if len(columns.phone) == 1:
        return [(number,) if number else () for number in numbers]
    others = columns.phone[1:]
    return [
        (number,) if number and not any(written[other : other + 1] not in ([], [""]) for other in others) else ()
        for number, written in zip(numbers, cells, strict=True)
    ]


def _may_be_total(written: Sequence[str]) -> bool:
    first = next((cell for cell in written if cell.strip()), "").lstrip()
    return not first[:1].isdigit() and examining.is_total(first)


def _examined(number: int, written: list[str], columns: ColumnMap, places: dict[str, Place]) -> tuple[str, ...]:
    judged = examining.examined(number, written, columns)
    if not isinstance(judged, Row):
        return ()
    for each in judged.numbers:
        places[each.e164] = (each.e164, each.region, zones_kept(each))
    return tuple(each.e164 for each in judged.numbers)

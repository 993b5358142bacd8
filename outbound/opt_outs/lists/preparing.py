"""The rows of an opt-out list with the numbers in them, a chunk at a time; nothing here asks the database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from outbound.call_lists import examining
from outbound.call_lists.columns import ColumnMap, NumberedRow
from outbound.call_lists.examining import MOST_ROWS, Row
from outbound.call_lists.preparing import batches
from outbound.call_lists.reading import ListFile
from outbound.call_lists.refusals import TooManyRows
from outbound.phones.bulk import parse_many
from outbound.phones.parsing import zones_kept
from outbound.phones.vault import Vault

CHUNK = 20_000
Place = tuple[str, str, str]
"""A number (E.164), its region, and its zones as `Phone.zones` keeps them."""


@dataclass(slots=True)
class Chunk:
    """Some rows of a list: what stands at one place of `rows`, `cells` and `digests` is of one row."""

    rows: list[int]
    cells: list[list[str]]
    digests: list[tuple[bytes, ...]]
    """Of each row's numbers; none where it has no number that may be rung."""
    numbers: dict[bytes, Place]
    reasons: dict[int, str]
    """By place: why a row has no number."""


def prepared(
    list_file: ListFile, columns: ColumnMap, vault: Vault, *, after: int = 0, size: int = CHUNK
) -> Iterator[Chunk]:
    """The rows beneath the header, and beneath row `after`, in chunks.

    Raises TooManyRows and what `ListFile.rows` raises.
    """
    above = max(columns.header_row, after)
    beneath = (row for row in list_file.rows() if row[0] > above)
    count = 0
    for rows in batches(beneath, size):
        count += len(rows)
        if count > MOST_ROWS:
            raise TooManyRows(file_name=list_file.file_name, limit=MOST_ROWS)
        yield prepare(rows, columns, vault)


def prepare(rows: Sequence[NumberedRow], columns: ColumnMap, vault: Vault) -> Chunk:
    """These rows with their numbers."""
    cells = [written for _, written in rows]
    places: dict[str, Place] = {}
    reasons: dict[int, str] = {}
    found = _plain(cells, columns, places)
    for at, (number, written) in enumerate(rows):
        # Nearly every row begins with its number.
        if not found[at] or (not written[0][:1].isdigit() and _may_be_total(written)):
            judged = examining.examined(number, written, columns)
            found[at] = _numbers(judged, places) if isinstance(judged, Row) else ()
            if not isinstance(judged, Row):
                reasons[at] = judged.reason.value
    digests = dict(zip(places, vault.digest_many(places), strict=True))
    return Chunk(
        rows=[number for number, _ in rows],
        cells=cells,
        digests=[tuple([digests[number] for number in numbers]) for numbers in found],
        numbers={digest: places[number] for number, digest in digests.items()},
        reasons=reasons,
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


def _numbers(judged: Row, places: dict[str, Place]) -> tuple[str, ...]:
    for each in judged.numbers:
        places[each.e164] = (each.e164, each.region, zones_kept(each))
    return tuple(each.e164 for each in judged.numbers)

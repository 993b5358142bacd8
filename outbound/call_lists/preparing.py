"""Rows of a list made ready to be stored, a chunk at a time: numbers read, digested and sealed, attributes as JSON.

Nothing here asks the database, so that one process can prepare while another stores.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring as quoted

from outbound.call_lists import examining
from outbound.call_lists.columns import ColumnMap, NumberedRow
from outbound.call_lists.examining import MOST_ROWS, Refused
from outbound.call_lists.reading import ListFile
from outbound.call_lists.refusals import HeadOnly, TooManyRows
from outbound.phones.hiding import holds_number, without_numbers
from outbound.phones.parsing import MAINLAND_ZONES, zones_kept
from outbound.phones.vault import Vault

CHUNK = 10_000
"""Rows of one transaction: more would cost memory, and keep others waiting who want to write."""
MOST_WEIGHT = 5_000_000
"""Bytes, about, that the cells of a chunk take as texts: where rows are wide there are fewer of them in it."""
_EMPTY_TEXT = 50
HIGHEST_PRIORITY = 10
LONGEST_NAME = 80
_TOTAL_BEGINS = frozenset("本全合总小共gGsSſtT")

Place = tuple[str, str]
"""The region of a number, and its zones as `Phone.zones` keeps them."""
HOME: Place = ("CN", ",".join(MAINLAND_ZONES))


@dataclass(slots=True)
class Chunk:
    """Some rows of a list, column by column: what stands at one place of each is of one row."""

    rows: list[int]
    cells: list[str]
    """Each row as it was written, a JSON list."""
    reasons: list[str]
    """Why there is no number in the row; empty where there is one."""
    digests: list[bytes]
    """Of the row's first number; empty where there is none."""
    several: dict[int, tuple[bytes, ...]]
    """By place: every number of a row that has more than one."""
    phones: dict[bytes, bytes]
    """By digest: the sealed number."""
    places: dict[bytes, Place]
    """By digest: where a number is that is not on the mainland."""
    names: list[str]
    attributes: list[str]
    sealed: dict[int, bytes]
    """By place: the cells that hold a number, encrypted, of a row that has any besides its own."""
    priorities: list[int]


def prepared(
    list_file: ListFile, columns: ColumnMap, vault: Vault, *, after: int = 0, size: int = CHUNK, most: int = MOST_ROWS
) -> Iterator[Chunk]:
    """The rows beneath the header, and beneath row `after`, in chunks of `size`.

    Raises TooManyRows, HeadOnly, and what `ListFile.rows` raises.
    """
    if list_file.lines > most:
        _refuse_too_many(list_file, columns, most)
    beneath = (row for row in list_file.rows() if row[0] > columns.header_row)
    left = (row for row in beneath if row[0] > after) if after else beneath
    count = 0
    for rows in batches(left, size):
        count += len(rows)
        if count > most:
            raise TooManyRows(file_name=list_file.file_name, limit=most)
        yield prepare(rows, columns, vault)
    if not count and not after:
        raise HeadOnly(file_name=list_file.file_name)


def batches(rows: Iterable[NumberedRow], size: int) -> Iterator[list[NumberedRow]]:
    """The rows in lists of `size`, and of fewer where they would take much memory."""
    batch: list[NumberedRow] = []
    weight = 0
    for row in rows:
        batch.append(row)
        weight += _EMPTY_TEXT * len(row[1]) + sum(map(len, row[1]))
        if len(batch) == size or weight >= MOST_WEIGHT:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _refuse_too_many(list_file: ListFile, columns: ColumnMap, most: int) -> None:
    """Counted before anything is stored; only for files so long that it may matter, since it reads them through."""
    if sum(1 for number, _ in list_file.rows() if number > columns.header_row) > most:
        raise TooManyRows(file_name=list_file.file_name, limit=most)


def prepare(rows: Sequence[NumberedRow], columns: ColumnMap, vault: Vault) -> Chunk:
    """These rows as they are stored."""
    width, written = len(columns.headers), [cells for _, cells in rows]
    full = [cells if len(cells) >= width else cells + [""] * (width - len(cells)) for cells in written]
    found, places = _numbers(full, columns)
    reasons = _told_singly(rows, full, found, places, columns)
    different = list(dict.fromkeys(number for numbers in found for number in numbers))
    digest_of = dict(zip(different, vault.digest_many(different), strict=True))
    spelt = [list(map(quoted, cells)) for cells in written]
    told, hidden = _attributes(written, spelt, columns)
    return Chunk(
        rows=[number for number, _ in rows],
        cells=["[" + ",".join(cells) + "]" for cells in spelt],
        reasons=reasons,
        digests=[digest_of[numbers[0]] if numbers else b"" for numbers in found],
        several={
            at: tuple(digest_of[number] for number in numbers) for at, numbers in enumerate(found) if len(numbers) > 1
        },
        phones=dict(zip(digest_of.values(), vault.seal_many(different), strict=True)),
        places={digest_of[number]: place for number, place in places.items() if number in digest_of},
        names=_names(full, columns.name),
        attributes=told,
        sealed=dict(zip(hidden, vault.seal_many(list(hidden.values())), strict=True)),
        priorities=_priorities(full, columns.priority),
    )


def _numbers(full: Sequence[list[str]], columns: ColumnMap) -> tuple[list[tuple[str, ...]], dict[str, Place]]:
    """The plain numbers of each row, none where a cell needs a closer look; and where those from abroad are."""
    # Who stores what another process prepares has no need of it, nor of the fifty megabytes that it takes.
    from outbound.phones.bulk import parse_many

    places: dict[str, Place] = {}
    by_column: list[list[str | None]] = []
    for at in columns.phone:
        parsed = parse_many([cells[at] for cells in full])
        by_column.append(parsed["e164"].to_list())
        away = parsed.filter((parsed["zones"] != HOME[1]) | (parsed["region"] != HOME[0]))
        for number, region, zones in away.select("e164", "region", "zones").iter_rows():
            places[number] = (region, zones)
    if len(by_column) == 1:
        return [(number,) if number else () for number in by_column[0]], places
    return [
        _of_row([(number, full[row][at]) for number, at in zip(numbers, columns.phone, strict=True)])
        for row, numbers in enumerate(zip(*by_column, strict=True))
    ], places


def _of_row(cells: Sequence[tuple[str | None, str]]) -> tuple[str, ...]:
    told = [number for number, cell in cells if number or cell.strip()]
    return () if None in told else tuple(dict.fromkeys(number for number in told if number))


def _told_singly(
    rows: Sequence[NumberedRow],
    full: Sequence[list[str]],
    found: list[tuple[str, ...]],
    places: dict[str, Place],
    columns: ColumnMap,
) -> list[str]:
    """Why rows have no number; those that are not plain are examined one by one, which may find some in `found`."""
    reasons = [""] * len(rows)
    for at, cells in enumerate(full):
        if found[at] and not _is_total(cells):
            continue
        judged = examining.examined(rows[at][0], cells, columns)
        if isinstance(judged, Refused):
            found[at], reasons[at] = (), judged.reason.value
            continue
        found[at] = tuple(number.e164 for number in judged.numbers)
        for number in judged.numbers:
            if (place := (number.region, zones_kept(number))) != HOME:
                places[number.e164] = place
    return reasons


def _is_total(cells: Sequence[str]) -> bool:
    first = cells[0]
    if not first or first.isspace():
        first = next(cell for cell in cells if cell.strip())
    first = first.lstrip()
    return first[0] in _TOTAL_BEGINS and examining.is_total(first)


def _names(full: Sequence[list[str]], at: int | None) -> list[str]:
    if at is None:
        return [""] * len(full)
    return [without_numbers(" ".join(cells[at].replace("\0", "").split())[:LONGEST_NAME]) for cells in full]


def _priorities(full: Sequence[list[str]], at: int | None) -> list[int]:
    """Lists call the most urgent 1; contacts go out highest first."""
    if at is None:
        return [0] * len(full)
    different = {said: examining.priority(said) for said in {cells[at] for cells in full}}
    stored = {said: 0 if told is None else max(0, HIGHEST_PRIORITY - told) for said, told in different.items()}
    return [stored[cells[at]] for cells in full]


def _attributes(
    written: Sequence[list[str]], spelt: Sequence[list[str]], columns: ColumnMap
) -> tuple[list[str], dict[int, str]]:
    """What is kept of each row besides, as JSON made of the cells that are JSON already; apart, by place, what holds a
    number.
    """
    width, kept = len(columns.headers), [(at, f"{quoted(header)}:") for at, header in columns.attributes]
    told: list[str] = []
    hidden: dict[int, str] = {}
    for cells, plain in zip(spelt, written, strict=True):
        count = len(cells)
        inside = [(at, key) for at, key in kept if at < count and plain[at]]
        if count > width:
            inside += [(at, f"{quoted(f'第{at + 1}列')}:") for at in range(width, count) if plain[at].strip()]
        if numbers := [each for each in inside if holds_number(plain[each[0]])]:
            hidden[len(told)] = _object(numbers, cells)
            inside = [each for each in inside if each not in numbers]
        told.append(_object(inside, cells))
    return told, hidden


def _object(inside: Iterable[tuple[int, str]], cells: Sequence[str]) -> str:
    return "{" + ",".join([key + cells[at] for at, key in inside]) + "}"

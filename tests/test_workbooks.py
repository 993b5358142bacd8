"""Workbooks read as streams: the same answers as a widely used reader gives, whoever wrote them, and little memory."""

import io
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from outbound.call_lists import refusals
from outbound.call_lists.cell_texts import Sort, plain, sort_of
from outbound.call_lists.reading import open_list
from outbound.call_lists.shared_strings import SharedStrings, unescaped
from tests.test_list_reading import SAMPLES, SHEET, plain_workbook, sheet_xml, with_part, xlsx

WORKBOOKS = sorted(path.name for path in SAMPLES.glob("*.xlsx") if path.name not in ("07-broken.xlsx", "07-html.xlsx"))


def spelt(cell: Any) -> str:
    """What the other reader finds in a cell, as text."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return plain(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else f"{cell:%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, time):
        return f"{cell:%H:%M:%S}"
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def told_by_calamine(data: bytes, sheet: str) -> list[list[str]]:
    read = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name(sheet)
    return [[spelt(cell) for cell in row] for row in read.iter_rows()]


def told_here(data: bytes, sheet: str) -> list[list[str]]:
    opened = open_list(data, "list.xlsx", sheet=sheet)
    return [cells for _number, cells in opened._all_rows()]


def assert_same(data: bytes, sheet: str) -> None:
    pairs: Any = zip_longest(told_here(data, sheet), told_by_calamine(data, sheet), fillvalue=[])
    for number, (ours, theirs) in enumerate(pairs, start=1):
        # Cells to the right of the last value are theirs alone, and empty.
        assert ours == theirs[: len(ours)], number
        assert not any(theirs[len(ours) :]), number


def every_sort_of_cell(book: xlsxwriter.Workbook) -> None:
    page = book.add_worksheet("a")
    page.write_row(2, 1, ["手机号码", "x"])
    for column, number in enumerate(
        [13800138000, 1.5, 1.38e10, 12345678901234567890, 1e-7, 0.1, -3, 0, 350102199001011234]
    ):
        page.write_number(3, column, number)
    page.write_boolean(4, 1, True)
    page.write_formula(4, 2, "=1+1", None, 2)
    page.write_formula(4, 3, '="a"&"b"', None, "ab")
    page.write_formula(4, 4, "=NA()", None, "#N/A")
    page.write_formula(4, 5, "=TRUE()", None, True)
    page.merge_range("B8:D9", "merged")
    page.write_blank(9, 1, None, book.add_format({"bold": True}))
    page.write_url(10, 1, "https://example.com", string="link")
    page.write_rich_string(11, 1, "plain", book.add_format({"bold": True}), "bold")
    for column, text in enumerate([" spaced ", "two\nlines", "_x000D_", "a\x01b", "<&>\"'", "１３８", "'=1", ""]):
        page.write_string(12, column, text)
    page.write_string(20, 3, "end")


FORMATS = ("yyyy-mm-dd", "yyyy/m/d h:mm", 'yyyy"年"m"月"d"日"', "hh:mm", "h:mm AM/PM", "[h]:mm:ss",
           "[$-804]yyyy-mm-dd", "0.00%", "[Red]0.00", "#,##0.00;[Red]-#,##0.00", '0"天"', "General", "@", r"\d0",
           14, 22, 27, 31, 46, 47, 57, 4)  # fmt: skip
DAYS = (1, 45000, 45000.5, 45000.680555555555556, 46347, 61, 0.5, 1.75, 2958465)


def every_format(book: xlsxwriter.Workbook) -> None:
    page = book.add_worksheet("a")
    for row, code in enumerate(FORMATS):
        shown = book.add_format({"num_format": code})
        for column, days in enumerate(DAYS):
            page.write_number(row, column, days, shown)


@pytest.mark.parametrize("write", [every_sort_of_cell, every_format])
def test_cells_say_what_another_reader_finds_in_them(write: Callable[[xlsxwriter.Workbook], None]) -> None:
    assert_same(xlsx(write), "a")


@pytest.mark.parametrize("name", WORKBOOKS)
def test_every_sample_says_what_another_reader_finds_in_it(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    for sheet in open_list(data, name).sheet_names:
        assert_same(data, sheet)


def test_a_workbook_without_shared_texts_says_the_same() -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as book:
        every_sort_of_cell(book)
    assert_same(target.getvalue(), "a")


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"date_1904": True}) as book:
        page, shown = book.add_worksheet("a"), book.add_format({"num_format": "yyyy-mm-dd"})
        page.write_datetime(0, 0, datetime(2026, 11, 21, tzinfo=UTC).replace(tzinfo=None), shown)
    assert told_here(target.getvalue(), "a") == [["2026-11-21"]]


@settings(max_examples=40)
@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.booleans(), st.floats(-1e17, 1e17), st.text(max_size=20)), max_size=6),
        max_size=8,
    )
)
def test_whatever_is_written_is_read_as_another_reader_reads_it(table: list[list[Any]]) -> None:
    def write(book: xlsxwriter.Workbook) -> None:
        page = book.add_worksheet("a")
        page.write_string(0, 0, "手机号")
        for row, cells in enumerate(table, start=1):
            for column, cell in enumerate(cells):
                if isinstance(cell, str):
                    page.write_string(row, column, cell)
                elif cell is not None:
                    page.write(row, column, cell)

    assert_same(xlsx(write), "a")


@pytest.mark.parametrize(
    ("number", "code", "sort"),
    [
        (0, None, Sort.NUMBER),
        (14, None, Sort.INSTANT),
        (46, None, Sort.DURATION),
        (164, 'yyyy"年"m"月"', Sort.INSTANT),
        (164, "[hh]:mm", Sort.DURATION),
        (164, '0.0"days"', Sort.NUMBER),
        (164, "[Red]0", Sort.NUMBER),
        (164, r"0\d", Sort.NUMBER),
        (164, "0;yyyy", Sort.NUMBER),
        (164, "[DBNum1][$-804]m/d", Sort.INSTANT),
    ],
)
def test_a_format_tells_a_day_from_a_number(number: int, code: str | None, sort: Sort) -> None:
    assert sort_of(number, code) is sort


def test_what_xml_cannot_hold_is_read_as_it_was_meant() -> None:
    assert unescaped("a_x0009_b_x005F_x0009_") == "a\tb_x0009_"
    assert unescaped("_xD800_") == "_xD800_"


def rows_of(inner: str, prefix: str = "") -> list[list[str]]:
    return [
        cells for _, cells in open_list(with_part(plain_workbook(), SHEET, sheet_xml(inner, prefix)), "l.xlsx").rows()
    ]


def test_cells_without_positions_stand_in_their_order() -> None:
    assert rows_of('<row><c t="str"><v>手机</v></c><c/><c><v>7</v></c></row><row><c><v>13800138000</v></c></row>') == [
        ["手机", "", "7"],
        ["13800138000"],
    ]


def test_phonetic_readings_are_not_part_of_a_text() -> None:
    told = '<row><c t="inlineStr"><is><t>王</t><rPh sb="0" eb="1"><t>wang</t></rPh><t>秀</t></is></c></row>'
    assert rows_of(told) == [["王秀"]]


def test_rows_that_are_left_out_are_counted() -> None:
    told = '<row r="3"><c r="A3"><v>1</v></c></row><row r="7"><c r="B7"><v>2</v></c></row>'
    opened = open_list(with_part(plain_workbook(), SHEET, sheet_xml(told)), "l.xlsx")
    assert list(opened.rows()) == [(3, ["1"]), (7, ["", "2"])]
    assert opened.blank_rows == 5


HARMFUL = {
    "rows in no order": '<row r="5"><c><v>1</v></c></row><row r="2"><c><v>1</v></c></row>',
    "a row twice": '<row r="5"><c><v>1</v></c></row><row r="5"><c><v>1</v></c></row>',
    "a shared text that is not there": '<row r="1"><c t="s"><v>99999</v></c></row>',
    "a shared text before the first": '<row r="1"><c t="s"><v>-1</v></c></row>',
    "a number that is none": '<row r="1"><c><v>1,5</v></c></row>',
    "a column beyond all": '<row r="1"><c r="ZZZZ1"><v>1</v></c></row>',
    "a column of no letters": '<row r="1"><c r="?1"><v>1</v></c></row>',
    "a row of megabytes": f'<row r="1"><c t="str"><v>{"x" * 1_100_000}</v></c></row>',
    "a tag of megabytes": f'<row r="1" x="{"x" * 3_000_000}"><c><v>1</v></c></row>',
}


@pytest.mark.parametrize("what", HARMFUL)
def test_a_sheet_that_no_program_writes_is_refused_as_damaged(what: str) -> None:
    data = with_part(plain_workbook(), SHEET, sheet_xml(HARMFUL[what]))
    with pytest.raises(refusals.BrokenWorkbook):
        list(open_list(data, "l.xlsx").rows())


def test_entities_in_the_part_of_the_texts_are_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>'
    with pytest.raises(refusals.EntitiesInside):
        open_list(with_part(plain_workbook(), "xl/sharedStrings.xml", bomb), "bomb.xlsx")


def test_shared_texts_are_found_by_their_number_however_many_there_are() -> None:
    strings = SharedStrings()
    for number in range(10_000):
        strings.start("si", {})
        strings.start("t", {})
        strings.text(f"王秀英{number}")
        strings.end("t")
        strings.end("si")
    strings.finish()
    for number in (0, 255, 256, 9_999, 5_000, 1):
        assert strings[number] == f"王秀英{number}"
    with pytest.raises(IndexError):
        strings[10_000]


READ_LONG = """
import sys
from pathlib import Path
from outbound.call_lists.reading import open_list
path = Path(sys.argv[1])
count = sum(1 for _ in open_list(path, path.name).rows())
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(count, peak.split()[1])
"""


def long_workbook(path: Path, rows: int) -> Path:
    """A workbook whose texts all differ, so that none is shared: the most that a reader may want to hold."""
    strings = "".join(f"<si><t>1380{at:07d}</t></si>" for at in range(rows))
    cells = "".join(f'<row r="{at + 2}"><c r="A{at + 2}" t="s"><v>{at}</v></c></row>' for at in range(rows))
    head = '<row r="1"><c r="A1" t="str"><v>手机号</v></c></row>'
    whole = with_part(plain_workbook(), SHEET, sheet_xml(head + cells))
    path.write_bytes(with_part(whole, "xl/sharedStrings.xml", f"<sst>{strings}</sst>".encode()))
    return path


def peak_of(path: Path) -> tuple[int, int]:
    """Rows that a process of its own has read, and the kilobytes that it held at most."""
    done = subprocess.run([sys.executable, "-c", READ_LONG, path], capture_output=True, text=True, check=True)
    count, kilobytes = map(int, done.stdout.split())
    return count, kilobytes


def test_memory_does_not_grow_with_the_workbook(tmp_path: Path) -> None:
    short, long = (peak_of(long_workbook(tmp_path / f"{rows}.xlsx", rows)) for rows in (1_000, 120_000))
    assert (short[0], long[0]) == (1_001, 120_001)
    # Held whole, its texts and cells alone would be some thirty megabytes.
    assert long[1] - short[1] < 12_000

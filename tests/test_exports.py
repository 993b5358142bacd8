"""Cells that leave the house are text, whatever they begin with."""

import csv
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from outbound import exports
from outbound.exports import DANGEROUS, TooManyForWorkbook, harmless, write_csv, write_xlsx

cells = st.builds(
    lambda start, rest: start + rest,
    st.sampled_from(["", *DANGEROUS]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
)
tables = st.lists(st.lists(cells, min_size=3, max_size=3), max_size=5)


def read_back(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@given(tables)
def test_no_csv_cell_begins_dangerously_and_none_is_lost(table: list[list[str]]) -> None:
    header, *rows = read_back(write_csv(table, ["a", "b", "c"]))
    assert header == ["a", "b", "c"]
    assert rows == [[harmless(cell) for cell in row] for row in table]
    assert not any(cell.startswith(DANGEROUS) for row in rows for cell in row)


@given(cells)
def test_a_harmless_cell_is_left_as_it_is(cell: str) -> None:
    assert harmless(cell) in (cell, "'" + cell)
    assert (harmless(cell) == cell) is not cell.startswith(DANGEROUS)


def test_a_header_is_made_harmless_too() -> None:
    assert read_back(write_csv([], ["=1+1"])) == [["'=1+1"]]


def test_a_csv_file_opens_as_utf8_in_excel() -> None:
    assert write_csv([["王秀英"]], ["姓名"]) == b"\xef\xbb\xbf" + "姓名\r\n王秀英\r\n".encode()


@given(tables)
def test_no_workbook_cell_is_a_formula(table: list[list[str]]) -> None:
    with zipfile.ZipFile(io.BytesIO(write_xlsx(table, ["a", "=b", "c"]))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"<f " not in sheet


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-2", "@SUM(A1)", "＝1", "13800138000", "https://example.com", "\t=1"])
def test_a_workbook_cell_reads_back_unchanged(cell: str) -> None:
    data = write_xlsx([[cell]], ["名称"], sheet="未接受")
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
    assert workbook.get_sheet_by_name("未接受").to_python() == [["名称"], [cell]]


def test_more_rows_than_a_workbook_holds_are_refused_and_not_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 3)
    assert write_xlsx([["1"]] * 3, ["a"])
    with pytest.raises(TooManyForWorkbook, match="holds 3 rows"):
        write_xlsx([["1"]] * 4, ["a"])

"""Lists as people really send them: no header or two, hidden sheets, doubtful encodings, a million columns."""

import io
import zipfile

import pytest
import xlsxwriter

from outbound.call_lists import columns, refusals
from outbound.call_lists.examining import Row, examine
from outbound.call_lists.reading import ListFile, open_list
from tests.test_list_reading import csv_list, xlsx


def rows_of(opened: ListFile, chosen: dict[str, str] | None = None) -> list[Row]:
    return [row for row in examine(opened, opened.columns(chosen)) if isinstance(row, Row)]


def numbers_in(opened: ListFile, chosen: dict[str, str] | None = None) -> list[str]:
    return [number.national for row in rows_of(opened, chosen) for number in row.numbers]


# Headers


def test_a_list_without_a_header_keeps_its_first_customer() -> None:
    opened = csv_list("王秀英,13800138001,福州\n陈芳,13800138002,厦门\n")
    assert numbers_in(opened) == ["13800138001", "13800138002"]
    assert opened.columns().headers == ("第1列", "第2列", "第3列")


def test_a_row_that_says_what_sort_of_number_it_holds_is_no_header() -> None:
    opened = csv_list("王秀英,13800138001,手机\n陈芳,059187654321,固话\n")
    assert numbers_in(opened) == ["13800138001", "059187654321"]


def test_the_columns_of_a_list_without_a_header_are_chosen_by_their_place() -> None:
    opened = csv_list("王秀英,13800138001,13800138003\n陈芳,13800138002,13800138004\n")
    chosen = {"第1列": "name", "第2列": "ignored", "第3列": "phone"}
    assert [row.name for row in rows_of(opened, chosen)] == ["王秀英", "陈芳"]
    assert numbers_in(opened, chosen) == ["13800138003", "13800138004"]


def test_a_column_without_a_header_can_hold_the_phone() -> None:
    opened = csv_list("姓名,,地市\n王秀英,13800138001,福州\n")
    assert numbers_in(opened, {"姓名": "name", "第2列": "phone", "地市": "city"}) == ["13800138001"]


GROUPED = "客户信息,,联系方式,\n姓名,地市,手机号码,备用号码\n王秀英,福州,13800138001,13800138002\n"


def test_of_groups_above_headers_the_headers_count() -> None:
    (row,) = rows_of(csv_list(GROUPED))
    assert (row.name, len(row.numbers), row.attributes) == ("王秀英", 2, {"地市": "福州"})


def test_groups_above_headers_are_passed_over_when_the_columns_are_chosen_too() -> None:
    chosen = {"姓名": "attribute", "地市": "attribute", "手机号码": "phone", "备用号码": "ignored"}
    assert numbers_in(csv_list(GROUPED), chosen) == ["13800138001"]


def test_a_customer_who_prefers_the_telephone_is_no_header() -> None:
    opened = csv_list("姓名,手机号码,联系偏好\n王秀英,13800138001,电话\n")
    assert numbers_in(opened) == ["13800138001"]


def test_a_list_of_more_columns_than_any_has_is_refused_at_once() -> None:
    opened = csv_list(",".join(["a"] * 300_000) + ",phone\n" + ",".join(["1"] * 300_000) + ",13800138001\n")
    with pytest.raises(refusals.TooManyColumns, match="1,000"):
        opened.columns()


def test_many_headers_that_are_alike_are_told_apart_in_one_pass() -> None:
    headers = columns.recognise([(1, ["备注", "备注 (2)", *["备注"] * 900, "电话"])], file_name="list.csv").headers
    assert (headers[:4], len(set(headers))) == (("备注", "备注 (2)", "备注 (3)", "备注 (4)"), 903)


# Sheets


def two_sheets(*, hidden: bool) -> bytes:
    def write(book: xlsxwriter.Workbook) -> None:
        for name, number in (("旧名单", "13900139001"), ("新名单", "13900139002")):
            sheet = book.add_worksheet(name)
            sheet.write_column(0, 0, ["手机号码", number])
        book.worksheets()[1].activate()
        book.worksheets()[1].set_first_sheet()
        if hidden:
            book.worksheets()[0].hide()

    return xlsx(write)


def test_a_hidden_sheet_is_not_taken_for_the_one_that_people_see() -> None:
    assert numbers_in(open_list(two_sheets(hidden=True), "list.xlsx")) == ["13900139002"]
    assert numbers_in(open_list(two_sheets(hidden=False), "list.xlsx")) == ["13900139001"]


def test_a_hidden_sheet_can_be_asked_for() -> None:
    assert numbers_in(open_list(two_sheets(hidden=True), "list.xlsx", sheet="旧名单")) == ["13900139001"]


# Files of other programs


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("content.xml", "an OpenDocument file (.ods)"),
        ("Index/Document.iwa", "an Apple Numbers document"),
        ("xl/workbook.bin", "a binary workbook (.xlsb)"),
        ("word/document.xml", "a Word document"),
        ("list.csv", "another kind of archive"),
    ],
)
def test_a_file_of_another_program_is_called_by_its_name(part: str, told: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(part, "x")
    with pytest.raises(refusals.NotAList) as refused:
        open_list(packed.getvalue(), "list.xlsx")
    assert f"is {told}, not a call list" in refused.value.sentence("en")


# Encodings


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_that_does_not_say_so_is_read_all_the_same(encoding: str) -> None:
    data = "姓名,手机号码\n王秀英,13800138001\n".encode(encoding)
    opened = open_list(data, "list.csv")
    assert (opened.encoding, rows_of(opened)[0].name) == (encoding, "王秀英")
    again = open_list(data, "list.csv", encoding=opened.encoding)
    assert rows_of(again)[0].name == "王秀英"
    assert rows_of(open_list(data, "list.csv", encoding="utf-16"))[0].name == "王秀英"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("name,phone,remark\n張偉,13800138001,臺北市中山區\n陳靜,13800138002,請於下午聯絡\n", "big5"),
        ("name,phone,remark\n山田太郎,13800138001,よろしくお願いします\n", "shift-jis"),
    ],
)
def test_what_decodes_as_gb18030_and_looks_like_no_chinese_is_doubted(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert (open_list(data, "list.csv").encoding, open_list(data, "list.csv").doubtful) == ("gb18030", True)
    chosen = open_list(data, "list.csv", encoding=encoding)
    assert (rows_of(chosen)[0].name, chosen.doubtful) == (text.split("\n")[1].split(",", maxsplit=1)[0], False)


@pytest.mark.parametrize("names", ["王婷璐,李鑫,陈昊琪,张雯婧", "刘烨,赵钰,黄珺,欧阳娜娜", "Smith", "“王伟”（本人）"])
def test_names_that_are_seldom_are_not_doubted(names: str) -> None:
    data = f"手机号码\n13800138001,{names}\n".encode("gb18030")
    assert not open_list(data, "list.csv").doubtful


def test_western_names_can_be_chosen_to_be_read() -> None:
    data = "name,phone\nJosé,13800138001\n".encode("windows-1252")
    assert rows_of(open_list(data, "list.csv", encoding="windows-1252"))[0].name == "José"


def test_cells_may_be_separated_by_bars() -> None:
    assert numbers_in(csv_list("姓名|手机号码\n王秀英|13800138001\n")) == ["13800138001"]

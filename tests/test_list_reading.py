"""Call lists as they come: encodings, title rows, workbooks, and files that are no lists at all."""

import io
import itertools
import json
import re
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import xlsxwriter

from outbound.call_lists import refusals, text, workbook
from outbound.call_lists.columns import Role, role_of
from outbound.call_lists.examining import Refused, Row, examine, tally
from outbound.call_lists.reading import FileKind, ListFile, open_list
from outbound.call_lists.refusals import FileRefused
from outbound.phones.parsing import Reason

SAMPLES = Path(__file__).parent / "samples/call-lists"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text())
TAKEN = [name for name, expected in EXPECTED.items() if "refused" not in expected]
HEAD = "手机号码,客户姓名,地市\n"


def sample(name: str) -> ListFile:
    return open_list(SAMPLES / name, name)


def found_in(opened: ListFile) -> list[Row | Refused]:
    return list(examine(opened, opened.columns()))


def csv_list(content: str, encoding: str = "utf-8") -> ListFile:
    return open_list(content.encode(encoding), "list.csv")


def xlsx(write: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as book:
        write(book)
    return target.getvalue()


def plain_workbook() -> bytes:
    return xlsx(lambda book: book.add_worksheet().write_column(0, 0, ["手机号", "13800138000"]))


def with_part(book: bytes, name: str, content: bytes) -> bytes:
    """The workbook with one part replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return target.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def sheet_xml(inside: str, before: str = "") -> bytes:
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    head = f'<?xml version="1.0"?>{before}<worksheet {space}><sheetData>'
    return f"{head}{inside}</sheetData></worksheet>".encode()


# The samples


@pytest.fixture(scope="module")
def blacklist() -> set[str]:
    return {
        number.e164 for row in found_in(sample("06-blacklist.csv")) if isinstance(row, Row) for number in row.numbers
    }


@pytest.mark.parametrize("name", TAKEN)
def test_a_sample_gives_exactly_the_expected_counts(name: str, blacklist: set[str]) -> None:
    expected = EXPECTED[name]
    counts = tally(found_in(sample(name)), suppressed=blacklist).counts()
    assert counts == {key: expected[key] for key in counts}


@pytest.mark.parametrize("name", TAKEN)
def test_a_samples_refused_rows_have_exactly_the_expected_reasons(name: str) -> None:
    refused = {row.raw: row.reason.value for row in found_in(sample(name)) if isinstance(row, Refused)}
    assert refused == EXPECTED[name].get("reasons", {})


def test_blank_lines_are_passed_over_and_counted() -> None:
    opened = sample("04-bad-lines.csv")
    found_in(opened)
    assert opened.blank_rows == EXPECTED["04-bad-lines.csv"]["blank_lines_ignored"]


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("07-empty.csv", refusals.EmptyFile),
        ("07-head-only.csv", refusals.HeadOnly),
        ("07-no-phone-column.csv", refusals.NoPhoneColumn),
        ("07-picture.csv", refusals.NotAList),
        ("07-broken.xlsx", refusals.BrokenWorkbook),
    ],
)
def test_a_sample_that_is_no_list_is_refused_by_name(name: str, refusal: type[FileRefused]) -> None:
    with pytest.raises(refusal) as refused:
        sample(name).columns()
    assert name in refused.value.sentence("en")
    assert name in refused.value.sentence("zh")


def test_names_that_look_like_formulas_are_kept_as_they_are() -> None:
    names = [row.name for row in found_in(sample("08-formulas.csv")) if isinstance(row, Row)]
    formula = '=HYPERLINK("http://127.0.0.1/x","点")'
    assert names == [formula, "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "＝1+1", "a\rb", "normal"]


def test_a_workbooks_title_and_remarks_sheet_are_passed_over() -> None:
    opened = sample("05-title-row.xlsx")
    rows = found_in(opened)
    assert (opened.kind, opened.sheet, opened.sheet_names) == (FileKind.XLSX, "外呼清单", ("外呼清单", "说明"))
    first, total = rows[0], rows[-1]
    assert isinstance(first, Row)
    assert (first.row, first.name, first.attributes["套餐"]) == (4, "刘伟", "畅享38元套餐")
    assert (total.row, isinstance(total, Refused)) == (154, True)


# Encodings and delimiters


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("utf-16", "utf-16")],
)
def test_an_encoding_is_told_by_mark_then_utf8_then_gb18030(encoding: str, told: str) -> None:
    opened = csv_list(HEAD + "13800138000,王秀英,福州\n", encoding)
    assert opened.encoding == told
    assert opened.preview(2)[1] == (2, ["13800138000", "王秀英", "福州"])


def test_a_late_byte_that_is_no_utf8_makes_the_whole_file_gb18030() -> None:
    rows = "".join(f"138{n:08},abc,x\n" for n in range(80_000))
    data = b"phone,name,city\n" + rows.encode() + "13900139000,王秀英,福州\n".encode("gbk")
    assert open_list(data, "list.csv").encoding == "gb18030"


def test_the_users_choice_of_encoding_overrules() -> None:
    data = "手機,姓名\n13800138000,陳\n".encode("big5")
    opened = open_list(data, "list.csv", encoding="big5")
    assert opened.preview()[0] == (1, ["手機", "姓名"])


def test_a_chosen_encoding_that_does_not_fit_is_refused() -> None:
    with pytest.raises(refusals.NotInThatEncoding, match="not utf-8 text"):
        open_list((HEAD + "1,王").encode("gbk"), "list.csv", encoding="utf-8")


def test_an_unknown_encoding_name_is_refused() -> None:
    with pytest.raises(refusals.NoSuchEncoding, match="gb18030"):
        open_list(HEAD.encode(), "list.csv", encoding="klingon")


def test_bytes_in_no_known_encoding_are_refused() -> None:
    with pytest.raises(refusals.UnknownEncoding):
        open_list(HEAD.encode() + b"13800138000,\xff\xff\xff\n", "list.csv")


@pytest.mark.parametrize(("delimiter", "kind"), [(",", FileKind.CSV), (";", FileKind.CSV), ("\t", FileKind.TSV)])
def test_the_delimiter_is_recognised(delimiter: str, kind: FileKind) -> None:
    opened = csv_list("清单：一、二\n" + (HEAD + "13800138000,王,福州\n").replace(",", delimiter))
    assert opened.kind is kind
    assert opened.preview()[-1] == (3, ["13800138000", "王", "福州"])


def test_a_single_column_with_semicolons_in_its_cells_stays_one_column() -> None:
    (row,) = found_in(csv_list("手机号码\n13800138000;13900139000\n"))
    assert isinstance(row, Row)
    assert [number.national for number in row.numbers] == ["13800138000", "13900139000"]


def test_a_line_break_in_a_quoted_cell_belongs_to_the_cell() -> None:
    rows = found_in(csv_list(HEAD + '13800138000,"王\n秀英",福州\n13900139000,李,厦门\n'))
    assert [(row.row, row.name) for row in rows if isinstance(row, Row)] == [(2, "王\n秀英"), (3, "李")]


@pytest.mark.parametrize(
    "seventh",
    ['13800138006,"王,福州', '13800138006,王",福州', '13800138006,"王"秀英",福州'],
    ids=["closing", "opening", "within"],
)
@pytest.mark.parametrize("later", ["1390013900{},李,厦门", '"1390013900{}","李","厦门"', '1390013900{},"",",厦门"'])
def test_a_missing_quote_is_refused_with_its_row(seventh: str, later: str) -> None:
    before = "".join(f"1380013800{n},王,福州\n" for n in range(5))
    after = "".join(later.format(n) + "\n" for n in range(9))
    with pytest.raises(refusals.QuoteMissing) as refused:
        found_in(csv_list(HEAD + before + seventh + "\n" + after))
    assert "row 7 " in refused.value.sentence("en")
    assert "第 7 行" in refused.value.sentence("zh")


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(refusals.RowTooLong, match="Row 2 "):
        found_in(csv_list(HEAD + "1" * (text.LONGEST_LINE + 5)))


def test_a_list_may_be_read_twice() -> None:
    opened = sample("01-clean-utf8-bom.csv")
    assert found_in(opened) == found_in(opened)


def test_reading_a_long_list_holds_no_more_than_a_few_rows(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write(HEAD)
        stream.writelines(f"138{n:08},王秀英,福州\n" for n in range(60_000))
    tracemalloc.start()
    opened = open_list(path, "long.csv")
    count = sum(1 for _ in examine(opened, opened.columns()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 60_000
    assert peak < path.stat().st_size * 3 < 8_000_000


def test_more_rows_than_the_limit_are_refused() -> None:
    opened = csv_list(HEAD + "13800138000,王,福州\n" * 4)
    assert len(list(examine(opened, opened.columns(), most_rows=4))) == 4
    with pytest.raises(refusals.TooManyRows, match="more than 3 rows"):
        list(examine(opened, opened.columns(), most_rows=3))


# Columns


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("手机号码", Role.PHONE),
        ("手机号（必填）", Role.PHONE),
        ("联系电话2", Role.PHONE),
        ("Phone Number", Role.PHONE),
        ("MSISDN", Role.PHONE),
        ("mobile_no", Role.PHONE),
        ("客户姓名*", Role.NAME),
        ("Name", Role.NAME),
        ("优先级", Role.PRIORITY),
        ("地市", Role.CITY),
        ("套餐", Role.ATTRIBUTE),
        ("序号", Role.ATTRIBUTE),
        ("", Role.ATTRIBUTE),
    ],
)
def test_a_header_is_recognised(header: str, role: Role) -> None:
    assert role_of(header) is role


def test_a_header_beneath_titles_is_found() -> None:
    opened = csv_list("十一月清单\n\n制表：王\n姓名,优先级,电话\n李,高,13800138000\n")
    (row,) = found_in(opened)
    assert isinstance(row, Row)
    assert (opened.columns().header_row, row.row, row.name, row.priority) == (4, 5, "李", 1)


def test_a_header_after_the_twentieth_row_is_not_looked_for() -> None:
    with pytest.raises(refusals.NoPhoneColumn):
        csv_list("标题\n" * 20 + HEAD + "13800138000,王,福州\n").columns()


def test_the_headers_that_were_found_are_named() -> None:
    with pytest.raises(refusals.NoPhoneColumn, match="客户姓名、地市"):
        sample("07-no-phone-column.csv").columns()


def test_the_users_choice_of_columns_overrules() -> None:
    opened = csv_list("主号,姓名,机主,备注\n13800138000,甲,乙,丙\n")
    chosen = opened.columns({"主号": "phone", "机主": "name", "备注": "ignored"})
    (row,) = examine(opened, chosen)
    assert isinstance(row, Row)
    assert (row.name, row.attributes) == ("乙", {"姓名": "甲"})


def test_a_column_map_says_its_roles_for_the_next_list() -> None:
    opened = csv_list("主号,姓名,地市\n13800138000,甲,乙\n")
    chosen = opened.columns({"主号": "phone"})
    assert chosen.roles() == {"主号": "phone", "姓名": "name", "地市": "city"}
    assert opened.columns(chosen.roles()) == chosen


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(refusals.NoSuchRole, match="boss"):
        csv_list(HEAD + "1\n").columns({"地市": "boss"})


def test_headers_that_are_alike_are_told_apart() -> None:
    opened = csv_list("电话,备注,备注,\n13800138000,a,b,c\n")
    (row,) = found_in(opened)
    assert isinstance(row, Row)
    assert row.attributes == {"备注": "a", "备注 (2)": "b", "第4列": "c"}


# Rows


def test_several_phone_columns_give_several_numbers() -> None:
    (row,) = found_in(csv_list("手机,固话,备用电话,备用电话2\n13800138000,0591-87654321,+86 138 0013 8000,abc\n"))
    assert isinstance(row, Row)
    assert [number.national for number in row.numbers] == ["13800138000", "059187654321"]
    assert [(one.raw, one.reason) for one in row.unusable] == [("abc", Reason.NOT_A_NUMBER)]


@pytest.mark.parametrize("cell", ["13800138000/13900139000", "13800138000、13900139000", "13800138000或13900139000"])
def test_several_numbers_in_one_cell_are_read(cell: str) -> None:
    (row,) = found_in(csv_list(f"手机\n{cell}\n"))
    assert isinstance(row, Row)
    assert [number.national for number in row.numbers] == ["13800138000", "13900139000"]


@pytest.mark.parametrize("label", ["合计", "总计：", "合计 150 户", "Total", "小 计"])
def test_a_total_line_is_refused_as_such(label: str) -> None:
    _, total = found_in(csv_list(f"序号,手机,金额\n1,13800138000,3\n{label},150,3\n"))
    assert isinstance(total, Refused)
    assert (total.row, total.reason, total.raw) == (3, Reason.TOTAL_LINE, "150")


def test_a_customer_whose_name_is_total_is_no_total_line() -> None:
    (row,) = found_in(csv_list("手机,姓名\n13800138000,Total\n"))
    assert isinstance(row, Row)
    assert row.name == "Total"


def test_a_short_row_is_filled_up_and_a_long_one_kept() -> None:
    short, long = found_in(csv_list(HEAD + "13800138000\n13900139000,王,福州,更多\n"))
    assert isinstance(short, Row)
    assert isinstance(long, Row)
    assert (short.name, short.attributes) == (None, {})
    assert long.attributes == {"地市": "福州", "第4列": "更多"}


@pytest.mark.parametrize(
    ("said", "priority"), [("1", 1), ("2.0", 2), ("高", 1), ("Low", 3), ("", None), ("随便", None)]
)
def test_a_priority_is_read(said: str, priority: int | None) -> None:
    (row,) = found_in(csv_list(f"手机,优先级\n13800138000,{said}\n"))
    assert isinstance(row, Row)
    assert row.priority == priority


# Workbooks


def test_a_workbooks_numbers_and_dates_become_text_without_losing_digits() -> None:
    def write(book: xlsxwriter.Workbook) -> None:
        page = book.add_worksheet()
        page.write_row(2, 1, ["手机", "入网", "金额", "证件", "是否"])
        page.write_number(3, 1, 13800138000)
        page.write_datetime(
            3, 2, datetime(2026, 11, 21, tzinfo=UTC).replace(tzinfo=None), book.add_format({"num_format": "yyyy-mm-dd"})
        )
        page.write_number(3, 3, 12.5)
        page.write_number(3, 4, 350102199001011234)
        page.write_boolean(3, 5, True)

    (row,) = found_in(open_list(xlsx(write), "list.xlsx"))
    assert isinstance(row, Row)
    assert (row.row, row.numbers[0].national, row.numbers[0].warning) == (4, "13800138000", None)
    told = {"入网": "2026-11-21", "金额": "12.5", "证件": "3.501021990010113e+17", "是否": "TRUE"}
    assert row.attributes == told


def test_the_sheet_with_phones_is_chosen_and_another_on_request() -> None:
    def write(book: xlsxwriter.Workbook) -> None:
        book.add_worksheet("空")
        book.add_worksheet("说明").write_column(0, 0, ["说明", "请勿外传"])
        book.add_worksheet("甲").write_column(0, 0, ["手机", "13800138000"])
        book.add_worksheet("乙").write_column(0, 0, ["手机", "13900139000"])

    data = xlsx(write)
    assert open_list(data, "l.xlsx").sheet == "甲"
    assert open_list(data, "l.xlsx", sheet="乙").preview()[1] == (2, ["13900139000"])
    with pytest.raises(refusals.NoSuchSheet, match="空、说明、甲、乙"):
        open_list(data, "l.xlsx", sheet="丙")


def test_a_workbook_of_empty_sheets_is_refused_as_empty() -> None:
    with pytest.raises(refusals.EmptyFile):
        open_list(xlsx(lambda book: book.add_worksheet()), "l.xlsx")


def test_a_zip_bomb_is_refused_before_anything_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_UNPACKED", 2_000_000)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", "<a/>")
        book.writestr("xl/sharedStrings.xml", " " * 3_000_000)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_, **__: pytest.fail("unpacked"))
    with pytest.raises(refusals.WorkbookTooLarge):
        open_list(target.getvalue(), "bomb.xlsx")


def test_a_workbook_that_declares_less_than_it_unpacks_to_is_refused() -> None:
    honest = sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>')
    sheet = honest + b" " * 1_000_000
    data = with_part(plain_workbook(), SHEET, sheet)
    for told, lie in ((len(sheet), len(honest)), (zlib.crc32(sheet), zlib.crc32(honest))):
        data = data.replace(told.to_bytes(4, "little"), lie.to_bytes(4, "little"))
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert book.read(SHEET) == honest
    with pytest.raises(refusals.BrokenWorkbook):
        open_list(data, "bomb.xlsx")


def test_one_value_in_the_last_corner_does_not_take_all_memory() -> None:
    corner = sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    with pytest.raises(refusals.WorkbookTooLarge):
        open_list(with_part(plain_workbook(), SHEET, corner), "corner.xlsx")


def test_cells_without_positions_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_CELLS", 11)
    rows = "<row><c/><c/><c><v>1</v></c></row>"
    assert open_list(with_part(plain_workbook(), SHEET, sheet_xml(rows * 3)), "l.xlsx").preview()
    with pytest.raises(refusals.WorkbookTooLarge):
        open_list(with_part(plain_workbook(), SHEET, sheet_xml(rows * 4)), "l.xlsx")


def test_styled_blank_cells_far_away_do_not_count() -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"/></row>'
    assert open_list(with_part(plain_workbook(), SHEET, sheet_xml(far)), "l.xlsx").preview() == [(1, ["1"])]


def test_an_entity_bomb_is_refused() -> None:
    bomb = sheet_xml("<row><c><v>&b;</v></c></row>", '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>')
    with pytest.raises(refusals.EntitiesInside):
        open_list(with_part(plain_workbook(), SHEET, bomb), "bomb.xlsx")


def test_a_workbook_with_broken_xml_is_refused() -> None:
    with pytest.raises(refusals.BrokenWorkbook):
        open_list(with_part(plain_workbook(), SHEET, b"<worksheet><sheetData>"), "l.xlsx")


@pytest.mark.parametrize("cut", [30, 200, 0.5, 0.9, 0.999])
def test_a_workbook_that_was_cut_off_is_refused(cut: float) -> None:
    data = plain_workbook()
    with pytest.raises(refusals.BrokenWorkbook):
        open_list(data[: int(cut * len(data)) if cut < 1 else int(cut)], "l.xlsx")


# Files that are something else


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"<html><table><tr><td>13800138000</td></tr></table></html>", refusals.WebPageInside),
        (b"\xef\xbb\xbf \n<!-- x --><TABLE border=1><tr>", refusals.WebPageInside),
        ('<?xml version="1.0"?><Workbook xmlns="urn:x"/>'.encode("utf-16"), refusals.WebPageInside),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", refusals.WebPageInside),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), refusals.OldWorkbook),
        (b"phone\n13800138000\n", refusals.BrokenWorkbook),
        (b"", refusals.EmptyFile),
    ],
)
def test_a_workbook_that_is_something_else_is_refused(data: bytes, refusal: type[FileRefused]) -> None:
    with pytest.raises(refusal):
        open_list(data, "list.xlsx")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "archive"),
        (b"ID3\x04", "recording"),
        (b"phone\n\0\1\2\3", "binary"),
        (b"phone\n\x01\x02\x03", "binary"),
    ],
)
def test_a_file_that_is_no_text_is_refused_and_named(data: bytes, what: str) -> None:
    with pytest.raises(refusals.NotAList, match=what):
        open_list(data, "list.csv")


def test_another_archive_is_no_workbook() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("list.csv", HEAD)
    with pytest.raises(refusals.NotAList, match="archive"):
        open_list(target.getvalue(), "list.xlsx")


@pytest.mark.parametrize("data", [b" \r\n \n", b"\xef\xbb\xbf", b"\n" * 9])
def test_a_file_of_blanks_is_empty(data: bytes) -> None:
    with pytest.raises(refusals.EmptyFile):
        open_list(data, "list.csv")


def test_every_refusal_has_a_sentence_in_both_languages_with_the_same_facts() -> None:
    kinds: list[type[FileRefused]] = [FileRefused, *FileRefused.__subclasses__()]
    for kind, language in itertools.product(kinds, ["en", "zh"]):
        sentence = kind.zh if language == "zh" else " ".join((kind.__doc__ or "").split())
        assert sentence.endswith("。" if language == "zh" else ".")
        assert facts(kind.zh) == facts(kind.__doc__ or "")


def facts(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)", sentence))

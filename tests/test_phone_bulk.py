"""Whole columns of numbers: the vectorised answer is, cell for cell, that of the slow one."""

import csv
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outbound.phones.bulk import PARSED, parse_many
from outbound.phones.parsing import FOLD, Unusable, parse_slowly, zones_kept

LISTS = Path(__file__).parent / "samples/call-lists"

digits = st.text("0123456789", max_size=16)
mobiles = st.from_regex(r"\A1[0-9]{10}\Z")
landlines = st.from_regex(r"\A0?(10|2[0-9]|[3-9][0-9]{2})[0-9]{7,8}\Z")
abroad = st.from_regex(r"\A(\+|00)(1[2-9][0-9]{9}|852[0-9]{8}|44[0-9]{9,10}|81[0-9]{9,10}|[0-9]{6,14})\Z")
services = st.sampled_from(
    ["10086", "95588", "110", "12345", "4008001234", "8008101234", "1010 1234", "21800 1234567", "02596123", "+8695588"]
)
prefixes = st.sampled_from(
    [
        "",
        "+86",
        "86",
        "0086",
        "+86 ",
        "(+86)",
        "(86)",
        "0",
        "-",
        "+",
        "'",
        "\u200b",
        "=",
        '="',
        "179",
        "+86-0",
        "＋",
        "00",
    ]
)
endings = st.sampled_from(["", ".0", ".00", ".5", "\t", " ", "-", "E+3", ")", '"', ' "', "\x1c", "\u2028", "!", "１"])
separators = st.sampled_from(["", " ", "-", "－", ".", "  ", "\u3000", "(", "٣"])
drawn = st.one_of(mobiles, landlines, abroad, services, digits)
letters = st.text(st.sampled_from("0123456789+-.() '\"=Ee" + "".join(map(chr, FOLD))), max_size=18)


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A number, or nearly one, as somebody may have typed it."""
    core, between = draw(drawn), draw(separators)
    return draw(prefixes) + between.join([core[:3], core[3:7], core[7:]]) + draw(endings)


def slowly(raw: str, region: str = "CN") -> tuple[str | None, ...]:
    found = parse_slowly(raw, region=region)
    if isinstance(found, Unusable):
        return (None, None, None, None, None, found.reason.value)
    warning = found.warning.value if found.warning else None
    return (found.e164, found.region, zones_kept(found), found.kind.value, warning, None)


@settings(max_examples=1500)
@given(st.lists(st.one_of(spellings(), letters, st.text(max_size=20)), max_size=12))
@example(["13800138000", "138.0013.8000", "13800138000.0", '="13800138000 "', "\ud800", "010-8888", "+1 907 555 0132"])
@example(
    [
        "059187654321",
        "59187654321",
        "+8659187654321.0",
        "59187654321.0",
        "+86 1.38E+10",
        "＋８６１３８００１３８０００．０",
    ]
)
@example(["13800138000\n", "1380013800０", "0013800138000", "86" * 6, "1" * 40, "0" * 11])
def test_a_column_has_the_answers_of_its_cells(raws: list[str]) -> None:
    assert parse_many(raws).rows() == [slowly(raw) for raw in raws]


@settings(max_examples=1500)
@given(spellings())
def test_a_cell_alone_has_the_answer_that_it_has_among_others(raw: str) -> None:
    assert parse_many(["13800138000", raw, "10086"]).row(1) == parse_many([raw]).row(0) == slowly(raw)


@settings(max_examples=100)
@given(st.lists(spellings(), max_size=5), st.sampled_from(["US", "GB", "HK"]))
def test_a_list_from_elsewhere_has_the_same_answers_too(raws: list[str], region: str) -> None:
    assert parse_many(raws, region=region).rows() == [slowly(raw, region) for raw in raws]


@pytest.mark.parametrize("block", range(10))
def test_every_mainland_range_has_the_same_answer(block: int) -> None:
    lengths = ("", "234", "2345", "23456", "234567", "2345678", "23456789")
    raws = [
        f"{zero}{head}{tail}"
        for head in range(block * 1000, block * 1000 + 1000, 3)
        for tail in lengths
        for zero in ("", "0")
    ]
    assert parse_many(raws).rows() == [slowly(raw) for raw in raws]


def test_every_cell_of_the_sample_lists_has_the_same_answer() -> None:
    cells = list[str]()
    for path in LISTS.glob("0[1-68]*.csv"):
        encoding = "gb18030" if "gbk" in path.name else "utf-8-sig"
        cells += [cell for row in csv.reader(path.read_text(encoding).splitlines()) for cell in row]
    assert len(cells) > 2000
    assert parse_many(cells).rows() == [slowly(cell) for cell in cells]


def test_a_missing_cell_is_an_empty_one() -> None:
    assert parse_many([None, "13800138000"])["reason"].to_list() == ["empty", None]


def test_no_cells_have_no_answers() -> None:
    nothing = parse_many(pl.Series([], dtype=pl.String))
    assert nothing.height == 0
    assert nothing.columns == list(PARSED)


def test_the_columns_stand_in_one_order_whatever_is_in_them() -> None:
    for raws in (["13800138000"], ["13800138000", "x"], ["x", "+14155550132"], ["+14155550132"]):
        assert parse_many(raws).schema == pl.Schema(PARSED)

"""YAML that people write: every fault at once, each with its line, its column and what to do."""

from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from outbound.documents import MAX_CHARACTERS, Document, DocumentFaulty, Fault


class Offer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    price_fen: int = Field(ge=1)
    cycle: Literal["month", "quarter"] = "month"


class Plan(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=8)
    starts: date | None = None
    offer: Offer
    towns: Annotated[list[str], Field(max_length=2)] = []


GOOD = """name: 亲情网
starts: 2026-11-23
offer:
  price_fen: 500
towns: [福州, 厦门]
"""


def faults(text: str) -> list[Fault]:
    with pytest.raises(DocumentFaulty) as refused:
        Document(text).read_as(Plan)
    return refused.value.list


def places(text: str) -> list[tuple[int, int]]:
    return [(fault.line, fault.column) for fault in faults(text)]


def test_a_good_document_is_read_as_its_model() -> None:
    plan = Document(GOOD).read_as(Plan)
    assert (plan.name, plan.starts, plan.offer.price_fen, plan.towns) == (
        "亲情网",
        date(2026, 11, 23),
        500,
        ["福州", "厦门"],
    )


def test_an_unknown_name_is_told_where_it_stands() -> None:
    (fault,) = faults(GOOD.replace("  price_fen: 500", "  price_fen: 500\n  prise: 3"))
    assert (fault.line, fault.column) == (5, 3)
    assert fault.sentence("en") == "Line 5, column 3: `prise` is not known here; check the spelling or remove it."
    assert fault.sentence("zh") == "第 5 行第 3 列：不认识“prise”，请检查拼写或删除。"


def test_a_missing_value_is_told_at_what_should_hold_it() -> None:
    (fault,) = faults("name: x\noffer:\n  cycle: month\n")
    assert fault.sentence("en") == "Line 2, column 1: `price_fen` is missing; add it."


def test_all_faults_are_told_at_once_in_the_order_of_the_lines() -> None:
    text = "name: ''\noffer:\n  price_fen: -3\n  cycle: day\ntowns: 5\n"
    assert places(text) == [(1, 1), (3, 3), (4, 3), (5, 1)]


def test_the_place_within_a_list_is_that_of_the_item() -> None:
    assert places("name: x\noffer: {price_fen: 1}\ntowns:\n  - a\n  - [b]\n") == [(5, 5)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("price_fen: -3", "`price_fen` cannot be -3; it must be at least 1."),
        ("price_fen: free", "`price_fen` must be a whole number, not `free`."),
        ("cycle: day", "`cycle` cannot be `day`; choose from 'month' or 'quarter'."),
    ],
)
def test_a_remedy_is_named(line: str, said: str) -> None:
    text = f"name: x\noffer:\n  {line}\n" + ("" if "price" in line else "  price_fen: 1\n")
    assert [fault.en for fault in faults(text)] == [said]


def test_too_long_a_text_is_told_with_the_most_that_is_possible() -> None:
    (fault,) = faults("name: 一二三四五六七八九\noffer: {price_fen: 1}\n")
    assert (fault.en, fault.zh) == ("`name` may have at most 8 characters.", "“name”最多 8 个字。")


def test_too_long_a_list_is_told_with_the_most_that_is_possible() -> None:
    (fault,) = faults("name: x\noffer: {price_fen: 1}\ntowns: [a, b, c]\n")
    assert fault.en == "`towns` may have at most 2 entries."


def test_a_long_wrong_value_is_shown_in_part() -> None:
    (fault,) = faults(f"name: x\noffer: {{price_fen: {'y' * 5000}}}\n")
    assert len(fault.en) < 150


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-30",
        "2026-13-01",
        "2026-11-23 25:00:00",
        "1" * 5000,
        "!!int x",
        "!!float x",
        "!!bool maybe",
        '"a\\0b"',
        '"\\ud800"',
    ],
)
def test_a_value_that_cannot_be_is_told_with_its_place(value: str) -> None:
    assert places(f"name: x\noffer:\n  price_fen: {value}\n") == [(3, 14)]


def test_an_impossible_date_is_quoted() -> None:
    (fault,) = faults("starts: 2026-02-30\n")
    assert fault.sentence("zh") == "第 1 行第 9 列：“2026-02-30”不是有效的日期、数字或文字，请改正。"


def test_a_truth_with_an_anchor_is_still_a_truth() -> None:
    assert Document("a: &x true\nb: false\n").plain() == {"a": True, "b": False}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name: x\n\toffer: 1\n", (2, 1)),
        ("name: [x\n", (1, 7)),
        ("name: x\nname: y\n", (2, 1)),
        ("a: 1\n---\nb: 2\n", (2, 1)),
        ("a: 1\nb: \x07\n", (2, 4)),
    ],
)
def test_what_is_not_yaml_is_told_with_its_place(text: str, place: tuple[int, int]) -> None:
    assert places(text) == [place]


@pytest.mark.parametrize("text", ["", "null", "- a\n- b\n", "just words", "5"])
def test_what_is_no_list_of_names_is_refused(text: str) -> None:
    (fault,) = faults(text)
    assert fault.en == "the file must consist of `name: value` lines."


def test_an_alias_is_refused_where_it_stands() -> None:
    (fault,) = faults("a: &x [1]\nb: *x\n")
    assert (fault.line, fault.column) == (2, 4)
    assert "`*x` refers to another part" in fault.en


def test_bottomless_nesting_is_refused() -> None:
    (fault,) = faults("a: " + "[" * 250 + "]" * 250)
    assert "nested too deeply" in fault.en


def test_a_document_as_large_as_a_book_is_refused_unread() -> None:
    (fault,) = faults("#" * (MAX_CHARACTERS + 1))
    assert "1,000,000" in fault.en


def test_a_tag_never_runs_anything() -> None:
    assert Document("a: !!python/object/apply:os.getcwd []\n").plain() == {"a": []}


def test_the_whole_refusal_says_every_fault_on_its_line() -> None:
    with pytest.raises(DocumentFaulty) as refused:
        Document("name: ''\noffer: {price_fen: 0}\n").read_as(Plan)
    assert [line.split(":")[0] for line in refused.value.sentence("en").splitlines()] == [
        "Line 1, column 1",
        "Line 2, column 9",
    ]


@pytest.mark.parametrize(
    ("path", "place"), [(("offer", "price_fen"), (4, 3)), (("offer", "gone"), (3, 1)), (("gone",), (1, 1))]
)
def test_the_place_of_a_path_is_that_of_its_deepest_part_that_is_there(path: Any, place: tuple[int, int]) -> None:
    assert Document(GOOD).position(path) == place


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("name: x\noffer\n  price_fen: 1\n", (2, 1), "这一行缺少冒号"),
        ("name：亲情网\nstarts: 2026-11-23\n", (2, 7), "全角“：”改为半角"),
        ("offer:\n\tprice_fen: 1\n", (2, 1), "缩进用了 Tab"),
        ("name: @x\n", (1, 7), "不能以“@”开头"),
        ("name: 'x\noffer:\n  price_fen: 1\n", (1, 7), "引号没有成对"),
        ("towns: [福州\noffer: 1\n", (1, 8), "括号没有成对"),
        ("name: x\nname: y\n", (2, 1), "“name”写了两次"),
        ("- x\nname: y\n", (2, 1), "请对齐"),
    ],
)
def test_a_slip_in_yaml_is_told_in_plain_words_where_it_was_made(text: str, place: tuple[int, int], told: str) -> None:
    (fault,) = faults(text)
    assert (fault.line, fault.column) == place
    assert told in fault.sentence("zh")
    assert "could not" not in fault.sentence("en")

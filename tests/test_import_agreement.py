"""What a chunk says of a row is what the row says by itself, and cutting a file into chunks changes nothing."""

import io
import json
from csv import writer

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import db
from outbound.call_lists import importing, judging, preparing, taking
from outbound.call_lists.columns import recognise
from outbound.call_lists.examining import Refused, examine, examined, tally
from outbound.call_lists.fates import from_text
from outbound.call_lists.judging import Judge, Marks
from outbound.call_lists.model import CallList
from outbound.call_lists.reading import open_list
from outbound.call_lists.taking import Taker
from outbound.errors import Refusal
from outbound.phones.hiding import holds_number, without_numbers
from outbound.phones.vault import Vault
from tests.conftest import NOW, Cast
from tests.test_importing import a_campaign, block

HEADERS = ["手机号码", "备用电话", "客户姓名", "优先级", "套餐"]
VAULT = Vault(bytes(range(64)))
NUMBERS = [f"1380013{place:04d}" for place in range(12)]
phone = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(NUMBERS).map(lambda number: f"+86 {number}"),
    st.sampled_from(["", " ", "1.38E+10", "10086", "无", "13800130001.0", "+1 415 555 2671", "0591-87654321", "#N/A"]),
    st.tuples(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS)).map("/".join),
    st.text(max_size=6),
)
words = st.one_of(
    st.sampled_from(["", "王秀英", "合计", "儿子 13600136456", " 总计：12 户", "Total", '引"号', "换\n行", "高"]),
    st.text(max_size=5),
)
row = st.tuples(phone, phone, words, st.sampled_from(["", "1", "高", "99", "x"]), words).map(list)
shapes = st.lists(
    st.one_of(row, row.map(lambda cells: cells[:2]), row.map(lambda cells: [*cells, "多", " "])),
    min_size=1,
    max_size=25,
)


def filled(rows: list[list[str]]) -> list[tuple[int, list[str]]]:
    return [(place, cells) for place, cells in enumerate(rows, start=2) if any(cell.strip() for cell in cells)]


@given(shapes)
@settings(deadline=None, max_examples=150)
def test_a_chunk_says_of_each_row_what_the_row_says_by_itself(rows: list[list[str]]) -> None:
    columns, numbered = recognise([(1, HEADERS)], file_name="a.csv"), filled(rows)
    chunk = preparing.prepare(numbered, columns, VAULT)
    for at, (place, cells) in enumerate(numbered):
        padded = cells + [""] * (len(HEADERS) - len(cells))
        single = examined(place, padded, columns)
        assert (chunk.rows[at], from_text(chunk.cells[at])) == (place, cells)
        if isinstance(single, Refused):
            assert (chunk.digests[at], chunk.reasons[at]) == (b"", single.reason.value)
            continue
        numbers = chunk.several.get(at, (chunk.digests[at],))
        assert numbers == tuple(VAULT.digest(number.e164) for number in single.numbers)
        assert [VAULT.open(chunk.phones[digest]) for digest in numbers] == [number.e164 for number in single.numbers]
        hidden = json.loads(VAULT.open(chunk.sealed[at])) if at in chunk.sealed else {}
        assert {**json.loads(chunk.attributes[at]), **hidden} == single.attributes
        assert all(map(holds_number, hidden.values()))
        assert not any(map(holds_number, json.loads(chunk.attributes[at]).values()))
        assert chunk.names[at] == without_numbers(" ".join((single.name or "").replace("\0", "").split())[:80])


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@given(rows=shapes, size=st.integers(1, 9))
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_a_file_is_cut_into_chunks_the_figures_are_those_of_a_simple_count(
    engine: Engine, cast: Cast, rows: list[list[str]], size: int
) -> None:
    data = io.StringIO(newline="")
    # Half a character is nothing that a file can hold.
    writer(data).writerows([HEADERS, *([cell.encode("utf-8", "ignore").decode() for cell in line] for line in rows)])
    try:
        opened = open_list(data.getvalue().replace("\0", "").encode("utf-8-sig"), "a.csv")
        found = opened.columns()
    except Refusal:
        return
    expected = tally(examine(opened, found), suppressed={"+86" + NUMBERS[0], "+86" + NUMBERS[1]})
    with Session(engine) as session:
        campaign = a_campaign(session, cast, "x")
        for number in NUMBERS[:2]:
            block(session, VAULT, number, cast)
        call_list = importing.begin(session, campaign, opened, found, by=None, now=NOW)
        so_far, marks = dict[str, int](), Marks()
        for chunk in preparing.prepared(opened, found, VAULT, size=size):
            judge = Judge(session, campaign, call_list.id, suppressed=marks, now=NOW)
            so_far = taking.added(so_far, Taker(session, VAULT, call_list, judge).take(chunk))
        assert so_far == expected.counts()
        assert session.execute(sa.select(sa.func.count()).select_from(db.table_of(CallList))).scalar_one() == 1
        session.rollback()


@given(st.sets(st.integers(0, 100_000)))
def test_marks_hold_exactly_what_was_marked(numbers: set[int]) -> None:
    marks = judging.Marks()
    for number in numbers:
        marks.add(number)
    assert all(number in marks for number in numbers)
    assert not [number for number in range(0, 100_200, 37) if number in marks and number not in numbers]

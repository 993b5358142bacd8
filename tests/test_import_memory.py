"""An import holds a chunk at a time: a list of millions takes no more memory than one of thousands."""

import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import db
from outbound.call_lists import importing, keeping, running
from outbound.call_lists.leases import Imported, ImportState
from outbound.call_lists.preparing import MOST_WEIGHT, batches
from outbound.call_lists.reading import open_list
from outbound.call_lists.running import Works
from outbound.calling_rules.profiles import profile
from outbound.campaigns.opt_out_ends import earliest_ends
from outbound.opt_outs.lists import running as opt_outs
from outbound.opt_outs.lists import taking
from outbound.opt_outs.lists.columns import Given
from outbound.people import known
from outbound.phones.vault import Vault
from tests.conftest import NOW, Cast
from tests.test_importing import a_campaign

SHORT, LONG, CHUNK = 1_000, 4_000, 100
A_ROW = 25
"""Bytes that a list may hold of each further row; a set of numbers would take a hundred."""
_REMARK = "月底前回访" * 10
"""So that even the short list fills more than one of the pieces in which a file is kept."""
Run = Callable[[range], ImportState]


@pytest.fixture
def works(engine: Engine, tmp_path: Path) -> Works:
    folder, opener = keeping.folder_in(tmp_path), partial(Vault, bytes(range(64)))
    return Works(engine=engine, folder=folder, opener=opener, now=lambda: NOW, size=CHUNK, told=_forget_the_opening)


def _forget_the_opening(told: Imported) -> None:
    # A file is looked at a megabyte at a time before its first row is stored, and these lists are shorter than that.
    if told.reached <= CHUNK + 1:
        tracemalloc.reset_peak()


@pytest.fixture
def as_call_list(engine: Engine, session: Session, cast: Cast, works: Works, tmp_path: Path) -> Run:
    campaign = a_campaign(session, cast, "亲情网")
    session.commit()

    def run(numbers: range) -> ImportState:
        opened = open_list(_messy(tmp_path, numbers), "list.csv")
        with db.transaction(engine) as own:
            begun = importing.begin(own, campaign, opened, opened.columns(), by=None, now=NOW)
            begun.file = keeping.keep(works.folder, works.opener(), opened.source)
        done = running.run(works, known(begun.id))
        assert done
        return done.state

    return run


@pytest.fixture
def as_opt_outs(engine: Engine, works: Works, tmp_path: Path) -> Run:
    given = Given(earliest=earliest_ends(profile(), NOW), zone="Asia/Shanghai")

    def run(numbers: range) -> ImportState:
        opened = open_list(_messy(tmp_path, numbers), "list.csv")
        with db.transaction(engine) as own:
            begun = taking.begin(own, opened, given, by=None, now=NOW, centre_id=None)
            begun.file = keeping.keep(works.folder, works.opener(), opened.source)
        done = opt_outs.run(works, known(begun.id))
        assert done
        return done.state

    return run


def _messy(folder: Path, numbers: range) -> Path:
    """Each tenth row without a number, each tenth with that of the row before."""
    file = folder / "list.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("手机号码,姓名,备注\n")
        for number in numbers:
            written = "无" if number % 10 == 7 else f"138{number - (number % 10 == 3):08d}"
            out.write(f"{written},王秀英{number},{_REMARK}\n")
    return file


def _most_held(run: Run, numbers: range) -> int:
    before = tracemalloc.get_traced_memory()[0]
    assert run(numbers) is ImportState.PUBLISHED
    return tracemalloc.get_traced_memory()[1] - before


@pytest.fixture
def _traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def _held_for_more_rows(run: Run) -> int:
    """How much more a long list holds at its fullest than a short one."""
    # What is loaded once, and kept at hand for every list, belongs to neither.
    _most_held(run, range(90_000_000, 90_000_000 + CHUNK))
    short = _most_held(run, range(SHORT))
    long = _most_held(run, range(SHORT, SHORT + LONG))
    return long - short


@pytest.mark.usefixtures("_traced")
def test_a_call_list_seven_times_as_long_takes_no_more_memory(as_call_list: Run) -> None:
    assert _held_for_more_rows(as_call_list) < (LONG - SHORT) * A_ROW


@pytest.mark.usefixtures("_traced")
def test_an_opt_out_list_seven_times_as_long_takes_no_more_memory(as_opt_outs: Run) -> None:
    assert _held_for_more_rows(as_opt_outs) < (LONG - SHORT) * A_ROW


def test_of_wide_rows_fewer_are_held_at_once_and_none_is_lost() -> None:
    narrow = [(number, ["13800138000", "王秀英"]) for number in range(1, 11)]
    wide = [(number, ["x" * 1_000] * 100) for number in range(11, 211)]
    held = list(batches(narrow + wide, 100))
    assert [row for batch in held for row in batch] == narrow + wide
    assert {sum(len(cell) for _, cells in batch for cell in cells) <= MOST_WEIGHT for batch in held} == {True}
    assert len(held[0]) > len(held[1]) > 1

"""Turns to write: first come, first served, and nobody waits for ever."""

import threading
import time

import pytest
from sqlalchemy.engine import Engine

from outbound import db
from outbound.people import Centre
from outbound.turns import DatabaseBusy, Turns

SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def test_turns_go_in_the_order_in_which_they_were_asked_for() -> None:
    turns, order, threads = Turns(10), [], []

    def go(number: int) -> None:
        with turns.turn():
            order.append(number)

    with turns.turn():
        for number in range(20):
            threads.append(threading.Thread(target=go, args=(number,)))
            threads[-1].start()
            while len(turns._waiting) <= number:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_who_waits_too_long_is_refused_and_the_next_is_served() -> None:
    turns, refused = Turns(0.05), []

    def go() -> None:
        with pytest.raises(DatabaseBusy), turns.turn():
            pass
        refused.append(True)

    with turns.turn():
        thread = threading.Thread(target=go)
        thread.start()
        thread.join()
    with turns.turn():
        assert refused == [True]


def test_a_thread_that_would_wait_for_itself_is_refused_at_once() -> None:
    turns = Turns(60)
    with turns.turn(), pytest.raises(DatabaseBusy), turns.turn():
        pass


def test_a_turn_ends_with_an_error_too() -> None:
    turns = Turns(60)
    with pytest.raises(KeyError), turns.turn():
        raise KeyError
    with turns.turn():
        assert turns._waiting == type(turns._waiting)()


@SQLITE
def test_a_second_write_within_a_write_is_refused_instead_of_hanging(engine: Engine) -> None:
    with db.transaction(engine), pytest.raises(DatabaseBusy), db.transaction(engine):
        pass


def test_writers_in_many_threads_all_get_their_turn(engine: Engine) -> None:
    waits: list[float] = []

    def write(number: int) -> None:
        began = time.monotonic()
        with db.transaction(engine) as session:
            session.add(Centre(code=f"c{number}", name_zh="中心", name_en="Centre"))
            time.sleep(0.005)
        waits.append(time.monotonic() - began)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waits) == 24

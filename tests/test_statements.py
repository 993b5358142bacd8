"""What is asked at the driver's own speed, in a session's own transaction."""

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import db
from outbound.dialing.statements import Book, Statement
from outbound.instances import Instances
from outbound.people import Centre
from tests.conftest import Cast

_NAME = Statement("SELECT c.name_zh FROM centre c WHERE c.id = :centre")
_CENTRE = Instances(Centre)
_SHORT = Instances(Centre, later={"centre.name_zh"})


def read(session: Session, instances: Instances, centre: int | None) -> Centre:
    asked = Statement(f"SELECT {instances.columns} FROM centre WHERE centre.id = :centre")
    found: Centre = instances.of(session, Book.of(session).ask(asked, centre=centre)[0])[0]
    return found


def test_a_book_shows_what_the_session_has_not_written_yet(session: Session, cast: Cast) -> None:
    session.get_one(Centre, cast.fz.id).name_zh = "改名"
    assert Book.of(session).ask(_NAME, centre=cast.fz.id)[0][0] == "改名"


def test_after_a_commit_the_book_is_that_of_the_next_transaction(engine: Engine, cast: Cast) -> None:
    with Session(engine) as session:
        assert Book.of(session) is Book.of(session)
        Book.of(session).do(Statement("UPDATE centre SET name_zh = '改名' WHERE id = :centre"), centre=cast.fz.id)
        session.commit()
        assert Book.of(session).ask(_NAME, centre=cast.fz.id)[0][0] == "改名"
        assert session.in_transaction()


def test_a_session_whose_writing_failed_is_asked_nothing_more(engine: Engine, cast: Cast) -> None:
    with Session(engine) as session:
        Book.of(session)
        session.add(Centre(id=cast.fz.id, code="twice", name_zh="二", name_en="Two"))
        with pytest.raises(sa.exc.IntegrityError):
            session.flush()
        with pytest.raises(sa.exc.PendingRollbackError):
            Book.of(session)


def test_what_a_statement_read_is_written_back_like_anything_else(engine: Engine, cast: Cast) -> None:
    with db.transaction(engine) as session:
        read(session, _CENTRE, cast.fz.id).name_zh = "改名"
    with db.reading(engine) as session:
        assert session.get_one(Centre, cast.fz.id).name_zh == "改名"


def test_what_the_session_has_already_stays_one_thing(engine: Engine, cast: Cast) -> None:
    with db.reading(engine) as session:
        held = read(session, _CENTRE, cast.fz.id)
        assert session.get_one(Centre, cast.fz.id) is held
        assert read(session, _SHORT, cast.fz.id) is held


def test_a_column_left_for_later_comes_when_it_is_wanted(engine: Engine, cast: Cast) -> None:
    with db.reading(engine) as session:
        centre = read(session, _SHORT, cast.fz.id)
        assert "name_zh" not in vars(centre)
        assert centre.name_zh == cast.fz.name_zh

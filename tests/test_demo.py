"""The demo centre: made by the real verbs, with every state there to be seen, and every promise kept in it."""

import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from outbound import clock, db, sign_ins
from outbound.billing.model import ChargeHold, Instruction, LedgerEntry
from outbound.call_lists.model import CallList, Contact
from outbound.calls.broken import BrokenCallback
from outbound.calls.model import Call, Outcome
from outbound.complaints import Complaint
from outbound.demo import cast, centre, fortnight
from outbound.dialing import handout
from outbound.opt_outs.model import OptOut
from outbound.people import Centre, Role, Staff, StaffRole
from outbound.settings import Settings
from outbound.subscriptions.model import Subscription, SubscriptionState
from outbound.verification import broken_promises
from qa.review.model import Correction, CorrectionState, Review
from qa.sampling import checking
from qa.sampling.model import Draw
from web.app import create_app

Usage = namedtuple("Usage", ["total", "used", "free"])
CALLING = {Role.AGENT, Role.VERIFIER}


@pytest.fixture(scope="module")
def settings(demo_settings: Settings) -> Settings:
    return demo_settings


@pytest.fixture(scope="module")
def made(settings: Settings) -> Iterator[Engine]:
    engine = db.open_database(settings.database)
    yield engine
    engine.dispose()


@pytest.fixture
def demo(made: Engine) -> Iterator[Session]:
    with db.reading(made) as session:
        yield session


def test_a_subscription_in_every_state_is_there(demo: Session) -> None:
    assert set(demo.exec(select(Subscription.state).distinct())) == set(SubscriptionState)


def test_calls_ended_in_every_way_there_is(demo: Session) -> None:
    seen = set(demo.exec(select(Call.outcome_code).distinct()))
    assert set(demo.exec(select(Outcome.code).where(Outcome.duties != ""))) - seen == set()
    assert demo.exec(select(BrokenCallback)).first() is not None


def test_the_lists_are_big_and_messy(demo: Session) -> None:
    assert demo.exec(select(sa.func.count()).select_from(Contact)).one() >= 5000
    lists = demo.exec(select(CallList)).all()
    assert all(call_list.encoding.lower() in ("gb18030", "gbk") for call_list in lists)
    assert sum(call_list.invalid for call_list in lists) > 0
    assert sum(call_list.duplicate for call_list in lists) > 0


def test_two_centres_have_staff_in_every_role(demo: Session) -> None:
    assert len(demo.exec(select(Centre)).all()) == 2
    assert set(demo.exec(select(StaffRole.role).distinct())) == set(Role)
    assert {part.login for part in cast.CAST if part.centre == "xm"} >= {"xm-manager", "xm-agent1", "xm-verifier"}


def test_reviews_passed_and_failed_and_a_correction_is_due(demo: Session) -> None:
    assert {str(verdict) for verdict in demo.exec(select(Review.verdict).distinct())} >= {"valid", "invalid"}
    assert {CorrectionState.DUE, CorrectionState.PASSED} <= set(demo.exec(select(Correction.state)).all())


def test_money_complaints_and_opt_outs_are_there(demo: Session) -> None:
    assert demo.exec(select(LedgerEntry)).first() is not None
    assert demo.exec(select(Complaint)).first() is not None
    assert demo.exec(select(OptOut)).first() is not None
    assert demo.exec(select(Instruction).where(col(Instruction.batch_id).is_(None))).first() is not None


def test_each_centre_has_a_complaint_that_holds_a_charge(demo: Session) -> None:
    assert {held.centre_id for held in demo.exec(select(Complaint)).all()} == {1, 2}
    assert len(demo.exec(select(ChargeHold)).all()) >= 2


def test_a_survey_has_answers(demo: Session) -> None:
    answered = demo.exec(select(Call.answers).where(Call.outcome_code == "completed")).all()
    assert answered
    assert all({"network", "spending"} <= set(answers) for answers in answered)


@pytest.mark.parametrize("role", sorted(CALLING))
def test_somebody_waits_to_be_rung(made: Engine, role: Role) -> None:
    with Session(made) as session:
        callers = session.exec(select(Staff).join(StaffRole).where(StaffRole.role == role)).all()
        assert any(handout.claim_next(session, each, roles={role}, now=clock.now()) for each in callers)


@pytest.mark.parametrize("role", sorted(set(Role) - CALLING))
def test_the_desk_of_a_role_has_work_on_it(settings: Settings, made: Engine, role: Role) -> None:
    holders = [part.login for part in cast.CAST if role in part.roles]
    assert any(has_work(desk_of(settings, made, login)) for login in holders)


def desk_of(settings: Settings, made: Engine, login: str) -> str:
    """The first page that somebody sees."""
    client = create_app(settings, made).test_client()
    with db.transaction(made) as session:
        staff = session.exec(select(Staff).where(Staff.login == login)).one()
        token = sign_ins.sign_in(session, staff, hours=12, now=clock.now())
    with client.session_transaction() as cookie:
        cookie["token"] = token
    return client.get("/", follow_redirects=True).get_data(as_text=True)


def has_work(desk: str) -> bool:
    return 'class="empty"' not in desk and (desk.count("<tr") > 1 or 'class="late"' in desk)


def test_every_promise_holds_in_it(demo: Session, settings: Settings) -> None:
    assert (settings.data / "anchors.jsonl").read_text().count("\n") > 10
    assert broken_promises(demo, data=settings.data) == []


def test_every_draw_can_be_drawn_again(demo: Session) -> None:
    draws = demo.exec(select(Draw)).all()
    assert len(draws) > 10
    assert [draw.period for draw in draws if checking.verify(demo, draw)] == []


def test_every_recording_lies_in_its_place(settings: Settings) -> None:
    files = list(Path(settings.recordings).rglob("*.mp3"))
    assert len(files) > 100


def test_a_second_start_keeps_what_is_there(settings: Settings, made: Engine) -> None:
    with db.transaction(made) as session:
        before = session.exec(select(sa.func.count()).select_from(Call)).one()
    centre.prepare(settings, fresh=False, say=lambda _line: None)
    with db.transaction(made) as session:
        assert session.exec(select(sa.func.count()).select_from(Call)).one() == before


def test_a_full_disk_is_told_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**10, 10**10, 40 * 10**6))
    with pytest.raises(centre.NoRoom, match="needs 200 MB"):
        centre.prepare(Settings(data=tmp_path), fresh=False, say=lambda _line: None)
    assert list(tmp_path.iterdir()) == []


def test_a_real_centre_is_never_taken_for_the_demo(tmp_path: Path) -> None:
    (tmp_path / "outbound.sqlite3").touch()
    with pytest.raises(centre.NotTheDemo):
        centre.prepare(Settings(data=tmp_path), fresh=True, say=lambda _line: None)


def test_the_demo_leaves_a_database_of_ones_own_alone(tmp_path: Path) -> None:
    with pytest.raises(centre.DemoWantsSqlite):
        centre.prepare(Settings(data=tmp_path, database_url="postgresql://nowhere"), fresh=False)


def test_a_fresh_demo_takes_the_place_of_the_old_one_whole(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # A short one will do: only what stands in the folder afterwards is looked at.
    monkeypatch.setattr(fortnight, "WORKING_DAYS", 2)
    key = (settings.data / "numbers.key").read_bytes()
    centre.prepare(settings, fresh=True, say=lambda _line: None)
    assert (settings.data / "numbers.key").read_bytes() != key
    assert sorted(path.name for path in settings.data.iterdir() if path.is_dir()) == ["lists", "recordings"]
    engine = db.open_database(settings.database)
    with db.reading(engine) as session:
        assert broken_promises(session) == []
    engine.dispose()

"""The quality desk: figures with intervals, the calls behind them, patrols, calibrations, agents' files, stops."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import select

from outbound import db
from outbound.calls.model import Call
from outbound.campaigns import stops
from outbound.campaigns.model import Campaign
from outbound.campaigns.stops import CampaignStop
from outbound.compliance import Criterion, Mark
from outbound.people import known
from outbound.settings import Settings
from qa.calibration import verbs as calibrations
from qa.calibration.model import Calibration, CalibrationVerdict
from qa.patrol import PatrolNote, Topic
from qa.review import verbs as reviews
from qa.review.marks import CriterionMark
from qa.review.model import ReviewSource, ReviewTask
from qa.sampling import verbs as sampling
from qa.sampling.model import DrawKind
from tests.conftest import Cast, assert_no_violations, picture
from tests.factories import ALL_PASS
from tests.heard_calls import HeardMaker, show

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

ClientAs = Callable[..., FlaskClient]
PageAs = Callable[..., "Page"]
once = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

DAYS = [date(2026, 11, 12), date(2026, 11, 19), date(2026, 11, 20)]
CONSENT = Criterion.EXPLICIT_CONSENT
PASSED = {criterion: CriterionMark(Mark.PASS) for criterion in Criterion}
FAILED = {**PASSED, CONSENT: CriterionMark(Mark.FAIL, reason="other", note="没有听到同意")}
AUDIBLE = "compliant-sale.mp3"


@pytest.fixture
def desks() -> tuple[str, ...]:
    return (
        "web.desks.reviewer",
        "web.desks.own_reviews",
        "web.desks.recordings",
        "web.desks.supervisor",
        "web.desks.quality",
        "web.desks.own_file",
        "web.desks.calibrating",
    )


@dataclass(frozen=True)
class Scene:
    """Two weeks of draws, reviewed; an open and a closed calibration; a stopped campaign; a patrol."""

    campaign: int
    failed_call: int
    passed_call: int
    waiting: int
    open: int
    closed: int
    stop: int


@pytest.fixture
def scene(engine: Engine, cast: Cast, settings: Settings, now: datetime) -> Scene:
    with db.transaction(engine) as session:
        make = HeardMaker(session, cast.fz, settings, now=now)
        make.write_script(cast.manager)
        for day in DAYS:
            _draw(make, cast, day)
        done = session.exec(select(ReviewTask).where(ReviewTask.done_at.is_not(None))).all()  # type: ignore[union-attr]
        by_agent = {session.get_one(Call, task.call_id).agent_id: task for task in done}
        session.add(_patrol(cast, now))
        waiting = session.exec(select(ReviewTask).where(ReviewTask.done_at.is_(None))).first()  # type: ignore[union-attr]
        assert waiting is not None
        return Scene(
            campaign=session.get_one(Call, done[0].call_id).campaign_id,
            failed_call=by_agent[known(cast.agent.id)].call_id,
            passed_call=by_agent[known(cast.second_agent.id)].call_id,
            waiting=known(waiting.id),
            open=known(_calibration(make, cast, "十一月·明确同意", marked=False).id),
            closed=known(_calibration(make, cast, "十月·明确同意", marked=True).id),
            stop=known(stops.stop(session, make.campaign(), now=now).id),
        )


def _draw(make: HeardMaker, cast: Cast, day: date) -> None:
    """A day's calls, drawn and reviewed; the first agent's sales fail, and one review of the last day is left."""
    begins = datetime.fromisoformat(f"{day}T01:00+00:00")
    sampling.commit_seed(
        make.session, cast.fz, DrawKind.DAILY, str(day), seed=f"{day}", now=begins - timedelta(hours=3)
    )
    for place in range(12):
        at = begins + timedelta(minutes=20 * place)
        agent = (cast.agent, cast.second_agent)[place % 2]
        make.recording(make.call(agent, at=at, outcome="sold", given=ALL_PASS), hearing={"longest_silence": place})
    draw = sampling.draw(
        make.session,
        cast.fz,
        DrawKind.DAILY,
        str(day),
        now=begins + timedelta(days=1),
        rates=_half,
        new_agent_days=0,
    )
    tasks = make.session.exec(select(ReviewTask).where(ReviewTask.draw_id == draw.id)).all()
    for task in tasks[: len(tasks) - (day == DAYS[-1])]:
        failing = make.session.get_one(Call, task.call_id).agent_id == cast.agent.id
        reviewer = cast.reviewer if task.reviewer_id == cast.reviewer.id else cast.second_reviewer
        reviews.mark(
            make.session, task, FAILED if failing else PASSED, by=reviewer, now=begins + timedelta(days=1, hours=1)
        )


def _half(_campaign: int, _agent: int) -> int:
    return 50


def _patrol(cast: Cast, now: datetime) -> PatrolNote:
    return PatrolNote(
        centre_id=known(cast.fz.id),
        agent_id=known(cast.agent.id),
        by_id=known(cast.supervisor.id),
        topic=Topic.SCRIPT,
        in_order=False,
        note="脱稿推介",
        key="seen before",
        at=now - timedelta(hours=1),
    )


def _calibration(make: HeardMaker, cast: Cast, name: str, *, marked: bool) -> Calibration:
    both = [cast.reviewer, cast.second_reviewer]
    heard = []
    for _ in range(3):
        call = make.call(
            cast.agent, contact=make.rung(f"+861380013{make._next():04d}"), at=make.now - timedelta(days=2)
        )
        heard.append(make.keep(call, AUDIBLE))
    made = calibrations.begin(make.session, cast.fz, name, heard, both, by=cast.supervisor, now=make.now)
    for recording in heard if marked else ():
        for reviewer, marks in zip(both, (PASSED, FAILED if recording is heard[0] else PASSED), strict=True):
            calibrations.mark(make.session, made, recording, marks, by=reviewer, now=make.now)
    return made


SPAN = "since=2026-11-09&until=2026-11-23"


# ── Figures


@once
@pytest.mark.parametrize("by", ["week", "campaign", "agent", "criterion"])
def test_every_figure_has_its_interval_and_leads_to_its_calls(client_as: ClientAs, scene: Scene, by: str) -> None:
    client = client_as("supervisor")
    page = client.get(f"/quality?by={by}&{SPAN}").text
    assert 'class="interval"' in page
    behind = {link.replace("&amp;", "&") for link in re.findall(r'<a class="mark" href="([^"]+)"', page)}
    assert behind
    for address in behind:
        assert client.get(address).status_code == 200


@once
def test_the_agent_who_failed_all_is_not_told_by_a_bare_percentage(
    client_as: ClientAs, scene: Scene, cast: Cast
) -> None:
    page = client_as("supervisor").get(f"/quality?by=agent&{SPAN}").text
    row = page[page.index(f">{cast.agent.name}</a>") :].split("</tr>")[0]
    assert "100.0%" in row
    assert re.findall(r">(\d\d\.\d)%<", row)[0] < "99.0"


@once
def test_figures_are_exported_as_they_are_shown(client_as: ClientAs, scene: Scene) -> None:
    client = client_as("manager", "zh")
    file = client.get(f"/quality?by=agent&{SPAN}&export=csv")
    assert file.data.decode("utf-8-sig").splitlines()[0].startswith("项目,录音,已质检")
    assert client.get(f"/quality?by=agent&{SPAN}&export=xlsx").data[:2] == b"PK"
    assert client.get(f"/quality/honesty?{SPAN}&export=csv").status_code == 200
    assert client.get(f"/quality/reviewers?{SPAN}&export=csv").status_code == 200


@once
def test_the_carrier_sees_the_centres_and_an_agent_sees_nothing(client_as: ClientAs, scene: Scene) -> None:
    assert "Fuzhou centre" in client_as("carrier").get(f"/quality?by=centre&{SPAN}").text
    assert client_as("agent").get("/quality").status_code == 403


@once
def test_another_centre_sees_none_of_it(client_as: ClientAs, scene: Scene) -> None:
    assert "No draw was made of these days" in client_as("outsider_manager").get(f"/quality?{SPAN}").text


@once
@pytest.mark.parametrize(
    "span", ["since=tomorrow", "since=2026-11-23&until=2026-11-01", "until=9999-12-31", "since=0001-01-01"]
)
def test_days_that_cannot_be_are_refused(client_as: ClientAs, cast: Cast, span: str) -> None:
    assert client_as("supervisor").get(f"/quality?{span}").status_code == 422


# ── Calls


def references(page: str) -> set[str]:
    return set(re.findall(r"FZ-\d{6}", page))


def reference(engine: Engine, call: int) -> str:
    with db.reading(engine) as session:
        return session.get_one(Call, call).reference


def test_calls_are_found_by_what_was_found_in_them(client_as: ClientAs, scene: Scene, engine: Engine) -> None:
    client = client_as("supervisor")
    failed, passed = reference(engine, scene.failed_call), reference(engine, scene.passed_call)
    for asked in ("verdict=invalid", "criterion=explicit_consent", "overstated=yes", "sample=daily&verdict=invalid"):
        found = references(client.get(f"/quality/calls?{SPAN}&{asked}").text)
        assert failed in found, asked
        assert passed not in found, asked
    assert failed not in references(client.get(f"/quality/calls?{SPAN}&verdict=none").text)


def test_calls_are_found_by_length_and_silence(client_as: ClientAs, scene: Scene) -> None:
    client = client_as("supervisor")
    assert references(client.get(f"/quality/calls?{SPAN}&silent=10").text)
    assert not references(client.get(f"/quality/calls?{SPAN}&silent=12").text)
    assert not references(client.get(f"/quality/calls?{SPAN}&shorter=10").text)
    assert not references(client.get(f"/quality/calls?{SPAN}&complaint=yes").text)


@once
def test_a_call_that_waits_for_me_shows_no_verdict(
    client_as: ClientAs, scene: Scene, engine: Engine, cast: Cast
) -> None:
    with db.transaction(engine) as session:
        task = session.exec(select(ReviewTask).where(ReviewTask.call_id == scene.failed_call)).one()
        recording, call = task.recording_id, session.get_one(Call, task.call_id).reference
        session.add(
            ReviewTask(
                centre_id=task.centre_id,
                source=ReviewSource.TARGETED,
                recording_id=recording,
                call_id=task.call_id,
                reviewer_id=known(cast.supervisor.id),
                made_at=task.made_at,
                due_at=task.due_at,
            )
        )
    page = client_as("supervisor").get(f"/quality/calls?{SPAN}&q={call}").text
    assert "/supervisor/reviews/" not in page
    assert call not in references(client_as("supervisor").get(f"/quality/calls?{SPAN}&verdict=invalid").text)


@once
def test_marked_calls_are_pulled_in_as_asked_for(client_as: ClientAs, scene: Scene, engine: Engine) -> None:
    with db.reading(engine) as session:
        task = session.exec(select(ReviewTask).where(ReviewTask.call_id == scene.passed_call)).one()
    client = client_as("supervisor")
    answer = client.post("/quality/calls/pull-in", data={"recording": [task.recording_id]}, follow_redirects=True)
    assert "1 call is given to the reviewers" in answer.text
    with db.reading(engine) as session:
        asked = session.exec(select(ReviewTask).where(ReviewTask.source == ReviewSource.TARGETED)).one()
    assert asked.recording_id == task.recording_id


@once
def test_another_centres_call_is_not_pulled_in(client_as: ClientAs, scene: Scene, engine: Engine) -> None:
    with db.reading(engine) as session:
        task = session.exec(select(ReviewTask)).first()
    assert task is not None
    answer = client_as("outsider_manager").post("/quality/calls/pull-in", data={"recording": [task.recording_id]})
    assert answer.status_code == 404


# ── Patrol, files, stops


def test_a_patrol_is_noted_once_and_stands_in_the_agents_file(client_as: ClientAs, engine: Engine, cast: Cast) -> None:
    client = client_as("supervisor")
    key = re.findall(r'name="key" value="(\w+)"', client.get("/quality/patrol").text)[0]
    seen = {"agent": cast.agent.id, "topic": "customer_data", "in_order": "no", "note": "纸上抄号码", "key": key}
    for _tap in range(2):
        assert client.post("/quality/patrol", data=seen).status_code == 302
    with db.reading(engine) as session:
        assert session.exec(select(PatrolNote)).one().in_order is False
    assert "纸上抄号码" in client.get(f"/quality/agents/{cast.agent.id}").text
    assert "纸上抄号码" in client_as("agent").get("/my-reviews/file").text


@once
def test_a_patrol_without_a_seat_is_told_at_its_field(client_as: ClientAs, cast: Cast) -> None:
    answer = client_as("supervisor").post("/quality/patrol", data={"topic": "other", "key": "k", "in_order": "yes"})
    assert answer.status_code == 422
    assert "Choose one of the options" in answer.text
    assert "Write in a word what was seen" in answer.text


@once
def test_files_tell_each_step_with_its_reason(client_as: ClientAs, scene: Scene, cast: Cast) -> None:
    page = client_as("supervisor", "zh").get("/quality/agents").text
    assert "全检" in page
    assert "最近一次质检不合格" in page
    own = client_as("agent", "zh").get("/my-reviews/file").text
    assert "全检" in own
    assert client_as("outsider_manager").get(f"/quality/agents/{cast.agent.id}").status_code == 404


@once
def test_a_manager_writes_down_what_was_done(client_as: ClientAs, scene: Scene, engine: Engine) -> None:
    field = f"done-{scene.stop}"
    address = f"/quality/stops/{scene.stop}/release"
    assert client_as("supervisor").post(address, data={field: "x"}).status_code == 403
    assert client_as("manager").post(address, data={field: " "}).status_code == 422
    assert client_as("manager").post(address, data={field: "逐人约谈"}).status_code == 302
    with db.reading(engine) as session:
        stop = session.get_one(CampaignStop, scene.stop)
        assert stops.standing(session, session.get_one(Campaign, stop.campaign_id)) is None
    assert "逐人约谈" in client_as("supervisor").get("/quality/stops").text


# ── Calibrations


@once
def test_while_a_calibration_is_open_nobody_sees_what_was_said(client_as: ClientAs, scene: Scene) -> None:
    address = f"/reviewer/calibrations/{scene.open}/calls/1"
    marks = {f"mark-{criterion}": "pass" for criterion in Criterion}
    marks |= {f"mark-{CONSENT}": "fail", f"reason-{CONSENT}": "other", f"note-{CONSENT}": "SECRETLY", "comment": ""}
    answer = client_as("reviewer").post(address, data=marks)
    assert answer.headers["Location"].endswith("/calls/2")
    for login, page in (("second_reviewer", address), ("supervisor", f"/quality/calibrations/{scene.open}")):
        seen = client_as(login).get(page)
        assert seen.status_code == 200
        assert "SECRETLY" not in seen.text


@once
def test_a_closed_calibration_shows_agreement_and_where_they_differ(client_as: ClientAs, scene: Scene) -> None:
    page = client_as("supervisor").get(f"/quality/calibrations/{scene.closed}").text
    assert "recalibrate" in page
    assert "没有听到同意" in page
    assert "n/a" in page
    assert "agreed too little" in client_as("supervisor").get("/quality/calibrations").text
    assert "recalibrate first" in client_as("supervisor").get(f"/quality?by=criterion&{SPAN}").text


@once
def test_who_takes_no_part_hears_nothing_of_it(client_as: ClientAs, scene: Scene) -> None:
    assert client_as("supervisor").get(f"/reviewer/calibrations/{scene.open}/calls/1").status_code == 404
    assert client_as("outsider_manager").get(f"/quality/calibrations/{scene.closed}").status_code == 404


@once
def test_marked_calls_become_a_calibration(client_as: ClientAs, scene: Scene, engine: Engine, cast: Cast) -> None:
    with db.reading(engine) as session:
        task = session.exec(select(ReviewTask).where(ReviewTask.call_id == scene.passed_call)).one()
    client = client_as("supervisor")
    form = client.post("/quality/calibrations/choose", data={"recording": [task.recording_id]}).headers["Location"]
    assert reference(engine, scene.passed_call) in client.get(form).text
    chosen = {"name": "新校准", "recording": [task.recording_id], "reviewers": [cast.reviewer.id]}
    assert "at least two reviewers" in client.post("/quality/calibrations/new", data=chosen).text
    chosen["reviewers"] = [cast.reviewer.id, cast.second_reviewer.id]
    assert client.post("/quality/calibrations/new", data=chosen).status_code == 302
    assert "新校准" in client_as("reviewer").get("/reviewer/calibrations").text


@once
def test_closing_a_calibration_keeps_what_was_marked(client_as: ClientAs, scene: Scene, engine: Engine) -> None:
    assert client_as("supervisor").post(f"/quality/calibrations/{scene.open}/close").status_code == 302
    with db.reading(engine) as session:
        assert len(session.exec(select(CalibrationVerdict)).all()) == 6
    assert client_as("reviewer").get(f"/reviewer/calibrations/{scene.open}/calls/1").status_code == 302


# ── Looked at


PAGES = {
    "figures-week": f"/quality?{SPAN}",
    "figures-agent": f"/quality?by=agent&{SPAN}",
    "figures-criterion": f"/quality?by=criterion&{SPAN}",
    "honesty": f"/quality/honesty?{SPAN}",
    "reviewers": f"/quality/reviewers?{SPAN}",
    "calls": f"/quality/calls?{SPAN}",
    "agents": "/quality/agents",
    "patrol": "/quality/patrol",
    "stops": "/quality/stops",
    "calibrations": "/quality/calibrations",
}


@pytest.mark.browser
@once
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_the_quality_desk_can_be_read_by_everybody(
    page_as: PageAs, scene: Scene, cast: Cast, language: str
) -> None:
    page = page_as("manager", language)
    pages = {
        **PAGES,
        "agent": f"/quality/agents/{cast.agent.id}",
        "calibration": f"/quality/calibrations/{scene.closed}",
    }
    for name, address in pages.items():
        show(page, address)
        picture(page, f"quality-{name}-{language}", full=True)
        assert_no_violations(page)


@pytest.mark.browser
@once
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_patrol_on_a_phone_takes_less_than_15_seconds(
    page_as: PageAs, cast: Cast, engine: Engine, language: str
) -> None:
    page = page_as("supervisor", language)
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    show(page, "/quality/patrol")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    thumb = Thumb(page)
    thumb.tap(page.locator(f"label:has([name=agent][value='{cast.agent.id}'])"))
    thumb.tap(page.locator("label:has([name=topic][value=script])"))
    picture(page, f"quality-patrol-phone-{language}", full=True)
    with page.expect_navigation():
        thumb.tap(page.locator("button[name=in_order][value=no]"))
    page.wait_for_selector(".notices .notice")
    assert (thumb.taps, thumb.typed, thumb.loads) == (3, 0, 1)
    assert thumb.seconds < 15
    with db.reading(engine) as session:
        assert session.exec(select(PatrolNote)).one().agent_id == cast.agent.id


PHONE = {"width": 390, "height": 844}
THINK, REACH, PRESS, SCROLL, LOAD = 1.35, 1.1, 0.28, 1.0, 2.0
"""Seconds of the keystroke-level model (Card, Moran & Newell, 1980): M, P, K; a flick and a load are ours, and slow."""


class Thumb:
    """What a thumb does on a page, in the time that the keystroke-level model gives it."""

    def __init__(self, page: "Page") -> None:
        self.page, self.taps, self.typed, self.scrolls, self.loads = page, 0, 0, 0, 0
        page.on("framenavigated", lambda _frame: self._loaded())

    def _loaded(self) -> None:
        self.loads += 1

    def tap(self, target: "Locator") -> None:
        """Tap what is in sight; a flick brings it there first where it is not."""
        around = target.bounding_box()
        assert around is not None and around["height"] >= 24
        if around["y"] + around["height"] > PHONE["height"] or around["y"] < 0:
            self.scrolls += 1
        target.click()
        self.taps += 1

    @property
    def seconds(self) -> float:
        """How long it takes somebody who knows the page."""
        tapping = self.taps * (THINK + REACH + PRESS) + self.typed * (REACH + PRESS)
        return tapping + self.scrolls * SCROLL + self.loads * LOAD


@pytest.mark.browser
@once
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_calibration_is_marked_by_keyboard_like_a_review(
    page_as: PageAs, scene: Scene, engine: Engine, language: str
) -> None:
    page = page_as("reviewer", language)
    show(page, "/reviewer/calibrations")
    assert_no_violations(page)
    show(page, f"/reviewer/calibrations/{scene.open}/calls/1")
    picture(page, f"quality-calibrate-{language}")
    assert_no_violations(page)
    for key in ("1", "2", "3", "4", "Control+Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/calls/2")
    with db.reading(engine) as session:
        given = session.exec(select(CalibrationVerdict).where(CalibrationVerdict.calibration_id == scene.open)).all()
    assert len(given) == 1

"""The callers' API: what a desk does, without the page."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from outbound import db, people
from outbound.calls.model import Call, LateWrapUp, SelfMark, Tick
from outbound.journal import JournalEntry
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category
from outbound.people import Role, Staff
from outbound.phones.model import Phone
from outbound.subscriptions import trial
from outbound.subscriptions.model import Subscription, SubscriptionState
from tests.desk import Floor, desks, floor, vault
from web.app import Console

__all__ = ["desks", "floor", "vault"]

ClientAs = Callable[..., Any]
SAMPLES = Path(__file__).parent.parent / "samples" / "recordings"
ASKED = {"identity": 5.0, "permission": 10.0, "understanding": 70.0, "consent": 80.0}
TOLD = {"functions": 20.0, "tariff": 31.5, "trial_end": 40.0, "usage": 51.0, "cancel": 60.0, **ASKED}
CRITERIA = ("identity_and_permission", "understanding", "script_followed", "explicit_consent")
PASSING = dict.fromkeys(CRITERIA, "pass")


def take(client: Any, desk: str = "agent") -> dict[str, Any]:
    answer = client.post("/api/v1/claims", json={"desk": desk})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def dial(client: Any, claim: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"/api/v1/claims/{claim['id']}/dial")
    assert answer.status_code == 200, answer.text
    call: dict[str, Any] = answer.json["claim"]["call"]
    return call


def wrap_up(client: Any, call: dict[str, Any], outcome: str, **more: Any) -> Any:
    body = {"key": uuid4().hex, "outcome": outcome, "seconds": 90, **more}
    return client.post(f"/api/v1/calls/{call['id']}/wrap-up", json=body)


def dialled(client: Any, desk: str = "agent") -> dict[str, Any]:
    return dial(client, take(client, desk)["claim"])


def sold(client: Any, **marks: str) -> Any:
    return wrap_up(client, dialled(client), "sold", ticks=TOLD, marks={**PASSING, **marks})


def test_the_next_contact_comes_masked_with_its_script_filled_in(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    claim = take(client_as("agent", "zh"))["claim"]
    assert claim["number"] == "138****8000"
    assert "13800138000" not in json.dumps(claim)
    said = {step["key"]: step["said"] for step in claim["script"]["steps"]}
    assert "王秀英" in said["identity"]
    assert "五元" in said["tariff"]
    assert "十二月二十三" in said["trial_end"]


def test_asking_again_gives_the_same_contact(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent")
    assert take(client)["claim"]["id"] == take(client)["claim"]["id"]


def test_where_nobody_is_due_the_desk_says_how_many_wait_and_until_when(floor: Floor, client_as: ClientAs) -> None:
    floor.contact(due_at=floor.now + timedelta(hours=3))
    told = take(client_as("agent"))
    assert told["claim"] is None
    assert told["nobody"] == "1 customer waits; the next may be called today 13:00."


def test_dialling_shows_the_number_and_journals_that_it_was_seen(
    floor: Floor, client_as: ClientAs, session: Session
) -> None:
    floor.contact()
    call = dialled(client_as("agent"))
    assert (call["number"], call["tel"]) == ("138 0013 8000", "tel:+8613800138000")
    assert call["reference"].startswith("FZ-20261123-")
    revealed = session.exec(select(JournalEntry).where(JournalEntry.action == "phone.revealed")).one()
    assert revealed.actor_id == floor.cast.agent.id


def test_dialling_again_is_the_same_call(floor: Floor, client_as: ClientAs, session: Session) -> None:
    floor.contact()
    client = client_as("agent")
    claim = take(client)["claim"]
    assert dial(client, claim)["id"] == dial(client, claim)["id"]
    assert len(session.exec(select(Call)).all()) == 1


def test_a_number_blocked_meanwhile_is_not_dialled(floor: Floor, client_as: ClientAs, session: Session) -> None:
    contact = floor.contact()
    client = client_as("agent", "zh")
    claim = take(client)["claim"]
    phone = session.get_one(Phone, contact.phone_id)
    opt_outs.block(session, phone, category=Category.COMPLAINT, source="care desk", by=None, now=floor.now)
    session.commit()
    answer = client.post(f"/api/v1/claims/{claim['id']}/dial")
    assert answer.status_code == 409
    assert answer.json["message"] == "这位客户已不在您手上：占用超时或号码已被拒呼，请取下一位。"


def test_somebody_elses_contact_is_not_found(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    claim = take(client_as("agent"))["claim"]
    for login in ("second_agent", "outsider"):
        assert client_as(login).post(f"/api/v1/claims/{claim['id']}/dial").status_code == 404


def test_a_contact_put_back_is_not_handed_to_the_same_agent_at_once(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent")
    claim = take(client)["claim"]
    assert client.post(f"/api/v1/claims/{claim['id']}/put-back").json == {"put_back": True}
    assert take(client)["claim"] is None


def test_one_request_puts_a_contact_back_and_takes_the_next(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    floor.contact("13900139000")
    client = client_as("agent")
    first = take(client)["claim"]
    second = client.post("/api/v1/claims", json={"instead_of": first["id"]}).json["claim"]
    assert (first["number"], second["number"]) == ("138****8000", "139****9000")
    assert client.post("/api/v1/claims", json={"instead_of": second["id"]}).json["claim"] is None


def test_nobody_puts_back_somebody_elses_contact_for_the_next(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    floor.contact("13900139000")
    claim = take(client_as("agent"))["claim"]
    for login in ("second_agent", "outsider"):
        answer = client_as(login).post("/api/v1/claims", json={"instead_of": claim["id"]})
        assert answer.status_code == 404


def test_a_dialled_contact_is_not_put_back_for_the_next(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent")
    claim = take(client)["claim"]
    dial(client, claim)
    answer = client.post("/api/v1/claims", json={"instead_of": claim["id"]})
    assert (answer.status_code, answer.json["error"]) == (409, "CallUnderWay")


def test_who_loses_the_role_is_refused_at_the_next_request(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent")
    claim = take(client)["claim"]
    with db.transaction(floor.engine) as session:
        agent = session.get_one(Staff, floor.cast.agent.id)
        people.change_roles(session, agent, {Role.REVIEWER}, by=floor.cast.manager, now=floor.now)
    assert client.post(f"/api/v1/claims/{claim['id']}/dial").status_code == 401
    assert client.post("/api/v1/claims", json={}).status_code == 401


def test_a_dialled_contact_is_not_put_back(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent")
    claim = take(client)["claim"]
    dial(client, claim)
    answer = client.post(f"/api/v1/claims/{claim['id']}/put-back")
    assert (answer.status_code, answer.json["error"]) == (409, "CallUnderWay")


def test_a_lease_is_renewed(floor: Floor, client_as: ClientAs, app: Console) -> None:
    floor.contact()
    client = client_as("agent")
    claim = take(client)["claim"]
    app.config["NOW"] = lambda: floor.now + timedelta(minutes=10)
    renewed = client.post(f"/api/v1/claims/{claim['id']}/renew").json["lease_until"]
    assert datetime.fromisoformat(renewed) == floor.now + timedelta(minutes=25)


def test_a_sale_with_four_passes_begins_the_trial(floor: Floor, client_as: ClientAs, session: Session) -> None:
    floor.contact()
    answer = sold(client_as("agent", "zh"))
    assert answer.json["follows"] == ["体验至12月23日，到期前由其他同事二次确认。", "本通录音上传前不会计费。"]
    subscription = session.exec(select(Subscription)).one()
    assert subscription.state == SubscriptionState.TRIAL
    assert session.get_one(Tick, (subscription.sale_call_id, "tariff")).second == 31.5
    assert len(session.exec(select(SelfMark)).all()) == 4


def test_a_sale_with_a_doubt_is_to_be_called_again(floor: Floor, client_as: ClientAs, session: Session) -> None:
    floor.contact()
    answer = sold(client_as("agent", "zh"), understanding="unsure")
    assert answer.json["follows"] == ["有拿不准的地方，需要重拨。"]
    assert session.exec(select(Subscription)).one().state == SubscriptionState.RECALL_DUE


def test_a_sale_without_all_marks_is_refused_by_name(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent", "zh")
    answer = wrap_up(client, dialled(client), "sold", ticks=TOLD, marks={"understanding": "pass"})
    assert answer.status_code == 422
    assert answer.json["message"] == "四项标准须逐项标记，尚未标记：身份与许可、按脚本执行、明确同意。"


def test_a_sale_with_a_disclosure_left_out_is_refused(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent", "zh")
    told = {step: second for step, second in TOLD.items() if step != "cancel"}
    answer = wrap_up(client, dialled(client), "sold", ticks=told, marks=PASSING)
    assert answer.json["message"] == "登记成交前必须说完并勾选全部必须告知项，还缺：查询与退订方式。"


def test_the_same_report_sent_twice_has_one_effect(floor: Floor, client_as: ClientAs, session: Session) -> None:
    floor.contact()
    client = client_as("agent")
    call = dialled(client)
    first = wrap_up(client, call, "no_answer", key="same-key-twice")
    second = wrap_up(client, call, "no_answer", key="same-key-twice")
    assert (first.json["repeated"], second.json["repeated"]) == (False, True)
    assert len(session.exec(select(JournalEntry).where(JournalEntry.action == "call.wrapped_up")).all()) == 1


def test_a_second_wrap_up_of_the_same_call_is_refused_with_its_sentence(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent", "zh")
    call = dialled(client)
    wrap_up(client, call, "no_answer")
    answer = wrap_up(client, call, "refused")
    assert answer.status_code == 409
    assert answer.json["message"] == "这通电话已经登记为“无人接听”，如有误请联系班组长。"


def test_a_refusal_blocks_the_number_at_once_and_says_so(floor: Floor, client_as: ClientAs, session: Session) -> None:
    contact = floor.contact()
    client = client_as("agent", "zh")
    answer = wrap_up(client, dialled(client), "do_not_call").json
    assert answer["blocked"]
    assert answer["follows"] == ["已加入拒呼名单，所有活动都不再拨打这个号码。"]
    phone = session.get_one(Phone, contact.phone_id)
    assert len(opt_outs.of_number(session, phone, now=floor.now)) == 1
    session.rollback()
    assert take(client)["claim"] is None


def test_the_next_contact_comes_with_the_wrap_up(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    floor.contact("13900139000", name="李建国")
    client = client_as("agent")
    answer = wrap_up(client, dialled(client), "no_answer", next=True).json
    assert answer["desk"]["claim"]["name"] == "李建国"
    assert answer["desk"]["figures"] == {"dialled": 1, "reached": 0, "valid": 0}


def test_a_callback_is_booked_for_the_agent_who_agreed_it(floor: Floor, client_as: ClientAs, app: Console) -> None:
    floor.contact()
    client = client_as("agent", "zh")
    call = dialled(client)
    at = call["callbacks"]["suggested"][-1]["at"]
    answer = wrap_up(client, call, "callback", callback_at=at)
    assert answer.json["follows"] == ["约定11月25日 10:00 回拨。"]
    app.config["NOW"] = lambda: datetime.fromisoformat(at) + timedelta(minutes=1)
    assert take(client_as("second_agent"))["claim"] is None
    assert "10:00" in take(client_as("agent"))["claim"]["why"]


def test_only_times_at_which_the_number_may_ring_are_offered(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    days = dialled(client_as("agent"))["callbacks"]["days"]
    assert len(days) == 15
    offered = {time["label"] for day in days for time in day["times"]}
    assert (min(offered), max(offered)) == ("09:00", "20:30")


def test_a_callback_in_the_night_is_refused(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent", "zh")
    answer = wrap_up(client, dialled(client), "callback", callback_at="2026-11-23T15:00:00Z")
    assert answer.json["message"].startswith("2026-11-23 23:00 已经过去、超过 60 天或不在")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("at", ["2026-11-23T14:00:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "soon"])
def test_a_callback_at_no_instant_is_refused(floor: Floor, client_as: ClientAs, at: str) -> None:
    floor.contact()
    client = client_as("agent")
    answer = wrap_up(client, dialled(client), "callback", callback_at=at)
    assert (answer.status_code, answer.json["error"]) == (422, "RequestFaulty")


def test_a_wrap_up_after_the_lease_is_kept_for_a_supervisor(
    floor: Floor, client_as: ClientAs, app: Console, session: Session
) -> None:
    floor.contact()
    client = client_as("agent", "zh")
    call = dialled(client)
    app.config["NOW"] = lambda: floor.now + timedelta(minutes=20)
    answer = wrap_up(client, call, "refused").json
    assert answer["late"]
    assert answer["follows"] == ["这位客户已不在您手上，您的登记已转交班组长处理。"]
    assert len(session.exec(select(LateWrapUp)).all()) == 1


def test_a_call_that_nobody_reported_is_offered_again(floor: Floor, client_as: ClientAs, app: Console) -> None:
    floor.contact()
    client = client_as("agent")
    call = dialled(client)
    app.config["NOW"] = lambda: floor.now + timedelta(minutes=20)
    left = take(client)["left_open"]
    assert [each["claim"]["call"]["id"] for each in left] == [call["id"]]
    wrap_up(client, call, "refused")
    assert client.get("/api/v1/desk").json["left_open"] == []


def test_an_outcome_of_another_kind_of_call_is_refused(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent")
    call = dialled(client)
    assert wrap_up(client, call, "renewed", ticks=TOLD, marks=PASSING).json["error"] == "OutcomeUnknown"
    assert wrap_up(client, call, "confirmed", ticks=TOLD, marks=PASSING).json["error"] == "OutcomeUnknown"


def test_a_complaint_needs_a_note(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent")
    assert wrap_up(client, dialled(client), "complaint").json["error"] == "NoteNeeded"


def test_a_step_that_is_not_in_the_script_is_refused(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent")
    assert wrap_up(client, dialled(client), "refused", ticks={"made-up": 1.0}).json["error"] == "TickUnknown"


def test_a_report_that_is_not_as_described_names_the_field(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent", "zh")
    answer = wrap_up(client, dialled(client), "refused", colour="red")
    assert (answer.status_code, answer.json["error"]) == (422, "RequestFaulty")
    assert "colour" in answer.json["message"]


def test_a_recording_is_attached_to_ones_own_call(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent", "zh")
    call = dialled(client)
    with (SAMPLES / "compliant-sale.mp3").open("rb") as sound:
        answer = client.post(f"/api/v1/calls/{call['id']}/recording", data={"file": (sound, "sale.mp3")})
    assert answer.status_code == 201
    assert answer.json["matched"]
    assert answer.json["reference"] == call["reference"]
    assert client.get("/api/v1/desk").json["claim"]["call"]["recording"]["said"].endswith("有效")


def test_what_is_not_audio_is_refused_with_its_sentence(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    client = client_as("agent", "zh")
    call = dialled(client)
    with (SAMPLES / "not-audio.wav").open("rb") as sound:
        answer = client.post(f"/api/v1/calls/{call['id']}/recording", data={"file": (sound, "sale.wav")})
    assert (answer.status_code, answer.json["error"]) == (422, "NotAudio")


def test_a_recording_that_came_first_is_matched_when_its_call_names_it(floor: Floor, client_as: ClientAs) -> None:
    floor.contact()
    sound = (SAMPLES / "compliant-sale.ogg").read_bytes()
    recorder = client_as("supervisor")
    kept = recorder.put("/api/v1/recordings/PBX-771", data=sound, content_type="audio/ogg")
    assert (kept.status_code, kept.json["matched"]) == (201, False)
    client = client_as("agent")
    wrap_up(client, dialled(client), "refused", reference="PBX-771")
    assert recorder.put("/api/v1/recordings/PBX-771", data=sound, content_type="audio/ogg").json["matched"]


def test_a_verifier_sees_what_was_promised_and_confirms(
    floor: Floor, client_as: ClientAs, app: Console, session: Session
) -> None:
    confirming(floor, client_as, app)
    client = client_as("verifier", "zh")
    told = take(client, "verifier")["claim"]
    assert told["promised"]["price"] == "¥5.00/月"
    assert told["promised"]["trial_ends"] == "12月23日 周三"
    assert told["promised"]["seller"] == "Agent"
    assert [outcome["code"] for outcome in told["outcomes"]][:3] == ["confirmed", "declined", "considering"]
    said = {"tariff": 12.0, "trial_end": 20.0, "cancel": 30.0, **ASKED}
    answer = wrap_up(client, dial(client, told), "confirmed", ticks=said, marks=PASSING, desk="verifier")
    assert answer.json["follows"] == ["已确认，12月24日起收费。", "本通录音上传前不会计费。"]
    session.expire_all()
    assert session.exec(select(Subscription)).one().state == SubscriptionState.CONFIRMED


def test_a_no_at_the_confirmation_cancels(floor: Floor, client_as: ClientAs, app: Console) -> None:
    confirming(floor, client_as, app)
    client = client_as("verifier", "zh")
    answer = wrap_up(client, dialled(client, "verifier"), "declined", desk="verifier")
    assert "已取消，不收费。" in answer.json["follows"]


def confirming(floor: Floor, client_as: ClientAs, app: Console) -> None:
    """A sale whose confirmation window has opened: it is the 20th of December, eleven in the morning."""
    floor.contact()
    assert sold(client_as("agent")).status_code == 200
    later = floor.now + timedelta(days=27, hours=1)
    app.config["NOW"] = lambda: later
    with db.transaction(floor.engine) as session:
        for subscription in trial.due_for_window(session, floor.cast.fz, now=later):
            trial.open_window(session, subscription, now=later)


def test_nobody_works_at_a_desk_that_is_not_theirs(floor: Floor, client_as: ClientAs) -> None:
    assert client_as("agent").post("/api/v1/claims", json={"desk": "verifier"}).status_code == 403
    assert client_as("manager").post("/api/v1/claims", json={}).status_code == 403


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_api_describes_itself(app: Console, client: Any) -> None:
    described = client.get("/openapi.json").json
    assert "/api/v1/calls/{call_id}/wrap-up" in described["paths"]
    assert "outcome" in json.dumps(
        described["paths"]["/api/v1/calls/{call_id}/wrap-up"]
    ) or "WrapUpReport" in json.dumps(described)

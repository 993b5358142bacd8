"""What is read to a customer, with the facts of this very call."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from outbound import prompter
from outbound.call_lists.model import Contact
from outbound.calls import placing
from outbound.dialing import handout
from outbound.dialing.model import Claim
from outbound.people import Centre, Role, Staff, known
from outbound.phones.vault import Vault
from scripts import approval
from scripts.language import library
from scripts.rendering import NotSpokenIn, Rendered
from tests.conftest import Cast
from tests.desk import Floor, desks, floor, open_floor, staff, vault

__all__ = ["desks", "floor", "vault"]


def claimed(session: Session, floor: Floor, now: datetime) -> Claim:
    claim = handout.claim_next(session, staff(session, floor.cast.agent), roles=[Role.AGENT], now=now)
    assert claim is not None
    return claim


def read(session: Session, floor: Floor, claim: Claim, now: datetime, language: str = "zh") -> Rendered:
    agent = staff(session, floor.cast.agent)
    hand = prompter.in_hand(session, known(claim.id))
    version = prompter.script_version(session, hand)
    return prompter.read_to(session, floor.vault, hand, version, agent, language, now)  # type: ignore[arg-type]


def test_name_price_and_trial_end_are_filled_in(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    told = read(session, floor, claimed(session, floor, now), now)
    assert told.step("identity").said == "请问您是机主王秀英吗？"
    assert told.step("tariff").said == "资费是每月五元，从话费里扣。"
    assert "到十二月二十三日结束" in told.step("trial_end").said


def test_the_agent_and_the_centre_are_named_in_the_language_that_is_spoken(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact()
    claim = claimed(session, floor, now)
    assert "福州外呼中心" in read(session, floor, claim, now).step("greeting").said
    assert "Fuzhou centre" in read(session, floor, claim, now, "en").step("greeting").said


def test_the_trial_counts_from_the_day_on_the_centres_clock(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    claim = claimed(session, floor, now)
    evening = datetime.fromisoformat("2026-11-23T16:30:00+00:00")
    assert "十二月二十四日" in read(session, floor, claim, evening).step("trial_end").said


def test_a_call_past_midnight_keeps_the_day_on_which_it_was_dialled(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact()
    claim = claimed(session, floor, now)
    dial(session, floor, claim, now)
    assert "十二月二十三日" in read(session, floor, claim, now + timedelta(days=1)).step("trial_end").said


def test_a_new_version_reaches_the_next_call_and_not_this_one(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    claim = claimed(session, floor, now)
    dial(session, floor, claim, now)
    centre = session.get_one(Centre, known(floor.cast.fz.id))
    text = library()["family-number-pitch"].replace("谢谢您。{offer.name}是这样的", "感谢您。{offer.name}是这样的")
    manager, carrier, support = (
        staff(session, person) for person in (floor.cast.manager, floor.cast.carrier, floor.cast.support)
    )
    version = approval.write(session, centre, text, by=manager, now=now)
    approval.submit(session, version, by=manager, now=now)
    approval.approve(session, version, by=carrier, now=now)
    approval.approve(session, version, by=support, now=now)
    assert read(session, floor, claim, now).step("functions").said.startswith("谢谢您")
    hand = prompter.in_hand(session, known(claim.id))
    assert prompter.script_version(session, hand).number == 1
    assert prompter.script_version(session, replace(hand, call=None)).number == 2


def test_a_language_that_the_script_does_not_speak_is_refused(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    with pytest.raises(NotSpokenIn):
        read(session, floor, claimed(session, floor, now), now, "fr")


def test_customers_are_spoken_to_in_a_language_of_the_campaign(floor: Floor, session: Session, now: datetime) -> None:
    floor.contact()
    claim = claimed(session, floor, now)
    definition = prompter.in_hand(session, known(claim.id)).definition
    assert [prompter.spoken_in(definition, reader) for reader in definition.calling.languages] == ["zh", "en"]


def test_the_plan_of_a_list_is_found_under_its_chinese_header(
    engine_floor: Floor, session: Session, now: datetime
) -> None:
    engine_floor.contact()
    told = read(session, engine_floor, claimed(session, engine_floor, now), now)
    assert "您现在用的畅享58快到期了" in told.step("permission").said


def test_further_numbers_of_a_list_are_no_facts(floor: Floor, session: Session, now: datetime) -> None:
    contact = floor.contact(attributes={"_other_phones": "13700137000", "地市": "福州"})
    claim = claimed(session, floor, now)
    facts = prompter.facts_of(session, floor.vault, claim, staff(session, floor.cast.agent), "zh", now)
    assert session.get_one(Contact, known(contact.id)).attributes["_other_phones"]
    assert facts.customer == {"地市": "福州", "name": "王秀英", "tail": "8000"}


def test_a_number_in_a_further_column_can_be_read_out_though_it_rests_encrypted(
    floor: Floor, session: Session, now: datetime
) -> None:
    floor.contact(attributes={"地市": "福州"}, sealed=floor.vault.seal('{"办理号码": "13600136456"}'))
    claim = claimed(session, floor, now)
    facts = prompter.facts_of(session, floor.vault, claim, staff(session, floor.cast.agent), "zh", now)
    assert (facts.customer["办理号码"], facts.customer["地市"]) == ("13600136456", "福州")


def dial(session: Session, floor: Floor, claim: Claim, now: datetime) -> None:
    agent: Staff = staff(session, floor.cast.agent)
    placing.begin(session, handout.issue_token(session, claim, by=agent, now=now), by=agent, now=now)


@pytest.fixture
def engine_floor(engine: object, vault: Vault, cast: Cast, now: datetime) -> Floor:
    """The retention campaign, which has no trial."""
    from tests.desk import example

    scripts = ["contract-renewal-retention", "contract-renewal-confirmation", "contract-renewal-correction"]
    return open_floor(engine, vault, cast, now, definition=example("contract-renewal-retention"), scripts=scripts)  # type: ignore[arg-type]

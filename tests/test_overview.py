"""What waits for a manager, who is idle and why, and how far each campaign is."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from outbound import sign_ins
from outbound.billing.model import Acknowledgement, Instruction, InstructionBatch, InstructionKind
from outbound.call_lists.model import CallList, ContactState
from outbound.calls.model import LateWrapUp
from outbound.campaigns import verbs
from outbound.campaigns.definition import read_definition
from outbound.campaigns.model import Campaign, CampaignState
from outbound.complaints import Complaint, Grievance
from outbound.compliance import Verdict
from outbound.overview.needs import Need, needs_of, waited
from outbound.overview.progress import Progress, campaigns_at, progress_of
from outbound.people import known
from outbound.phones.model import Phone
from outbound.settings import Settings
from outbound.subscriptions.model import SubscriptionState
from qa.review.model import Correction, CorrectionState, Review, ReviewSource, ReviewTask
from scripts.language import library
from tests.conftest import Cast
from tests.desk import brief, put_in_force
from tests.factories import Maker
from tests.factories_calls import EXAMPLE
from tests.web import desk_scenes as scenes


@pytest.fixture
def maker(session: Session, cast: Cast, now: datetime) -> Maker:
    return Maker(session, cast.fz, now=now)


def needs(session: Session, cast: Cast, now: datetime, key: str) -> list[Need]:
    session.flush()
    return [need for need in needs_of(session, cast.fz, now=now) if need.key == key]


def test_an_empty_centre_needs_nothing(session: Session, cast: Cast, now: datetime) -> None:
    assert needs_of(session, cast.fz, now=now) == []


def test_a_campaign_that_cannot_open_says_why(session: Session, cast: Cast, now: datetime) -> None:
    campaign = scenes.draft(session, cast, now=now)
    (need,) = needs(session, cast, now, "cannot_open")
    assert need.subject == campaign.id
    assert "还没有脚本“family-number-pitch”" in need.sentence("zh")
    assert "(4 things in all)" in need.sentence("en")


def test_a_campaign_with_all_it_needs_asks_to_be_opened(
    session: Session, cast: Cast, settings: Settings, now: datetime
) -> None:
    campaign = scenes.ready(session, cast, settings, now=now)
    assert [need.subject for need in needs(session, cast, now, "ready")] == [campaign.id]


def test_an_open_campaign_past_its_last_day_asks_to_be_closed(
    session: Session, cast: Cast, maker: Maker, now: datetime
) -> None:
    campaign = maker.campaign()
    campaign.ends_on = date(2026, 11, 22)
    assert [need.subject for need in needs(session, cast, now, "ended")] == [campaign.id]


def test_a_campaign_of_another_centre_is_not_my_business(session: Session, cast: Cast, now: datetime) -> None:
    verbs.create(session, cast.xm, scenes.definition(), by=cast.outsider_manager, now=now)
    assert needs_of(session, cast.fz, now=now) == []


def test_a_draft_of_a_script_asks_to_be_submitted(session: Session, cast: Cast, now: datetime) -> None:
    version = scenes.written(session, cast, now=now)
    (need,) = needs(session, cast, now, "script")
    assert (need.subject, "submit it for approval" in need.en) == (version.id, True)


def test_a_script_that_waits_for_its_approvers_does_not_wait_for_me(
    session: Session, cast: Cast, now: datetime
) -> None:
    scenes.submitted(session, cast, now=now)
    assert needs(session, cast, now, "script") == []


def test_a_list_with_unusable_numbers_is_told_for_a_week(
    session: Session, cast: Cast, settings: Settings, now: datetime
) -> None:
    campaign = scenes.draft(session, cast, now=now)
    call_list = scenes.imported(session, cast, settings, campaign, now=now)
    (need,) = needs(session, cast, now, "refused_rows")
    assert (need.subject, need.en[:19]) == (call_list.id, "14 of the 74 rows o")
    assert needs(session, cast, now + timedelta(days=7, seconds=1), "refused_rows") == []


def test_failed_sales_not_yet_put_right_are_counted(session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
    _correction(session, cast, maker, now - timedelta(days=3))
    (need,) = needs(session, cast, now, "corrections")
    assert need.en == "1 failed sale not yet put right; the oldest has waited 3 days."
    assert need.zh == "1 笔不合格订购还没有回访修正，最早的已等待 3 天。"


def test_a_correction_that_passed_is_done(session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
    _correction(session, cast, maker, now).state = CorrectionState.PASSED
    assert needs(session, cast, now, "corrections") == []


def test_a_reviewer_is_behind_once_a_task_is_due(session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
    _task(session, cast, maker, due=now + timedelta(hours=1))
    assert needs(session, cast, now, "reviews") == []
    assert [need.subject for need in needs(session, cast, now + timedelta(hours=2), "reviews")] == [cast.reviewer.id]


def test_a_batch_is_told_a_day_after_it_left_until_all_is_acknowledged(
    session: Session, cast: Cast, maker: Maker, now: datetime
) -> None:
    batch, instruction = _batch(session, cast, maker, now)
    assert needs(session, cast, now + timedelta(hours=23), "batch") == []
    (need,) = needs(session, cast, now + timedelta(hours=25), "batch")
    assert (need.subject, "1 of its instructions" in need.en) == (batch.id, True)
    session.add(Acknowledgement(instruction_id=known(instruction.id), accepted=True, at=now))
    assert needs(session, cast, now + timedelta(hours=25), "batch") == []


def test_a_late_wrap_up_waits_for_its_settlement(session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
    call = maker.call(cast.agent)
    late = LateWrapUp(
        centre_id=known(cast.fz.id), call_id=known(call.id), by_id=known(cast.agent.id), key="k", report={}, at=now
    )
    session.add(late)
    assert len(needs(session, cast, now, "late_wrap_ups")) == 1


def test_a_recording_without_a_call_waits_to_be_matched(
    session: Session, cast: Cast, maker: Maker, now: datetime
) -> None:
    maker.recording(None)
    maker.recorded_call(cast.agent)
    assert [need.en for need in needs(session, cast, now, "unmatched")] == ["1 recording without a call; match it."]


@pytest.mark.parametrize(
    ("hours", "zh", "en"),
    [
        (0.5, "不到 1 小时", "less than an hour"),
        (1, "1 小时", "1 hour"),
        (47.9, "47 小时", "47 hours"),
        (48, "2 天", "2 days"),
    ],
)
def test_waiting_is_told_in_its_largest_whole_unit(now: datetime, hours: float, zh: str, en: str) -> None:
    assert waited(now - timedelta(hours=hours), now) == (zh, en)


@pytest.fixture
def signed_in(session: Session, cast: Cast, now: datetime) -> None:
    """The agent is at the desk for an hour."""
    sign_ins.sign_in(session, cast.agent, hours=12, now=now - timedelta(hours=1))


@pytest.fixture
def readable(session: Session, cast: Cast, now: datetime) -> None:
    """The script that every campaign of the maker reads is in force."""
    put_in_force(session, cast.fz, library()["family-number-pitch"], cast, now)


def calling(session: Session, maker: Maker, now: datetime) -> Campaign:
    """An open campaign, and everybody has read what is new in it."""
    campaign = maker.campaign()
    brief(session, campaign, now=now)
    return campaign


def idle(session: Session, cast: Cast, now: datetime) -> list[str]:
    return [need.en for need in needs(session, cast, now, "idle")]


@pytest.mark.usefixtures("signed_in", "readable")
class TestIdle:
    """An agent who is signed in and has nobody to ring."""

    def test_without_any_campaign(self, session: Session, cast: Cast, now: datetime) -> None:
        assert idle(session, cast, now) == ["1 agent has nobody to call: no campaign calls for them today."]

    def test_with_a_list_that_is_used_up(self, session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
        maker.contact(maker.campaign(), state=ContactState.CLOSED)
        assert "every contact of" in idle(session, cast, now)[0]

    def test_with_contacts_that_wait(self, session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
        maker.contact(calling(session, maker, now), due_at=now + timedelta(hours=4))
        assert idle(session, cast, now)[0].endswith("wait to be rung again, the first from 14:00.")

    def test_outside_the_calling_hours(self, session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
        maker.contact(calling(session, maker, now))
        evening = now + timedelta(hours=11)
        sign_ins.sign_in(session, cast.agent, hours=12, now=evening - timedelta(hours=1))
        assert idle(session, cast, evening)[0].endswith("they begin 2026-11-24 09:00.")

    def test_for_several_reasons(self, session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
        campaign = calling(session, maker, now)
        maker.contact(campaign, due_at=now + timedelta(hours=4))
        for _ in range(2):
            maker.contact(campaign, callback=True, kept_for_id=cast.second_agent.id)
        (said,) = idle(session, cast, now)
        assert said.endswith(
            "2: a personal callback, kept for its agent for the time being, 1: the next try is not due yet;"
            " the first from 10:30."
        )

    def test_without_a_script_in_force(self, session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
        scripts = {**read_definition(EXAMPLE).model_dump(mode="json")["scripts"], "pitch": "not written"}
        maker.contact(maker.campaign(scripts=scripts))
        assert idle(session, cast, now)[0].endswith("1: no version of the script “not written” is in force.")

    def test_where_the_campaign_ends_before_the_next_try(
        self, session: Session, cast: Cast, maker: Maker, now: datetime
    ) -> None:
        campaign = calling(session, maker, now)
        maker.contact(campaign, due_at=now + timedelta(days=2))
        campaign.ends_on = now.date()
        assert idle(session, cast, now)[0].endswith(
            "1: the next try is not due yet; by the time they come free the campaign has ended, or the list is too old."
        )

    def test_where_nobody_has_read_what_is_new(self, session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
        maker.contact(maker.campaign())
        assert idle(session, cast, now)[0].endswith("1: none of its staff has read what is new in it.")

    def test_not_while_somebody_is_due(self, session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
        maker.contact(calling(session, maker, now))
        assert idle(session, cast, now) == []

    def test_not_within_ten_minutes_of_a_call(self, session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
        maker.call(cast.agent, at=now - timedelta(minutes=9))
        assert idle(session, cast, now) == []

    def test_not_on_a_campaign_that_names_others(
        self, session: Session, cast: Cast, maker: Maker, now: datetime
    ) -> None:
        maker.contact(maker.campaign(staff=[cast.second_agent]))
        assert idle(session, cast, now) == ["1 agent has nobody to call: no campaign calls for them today."]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_agent_who_is_not_signed_in_is_not_idle(session: Session, cast: Cast, now: datetime) -> None:
    assert idle(session, cast, now) == []


def progress(session: Session, campaign: Campaign) -> Progress:
    session.flush()
    return progress_of(session, [campaign])[0]


def test_progress_counts_people_not_dials(session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
    campaign = maker.campaign()
    contact = maker.contact(campaign)
    for minutes, outcome in ((30, "no_answer"), (10, "refused")):
        maker.call(cast.agent, contact=contact, outcome=outcome, at=now - timedelta(minutes=minutes))
    maker.call(cast.agent, campaign=campaign, outcome="busy")
    found = progress(session, campaign)
    assert (found.dialled, found.reached, found.reach) == (2, 1, 0.5)


def test_progress_is_of_all_accepted_rows(session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
    campaign = maker.campaign()
    facts: dict[str, Any] = {"centre_id": known(cast.fz.id), "campaign_id": known(campaign.id), "at": now}
    session.add_all(CallList(name=f"{n}.csv", sha256=str(n), rows=60, accepted=50, **facts) for n in (1, 2))
    assert progress(session, campaign).contacts == 100


def test_a_campaign_without_calls_has_no_reach(session: Session, maker: Maker) -> None:
    assert progress(session, maker.campaign()).reach is None


def test_a_sale_is_valid_until_it_fails(session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
    subscription = maker.sale(cast.agent)
    campaign = session.get_one(Campaign, subscription.campaign_id)
    assert progress(session, campaign).valid_sales == 1
    maker.moved(subscription, SubscriptionState.CORRECTION_DUE)
    assert progress(session, campaign).valid_sales == 0


def test_a_sale_whose_correction_was_declined_never_was_valid(
    session: Session, cast: Cast, maker: Maker, now: datetime
) -> None:
    correction = _correction(session, cast, maker, now)
    correction.state = CorrectionState.DECLINED
    campaign = campaigns_at(session, known(cast.fz.id))[0]
    assert progress(session, campaign).valid_sales == 0


def test_a_complaint_about_a_sale_counts_once(session: Session, cast: Cast, maker: Maker, now: datetime) -> None:
    subscription = maker.sale(cast.agent)
    other = maker.contact(maker.campaign(), phone=session.get_one(Phone, subscription.phone_id))
    _complain(session, cast, subscription.phone_id, now, subscription_id=subscription.id)
    assert progress(session, session.get_one(Campaign, subscription.campaign_id)).complaints == 1
    assert progress(session, session.get_one(Campaign, other.campaign_id)).complaints == 0


def test_a_complaint_about_calls_counts_where_the_number_was_called(
    session: Session, cast: Cast, maker: Maker, now: datetime
) -> None:
    called = maker.call(cast.agent)
    only_listed = maker.contact(maker.campaign(), phone=session.get_one(Phone, called.phone_id))
    _complain(session, cast, called.phone_id, now)
    assert progress(session, session.get_one(Campaign, called.campaign_id)).complaints == 1
    assert progress(session, session.get_one(Campaign, only_listed.campaign_id)).complaints == 0


def test_campaigns_stand_in_the_order_in_which_they_end(session: Session, cast: Cast, maker: Maker) -> None:
    later, sooner = maker.campaign(), maker.campaign()
    sooner.ends_on = later.ends_on - timedelta(days=5)
    later.state = CampaignState.CLOSED
    session.flush()
    assert campaigns_at(session, known(cast.fz.id)) == [sooner, later]


def _complain(session: Session, cast: Cast, phone_id: int, now: datetime, subscription_id: int | None = None) -> None:
    complaint = Complaint(
        centre_id=known(cast.fz.id),
        phone_id=phone_id,
        subscription_id=subscription_id,
        grievance=Grievance.MANNER,
        said="语气不好",
        taken_by_id=known(cast.care.id),
        at=now,
    )
    session.add(complaint)


def _task(session: Session, cast: Cast, maker: Maker, *, due: datetime) -> ReviewTask:
    recording = maker.recorded_call(cast.agent)
    task = ReviewTask(
        centre_id=known(cast.fz.id),
        source=ReviewSource.TARGETED,
        recording_id=known(recording.id),
        call_id=known(recording.call_id),
        reviewer_id=known(cast.reviewer.id),
        made_at=due - timedelta(hours=8),
        due_at=due,
    )
    session.add(task)
    session.flush()
    return task


def _correction(session: Session, cast: Cast, maker: Maker, made_at: datetime) -> Correction:
    subscription = maker.sale(cast.agent)
    task = _task(session, cast, maker, due=made_at)
    task.done_at = made_at
    review = Review(
        centre_id=known(cast.fz.id),
        task_id=known(task.id),
        call_id=task.call_id,
        recording_id=task.recording_id,
        reviewer_id=task.reviewer_id,
        verdict=Verdict.INVALID,
        at=made_at,
    )
    session.add(review)
    session.flush()
    correction = Correction(
        centre_id=known(cast.fz.id),
        subscription_id=known(subscription.id),
        review_id=known(review.id),
        failed_call_id=subscription.sale_call_id,
        made_at=made_at,
    )
    session.add(correction)
    session.flush()
    return correction


def _batch(session: Session, cast: Cast, maker: Maker, now: datetime) -> tuple[InstructionBatch, Instruction]:
    subscription = maker.sale(cast.agent)
    instruction = Instruction(
        centre_id=known(cast.fz.id),
        subscription_id=known(subscription.id),
        key="activate-1",
        kind=InstructionKind.ACTIVATE,
        effective_on=date(2026, 11, 23),
        made_at=now,
    )
    session.add(instruction)
    session.flush()
    batch = InstructionBatch(
        centre_id=known(cast.fz.id),
        number=1,
        count=1,
        sum_fen=0,
        sha256="",
        manifest="{}",
        by_id=known(cast.finance.id),
        at=now,
    )
    session.add(batch)
    session.flush()
    instruction.batch_id = batch.id
    session.flush()
    return batch, instruction

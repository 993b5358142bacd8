"""The life of a campaign: what it lacks before it opens, what may change while it runs, who works on it."""

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from outbound import db, people
from outbound.call_lists.importing import import_list
from outbound.call_lists.model import Duty
from outbound.campaigns import lookups, readiness, verbs
from outbound.campaigns.definition import read_definition, to_yaml
from outbound.campaigns.model import Campaign, CampaignState, CampaignVersion
from outbound.documents import DocumentFaulty
from outbound.journal import JournalEntry
from outbound.people import Role, Staff, known
from outbound.phones.vault import Vault
from scripts import approval
from scripts.model import ScriptState, ScriptVersion
from tests.conftest import NOW, Cast

EXAMPLES = files("outbound.campaigns").joinpath("examples")
LIBRARY = files("scripts").joinpath("library")
TRIAL = EXAMPLES.joinpath("family-number-trial.yaml").read_text(encoding="utf-8")
RETENTION = EXAMPLES.joinpath("contract-renewal-retention.yaml").read_text(encoding="utf-8")
DEARER = TRIAL.replace("price_fen: 500", "price_fen: 600")
LATER = TRIAL.replace("ends: 2027-01-31", "ends: 2027-02-28")
HOUR = timedelta(hours=1)


def made(session: Session, cast: Cast, text: str = TRIAL, now: datetime = NOW) -> Campaign:
    return verbs.create(session, cast.fz, text, by=cast.manager, now=now)


def approve(session: Session, cast: Cast, text: str = TRIAL, now: datetime = NOW) -> list[ScriptVersion]:
    """Every script of a definition, from the library, in force."""
    names = read_definition(text).scripts.model_dump(exclude_none=True).values()
    return [approve_one(session, cast, name, now) for name in names]


def approve_one(session: Session, cast: Cast, name: str, now: datetime = NOW) -> ScriptVersion:
    return approve_text(session, cast, LIBRARY.joinpath(f"{name}.yaml").read_text(encoding="utf-8"), now)


def approve_text(session: Session, cast: Cast, source: str, now: datetime = NOW) -> ScriptVersion:
    version = approval.write(session, cast.fz, source, by=cast.manager, now=now)
    approval.submit(session, version, by=cast.manager, now=now)
    for approver in (cast.carrier, cast.support):
        approval.approve(session, version, by=approver, now=now)
    return version


def import_some(session: Session, cast: Cast, campaign: Campaign) -> None:
    data = "手机号码,客户姓名\n13800138000,王秀英".encode()
    import_list(session, Vault(bytes(64)), campaign, (data, "a.csv"), by=cast.manager, now=NOW)


def ready(session: Session, cast: Cast, text: str = TRIAL) -> Campaign:
    campaign = made(session, cast, text)
    approve(session, cast, text)
    import_some(session, cast, campaign)
    return campaign


def opened(session: Session, cast: Cast) -> Campaign:
    return verbs.open_(session, ready(session, cast), by=cast.manager, now=NOW)


def lacking(session: Session, campaign: Campaign, now: datetime = NOW) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for missing in readiness.missing(session, campaign, now=now):
        found.setdefault(missing.key, []).append(missing.sentence("zh"))
    return found


def actions(session: Session) -> list[str]:
    session.commit()
    asked = select(JournalEntry.action).where(JournalEntry.subject_kind == "campaign")
    return list(session.exec(asked.order_by(sa.text("id"))).all())


def with_(text: str, **changed: Any) -> str:
    return to_yaml(read_definition(text).model_dump(mode="json") | changed)


def test_a_new_campaign_is_a_draft_with_its_definition_as_written(session: Session, cast: Cast) -> None:
    campaign = made(session, cast)
    assert (campaign.state, campaign.version, campaign.kind) == (CampaignState.DRAFT, 1, "telesales")
    assert lookups.in_force(session, campaign).source == TRIAL
    assert lookups.definition_of(session, campaign) == read_definition(TRIAL)


def test_a_faulty_definition_makes_no_campaign(session: Session, cast: Cast) -> None:
    with pytest.raises(DocumentFaulty):
        made(session, cast, TRIAL.replace("kind:", "kindd:"))
    assert session.exec(select(Campaign)).all() == []


def test_a_name_is_taken_once_in_a_centre(session: Session, cast: Cast) -> None:
    made(session, cast)
    with pytest.raises(verbs.NameTaken):
        made(session, cast)


def test_another_centre_may_use_the_same_name(session: Session, cast: Cast) -> None:
    ours = made(session, cast)
    theirs = verbs.create(session, cast.xm, TRIAL, by=cast.outsider_manager, now=NOW)
    assert lookups.find(session, known(cast.fz.id), ours.name) == ours
    assert lookups.find(session, known(cast.xm.id), ours.name) == theirs


def test_a_draft_says_everything_that_it_lacks(session: Session, cast: Cast) -> None:
    found = lacking(session, made(session, cast))
    assert set(found) == {"script_not_written", "no_list"}
    assert found["script_not_written"][0] == "还没有脚本“family-number-pitch”，请先编写。"
    assert len(found["script_not_written"]) == 3


@pytest.mark.parametrize("text", [TRIAL, RETENTION])
def test_a_ready_made_campaign_opens_with_the_scripts_of_the_library(session: Session, cast: Cast, text: str) -> None:
    campaign = ready(session, cast, text)
    assert readiness.missing(session, campaign, now=NOW) == []
    assert verbs.open_(session, campaign, by=cast.manager, now=NOW).state is CampaignState.OPEN


def test_a_campaign_that_lacks_something_does_not_open_and_says_what(session: Session, cast: Cast) -> None:
    campaign = made(session, cast)
    with pytest.raises(readiness.NotReady) as refused:
        verbs.open_(session, campaign, by=cast.manager, now=NOW)
    assert "还没有外呼清单，请先导入。" in refused.value.sentence("zh")
    assert "There is no call list yet" in refused.value.sentence("en")
    assert campaign.state is CampaignState.DRAFT


def test_a_campaign_cannot_open_before_both_parties_have_approved(session: Session, cast: Cast) -> None:
    campaign = ready(session, cast)
    name = "family-number-pitch"
    scripts = approval.find(session, known(cast.fz.id), name)
    assert scripts
    session.execute(sa.update(ScriptVersion).where(sa.text(f"script_id = {scripts.id}")).values(state="retired"))
    source = LIBRARY.joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    version = approval.write(session, cast.fz, source, by=cast.manager, now=NOW)
    said = [lacking(session, campaign)["script_not_approved"][0]]
    approval.submit(session, version, by=cast.manager, now=NOW)
    said.append(lacking(session, campaign)["script_not_approved"][0])
    approval.approve(session, version, by=cast.carrier, now=NOW)
    said.append(lacking(session, campaign)["script_not_approved"][0])
    approval.approve(session, version, by=cast.support, now=NOW)
    assert said == [
        f"脚本“{name}”还是草稿，请提交审批。",
        f"脚本“{name}”还缺运营商和业务支撑审批。",
        f"脚本“{name}”还缺业务支撑审批。",
    ]
    assert lacking(session, campaign) == {}


def test_a_returned_script_is_told_as_such(session: Session, cast: Cast) -> None:
    campaign = made(session, cast)
    source = LIBRARY.joinpath("family-number-pitch.yaml").read_text(encoding="utf-8")
    version = approval.write(session, cast.fz, source, by=cast.manager, now=NOW)
    approval.submit(session, version, by=cast.manager, now=NOW)
    approval.return_(session, version, by=cast.carrier, comment="太快", now=NOW)
    assert lacking(session, campaign)["script_not_approved"] == [
        "脚本“family-number-pitch”已被退回，请修改后重新提交。"
    ]


def test_a_script_of_the_wrong_kind_does_not_do(session: Session, cast: Cast) -> None:
    campaign = ready(session, cast, TRIAL.replace("pitch: family-number-pitch", "pitch: satisfaction-survey"))
    assert "类型是 survey" in lacking(session, campaign)["script_unfit"][0]


def test_a_script_that_hides_the_trial_s_end_does_not_do(session: Session, cast: Cast) -> None:
    text = TRIAL.replace("confirmation: family-number-confirmation", "confirmation: contract-renewal-confirmation")
    assert "业务有体验期" in lacking(session, ready(session, cast, text))["script_unfit"][0]


def test_a_language_in_which_a_script_is_silent_is_missing(session: Session, cast: Cast) -> None:
    approve_text(
        session, cast, "script: only\nkind: care\ntitle: x\nstart: a\nsteps: {a: {say: 您好, ends: completed}}\n"
    )
    care = "name: {}\nkind: after_sale_care\nstarts: 2026-11-01\nends: 2026-12-01\nscripts: {{pitch: only}}\n"
    chinese = made(session, cast, care.format("c"))
    english = made(session, cast, care.format("e") + "calling: {languages: [en]}\n")
    assert "script_unfit" not in lacking(session, chinese)
    assert lacking(session, english)["script_unfit"] == ["脚本“only”缺少这些语言的话术：en。"]


def test_a_named_list_must_be_there(session: Session, cast: Cast) -> None:
    campaign = ready(session, cast, with_(TRIAL, lists=["a.csv", "b.csv"]))
    assert lacking(session, campaign) == {"no_list": ["外呼清单“b.csv”还没有导入。"]}


def test_a_campaign_that_is_over_does_not_open(session: Session, cast: Cast) -> None:
    campaign = ready(session, cast)
    last_minute = datetime.fromisoformat("2027-01-31T23:59:00+08:00")
    assert lacking(session, campaign, last_minute) == {}
    assert list(lacking(session, campaign, last_minute + HOUR)) == ["dates"]


def test_a_campaign_calls_on_its_days_only(session: Session, cast: Cast) -> None:
    campaign = made(session, cast)
    first = datetime.fromisoformat("2026-11-02T00:00:00+08:00")
    assert lookups.is_within_dates(session, campaign, now=first)
    assert not lookups.is_within_dates(session, campaign, now=first - timedelta(seconds=1))


def test_sales_need_a_verifier_who_is_not_the_seller(session: Session, cast: Cast) -> None:
    alone = ready(session, cast, with_(TRIAL, staff=["agent"]))
    assert lacking(session, alone) == {"no_verifier": ["还没有二次确认员，请先安排。"]}
    people.change_roles(session, cast.agent, {Role.AGENT, Role.VERIFIER}, by=cast.manager, now=NOW)
    assert "不能确认自己办理的业务" in lacking(session, alone)["no_verifier"][0]


def test_a_campaign_needs_an_agent(session: Session, cast: Cast) -> None:
    campaign = ready(session, cast, with_(TRIAL, staff=["verifier"]))
    assert list(lacking(session, campaign)) == ["no_staff"]


def test_a_survey_needs_no_verifier(session: Session, cast: Cast) -> None:
    text = (
        "name: s\nkind: consumer_survey\nstarts: 2026-11-01\nends: 2026-12-01\nscripts: {pitch: satisfaction-survey}\n"
    )
    assert lacking(session, ready(session, cast, text + "staff: [agent]\n")) == {}


def test_without_names_the_whole_centre_works_on_it(session: Session, cast: Cast) -> None:
    workers = lookups.staff_of(session, made(session, cast))
    assert [worker.login for worker in workers] == ["agent", "second_agent", "verifier"]


def test_with_names_only_those_work_on_it(session: Session, cast: Cast) -> None:
    campaign = made(session, cast, with_(TRIAL, staff=["agent", "verifier"]))
    assert lookups.staff_ids(session, campaign) == {cast.agent.id, cast.verifier.id}
    assert not lookups.works_on(session, campaign, cast.second_agent)
    assert lookups.campaigns_of(session, cast.agent) == [campaign]
    assert lookups.campaigns_of(session, cast.second_agent) == []


def test_who_has_left_no_longer_works_on_it(session: Session, cast: Cast) -> None:
    campaign = made(session, cast)
    people.let_go(session, cast.agent, by=cast.manager, now=NOW)
    assert cast.agent.id not in lookups.staff_ids(session, campaign)


@pytest.mark.parametrize("stranger", ["nobody", "outsider", "reviewer"])
def test_a_stranger_among_the_staff_is_told_at_the_line(session: Session, cast: Cast, stranger: str) -> None:
    with pytest.raises(DocumentFaulty) as refused:
        made(session, cast, f"{TRIAL}staff:\n  - agent\n  - {stranger}\n")
    assert f"第 {len(TRIAL.splitlines()) + 3} 行" in refused.value.sentence("zh")
    assert f"“{stranger}”" in refused.value.sentence("zh")


def test_a_change_is_a_new_version_and_the_old_one_stays(session: Session, cast: Cast) -> None:
    campaign = made(session, cast)
    version = verbs.amend(session, campaign, LATER, by=cast.manager, now=NOW)
    assert version
    assert (version.number, campaign.version, str(campaign.ends_on)) == (2, 2, "2027-02-28")
    assert [kept.source for kept in lookups.versions(session, campaign)] == [TRIAL, LATER]


def test_the_same_text_again_is_no_news(session: Session, cast: Cast) -> None:
    campaign = made(session, cast)
    assert verbs.amend(session, campaign, TRIAL, by=cast.manager, now=NOW) is None
    assert actions(session) == ["campaign.created"]


def test_a_version_never_changes(session: Session, cast: Cast) -> None:
    version = lookups.in_force(session, made(session, cast))
    version.source = DEARER
    with pytest.raises(DBAPIError, match="append-only"):
        session.flush()


def test_a_change_of_names_changes_who_works_on_it(session: Session, cast: Cast) -> None:
    campaign = made(session, cast, with_(TRIAL, staff=["agent"]))
    verbs.amend(session, campaign, with_(TRIAL, staff=["second_agent"]), by=cast.manager, now=NOW)
    assert lookups.staff_ids(session, campaign) == {cast.second_agent.id}
    verbs.amend(session, campaign, TRIAL, by=cast.manager, now=NOW)
    assert len(lookups.staff_ids(session, campaign)) == 3


def test_a_campaign_cannot_take_another_one_s_name(session: Session, cast: Cast) -> None:
    made(session, cast)
    campaign = made(session, cast, with_(TRIAL, name="另一个"))
    with pytest.raises(verbs.NameTaken):
        verbs.amend(session, campaign, TRIAL, by=cast.manager, now=NOW)


def test_the_offer_of_an_open_campaign_cannot_be_changed(session: Session, cast: Cast) -> None:
    campaign = opened(session, cast)
    with pytest.raises(verbs.OfferInUse):
        verbs.amend(session, campaign, DEARER, by=cast.manager, now=NOW)
    assert lookups.in_force(session, campaign).number == 1


def test_what_is_not_the_offer_can_be_changed_while_it_is_open(session: Session, cast: Cast) -> None:
    campaign = opened(session, cast)
    verbs.amend(session, campaign, LATER, by=cast.manager, now=NOW)
    assert (campaign.state, campaign.version) == (CampaignState.OPEN, 2)


def test_an_open_campaign_cannot_be_given_a_script_that_is_not_approved(session: Session, cast: Cast) -> None:
    campaign = opened(session, cast)
    with pytest.raises(readiness.NotReady):
        verbs.amend(
            session, campaign, TRIAL.replace("pitch: family-number-pitch", "pitch: other"), by=cast.manager, now=NOW
        )
    assert campaign.version == 1


def test_after_a_change_of_the_offer_the_scripts_must_be_approved_anew(session: Session, cast: Cast) -> None:
    campaign = opened(session, cast)
    verbs.pause(session, campaign, by=cast.manager, now=NOW)
    verbs.amend(session, campaign, DEARER, by=cast.manager, now=NOW + HOUR)
    assert len(lacking(session, campaign)["script_older_than_offer"]) == 3
    with pytest.raises(readiness.NotReady):
        verbs.resume(session, campaign, by=cast.manager, now=NOW + HOUR)
    approve(session, cast, now=NOW + 2 * HOUR)
    assert verbs.resume(session, campaign, by=cast.manager, now=NOW + 2 * HOUR).state is CampaignState.OPEN


def test_a_change_back_to_the_old_price_is_a_change_too(session: Session, cast: Cast) -> None:
    campaign = ready(session, cast)
    verbs.amend(session, campaign, DEARER, by=cast.manager, now=NOW + HOUR)
    verbs.amend(session, campaign, TRIAL, by=cast.manager, now=NOW + 2 * HOUR)
    assert lookups.offer_changed_at(session, campaign) == NOW + 2 * HOUR


def test_a_campaign_that_was_open_keeps_its_purpose(session: Session, cast: Cast) -> None:
    campaign = verbs.pause(session, opened(session, cast), by=cast.manager, now=NOW)
    with pytest.raises(verbs.KindFixed):
        verbs.amend(session, campaign, TRIAL.replace("kind: telesales", "kind: retention"), by=cast.manager, now=NOW)


def test_each_verb_done_twice_is_no_news(session: Session, cast: Cast) -> None:
    campaign = ready(session, cast)
    for verb in (verbs.open_, verbs.pause, verbs.resume, verbs.close):
        for _ in range(2):
            verb(session, campaign, by=cast.manager, now=NOW)
    assert actions(session) == [
        "campaign.created",
        "campaign.opened",
        "campaign.paused",
        "campaign.resumed",
        "campaign.closed",
    ]


def test_a_draft_cannot_be_paused(session: Session, cast: Cast) -> None:
    with pytest.raises(verbs.NeverOpened):
        verbs.pause(session, made(session, cast), by=cast.manager, now=NOW)


def test_a_closed_campaign_stays_closed(session: Session, cast: Cast) -> None:
    campaign = verbs.close(session, opened(session, cast), by=cast.manager, now=NOW)
    for verb in (verbs.open_, verbs.pause):
        with pytest.raises(verbs.CampaignClosed):
            verb(session, campaign, by=cast.manager, now=NOW)
    with pytest.raises(verbs.CampaignClosed):
        verbs.amend(session, campaign, LATER, by=cast.manager, now=NOW)


def test_each_duty_has_its_script(session: Session, cast: Cast) -> None:
    campaign = made(session, cast)
    pitch, confirmation, correction = approve(session, cast)
    read = {duty: lookups.script_in_force(session, campaign, duty) for duty in Duty}
    assert read == {
        Duty.PITCH: pitch,
        Duty.RECALL: pitch,
        Duty.CONFIRMATION: confirmation,
        Duty.CORRECTION: correction,
    }


def test_a_script_that_is_not_in_force_is_not_read(session: Session, cast: Cast) -> None:
    assert lookups.script_in_force(session, made(session, cast), Duty.PITCH) is None


def test_an_amendment_is_journalled_with_its_version_and_whether_the_offer_changed(
    session: Session, cast: Cast
) -> None:
    campaign = made(session, cast)
    verbs.amend(session, campaign, DEARER, by=cast.manager, now=NOW)
    session.commit()
    entry = session.exec(select(JournalEntry).where(JournalEntry.action == "campaign.amended")).one()
    assert json.loads(entry.details) == {"offer_changed": True, "version": 2}
    assert (entry.actor_id, entry.chain) == (cast.manager.id, cast.fz.id)


def together(engine: Engine, *works: Callable[[Session], object]) -> list[Exception | None]:
    """What each piece of work raised, when all ran at once, each in its own transaction."""
    barrier = threading.Barrier(len(works))
    raised: list[Exception | None] = [None] * len(works)

    def run(place: int) -> None:
        try:
            barrier.wait()
            with db.transaction(engine) as session:
                works[place](session)
        except Exception as failed:
            raised[place] = failed

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_two_amendments_at_once_are_two_versions(engine: Engine, session: Session, cast: Cast) -> None:
    campaign = made(session, cast)
    session.commit()
    numbers = count(1)

    def amend(work: Session) -> None:
        mine = work.get_one(Campaign, campaign.id)
        text = TRIAL.replace("lease_minutes: 15", f"lease_minutes: {next(numbers)}")
        verbs.amend(work, mine, text, by=cast.manager, now=NOW)

    assert together(engine, *[amend] * 4) == [None] * 4
    assert session.exec(select(sa.func.max(CampaignVersion.number))).one() == 5


def test_two_approvals_at_once_put_the_script_in_force(engine: Engine, session: Session, cast: Cast) -> None:
    source = LIBRARY.joinpath("family-number-pitch.yaml").read_text(encoding="utf-8")
    version = approval.write(session, cast.fz, source, by=cast.manager, now=NOW)
    approval.submit(session, version, by=cast.manager, now=NOW)
    session.commit()

    def approve_as(staff: Staff) -> Callable[[Session], object]:
        return lambda work: approval.approve(work, work.get_one(ScriptVersion, version.id), by=staff, now=NOW)

    assert together(engine, approve_as(cast.carrier), approve_as(cast.support)) == [None, None]
    session.refresh(version)
    assert version.state is ScriptState.IN_FORCE


def test_a_campaign_that_needs_replies_by_sms_does_not_open_before_the_request_is_approved(
    session: Session, cast: Cast
) -> None:
    confirmation = {"requires": ["voice", "sms"], "days_before": 3, "tries": 3}
    assert list(lacking(session, ready(session, cast, with_(TRIAL, confirmation=confirmation)))) == [
        "script_not_written"
    ]

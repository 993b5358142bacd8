"""Scripts on their way: proved, approved by two parties, in force, retired; and every step that is refused."""

from collections.abc import Callable
from importlib.resources import files

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from outbound import people
from outbound.documents import DocumentFaulty
from outbound.errors import NotAllowed, Refusal
from outbound.journal import JournalEntry
from outbound.people import Role, Staff, known
from scripts import approval, refusals
from scripts.language import content_hash
from scripts.model import Party, ScriptDecision, ScriptState, ScriptVersion
from tests.conftest import NOW, Cast

PITCH = files("scripts").joinpath("library", "family-number-pitch.yaml").read_text(encoding="utf-8")
CARE = """\
script: care
kind: care
title: 售后关怀
start: hello
steps:
  hello: {say: 您好，近来用得还好吗？, ends: completed}
"""
LOOP = CARE.replace("ends: completed", "next: hello")
BETTER = CARE.replace("近来用得还好吗", "最近用得怎么样")


def written(session: Session, cast: Cast, text: str = CARE) -> ScriptVersion:
    return approval.write(session, cast.fz, text, by=cast.manager, now=NOW)


def submitted(session: Session, cast: Cast, text: str = CARE) -> ScriptVersion:
    return approval.submit(session, written(session, cast, text), by=cast.manager, now=NOW)


def approved(session: Session, cast: Cast, text: str = CARE) -> ScriptVersion:
    version = submitted(session, cast, text)
    for approver in (cast.carrier, cast.support):
        approval.approve(session, version, by=approver, now=NOW)
    return version


def returned(session: Session, cast: Cast, text: str = CARE) -> ScriptVersion:
    version = submitted(session, cast, text)
    return approval.return_(session, version, by=cast.carrier, line=6, comment="请先问候", now=NOW)


def actions(session: Session) -> list[str]:
    session.commit()
    asked = select(JournalEntry.action).where(JournalEntry.subject_kind == "script_version")
    return list(session.exec(asked.order_by(sa.text("id"))).all())


def test_a_new_script_is_a_draft_of_its_writer(session: Session, cast: Cast) -> None:
    version = written(session, cast)
    assert (version.number, version.state, version.author_id) == (1, ScriptState.DRAFT, cast.manager.id)
    assert (version.source, version.content_hash) == (CARE, content_hash(CARE))


def test_a_faulty_script_is_not_kept(session: Session, cast: Cast) -> None:
    with pytest.raises(DocumentFaulty):
        written(session, cast, CARE.replace("start: hello", "start: nowhere"))
    assert session.exec(select(ScriptVersion)).all() == []


def test_a_draft_is_rewritten_until_it_is_submitted(session: Session, cast: Cast) -> None:
    first = written(session, cast)
    again = written(session, cast, BETTER)
    assert (again.id, again.number, again.source) == (first.id, 1, BETTER)


def test_writing_the_same_draft_again_is_no_news(session: Session, cast: Cast) -> None:
    written(session, cast)
    written(session, cast)
    assert actions(session) == ["script.written"]


@pytest.mark.parametrize("earlier", [submitted, approved, returned])
def test_writing_after_the_submission_makes_the_next_version(
    session: Session, cast: Cast, earlier: Callable[[Session, Cast], ScriptVersion]
) -> None:
    before = earlier(session, cast)
    after = written(session, cast, BETTER)
    assert (before.source, after.number, after.state) == (CARE, 2, ScriptState.DRAFT)


def test_a_script_keeps_its_kind(session: Session, cast: Cast) -> None:
    written(session, cast)
    with pytest.raises(refusals.ScriptKindFixed):
        written(session, cast, CARE.replace("kind: care", "kind: survey"))


def test_two_centres_may_have_scripts_of_one_name(session: Session, cast: Cast) -> None:
    ours = written(session, cast)
    theirs = approval.write(session, cast.xm, CARE, by=cast.outsider_manager, now=NOW)
    assert ours.script_id != theirs.script_id


def test_a_script_that_does_not_hold_cannot_be_submitted(session: Session, cast: Cast) -> None:
    with pytest.raises(refusals.ScriptNotProved) as refused:
        submitted(session, cast, LOOP)
    assert "一直绕圈" in refused.value.sentence("zh") and "hello → hello" in refused.value.sentence("zh")
    assert "goes round" in refused.value.sentence("en")
    assert written(session, cast, LOOP).state is ScriptState.DRAFT


def test_a_script_that_hides_its_price_cannot_be_submitted(session: Session, cast: Cast) -> None:
    hidden = PITCH.replace("stands_for: {discloses: tariff}", "stands_for: {discloses: usage}")
    assert hidden != PITCH
    with pytest.raises(refusals.ScriptNotProved) as refused:
        submitted(session, cast, hidden)
    assert "tariff_before_consent" in {failure.rule for failure in refused.value.proof.failures}


def test_submitting_twice_is_no_news(session: Session, cast: Cast) -> None:
    version = submitted(session, cast)
    approval.submit(session, version, by=cast.manager, now=NOW)
    assert actions(session) == ["script.written", "script.submitted"]


def test_a_newer_submission_takes_the_place_of_the_one_that_waits(session: Session, cast: Cast) -> None:
    first = submitted(session, cast)
    second = submitted(session, cast, BETTER)
    assert first.state is ScriptState.RETIRED
    assert approval.waiting_for(session, Party.CARRIER) == [second]


def test_one_approval_is_not_enough(session: Session, cast: Cast) -> None:
    version = approval.approve(session, submitted(session, cast), by=cast.carrier, now=NOW)
    assert version.state is ScriptState.SUBMITTED
    assert approval.in_force(session, known(cast.fz.id), "care") is None
    assert approval.still_to_approve(session, version) == [Party.BUSINESS_SUPPORT]


@pytest.mark.parametrize("order", [("carrier", "support"), ("support", "carrier")])
def test_with_both_approvals_it_is_in_force_at_once(session: Session, cast: Cast, order: tuple[str, str]) -> None:
    version = submitted(session, cast, PITCH)
    for approver in order:
        approval.approve(session, version, by=getattr(cast, approver), now=NOW)
    assert approval.in_force(session, known(cast.fz.id), "family-number-pitch") == version
    assert (version.state, version.in_force_at) == (ScriptState.IN_FORCE, NOW)


def test_the_former_version_retires_when_the_new_one_is_in_force(session: Session, cast: Cast) -> None:
    first, second = approved(session, cast), approved(session, cast, BETTER)
    assert (first.state, first.retired_at) == (ScriptState.RETIRED, NOW)
    assert approval.in_force(session, known(cast.fz.id), "care") == second


def test_the_former_version_stays_in_force_while_the_new_one_waits(session: Session, cast: Cast) -> None:
    first = approved(session, cast)
    submitted(session, cast, BETTER)
    assert approval.in_force(session, known(cast.fz.id), "care") == first


def test_the_same_wording_can_be_approved_anew(session: Session, cast: Cast) -> None:
    approved(session, cast)
    assert approved(session, cast).number == 2


def test_approving_twice_is_no_news(session: Session, cast: Cast) -> None:
    version = submitted(session, cast)
    for _ in range(2):
        approval.approve(session, version, by=cast.carrier, now=NOW)
    assert actions(session).count("script.approved") == 1


@pytest.mark.parametrize("who", ["manager", "agent", "supervisor", "reviewer"])
def test_only_the_two_parties_decide(session: Session, cast: Cast, who: str) -> None:
    version = submitted(session, cast)
    with pytest.raises(NotAllowed):
        approval.approve(session, version, by=getattr(cast, who), now=NOW)
    with pytest.raises(NotAllowed):
        approval.return_(session, version, by=getattr(cast, who), comment="no", now=NOW)


def test_nobody_approves_their_own_script(session: Session, cast: Cast) -> None:
    version = approval.write(session, cast.fz, CARE, by=cast.carrier, now=NOW)
    approval.submit(session, version, by=cast.manager, now=NOW)
    with pytest.raises(refusals.OwnScript):
        approval.approve(session, version, by=cast.carrier, now=NOW)


def test_the_database_too_refuses_an_author_s_approval(session: Session, cast: Cast) -> None:
    version = submitted(session, cast)
    session.add(decision(version, Party.CARRIER, cast.manager))
    with pytest.raises(DBAPIError, match="nobody approves their own script"):
        session.flush()


def test_the_database_too_refuses_both_approvals_of_one_person(session: Session, cast: Cast) -> None:
    version = submitted(session, cast)
    session.add_all([decision(version, party, cast.carrier) for party in Party])
    with pytest.raises(DBAPIError):
        session.flush()


def test_the_database_too_refuses_a_script_in_force_with_one_approval(session: Session, cast: Cast) -> None:
    version = approval.approve(session, submitted(session, cast), by=cast.carrier, now=NOW)
    version.state = ScriptState.IN_FORCE
    with pytest.raises(DBAPIError, match="needs both approvals"):
        session.flush()


def test_the_database_too_refuses_a_change_of_wording_after_the_submission(session: Session, cast: Cast) -> None:
    version = submitted(session, cast)
    version.source = BETTER
    with pytest.raises(DBAPIError, match="never changes"):
        session.flush()


def decision(version: ScriptVersion, party: Party, by: Staff) -> ScriptDecision:
    return ScriptDecision(version_id=known(version.id), party=party, approved=True, by_id=known(by.id), at=NOW)


def test_somebody_who_changed_sides_cannot_give_the_second_approval(session: Session, cast: Cast) -> None:
    version = approval.approve(session, submitted(session, cast), by=cast.carrier, now=NOW)
    people.change_roles(session, cast.carrier, {Role.BUSINESS_SUPPORT}, by=cast.support, now=NOW)
    session.flush()
    with pytest.raises(refusals.SecondApproverNeeded):
        approval.approve(session, version, by=cast.carrier, now=NOW)


@pytest.mark.parametrize(
    ("state", "refused"),
    [(written, refusals.NotSubmitted), (returned, refusals.AlreadyReturned)],
)
def test_what_does_not_wait_cannot_be_approved(
    session: Session, cast: Cast, state: Callable[[Session, Cast], ScriptVersion], refused: type[Refusal]
) -> None:
    version = state(session, cast)
    with pytest.raises(refused):
        approval.approve(session, version, by=cast.support, now=NOW)


def test_a_version_that_was_overtaken_cannot_be_approved(session: Session, cast: Cast) -> None:
    overtaken = submitted(session, cast)
    submitted(session, cast, BETTER)
    with pytest.raises(refusals.AlreadyRetired):
        approval.approve(session, overtaken, by=cast.carrier, now=NOW)


def test_a_return_goes_back_with_a_comment_on_its_line(session: Session, cast: Cast) -> None:
    version = returned(session, cast)
    told = approval.decisions(session, version)
    assert version.state is ScriptState.RETURNED
    assert [(each.party, each.approved, each.line, each.comment) for each in told] == [
        (Party.CARRIER, False, 6, "请先问候")
    ]


def test_a_return_after_one_approval_stops_the_version(session: Session, cast: Cast) -> None:
    version = approval.approve(session, submitted(session, cast), by=cast.support, now=NOW)
    approval.return_(session, version, by=cast.carrier, comment="资费说得太快", now=NOW)
    assert version.state is ScriptState.RETURNED
    assert approval.waiting_for(session, Party.CARRIER) == []


def test_returning_twice_is_no_news(session: Session, cast: Cast) -> None:
    version = returned(session, cast)
    approval.return_(session, version, by=cast.support, comment="again", now=NOW)
    assert len(approval.decisions(session, version)) == 1


@pytest.mark.parametrize(
    ("line", "comment", "refused"),
    [(0, "  ", refusals.CommentNeeded), (7, "?", refusals.LineUnknown), (-1, "?", refusals.LineUnknown)],
)
def test_a_return_needs_a_comment_on_a_line_that_exists(
    session: Session, cast: Cast, line: int, comment: str, refused: type[Refusal]
) -> None:
    version = submitted(session, cast)
    with pytest.raises(refused):
        approval.return_(session, version, by=cast.carrier, line=line, comment=comment, now=NOW)


def test_a_version_in_force_cannot_be_returned(session: Session, cast: Cast) -> None:
    version = approved(session, cast)
    with pytest.raises(refusals.AlreadyInForce):
        approval.return_(session, version, by=cast.carrier, comment="late", now=NOW)


def test_a_returned_version_cannot_be_submitted_again(session: Session, cast: Cast) -> None:
    version = returned(session, cast)
    with pytest.raises(refusals.AlreadyReturned):
        approval.submit(session, version, by=cast.manager, now=NOW)


def test_each_party_sees_what_waits_for_it_from_all_centres(session: Session, cast: Cast) -> None:
    ours = submitted(session, cast)
    theirs = approval.write(session, cast.xm, CARE, by=cast.outsider_manager, now=NOW)
    approval.submit(session, theirs, by=cast.outsider_manager, now=NOW)
    approval.approve(session, ours, by=cast.carrier, now=NOW)
    assert approval.waiting_for(session, Party.CARRIER) == [theirs]
    assert approval.waiting_for(session, Party.BUSINESS_SUPPORT) == [ours, theirs]
    assert approval.waiting_for(session, Party.BUSINESS_SUPPORT, centre_id=cast.xm.id) == [theirs]


def test_the_whole_way_stands_in_the_centre_s_journal(session: Session, cast: Cast) -> None:
    approved(session, cast)
    assert actions(session) == [
        "script.written",
        "script.submitted",
        "script.approved",
        "script.approved",
        "script.in_force",
    ]


def test_a_diff_shows_each_line_with_its_numbers() -> None:
    lines = approval.diff("a\nb\nc", "a\nB\nc\nd")
    assert [(line.change, line.old, line.new, line.text) for line in lines] == [
        ("same", 1, 1, "a"),
        ("removed", 2, None, "b"),
        ("added", None, 2, "B"),
        ("same", 3, 3, "c"),
        ("added", None, 4, "d"),
    ]


def test_a_diff_can_leave_out_what_is_far_from_any_change() -> None:
    old = "\n".join(map(str, range(100)))
    assert len(approval.diff(old, old.replace("\n50\n", "\nfifty\n"), around=2)) == 6

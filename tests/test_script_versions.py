"""A new version of a script reaches agents at their next call, and not in the middle of one."""

from dataclasses import replace

import pytest
from sqlmodel import Session

from outbound import prompter
from outbound.people import Role
from scripts import approval
from scripts.language import library
from tests.conftest import NOW, Cast
from tests.factories_calls import CallMaker
from tests.web import desk_scenes as scenes


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_call_keeps_its_version_and_the_next_one_has_the_new(session: Session, cast: Cast) -> None:
    first = scenes.in_force(session, cast, now=NOW)
    maker = CallMaker(session, cast.fz, now=NOW)
    maker._script = first
    call = maker.call(maker.staff(Role.AGENT), outcome=None)
    second = scenes.in_force(session, cast, now=NOW, text=scenes.changed(library()["family-number-pitch"]))
    assert approval.in_force(session, cast.fz.id or 0, "family-number-pitch") == second
    hand = prompter.in_hand(session, call.claim_id)
    assert prompter.script_version(session, hand) == first
    assert prompter.script_version(session, replace(hand, call=None)) == second

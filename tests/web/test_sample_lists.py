"""The sample lists through the console: uploaded, previewed, imported, they give exactly the agreed figures."""

import io
from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient
from sqlmodel import Session, col, select

from outbound.call_lists import importing
from outbound.call_lists.model import CallList, RefusedRow
from outbound.campaigns.model import Campaign
from outbound.opt_outs.lists.model import OptOutFile
from tests.conftest import Cast
from tests.test_importing import EXPECTED, FIGURES, REFUSED, SAMPLES, TAKEN
from tests.web.test_import_pages import campaign, lists_in, manager, uploaded

__all__ = ["campaign", "manager"]


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.manager", "web.desks.opt_outs", "web.desks.opt_out_lists", "web.desks.opt_out_files")


def blocked_by(client: FlaskClient, name: str) -> None:
    form = {"category": "refusal", "scope": "all", "list": (io.BytesIO((SAMPLES / name).read_bytes()), name)}
    place = client.post("/opt-outs/import", data=form, content_type="multipart/form-data").location
    client.post(place.split("?")[0], data={"category": "refusal", "scope": "all"})


@pytest.mark.parametrize("name", TAKEN)
def test_a_sample_gives_exactly_the_agreed_figures_in_the_console(
    manager: FlaskClient, session: Session, campaign: Campaign, name: str
) -> None:
    if name == "06-meets-blacklist.csv":
        blocked_by(manager, "06-blacklist.csv")
    manager.post(f"{uploaded(manager, campaign, name)}/import", data={"sure": "1"})
    (call_list,) = lists_in(session)
    assert importing.tally_of(call_list) == {figure: EXPECTED[name][figure] for figure in FIGURES}
    reasons = select(RefusedRow.reason).where(RefusedRow.fault == "invalid").order_by(col(RefusedRow.row))
    assert list(session.exec(reasons)) == list(EXPECTED[name].get("reasons", {}).values())


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", REFUSED)
def test_a_sample_that_is_no_list_imports_nothing_in_the_console(
    manager: FlaskClient, session: Session, campaign: Campaign, name: str
) -> None:
    sent = {"campaign": str(campaign.id), "list": (io.BytesIO((SAMPLES / name).read_bytes()), name)}
    answer = manager.post("/manager/lists/new", data=sent, follow_redirects=True)
    assert name in answer.text
    assert f"{answer.request.path}/import" not in answer.text
    assert session.exec(select(CallList)).all() == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_blacklist_is_taken_in_whole_in_the_console(manager: FlaskClient, session: Session, cast: Cast) -> None:
    blocked_by(manager, "06-blacklist.csv")
    (taken,) = session.exec(select(OptOutFile))
    assert (taken.accepted, taken.invalid) == (taken.rows, 0)

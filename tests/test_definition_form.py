"""A definition changed by a form: what stays the same stays as it was written, and what is wrong is told by label."""

from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from typing import Any, get_args

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy.engine import Engine

from outbound import db
from outbound.campaigns import lookups
from outbound.campaigns.definition import Definition, Part, read_definition, to_yaml
from outbound.campaigns.model import Campaign
from scripts.approval import diff
from tests.conftest import NOW, Cast
from tests.web import desk_scenes as scenes
from web.desks.manager.definition_fields import stored_fields

ClientAs = Callable[..., FlaskClient]
EXAMPLES = [file for file in files("outbound.campaigns").joinpath("examples").iterdir() if file.name.endswith(".yaml")]
EVERY = pytest.mark.parametrize("text", [file.read_text("utf-8") for file in EXAMPLES], ids=[f.name for f in EXAMPLES])


def filled(text: str, **changed: Any) -> dict[str, Any]:
    """The form as it stands for a definition, with some of its fields changed: `offer__price_fen=600`."""
    form: dict[str, Any] = read_definition(text).model_dump(mode="json")
    for path, value in changed.items():
        *groups, last = path.split("__")
        part = form
        for group in groups:
            part = part[group]
        part[last] = value
    return form


def changes(before: str, after: str) -> list[tuple[str, str]]:
    return [(line.change, line.text) for line in diff(before, after) if line.change != "same"]


@EVERY
def test_a_form_that_changes_nothing_changes_no_byte(text: str) -> None:
    assert to_yaml(filled(text), over=text) == text


@EVERY
def test_a_changed_price_changes_one_line_and_keeps_the_comments(text: str) -> None:
    price = read_definition(text).offer.price_fen  # type: ignore[union-attr]
    made = to_yaml(filled(text, offer__price_fen=price + 100), over=text)
    assert changes(text, made) == [("removed", f"  price_fen: {price}"), ("added", f"  price_fen: {price + 100}")]
    assert made.startswith("# ")


@EVERY
@given(
    tries=st.integers(1, 9),
    days=st.integers(0, 30),
    skills=st.lists(st.sampled_from(["粤语", "投诉", "a"]), max_size=2),
)
def test_whatever_the_form_changes_reads_back(text: str, tries: int, days: int, skills: list[str]) -> None:
    form = filled(text, confirmation__tries=tries, offer__trial_days=days, skills=skills)
    assert read_definition(to_yaml(form, over=text)) == Definition.model_validate(form)


def test_a_part_that_is_taken_away_goes_from_the_text() -> None:
    text = "name: a\nkind: consumer_survey\nstarts: 2026-11-01\nends: 2026-12-01\nscripts: {pitch: p}\nskills: [b]\n"
    made = to_yaml(filled(text, skills=[]), over=text)
    assert read_definition(made).skills == []


# In the console


@pytest.fixture
def desks() -> Sequence[str]:
    return ("web.desks.manager", "web.desks.scripts")


@pytest.fixture
def campaign(engine: Engine, cast: Cast) -> Campaign:
    with db.transaction(engine) as session:
        return scenes.draft(session, cast, now=NOW)


FIELDS = {
    "name": "亲情网",
    "kind": "telesales",
    "starts": "2026-11-02",
    "ends": "2026-12-31",
    "scripts.pitch": "family-number-pitch",
    "qa.daily_percent": "10",
}


@pytest.mark.parametrize(
    ("changed", "field", "zh", "en"),
    [
        ({"offer.name": ""}, "kind", "这种用途的活动必须有业务", "needs an offer"),
        ({"offer.name": "x"}, "offer.price_fen", "请以元为单位填写资费", "Write the price in yuan"),
        (
            {"offer.name": "x", "offer.price_fen": "5"},
            "offer.trial_days",
            "缺少“体验期（天）”",
            "“Free trial, in days” is missing",
        ),
        (
            {"qa.daily_percent": "300"},
            "qa.daily_percent",
            "“中心每日抽检百分比”不能是 300",
            "“Reviewed daily by the centre, in percent” cannot be 300",
        ),
        ({"offer.name": "x"}, "scripts.confirmation", "有业务的活动必须有这个脚本", "needs this script; choose one"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_fault_names_the_field_by_its_label(
    client_as: ClientAs, cast: Cast, changed: dict[str, str], field: str, zh: str, en: str
) -> None:
    for language, said in (("zh", zh), ("en", en)):
        page = client_as("manager", language).post("/manager/campaigns/new/form", data=FIELDS | changed).text
        told = page.split(f'id="{field}-error">')[1].split("</p>")[0]
        assert said in told
        assert "`" not in told


def settings_of(part: type[BaseModel], path: str = "") -> Iterator[str]:
    """Every setting of a definition, by its path in the YAML."""
    for name, field in part.model_fields.items():
        kinds = (field.annotation, *get_args(field.annotation))
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Part)), None)
        if inner:
            yield from settings_of(inner, f"{path}{name}.")
        else:
            yield path + name


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_form_has_a_field_for_every_setting(client_as: ClientAs, cast: Cast) -> None:
    page = client_as("manager").get("/manager/campaigns/new/form").text
    # The cycle has one value only: there is nothing to choose.
    assert {path for path in settings_of(Definition) if f'name="{path}"' not in page} == {"offer.cycle"}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_form_may_begin_with_an_example_that_starts_today(client_as: ClientAs, cast: Cast) -> None:
    page = client_as("manager").get("/manager/campaigns/new/form?start=family-number-trial").text
    assert 'name="offer.price_fen" type="text" value="5.00"' in page
    assert f'name="starts" type="date" value="{NOW:%Y-%m-%d}"' in page
    assert 'name="ends" type="date" value="2027-02-21"' in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_only_what_an_offer_may_lack_is_called_optional(client_as: ClientAs, cast: Cast) -> None:
    page = client_as("manager").get("/manager/campaigns/new/form").text
    assert "Name of the offer</label>" in page
    assert 'Name of the offer, in English <span class="optional">' in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_comments_of_a_campaign_survive_its_form(client_as: ClientAs, engine: Engine, campaign: Campaign) -> None:
    stored = stored_fields(read_definition(scenes.definition()))
    sent = {name: value for name, value in stored.items() if value not in (None, False)} | {"qa.daily_percent": "20"}
    client_as("manager").post(f"/manager/campaigns/{campaign.id}/form", data=sent)
    with db.reading(engine) as session:
        text = lookups.in_force(session, session.get_one(Campaign, campaign.id)).source
    assert changes(scenes.definition(), text) == [("removed", "  daily_percent: 10"), ("added", "  daily_percent: 20")]

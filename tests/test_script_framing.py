"""Rendering in a hurry gives what rendering gives."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outbound.errors import Language, Refusal
from scripts.filling import Facts, OfferFacts
from scripts.framing import render_framed
from scripts.language import library
from scripts.model import script_written
from scripts.rendering import Rendered, render

OFFER = OfferFacts.model_validate(
    {
        "name": {"zh": "亲情网", "en": "family plan"},
        "price": 500,
        "functions": {"zh": "互打免费。", "en": "free calls."},
        "usage": {"zh": "直接拨打", "en": "just dial"},
        "enquiry": {"zh": "拨打 10086", "en": "ring 10086"},
        "cancel": {"zh": "回复 QX", "en": "reply QX"},
        "cycle": {"zh": "每月", "en": "a month"},
    }
)
DAY = date(2026, 11, 23)
VALUES = st.one_of(st.text(max_size=8), st.integers(), st.none(), st.just("{offer.price}"), st.just("王秀英"))


def facts(customer: dict[str, str | int | float | None], agent: str | None) -> Facts:
    days = {"trial_ends": DAY, "charge_starts": DAY, "sale_date": DAY, "today": DAY}
    return Facts(
        customer=customer, offer=OFFER, trial_days=30, agent_name=agent, agent_number="1001", centre_name="福州", **days
    )


def told(rendering: Callable[[], Rendered]) -> Rendered | tuple[type[Refusal], str]:
    try:
        return rendering()
    except Refusal as refused:
        return type(refused), str(refused)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(library()))
@settings(deadline=None, max_examples=25)
@given(
    customer=st.fixed_dictionaries(
        {"name": st.text(max_size=8)}, optional=dict.fromkeys(["tail", "plan", "honorific", "city"], VALUES)
    ),
    agent=st.sampled_from(["李强", "Li Qiang", None]),
)
def test_the_frame_says_what_the_whole_says(
    name: str, language: Language, customer: dict[str, str | int | float | None], agent: str | None
) -> None:
    text, known = library()[name], facts(customer, agent)
    plain = told(lambda: render(script_written(text), known, language))
    assert told(lambda: render_framed(text, known, language)) == plain


def test_one_customers_name_is_never_read_to_another() -> None:
    text = library()["family-number-pitch"]
    first = render_framed(text, facts({"name": "王秀英", "tail": "8000"}, "李强"), "zh")
    second = render_framed(text, facts({"name": "陈大文", "tail": "8001"}, "李强"), "zh")
    assert "王秀英" in first.model_dump_json()
    assert "王秀英" not in second.model_dump_json()

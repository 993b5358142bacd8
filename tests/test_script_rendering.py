"""What the agent reads: everything filled in, in a sensible order, and nothing left open in silence."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.errors import Language
from scripts.language import Disclosure, Meaning, library, read_script
from scripts.placeholders import placeholders
from scripts.rendering import (
    Facts,
    FactsMissing,
    NotSpokenIn,
    OfferFacts,
    PlaceholderUnknown,
    fill,
    reading_order,
    render,
)
from scripts.spoken import digits_said, money_said, money_written, number_words

OFFER = OfferFacts(
    name={"zh": "亲情网", "en": "the family number"},
    price=500,
    functions={"zh": "家人之间打电话不另收费。", "en": "Calls within the family are free."},
    usage={"zh": "发短信加家人的号码就行", "en": "add a number by text message"},
    enquiry={"zh": "请拨打10086", "en": "call 10086"},
    cancel={"zh": "发QX到10086就取消", "en": "send QX to 10086"},
)
FACTS = Facts(
    customer={"name": "王秀英", "plan": "畅享58", "年龄": 61},
    offer=OFFER,
    trial_days=30,
    trial_ends=date(2026, 12, 31),
    charge_starts=date(2027, 1, 1),
    sale_date=date(2026, 12, 1),
    agent_name="林静",
    agent_number="1023",
    centre_name="福州外呼中心",
    reply_code="4821",
    today=date(2026, 12, 1),
)


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("{customer.name}", "王秀英", "王秀英"),
        ("{customer.年龄}", "61", "61"),
        ("给{offer.name}", "给亲情网", "给the family number"),
        ("{offer.price}", "5元", "¥5.00"),
        ("{offer.price_words}", "五元", "5 yuan"),
        ("{offer.price|words}", "五元", "5 yuan"),
        ("{trial.days}", "30", "30"),
        ("{trial.days|words}", "三十", "30"),
        ("{trial.ends}", "2026年12月31日", "31 December 2026"),
        ("{trial.ends_words}", "十二月三十一日", "31 December"),
        ("{charge.starts_words}", "一月一日", "1 January"),
        ("{today}", "2026年12月1日", "1 December 2026"),
        ("{agent.number|digits}", "幺零二三", "1 0 2 3"),
        ("{centre.name}", "福州外呼中心", "福州外呼中心"),
        ("{customer.city|or 本地}", "本地", "本地"),
        ("{offer.cycle|or 每月}{offer.price_words}", "每月五元", "每月5 yuan"),
        ("{offer.functions}。", "家人之间打电话不另收费。", "Calls within the family are free。"),
    ],
)
def test_a_placeholder_is_filled_in_as_it_is_said(text: str, zh: str, en: str) -> None:
    assert (fill(text, FACTS, "zh"), fill(text, FACTS, "en")) == (zh, en)


@pytest.mark.parametrize(
    ("minor", "zh", "written", "en"),
    [
        (0, "零元", "0元", "0 yuan"),
        (5, "五分", "0.05元", "0.05 yuan"),
        (20, "两角", "0.20元", "0.20 yuan"),
        (200, "两元", "2元", "2 yuan"),
        (500, "五元", "5元", "5 yuan"),
        (1205, "十二元零五分", "12.05元", "12.05 yuan"),
        (1250, "十二元五角", "12.50元", "12.50 yuan"),
        (1999, "十九元九角九分", "19.99元", "19.99 yuan"),
        (5800, "五十八元", "58元", "58 yuan"),
        (20000, "两百元", "200元", "200 yuan"),
        (1000000, "一万元", "10000元", "10000 yuan"),
    ],
)
def test_an_amount_is_said_as_people_say_it(minor: int, zh: str, written: str, en: str) -> None:
    assert (money_said(minor, "zh"), money_written(minor, "zh"), money_said(minor, "en")) == (zh, written, en)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (19, "十九"),
        (22, "二十二"),
        (101, "一百零一"),
        (110, "一百一十"),
        (1010, "一千零一十"),
        (2002, "两千零二"),
        (10010, "一万零一十"),
        (20000, "两万"),
        (120000, "十二万"),
        (100_010_000, "一亿零一万"),
        (100_005_000, "一亿零五千"),
    ],
)
def test_a_number_is_said_as_people_say_it(number: int, words: str) -> None:
    assert number_words(number) == words


_VALUES = {word: value for value, word in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}


def heard(words: str) -> int:
    total, group, digit = 0, 0, 0
    for word in words:
        if word in _VALUES:
            digit = _VALUES[word]
        elif word in _UNITS:
            group, digit = group + (digit or 1) * _UNITS[word], 0
        else:
            total, group, digit = (total + group + digit) * (10**8 if word == "亿" else 10**4), 0, 0
    return total + group + digit


@given(st.integers(0, 10**8 - 1))
def test_every_number_is_heard_as_it_was_meant(number: int) -> None:
    assert heard(number_words(number)) == number


@given(st.integers(0, 10**9))
def test_every_amount_is_written_exactly(minor: int) -> None:
    assert Decimal(money_written(minor, "zh").removesuffix("元")) * 100 == minor


@given(st.integers(0, 400))
def test_every_day_of_a_year_is_said_without_digits(days: int) -> None:
    facts = FACTS.model_copy(update={"today": date(2027, 12, 20) + timedelta(days=days)})
    said = fill("{today|words}", facts, "zh")
    month, day = said.removesuffix("日").split("月")
    assert (heard(month), heard(day)) == (facts.today.month, facts.today.day) if facts.today else False


def test_a_number_outside_the_range_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        number_words(-1)


def test_telephone_numbers_are_read_digit_by_digit() -> None:
    assert digits_said("10086", "zh") == "幺零零八六"


@pytest.mark.parametrize(
    "text", ["{customer}", "{offer.colour}", "{offer.name|loudly}", "{", "}", "{}", "{{offer.name}}"]
)
def test_an_unknown_placeholder_never_renders_in_silence(text: str) -> None:
    with pytest.raises(PlaceholderUnknown):
        fill(text, FACTS, "zh")


def test_a_missing_fact_is_named_and_not_left_blank() -> None:
    with pytest.raises(FactsMissing) as refused:
        fill("{customer.city}{trial.ends}{sale.date}", FACTS.model_copy(update={"trial_ends": None}), "zh")
    assert refused.value.names == ["{customer.city}", "{trial.ends}"]
    assert refused.value.sentence("zh") == "脚本无法显示：本次通话缺少 {customer.city}, {trial.ends}。"


def test_an_english_sentence_begins_with_a_capital_whatever_fills_it() -> None:
    assert fill("It is easy. {offer.usage}, or {offer.cancel}.", FACTS, "en") == (
        "It is easy. Add a number by text message, or send QX to 10086."
    )


def test_an_empty_cell_counts_as_missing() -> None:
    assert fill("{customer.name|or 您}", Facts(customer={"name": ""}), "zh") == "您"


@given(st.text(st.sampled_from("{}|.王abc name"), max_size=20))
def test_a_customers_name_cannot_smuggle_in_a_placeholder(name: str) -> None:
    facts = FACTS.model_copy(update={"customer": {"name": name or "x"}})
    assert fill("[{customer.name}]", facts, "zh") == f"[{name or 'x'}]"


def test_a_whole_script_is_refused_with_everything_that_is_missing() -> None:
    script = read_script(library()["family-number-pitch"])
    with pytest.raises(FactsMissing) as refused:
        render(script, Facts(), "zh")
    assert {"{centre.name}", "{offer.price_words}", "{trial.ends_words}"} <= set(refused.value.names)
    assert len(refused.value.names) == len(set(refused.value.names))


def test_a_script_is_not_rendered_in_a_language_that_it_lacks() -> None:
    script = read_script("script: a\nkind: survey\ntitle: 问\nstart: a\nsteps: {a: {say: 你好, ends: completed}}\n")
    with pytest.raises(NotSpokenIn):
        render(script, FACTS, "en")


def test_choices_carry_their_number_keys() -> None:
    consent = render(read_script(library()["family-number-pitch"]), FACTS, "zh").step("consent")
    assert [(choice.key, choice.meaning, choice.to) for choice in consent.choices] == [
        (1, Meaning.YES, "closing"),
        (2, Meaning.NO, "not-interested"),
        (3, Meaning.UNSURE, "undecided"),
    ]


def test_the_way_of_yes_is_read_first() -> None:
    order = reading_order(read_script(library()["family-number-pitch"]))
    assert order[:11] == (
        "greeting",
        "identity",
        "permission",
        "functions",
        "tariff",
        "trial_end",
        "usage",
        "cancel",
        "understanding",
        "consent",
        "closing",
    )


@pytest.mark.parametrize("name", sorted(library()))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_library_script_is_rendered_whole(name: str, language: Language) -> None:
    script = read_script(library()[name])
    rendered = render(script, FACTS, language)
    assert sorted(step.key for step in rendered.steps) == sorted(script.steps)
    said = [step.said for step in rendered.steps] + [objection.said for objection in rendered.objections]
    assert not [text for text in said if list(placeholders(text)) or "。。" in text or ".." in text or not text]
    assert json.loads(json.dumps(rendered.model_dump(mode="json")))["steps"][0]["key"] == script.start


def test_what_must_be_told_goes_to_the_page_in_order() -> None:
    rendered = render(read_script(library()["family-number-confirmation"]), FACTS, "zh")
    assert rendered.required == (Disclosure.TARIFF, Disclosure.TRIAL_END, Disclosure.ENQUIRE_OR_CANCEL)


def test_a_condition_goes_to_the_page_as_it_is_written() -> None:
    step = render(read_script(library()["satisfaction-survey"]), FACTS, "zh").step("where-poor")
    assert step.model_dump(mode="json")["when"]["is"] == ["poor"]

"""Numbers as people write them on lists."""

import json
import re
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outbound.phones.parsing import Kind, Number, Oddity, Reason, Unusable, display, masked, parse, parse_slowly

EXPECTED = json.loads((Path(__file__).parent / "samples/call-lists/expected.json").read_text())
BAD = EXPECTED["04-bad-lines.csv"]["reasons"]

digits = st.text("0123456789", min_size=1, max_size=16)
mobiles = st.from_regex(r"\A1[0-9]{10}\Z")
prefixes = st.sampled_from(["", "+86", "86", "0086", "+86 ", "(+86)", "(86)", "0", "-", "+", "'", "\u200b", "=", "179"])
endings = st.sampled_from(["", ".0", ".00", "\t", " ", "-", "E+3", ")"])
separators = st.sampled_from(["", " ", "-", "－", ".", "  "])


def number(raw: str, region: str = "CN") -> Number:
    found = parse(raw, region=region)
    assert isinstance(found, Number), found
    return found


@pytest.mark.parametrize(
    "raw",
    [
        "13800138000",
        "１３８００１３８０００",
        "+8613800138000",
        "8613800138000",
        "008613800138000",
        "138-0013-8000",
        "138 0013 8000",
        "(+86)13800138000",
        "（＋８６）138－0013－8000",
        "'13800138000",
        "\u200b13800138000",
        "13800138000\t",
        "\ufeff138\u00a00013\u00a08000",
        '="13800138000"',
        "013800138000",
        "138.0013.8000",
    ],
)
def test_every_spelling_is_the_same_number(raw: str) -> None:
    assert number(raw).e164 == "+8613800138000"


@pytest.mark.parametrize(("raw", "reason"), BAD.items())
def test_a_bad_cell_is_refused_with_the_expected_reason(raw: str, reason: str) -> None:
    assert parse(raw) == Unusable(raw, Reason(reason))


@pytest.mark.parametrize("raw", ["1.38E+10", "1.38001E+10", "1.3800138e10", "１．３８Ｅ＋１０"])
def test_what_excel_has_rounded_is_never_repaired(raw: str) -> None:
    assert parse(raw) == Unusable(raw, Reason.SCIENTIFIC)


def test_a_trailing_point_zero_is_taken_off_with_a_warning() -> None:
    found = number("13800138000.0")
    assert (found.e164, found.warning) == ("+8613800138000", Oddity.TRAILING_ZERO)


def test_a_fraction_is_not_a_number() -> None:
    assert parse("13800138000.5") == Unusable("13800138000.5", Reason.NOT_A_NUMBER)


@pytest.mark.parametrize("raw", ["110", "12345", "10010", "10086", "95588", "+8695588", "4008001234", "800-810-1234"])
def test_service_numbers_are_refused(raw: str) -> None:
    assert parse(raw) == Unusable(raw, Reason.SERVICE)


@pytest.mark.parametrize("raw", ["0591-87654321", "(0591)87654321", "+86 591 8765 4321", "0086059187654321"])
def test_a_mainland_landline_is_accepted(raw: str) -> None:
    found = number(raw)
    assert (found.e164, found.national, found.kind) == ("+8659187654321", "059187654321", Kind.LANDLINE)
    assert found.time_zones == ("Asia/Shanghai",)


def test_a_landline_whose_zero_excel_dropped_is_accepted_with_a_warning() -> None:
    assert number("59187654321").warning is Oddity.LEADING_ZERO
    assert number("0591-87654321").warning is None


def test_a_local_number_without_its_area_code_is_refused_for_its_length() -> None:
    assert parse("87654321") == Unusable("87654321", Reason.LENGTH)


def test_a_longer_number_is_not_shortened_into_somebody_elses() -> None:
    assert parse("1234513800138000") == Unusable("1234513800138000", Reason.LENGTH)


def test_a_foreign_number_keeps_its_own_time_zones() -> None:
    found = number("+1 907 555 0132")
    assert (found.region, found.time_zones) == ("US", ("America/Adak", "America/Anchorage"))
    assert found.callable


def test_a_number_in_more_than_six_time_zones_is_not_callable() -> None:
    found = number("+18005550199")
    assert len(found.time_zones) >= 40
    assert not found.callable


def test_a_number_without_a_country_code_belongs_to_the_region_asked_for() -> None:
    assert number("6123 4567", region="HK").e164 == "+85261234567"


def test_an_unassigned_country_is_refused() -> None:
    assert parse("+999 123 4567") == Unusable("+999 123 4567", Reason.UNASSIGNED)


@settings(max_examples=1500)
@given(st.one_of(mobiles, digits), prefixes, endings, separators)
@example("13800000000", "-", "", "")
def test_the_fast_path_agrees_with_phonenumbers(core: str, prefix: str, ending: str, separator: str) -> None:
    raw = prefix + separator.join([core[:3], core[3:7], core[7:]]) + ending
    assert parse(raw) == parse_slowly(raw)


@given(st.text(max_size=20))
def test_any_text_at_all_has_the_same_answer_on_both_paths(raw: str) -> None:
    assert parse(raw) == parse_slowly(raw)


@settings(max_examples=1000)
@given(mobiles)
def test_a_mobile_is_accepted_exactly_when_libphonenumber_calls_it_one(raw: str) -> None:
    asked = phonenumbers.PhoneNumber(country_code=86, national_number=int(raw))
    is_mobile = phonenumbers.number_type(asked) == phonenumbers.PhoneNumberType.MOBILE
    assert (parse(raw) == Unusable(raw, Reason.NOT_MOBILE)) is not is_mobile
    assert isinstance(parse(raw), Number) is is_mobile


@given(digits)
def test_an_accepted_number_has_no_digit_that_was_not_written(raw: str) -> None:
    found = parse(raw)
    if isinstance(found, Number):
        assert raw.endswith(found.national.removeprefix("0"))


@pytest.mark.parametrize(
    ("e164", "shown"),
    [("+8613812345678", "138****5678"), ("+8659187654321", "0591****4321"), ("+14155550132", "+141****0132")],
)
def test_a_masked_number_hides_its_middle(e164: str, shown: str) -> None:
    assert masked(e164) == shown


@given(st.from_regex(r"\A\+[1-9][0-9]{4,14}\Z"))
def test_a_mask_always_hides_at_least_four_digits(e164: str) -> None:
    dialled = "0" + e164[3:] if e164.startswith("+86") and not re.fullmatch(r"\+861\d{10}", e164) else e164
    shown = sum(char.isdigit() for char in masked(e164))
    written = sum(char.isdigit() for char in dialled)
    assert written - shown >= min(4, written - 2)


def test_a_number_is_displayed_in_groups() -> None:
    assert display("+8613800138000") == "138 0013 8000"
    assert display("+8659187654321") == "0591 8765 4321"
    assert display("+14155550132") == "+1 415-555-0132"


def test_every_reason_and_warning_has_chinese_words() -> None:
    for said in (*Reason, *Oddity):
        assert re.search("[一-鿿]", said.words("zh"))
        assert said.words("en") == said.value

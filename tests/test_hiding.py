"""Numbers that people write into other cells and reasons are found; days, prices and the numbers of cases are not."""

import pytest

from outbound.phones.hiding import holds_number, without_numbers


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13800138000", "138****8000"),
        ("备用 139 0013 8000 找他", "备用 139****8000 找他"),
        ("１３８００１３８０００", "１３８****８０００"),
        ("打+86 138-0013-8000。", "打138****8000。"),
        ("(0591) 8765-4321", "(0591)****4321"),
        ("010-65521234", "010****1234"),
        ("+852 9123 4567", "+852****4567"),
        ("+1 415 555 0132", "+1****0132"),
    ],
)
def test_a_number_is_found_however_it_is_written(text: str, shown: str) -> None:
    assert holds_number(text)
    assert without_numbers(text) == shown


@pytest.mark.parametrize("text", ["2026-11-22", "2026/1/2 10:00", "20261122", "畅享58", "99.50", "500 元", ""])
def test_days_and_prices_are_no_numbers(text: str) -> None:
    assert not holds_number(text)
    assert without_numbers(text) == text


@pytest.mark.parametrize("text", ["工单 20260918001234", "身份证 350102199001011234", "6552 1234"])
def test_what_may_be_a_number_is_sealed_but_stays_legible_in_a_reason(text: str) -> None:
    assert holds_number(text)
    assert without_numbers(text) == text

"""How money, instants, days, lengths and numbers of customers read in both languages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import g

from tests.conftest import NOW
from web import filters
from web.app import Console

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def desks() -> tuple[str, ...]:
    return ()


@pytest.fixture(params=["en", "zh"])
def language(app: Console, request: pytest.FixtureRequest) -> Iterator[str]:
    with app.test_request_context(headers={"Cookie": f"language={request.param}"}):
        app.preprocess_request()
        yield request.param


@pytest.mark.parametrize(
    ("fen", "words"), [(500, "¥5.00"), (0, "¥0.00"), (-500, "-¥5.00"), (123456789, "¥1,234,567.89"), (None, "–")]
)
def test_money_reads_in_yuan(language: str, fen: int | None, words: str) -> None:
    assert filters.money(fen) == words


@pytest.mark.parametrize(
    ("at", "en", "zh"),
    [
        (NOW + timedelta(minutes=5), "in 5 min", "5 分钟后"),
        (NOW - timedelta(minutes=59), "59 min ago", "59 分钟前"),
        (NOW - timedelta(seconds=20), "just now", "刚刚"),
        (NOW + timedelta(hours=6, minutes=20), "today 16:20", "今天 16:20"),
        (NOW - timedelta(hours=17, minutes=40), "yesterday 16:20", "昨天 16:20"),
        (NOW + timedelta(days=1), "tomorrow 10:00", "明天 10:00"),
        (datetime(2026, 10, 3, 1, 15, tzinfo=UTC), "3 Oct 09:15", "10月3日 09:15"),
        (datetime(2025, 12, 31, 16, 0, tzinfo=UTC), "1 Jan 00:00", "1月1日 00:00"),
        (datetime(2025, 10, 3, 1, 15, tzinfo=UTC), "3 Oct 2025 09:15", "2025年10月3日 09:15"),
    ],
)
def test_an_instant_reads_as_people_say_it(language: str, at: datetime, en: str, zh: str) -> None:
    assert f">{en if language == 'en' else zh}</time>" in filters.instant(at)


def test_an_instant_shows_exactly_when_on_hover(language: str) -> None:
    assert 'title="2026-11-23 10:00:00 Asia/Shanghai"' in filters.instant(NOW)


def test_a_day_reads_with_its_weekday(language: str) -> None:
    g.centre = None
    assert filters.day(NOW) == {"en": "Mon 23 Nov 2026", "zh": "2026年11月23日 周一"}[language]


@pytest.mark.parametrize(
    ("name", "en", "zh"),
    [
        ("2026-W47", "16–22 Nov 2026", "2026年第47周（11月16日–22日）"),
        ("2026-W49", "30 Nov – 6 Dec 2026", "2026年第49周（11月30日–12月6日）"),
        ("2026-W53", "28 Dec 2026 – 3 Jan 2027", "2026年第53周（12月28日–1月3日）"),
    ],
)
def test_a_week_reads_by_its_days(language: str, name: str, en: str, zh: str) -> None:
    assert filters.week(name) == {"en": en, "zh": zh}[language]


@pytest.mark.parametrize(("length", "words"), [(98, "1:38"), (0, "0:00"), (3661, "1:01:01"), (59.9, "0:59")])
def test_a_length_reads_in_minutes_and_seconds(language: str, length: float, words: str) -> None:
    assert filters.seconds(length) == words


@pytest.mark.parametrize(("digits", "words"), [("13812345678", "138****5678"), ("10086", "****86"), ("", "–")])
def test_a_customers_number_is_masked(language: str, digits: str, words: str) -> None:
    assert filters.masked(digits) == words

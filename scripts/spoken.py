"""Amounts, dates and numbers as people say them and as people write them, in Chinese and in English."""

from datetime import date

from outbound.errors import Language

_DIGITS = "零一二三四五六七八九"
_TELEPHONE = str.maketrans("0123456789", "零幺二三四五六七八九")
# Named here so that what is said never depends on the machine's locale.
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905


def number_words(number: int, *, counting: bool = False) -> str:
    """A whole number from 0 up to 10¹² in spoken Chinese; `counting` says 两 for a bare 2, as before a measure word.

    Raises ValueError outside that range.
    """
    if not 0 <= number < 10**12:
        raise ValueError(number)
    if number == 2 and counting:
        return "两"
    words = _by_ten_thousands(number) or "零"
    return words.removeprefix("一") if 10 <= number < 20 or words.startswith("一十") else words


def _by_ten_thousands(number: int) -> str:
    words = ""
    for power, unit in ((10**8, "亿"), (10**4, "万"), (1, "")):
        group, number = divmod(number, power)
        if not group:
            continue
        gap = "零" if words and (group < 1000 or _skipped(words, unit)) else ""
        words += gap + ("两" if group == 2 and unit else _under_ten_thousand(group)) + unit
    return words


def _skipped(words: str, unit: str) -> bool:
    return not unit and words.endswith("亿")


def _under_ten_thousand(number: int) -> str:
    words, gap = "", False
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, power)
        if not digit:
            gap = bool(words)
            continue
        said = "两" if digit == 2 and power >= 100 else _DIGITS[digit]
        words, gap = words + ("零" if gap else "") + said + unit, False
    return words


def digits_said(text: str, language: Language) -> str:
    """A number as it is read out digit by digit: 10086 is 幺零零八六."""
    return text.translate(_TELEPHONE) if language == "zh" else " ".join(text)


def money_written(minor: int, language: Language) -> str:
    """An amount of `minor` 分 as written: 5元, 12.50元; ¥5.00 in English."""
    yuan, cents = divmod(minor, 100)
    if language == "en":
        return f"¥{yuan:,}.{cents:02d}"
    return f"{yuan}.{cents:02d}元" if cents else f"{yuan}元"


def money_said(minor: int, language: Language) -> str:
    """An amount of `minor` 分 as said: 五元, 十二元五角, 两元零五分; 12.50 yuan in English."""
    yuan, cents = divmod(minor, 100)
    if language == "en":
        return f"{yuan}.{cents:02d} yuan" if cents else f"{yuan} yuan"
    jiao, fen = divmod(cents, 10)
    words = f"{number_words(yuan, counting=True)}元" if yuan or not cents else ""
    words += f"{number_words(jiao, counting=True)}角" if jiao else "零" if words and fen else ""
    return words + (f"{number_words(fen, counting=True)}分" if fen else "")


def date_written(day: date, language: Language) -> str:
    """A day as written: 2026年12月31日; 31 December 2026 in English."""
    if language == "en":
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日"


def date_said(day: date, language: Language) -> str:
    """A day as said in a call, without the year: 十二月三十一日; 31 December in English."""
    if language == "en":
        return f"{day.day} {_MONTHS[day.month - 1]}"
    return f"{number_words(day.month)}月{number_words(day.day)}日"

"""What a model finds wrong with a document, told as what is to be done about it, in both languages."""

from collections.abc import Mapping
from typing import Any

from outbound.errors import Refusal

_REMEDIES: dict[str, tuple[str, str]] = {
    "missing": ("缺少“{name}”，请补上。", "`{name}` is missing; add it."),
    "extra_forbidden": (
        "不认识“{name}”，请检查拼写或删除。",
        "`{name}` is not known here; check the spelling or remove it.",
    ),
    "greater_than_equal": (
        "“{name}”不能是 {input}，至少为 {ge}。",
        "`{name}` cannot be {input}; it must be at least {ge}.",
    ),
    "greater_than": (
        "“{name}”不能是 {input}，必须大于 {gt}。",
        "`{name}` cannot be {input}; it must be more than {gt}.",
    ),
    "less_than_equal": (
        "“{name}”不能是 {input}，最多为 {le}。",
        "`{name}` cannot be {input}; it must be at most {le}.",
    ),
    "enum": (
        "“{name}”不能是“{input}”，可选：{expected}。",
        "`{name}` cannot be `{input}`; choose from {expected}.",
    ),
    "literal_error": (
        "“{name}”不能是“{input}”，可选：{expected}。",
        "`{name}` cannot be `{input}`; choose from {expected}.",
    ),
    "too_short": ("“{name}”不能为空。", "`{name}` must not be empty."),
    "string_too_short": ("“{name}”不能为空。", "`{name}` must not be empty."),
    "string_too_long": ("“{name}”最多 {max_length} 个字。", "`{name}` may have at most {max_length} characters."),
    "too_long": ("“{name}”最多 {max_length} 项。", "`{name}` may have at most {max_length} entries."),
    "string_pattern_mismatch": (
        "“{name}”的写法“{input}”不对，应符合 {pattern}。",
        "`{name}` is written `{input}`; it must match {pattern}.",
    ),
}
_KINDS: dict[str, tuple[str, str]] = {
    "int": ("整数", "a whole number"),
    "float": ("数字", "a number"),
    "string": ("文字", "text"),
    "bool": ("true 或 false", "true or false"),
    "date": ("日期，如 2026-11-21", "a date such as 2026-11-21"),
    "time": ("时间，如 09:00", "a time such as 09:00"),
    "list": ("列表", "a list"),
    "dict": ("一组名称和内容", "a group of names"),
    "model": ("一组名称和内容", "a group of names"),
    "tuple": ("列表", "a list"),
}


def remedy(error: Mapping[str, Any], name: str) -> tuple[str, str]:
    """What is to be done about an error of pydantic's at the value of that name, in Chinese and in English."""
    kind = str(error["type"])
    facts = {"name": name, **error.get("ctx", {}), "input": short(error.get("input"))}
    if kind == "value_error" and isinstance(cause := error.get("ctx", {}).get("error"), Refusal | ValueError):
        refusal = cause.__cause__ if isinstance(cause.__cause__, Refusal) else cause
        return (refusal.sentence("zh"), refusal.sentence("en")) if isinstance(refusal, Refusal) else (str(cause),) * 2
    if kind in _REMEDIES:
        zh, en = _REMEDIES[kind]
        return zh.format(**facts), en.format(**facts)
    said = next((words for prefix, words in _KINDS.items() if kind.startswith(prefix)), None)
    if said:
        return (
            f"“{name}”应为{said[0]}，现在是“{facts['input']}”。",
            f"`{name}` must be {said[1]}, not `{facts['input']}`.",
        )
    return f"“{name}”有误：{error['msg']}。", f"`{name}`: {error['msg']}."


def short(value: Any) -> str:
    """A value as a message shows it: printable, and not longer than a line."""
    text = "".join(letter if letter.isprintable() else "·" for letter in str(value))
    return text if len(text) <= 60 else f"{text[:60]}…"

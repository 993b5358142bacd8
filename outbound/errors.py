"""Refusals: each is a class named for what is refused, with one sentence in English and one in Chinese.

The first line of a refusal's docstring is its English sentence; `zh` is the Chinese one. Both may name facts in braces,
which are given when it is raised. Rooms define their own refusals beside the verbs that raise them.
"""

from typing import Any, ClassVar, Literal

Language = Literal["zh", "en"]


class Refusal(Exception):
    """This cannot be done."""

    zh: ClassVar[str] = "无法执行此操作。"
    status: ClassVar[int] = 409
    """HTTP status with which the console and the API answer."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(self.sentence("en"))

    @classmethod
    def name(cls) -> str:
        """The refusal's stable name in JSON answers and logs."""
        return cls.__name__

    def sentence(self, language: Language) -> str:
        """What was refused and what to do, as one sentence in the user's language."""
        template = self.zh if language == "zh" else _first_paragraph(type(self))
        return template.format(**{key: _said(value, language) for key, value in self.facts.items()})


def _first_paragraph(refusal: type[Refusal]) -> str:
    return " ".join((refusal.__doc__ or "").split("\n\n")[0].split())


def _said(value: Any, language: Language) -> Any:
    if isinstance(value, Refusal):
        return value.sentence(language)
    return value.said(language) if hasattr(value, "said") else value


class NotFound(Refusal):
    """There is nothing here under that number; it may belong to another centre."""

    zh = "没有找到这条记录，它可能属于其他外呼中心。"
    status = 404


class NotAllowed(Refusal):
    """Your role does not allow this; ask your manager if you need it."""

    zh = "您的角色没有这项权限，如有需要请联系经理。"
    status = 403


class SignInNeeded(Refusal):
    """Please sign in to go on; what you typed is kept."""

    zh = "请先登录再继续，已填写的内容会保留。"
    status = 401


class BadInput(Refusal):
    """{reason}"""

    zh = "{reason}"
    status = 422


DATABASE_REFUSALS: dict[str, type[Refusal]] = {}
"""The words with which a trigger of the database refuses a change, and the refusal that users read instead."""

"""Forms: what was typed is read field by field, every fault is told at its field, and nothing typed is lost.

    with filled_form() as form:
        name, price = form.text("name"), form.money("price")
    campaigns.define(g.session, name=name, price=price, by=g.staff, now=g.now)

Leaving the block raises FormFaulty with all faults; the route's `again=` view then shows the form with them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import Flask, Response, g, request
from werkzeug.datastructures import FileStorage

from outbound.errors import Refusal
from web.answers import field_faults
from web.language import chosen_language

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


class FormFaulty(Refusal):
    """Some fields need another look; they are marked below."""

    zh = "有几项需要修改，已在下方标出。"
    status = 422

    def __init__(self, fields: dict[str, Refusal]) -> None:
        self.fields = fields
        super().__init__()


class FieldEmpty(Refusal):
    """Fill this in."""

    zh = "请填写此项。"
    status = 422


class FieldTooLong(Refusal):
    """This is longer than {most} characters; shorten it."""

    zh = "超过 {most} 个字符，请缩短。"
    status = 422


class NumberUnreadable(Refusal):
    """“{text}” is not a whole number."""

    zh = "“{text}”不是整数。"
    status = 422


class NumberOutOfRange(Refusal):
    """This must lie between {least} and {most}."""

    zh = "此项应在 {least} 到 {most} 之间。"
    status = 422


class AmountUnreadable(Refusal):
    """“{text}” is not an amount; write yuan, such as 5.00."""

    zh = "“{text}”不是金额，请以元为单位填写，如 5.00。"
    status = 422


class ChoiceUnknown(Refusal):
    """Choose one of the options shown."""

    zh = "请从给出的选项中选择。"
    status = 422


class DayUnreadable(Refusal):
    """“{text}” is not a date; write it as 2026-11-23."""

    zh = "“{text}”不是日期，请按 2026-11-23 的格式填写。"
    status = 422


class TimeUnreadable(Refusal):
    """“{text}” is not a date and time; write it as 2026-11-23 16:20."""

    zh = "“{text}”不是日期时间，请按 2026-11-23 16:20 的格式填写。"
    status = 422


class FileMissing(Refusal):
    """Choose a file."""

    zh = "请选择文件。"
    status = 422


class Form:
    """What was typed. A reader returns the value, or notes the fault and returns something harmless of its type."""

    def __init__(self) -> None:
        self.faults: dict[str, Refusal] = {}

    def given(self, name: str) -> bool:
        """Whether anything was typed into a field."""
        return bool(request.form.get(name, "").strip())

    def text(self, name: str, *, required: bool = True, most: int = 200) -> str:
        """Trimmed text of at most `most` characters."""
        value = request.form.get(name, "").strip()
        if required and not value:
            self.faults[name] = FieldEmpty()
        elif len(value) > most:
            self.faults[name] = FieldTooLong(most=most)
        return value

    def secret(self, name: str) -> str:
        """A password, exactly as typed."""
        value = request.form.get(name, "")
        if not value:
            self._fault(name, FieldEmpty())
        return value

    def whole(self, name: str, *, least: int = 0, most: int = 1_000_000_000) -> int:
        """A whole number from `least` to `most`."""
        text = self.text(name)
        try:
            value = int(text)
        except ValueError:
            self._fault(name, NumberUnreadable(text=text))
            return least
        if not least <= value <= most:
            self._fault(name, NumberOutOfRange(least=least, most=most))
        return value

    def money(self, name: str) -> int:
        """An amount typed in yuan, in 分."""
        text = self.text(name)
        try:
            value = Decimal(text.removeprefix("¥").removeprefix("￥")) * 100
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or value < 0 or value != value.to_integral_value():
            self._fault(name, AmountUnreadable(text=text))
            return 0
        return int(value)

    def choice(self, name: str, of: type[ChoiceT]) -> ChoiceT:
        """One member of an enum, by its value."""
        text = self.text(name)
        if text in {member.value for member in of}:
            return of(text)
        self._fault(name, ChoiceUnknown())
        return next(iter(of))

    def several(self, name: str, of: type[ChoiceT]) -> list[ChoiceT]:
        """The ticked members of an enum."""
        typed = request.form.getlist(name)
        if not set(typed) <= {member.value for member in of}:
            self._fault(name, ChoiceUnknown())
        return [member for member in of if member.value in typed]

    def ticked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return name in request.form

    def day(self, name: str) -> date:
        """A calendar day."""
        text = self.text(name)
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._fault(name, DayUnreadable(text=text))
            return date.min

    def instant(self, name: str, zone: str) -> datetime:
        """A date and time on the wall clock of `zone`, as an instant in UTC."""
        text = self.text(name)
        try:
            return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        except ValueError:
            self._fault(name, TimeUnreadable(text=text))
            return datetime.min.replace(tzinfo=UTC)

    def file(self, name: str) -> FileStorage:
        """An uploaded file."""
        file = request.files.get(name)
        if file is None or not file.filename:
            self._fault(name, FileMissing())
            return FileStorage()
        return file

    def refuse(self, name: str, refused: Refusal) -> None:
        """Note a fault that only the view can know."""
        self._fault(name, refused)

    def _fault(self, name: str, refused: Refusal) -> None:
        self.faults.setdefault(name, refused)


@contextmanager
def filled_form() -> Iterator[Form]:
    """The form that was sent; raises FormFaulty at the end where any field is at fault."""
    form = Form()
    yield form
    if form.faults:
        raise FormFaulty(form.faults)


def set_up(app: Flask) -> None:
    """Give the templates of `app` what was typed and what was wrong with it."""
    app.after_request(_say_taken)
    app.jinja_env.globals.update(typed=typed, ticked=ticked, fault=fault, refusal_told=refusal_told, faulty=faulty)


def _say_taken(response: Response) -> Response:
    # keep.js holds what was typed until it reads here that the server has it.
    if request.method == "POST" and response.status_code < 400 and (kept := request.form.get("_keep")):
        response.set_cookie("taken", quote(kept), max_age=300, samesite="Lax")
    return response


def typed(name: str, stored: Any = "") -> Any:
    """What stands in a field: what was typed if the form comes back, else what is stored."""
    return stored if "typed" not in g else g.typed.get(name, "")


def ticked(name: str, value: str, stored: Any = ()) -> bool:
    """Whether a box, or an option, of a field is chosen: as typed if the form comes back, else as stored."""
    if "typed" in g:
        return value in g.typed.getlist(name)
    return value in ({stored} if isinstance(stored, str) else stored)


def fault(name: str) -> str:
    """The sentence to show at a field, or nothing."""
    refused = field_faults(g.refusal).get(name) if "refusal" in g else None
    return refused.sentence(chosen_language()) if refused else ""


def faulty(name: str) -> bool:
    """Whether this is the first field at fault that the page shows: the one that takes the focus.

    The order in which a view reads its fields need not be that of the page, so templates ask as they draw.
    """
    return bool(fault(name)) and g.setdefault("focused", name) == name


def refusal_told() -> str:
    """The sentence of the refusal for which this form comes back, or nothing."""
    return g.refusal.sentence(chosen_language()) if "refusal" in g else ""

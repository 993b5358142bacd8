"""Why not dialled, as the page, the API and the command line tell it: by a typed number, or by campaign."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlmodel import Session

from outbound.dialing.reasons import Reason
from outbound.dialing.tally import Held, Tally
from outbound.dialing.why_not import Dials, WhyNot, of_number
from outbound.errors import Language, Refusal
from outbound.people import known
from outbound.phones.model import Phone, find, shown
from outbound.phones.parsing import Number, parse
from outbound.phones.parsing import Reason as Unfit
from outbound.phones.vault import Vault


class NotCallable(Refusal):
    """“{text}” is no number that can be called: {reason}."""

    zh = "“{text}”不是可拨打的号码：{reason}。"
    status: ClassVar[int] = 422

    def __init__(self, text: str, reason: Unfit) -> None:
        self._reason = reason
        super().__init__(text=text, reason=reason)

    def sentence(self, language: Language) -> str:
        """The reason in the reader's language."""
        template = self.zh if language == "zh" else str(self.__doc__)
        return template.format(text=self.facts["text"], reason=self._reason.words(language))


class NeverMet(Refusal):
    """That number is on no list and no opt-out list here; nothing holds it back, and nobody is to call it."""

    zh = "本系统没有这个号码：不在任何清单和拒呼名单中，没有规则限制它，也没有活动要拨打它。"
    status: ClassVar[int] = 404


def phone_typed(session: Session, vault: Vault, text: str) -> Phone:
    """The number that somebody typed; raises NotCallable and NeverMet."""
    number = parse(text)
    if not isinstance(number, Number):
        raise NotCallable(text, number.reason)
    phone = find(session, vault, number.e164)
    if phone is None:
        raise NeverMet
    return phone


def number_told(session: Session, vault: Vault, phone: Phone, *, centre_id: int, now: datetime) -> dict[str, Any]:
    """A number as plain values, itself masked."""
    found = of_number(session, phone, centre_id=centre_id, now=now)
    return {
        "number": shown(vault, phone),
        "dials": {**_dials(found.dials), "zh": dials_said(found.dials, "zh"), "en": dials_said(found.dials, "en")},
        "opt_outs": [
            {"category": str(block.category), "scope": str(block.scope), "expires_at": _at(block.expires_at)}
            for block in found.blocks
        ],
        "contacts": [_contact(each) for each in found.contacts],
    }


def _dials(dials: Dials) -> dict[str, Any]:
    counts = {"last_24_hours": dials.last_day, "last_7_days": dials.last_week, "ever": dials.ever}
    return {**counts, "last_at": _at(dials.last_at)}


def dials_said(dials: Dials, language: Language) -> str:
    """How often a number was dialled, in words."""
    if not dials.ever:
        return "从未拨打。" if language == "zh" else "Never dialled."
    if language == "zh":
        return f"近 24 小时拨打 {dials.last_day} 次，近 7 天 {dials.last_week} 次，累计 {dials.ever} 次。"
    return f"Dialled {dials.last_day} times in 24 hours, {dials.last_week} in 7 days, {dials.ever} in all."


def _contact(told: WhyNot) -> dict[str, Any]:
    return {
        "contact": known(told.contact.id),
        "campaign": told.campaign.name,
        "duty": str(told.contact.duty),
        "callable": told.is_callable,
        "free_at": _at(told.free_at),
        "attempts": told.contact.attempts,
        "reasons": [_reason(reason) for reason in told.reasons],
    }


def tally_told(name: str, found: Tally) -> dict[str, Any]:
    """A campaign's figures as plain values; `at_least` where there may be more than were counted."""
    return {
        "campaign": name,
        "waiting": found.waiting,
        "callable": found.callable,
        "first_at": _at(found.first_at),
        "at_least": found.bounded,
        "held": _held(found.held),
        "closed": _held(found.closed),
        "suppressed_at_import": found.suppressed,
    }


def _held(groups: Sequence[Held]) -> list[dict[str, Any]]:
    return [{"count": each.count, **_reason(each.reason)} for each in groups]


def _reason(reason: Reason) -> dict[str, Any]:
    return {"key": reason.key, "zh": reason.zh, "en": reason.en, "free_at": _at(reason.free_at)}


def _at(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None

"""Everything that ever happened with one number at one centre, on one time line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from outbound.billing.model import ChargeHold, EntryKind, LedgerEntry
from outbound.call_lists.model import CallList
from outbound.call_lists.numbers import contacts_with
from outbound.calls.broken import BrokenCallback
from outbound.calls.model import Call, Outcome
from outbound.campaigns.model import Campaign
from outbound.complaints import Complaint, Settlement
from outbound.confirmations.model import Confirmation, ConfirmationResult, ConfirmationVoid
from outbound.opt_outs.model import OptOut, OptOutLifting
from outbound.people import Staff, known
from outbound.phones.model import Phone
from outbound.recordings.model import Recording
from outbound.subscriptions.model import StateChange, Subscription, Withdrawal
from web.desks import money_words
from web.filters import money
from web.language import _, chosen_language

_COLOURS = {ConfirmationResult.PASSED: "good", ConfirmationResult.FAILED: "bad"}


@dataclass(frozen=True)
class Entry:
    """What happened at one moment: `kind` is its colour, `told` the headline, `more` what stands beneath."""

    at: datetime
    told: str
    kind: str = ""
    more: str = ""
    by: Staff | None = None
    recording: Recording | None = None
    subscription_id: int | None = None
    place: tuple[int, int] = field(default=(0, 0))
    """What comes first of two at the same instant: the stage, then the row."""


class History:
    """The history of a number, read once for a page; the newest entry stands first."""

    def __init__(self, session: Session, centre_id: int, phone: Phone) -> None:
        """What other centres did with the number is not in it, but for blocks, which hold everywhere."""
        self.session, self.centre_id, self.phone = session, centre_id, phone
        self.contacts = contacts_with(session, phone, centre_id=centre_id)
        self.calls = self._rows(Call)
        self.subscriptions = self._rows(Subscription)
        self.complaints = self._rows(Complaint)
        self.recordings = self._recordings()

    @property
    def is_ours(self) -> bool:
        """Whether this centre ever had to do with the number."""
        blocked = select(OptOut.id).where(OptOut.phone_id == self.phone.id, OptOut.centre_id == self.centre_id)
        return bool(self.contacts or self.complaints or self.session.exec(blocked).first())

    def entries(self) -> list[Entry]:
        """The time line."""
        calls = (self._calls(), self._broken())
        parts = (self._lists(), *calls, self._blocks(), self._steps(), self._money(), self._complaints())
        every = [entry for part in parts for entry in part]
        return sorted(every, key=lambda entry: (entry.at, entry.place), reverse=True)

    def _rows(self, model: Any) -> list[Any]:
        asked = select(model).where(model.phone_id == self.phone.id, model.centre_id == self.centre_id)
        return list(self.session.exec(asked.order_by(col(model.id))).all())

    def _of(self, model: Any, column: Any, numbers: Iterable[int | None]) -> list[Any]:
        return list(self.session.exec(select(model).where(col(column).in_(list(numbers)))).all())

    def _recordings(self) -> dict[int | None, Recording]:
        found = self._of(Recording, Recording.call_id, [call.id for call in self.calls])
        return {recording.call_id: recording for recording in found}

    def _staff(self, number: int | None) -> Staff | None:
        return self.session.get(Staff, number) if number else None

    def _lists(self) -> Iterator[Entry]:
        for contact in self.contacts:
            listed = self.session.get_one(CallList, contact.call_list_id)
            campaign = self.session.get_one(Campaign, contact.campaign_id)
            told = _("On the list %(list)s as %(name)s", list=listed.name, name=contact.name or "–")
            who = self._staff(listed.imported_by_id)
            yield Entry(listed.at, told, more=campaign.name, by=who, place=(0, known(contact.id)))

    def _calls(self) -> Iterator[Entry]:
        results = {row.call_id: row for row in self._of(Confirmation, Confirmation.call_id, [c.id for c in self.calls])}
        outcomes = {row.code: row for row in self.session.exec(select(Outcome)).all()}
        for call in self.calls:
            ended = outcomes.get(call.outcome_code or "")
            said = (ended.zh if chosen_language() == "zh" else ended.en) if ended else _("not wrapped up yet")
            told = _("%(duty)s: %(outcome)s", duty=money_words.DUTIES[call.duty], outcome=said)
            kind = _COLOURS.get(results[call.id].result, "") if call.id in results else ""
            yield Entry(
                call.dialled_at,
                told,
                kind=kind,
                more=call.note,
                by=self._staff(call.agent_id),
                recording=self.recordings.get(call.id),
                place=(1, known(call.id)),
            )

    def _broken(self) -> Iterator[Entry]:
        for row in self._of(BrokenCallback, BrokenCallback.call_id, [call.id for call in self.calls]):
            ended = self.session.get_one(Outcome, row.outcome_code)
            told = ended.zh if chosen_language() == "zh" else ended.en
            who = self._staff(row.agent_id)
            yield Entry(row.promised_at, told, kind="bad", by=who, place=(1, row.call_id))

    def _blocks(self) -> Iterator[Entry]:
        for block in self.session.exec(select(OptOut).where(OptOut.phone_id == self.phone.id)).all():
            ours = block.centre_id in (None, self.centre_id)
            told = _("Blocked: %(why)s", why=money_words.CATEGORIES[block.category])
            more = block.reason if ours else _("by another centre")
            who = self._staff(block.by_id) if ours else None
            yield Entry(block.at, told, kind="bad", more=more, by=who, place=(5, known(block.id)))
            if lifting := self.session.get(OptOutLifting, known(block.id)):
                who = self._staff(lifting.approved_by_id) if ours else None
                freed = _("May be called again")
                yield Entry(lifting.at, freed, more=lifting.reason, by=who, place=(6, known(block.id)))

    def _steps(self) -> Iterator[Entry]:
        numbers = [subscription.id for subscription in self.subscriptions]
        for change in self._of(StateChange, StateChange.subscription_id, numbers):
            state = change.after.words(chosen_language())
            told = _("Subscription %(number)d: %(state)s", number=change.subscription_id, state=state)
            kind = money_words.STATES[change.after].replace("info", "")
            yield self._about(change, told, kind=kind, more=str(money_words.why(change.why)), stage=2)
        for row in self._of(Withdrawal, Withdrawal.subscription_id, numbers):
            told = _("Subscription %(number)d: the yes is taken back", number=row.subscription_id)
            yield self._about(row, told, kind="bad", more=row.reason, stage=2)
        for row in self._of(ConfirmationVoid, ConfirmationVoid.subscription_id, numbers):
            told = _("Subscription %(number)d: a confirmation is void", number=row.subscription_id)
            yield self._about(row, told, kind="bad", more=str(money_words.why(row.reason)), stage=2)

    def _about(self, row: Any, told: str, *, kind: str, more: str, stage: int) -> Entry:
        who = self._staff(getattr(row, "by_id", None))
        place = (stage, getattr(row, "id", None) or 0)
        return Entry(row.at, told, kind=kind, more=more, by=who, subscription_id=row.subscription_id, place=place)

    def _money(self) -> Iterator[Entry]:
        numbers = [subscription.id for subscription in self.subscriptions]
        for entry in self._of(LedgerEntry, LedgerEntry.subscription_id, numbers):
            charged = entry.kind == EntryKind.CHARGE
            amount = money(abs(entry.amount_fen))
            told = _("Charged %(amount)s", amount=amount) if charged else _("Taken back %(amount)s", amount=amount)
            more = str(money_words.why(entry.why)) if entry.why else _("cycle from %(day)s", day=entry.cycle)
            yield self._about(entry, told, kind="good" if charged else "bad", more=more, stage=3)
        for held in self._of(ChargeHold, ChargeHold.subscription_id, numbers):
            told = _("Subscription %(number)d: charge held", number=held.subscription_id)
            yield self._about(held, told, kind="wait", more=str(money_words.why(held.reason)), stage=3)

    def _complaints(self) -> Iterator[Entry]:
        settled = self._of(Settlement, Settlement.complaint_id, [row.id for row in self.complaints])
        for row in self.complaints:
            told = _("Complaint: %(about)s", about=money_words.GRIEVANCES[row.grievance])
            who = self._staff(row.taken_by_id)
            yield Entry(row.at, told, kind="bad", more=row.said, by=who, place=(4, known(row.id)))
        for row in settled:
            told = _("Complaint settled: upheld") if row.upheld else _("Complaint settled: not upheld")
            who = self._staff(row.by_id)
            yield Entry(row.at, told, kind="good", more=row.answer, by=who, place=(4, row.complaint_id))

    def heard(self) -> list[tuple[Call, Recording, bool]]:
        """The recorded calls, the newest first, and whether a consent was given in each."""
        numbers = [call.id for call in self.calls]
        consents = {row.call_id for row in self._of(Confirmation, Confirmation.call_id, numbers)}
        return [
            (call, self.recordings[call.id], call.id in consents)
            for call in reversed(self.calls)
            if call.id in self.recordings
        ]

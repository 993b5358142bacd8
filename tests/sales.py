"""Sales as they come about: calls made by the factories, everything after them by the verbs of the trade."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.billing import charges
from outbound.billing.model import EntryKind, Instruction, LedgerEntry
from outbound.call_lists.model import Contact, Duty
from outbound.calls.model import Call, Outcome
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.model import Campaign
from outbound.compliance import Criterion, Mark
from outbound.confirmations import verbs as confirmations
from outbound.confirmations.model import Confirmation
from outbound.people import Centre
from outbound.phones.model import Phone
from outbound.subscriptions import life, trial
from outbound.subscriptions.model import StateChange, Subscription
from tests.conftest import Cast
from tests.factories import ALL_PASS, Maker

_numbers = count(1)

DEFINITION = """
name: 亲情网体验 {number}
kind: telesales
starts: 2026-01-01
ends: 2028-12-31
offer:
  name: 亲情网
  price_fen: {price_fen}
  trial_days: {trial_days}
  functions: [可以加十九位家人]
  usage: 发短信加亲情到10086
  enquiry: 打10086查询
  cancel: 打10086退订
scripts: {{pitch: p, confirmation: c, correction: r}}
calling: {{recalls: {recalls}}}
confirmation: {{requires: {requires}, days_before: {days_before}, tries: {tries}, extension: {extension}}}
"""


class Sales:
    """A seller and a verifier at work in one campaign; `now` moves as the test wants it."""

    def __init__(self, session: Session, cast: Cast, now: datetime, *, centre: Centre | None = None) -> None:
        """Rows go into `session`; the test commits where it has to."""
        self.session, self.cast, self.now = session, cast, now
        self.centre = centre or cast.fz
        self.make = Maker(session, self.centre, now=now)
        self._campaign: Campaign | None = None

    def campaign(
        self,
        *,
        trial_days: int = 7,
        price_fen: int = 500,
        recalls: int = 2,
        days_before: int = 3,
        tries: int = 3,
        extension: bool = True,
        requires: str = "[voice]",
        more: str = "",
    ) -> Campaign:
        """The campaign in which everything after this is sold."""
        text = DEFINITION.format(
            number=next(_numbers),
            trial_days=trial_days,
            price_fen=price_fen,
            recalls=recalls,
            days_before=days_before,
            tries=tries,
            extension=str(extension).lower(),
            requires=requires,
        )
        self._campaign = campaigns.create(self.session, self.centre, text + more, by=self.cast.manager, now=self.now)
        return self._campaign

    def sell(
        self,
        *,
        given: Mapping[Criterion, Mark] = ALL_PASS,
        at: datetime | None = None,
        recorded: bool = True,
        phone: Phone | None = None,
    ) -> Subscription:
        """A yes in a first call of the agent, with its recording."""
        campaign = self._campaign or self.campaign()
        contact = self.make.contact(campaign, phone=phone)
        at = at or self.now
        call = self.make.call(self.cast.agent, contact=contact, outcome="sold", given=given, at=at)
        if recorded:
            self.make.recording(call)
        return life.begin(self.session, call, by=self.cast.agent, now=at + timedelta(minutes=2))

    def due(self, *, phone: Phone | None = None) -> Subscription:
        """A sale whose second confirmation is due."""
        subscription = self.sell(phone=phone)
        trial.open_window(self.session, subscription, now=self.now)
        return subscription

    def recall(self, subscription: Subscription, *, given: Mapping[Criterion, Mark] = ALL_PASS) -> None:
        """A re-call in which the customer says yes again."""
        call = self._call(subscription, Duty.RECALL, "sold", given)
        life.recalled(self.session, subscription, call, by=self.cast.agent, now=self.now)

    def confirm(
        self,
        subscription: Subscription,
        outcome: str = "confirmed",
        *,
        given: Mapping[Criterion, Mark] = ALL_PASS,
        recorded: bool = True,
        callback_at: datetime | None = None,
    ) -> Confirmation:
        """A confirmation call of the verifier, and what it came to."""
        call = self._call(subscription, Duty.CONFIRMATION, outcome, given, recorded=recorded)
        call.callback_at = callback_at
        ended = self.session.get_one(Outcome, outcome)
        return confirmations.record(self.session, subscription, call, ended, by=self.cast.verifier, now=self.now)

    def confirmed(self, *, phone: Phone | None = None) -> Subscription:
        """A sale that is confirmed."""
        subscription = self.due(phone=phone)
        self.confirm(subscription)
        return subscription

    def fail_review(self, subscription: Subscription) -> None:
        """A reviewer finds the sale's call wanting."""
        call_id = subscription.sale_call_id
        life.suspend_for_correction(
            self.session, subscription, review_id=1, call_id=call_id, by=self.cast.reviewer, now=self.now
        )

    def correct(self, subscription: Subscription) -> None:
        """A correction call in which all four pass."""
        call = self._call(subscription, Duty.CORRECTION, "corrected", ALL_PASS)
        life.resume_after_correction(self.session, subscription, call, by=self.cast.second_agent, now=self.now)

    def cancel(self, subscription: Subscription, via: str = "care desk") -> None:
        """The customer takes the yes back."""
        life.cancel(self.session, subscription, via=via, reason="不要了", by=self.cast.care, now=self.now)

    def contact(self, subscription: Subscription) -> Contact:
        """The person on the list."""
        return self.session.get_one(Contact, subscription.contact_id)

    def told(self, subscription: Subscription) -> list[str]:
        """What the carrier was told, in order."""
        asked = select(Instruction.kind).where(Instruction.subscription_id == subscription.id)
        return [str(kind) for kind in self.session.exec(asked.order_by(col(Instruction.id)))]

    def steps(self, subscription: Subscription) -> list[tuple[str, str]]:
        """The states and why they were entered, in order."""
        asked = select(StateChange).where(StateChange.subscription_id == subscription.id).order_by(col(StateChange.id))
        return [(str(change.after), change.why) for change in self.session.exec(asked)]

    def balance(self, subscription: Subscription) -> int:
        """What stands charged, in 分."""
        asked = select(sa.func.coalesce(sa.func.sum(LedgerEntry.amount_fen), 0))
        return int(self.session.exec(asked.where(LedgerEntry.subscription_id == subscription.id)).one())

    def charges(self, subscription: Subscription) -> list[LedgerEntry]:
        """The charges of a subscription, reversed or not."""
        asked = select(LedgerEntry).where(
            LedgerEntry.subscription_id == subscription.id, LedgerEntry.kind == EntryKind.CHARGE
        )
        return list(self.session.exec(asked.order_by(col(LedgerEntry.id))))

    def charge(self, subscription: Subscription) -> LedgerEntry | None:
        """Charge the first cycle on its day; it is that day now."""
        day = self.first_charge_day(subscription)
        self.now = max(self.now, datetime.combine(day, time(2), UTC))
        return charges.charge(self.session, subscription, today=day, now=self.now)

    def first_charge_day(self, subscription: Subscription) -> date:
        """The first day on which it may be charged."""
        assert subscription.chargeable_from
        return subscription.chargeable_from

    def _call(
        self,
        subscription: Subscription,
        duty: Duty,
        outcome: str,
        given: Mapping[Criterion, Mark],
        *,
        recorded: bool = True,
    ) -> Call:
        by = {Duty.CONFIRMATION: self.cast.verifier, Duty.CORRECTION: self.cast.second_agent}
        consented = outcome in {"sold", "confirmed", "corrected"}
        call = self.make.call(
            by.get(duty, self.cast.agent),
            contact=self.contact(subscription),
            duty=duty,
            outcome=outcome,
            given=given if consented else None,
            at=self.now,
        )
        if recorded and consented:
            self.make.recording(call)
        return call

"""Rows for tests that need a sale and not the way there: `Maker(session, cast.fz, now=now)` makes everything.

People, campaigns, calls and recordings are made as in `tests.factories_calls`; here are sales and confirmations.
"""

from datetime import datetime, timedelta
from typing import Any

from outbound.call_lists.model import Contact, Duty
from outbound.calls.model import Call
from outbound.clock import local_day
from outbound.confirmations.model import Confirmation, ConfirmationKind, ConfirmationResult
from outbound.people import Staff, known
from outbound.subscriptions.model import StateChange, Subscription, SubscriptionState
from tests.factories_calls import ALL_PASS, CallMaker, marks

__all__ = ["ALL_PASS", "Maker", "marks"]


class Maker(CallMaker):
    """Makes rows of one centre, one campaign by default, in one session; `now` is when they happen."""

    def sale(
        self, seller: Staff, *, at: datetime | None = None, trial_days: int = 7, recorded: bool = True, **facts: Any
    ) -> Subscription:
        """A sale whose four marks all pass: its call, recording, first confirmation and a subscription on trial."""
        call = self.call(seller, at=at, outcome="sold", given=ALL_PASS, **facts)
        if recorded:
            self.recording(call)
        today = local_day(call.dialled_at, self.centre.zone)
        subscription = self._store(
            Subscription(
                centre_id=call.centre_id,
                campaign_id=call.campaign_id,
                campaign_version_id=call.campaign_version_id,
                contact_id=call.contact_id,
                phone_id=call.phone_id,
                sale_call_id=known(call.id),
                seller_id=call.agent_id,
                offer_name="亲情网",
                price_fen=500,
                trial_days=trial_days,
                state=SubscriptionState.TRIAL,
                trial_starts_on=today,
                trial_ends_on=today + timedelta(days=trial_days),
                made_at=call.dialled_at,
            )
        )
        self.confirmation(subscription, call, ConfirmationKind.FIRST)
        return subscription

    def confirmation(
        self,
        subscription: Subscription,
        call: Call,
        kind: ConfirmationKind,
        result: ConfirmationResult = ConfirmationResult.PASSED,
    ) -> Confirmation:
        """What a consent call came to."""
        return self._store(
            Confirmation(
                subscription_id=known(subscription.id),
                kind=kind,
                result=result,
                call_id=known(call.id),
                by_id=call.agent_id,
                at=call.dialled_at + timedelta(minutes=2),
            )
        )

    def confirmed(
        self, subscription: Subscription, verifier: Staff, *, at: datetime | None = None, recorded: bool = True
    ) -> Confirmation:
        """The second confirmation, passed, of a sale: its call, its recording, and the subscription confirmed."""
        contact = self.session.get_one(Contact, subscription.contact_id)
        call = self.call(verifier, contact=contact, duty=Duty.CONFIRMATION, at=at, outcome="confirmed", given=ALL_PASS)
        if recorded:
            self.recording(call)
        confirmation = self.confirmation(subscription, call, ConfirmationKind.SECOND)
        self.moved(subscription, SubscriptionState.CONFIRMED, call=call)
        return confirmation

    def moved(
        self, subscription: Subscription, state: SubscriptionState, *, call: Call | None = None, why: str = "test"
    ) -> None:
        """A step in the life of a subscription, with its row of history."""
        self.session.refresh(subscription)
        before, subscription.state = subscription.state, state
        at = call.dialled_at if call else self.now
        change = StateChange(
            subscription_id=known(subscription.id),
            before=before,
            after=state,
            why=why,
            call_id=call.id if call else None,
            at=at,
        )
        self._store_all([subscription, change])

"""What must be true before a subscription takes a step: each guard in words, and asked of the stored rows."""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.billing.model import EntryKind, LedgerEntry
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.definition import Means
from outbound.campaigns.model import Campaign, CampaignVersion
from outbound.confirmations.model import Confirmation, ConfirmationKind, ConfirmationResult, ConfirmationVoid
from outbound.errors import Language
from outbound.notices.model import Meaning, Notice, ReplyMatch
from outbound.people import known
from outbound.subscriptions.model import StateChange, Subscription, Withdrawal
from outbound.subscriptions.model import SubscriptionState as S


@dataclass(frozen=True)
class Guard:
    """A condition on the rows of a subscription, and how it is said."""

    zh: str
    en: str
    holds: Callable[[Session, Subscription], bool]

    def said(self, language: Language) -> str:
        """The condition in the reader's language."""
        return self.zh if language == "zh" else self.en


def latest(session: Session, subscription: Subscription, kind: ConfirmationKind) -> Confirmation | None:
    """The last confirmation of a kind, void or not."""
    asked = select(Confirmation).where(Confirmation.subscription_id == subscription.id, Confirmation.kind == kind)
    return session.exec(asked.order_by(col(Confirmation.id).desc()).limit(1)).first()


def stands(session: Session, subscription: Subscription, kind: ConfirmationKind) -> bool:
    """Whether the last confirmation of a kind passed and has not been voided."""
    found = latest(session, subscription, kind)
    passed = found is not None and found.result == ConfirmationResult.PASSED
    return passed and not _is_void(session, found)


def _is_void(session: Session, confirmation: Confirmation | None) -> bool:
    return confirmation is not None and session.get(ConfirmationVoid, known(confirmation.id)) is not None


def needs_reply(session: Session, subscription: Subscription) -> bool:
    """Whether a confirmation needs the customer's SMS too, by the version under which it was sold."""
    sold_under = session.get_one(CampaignVersion, subscription.campaign_version_id)
    return Means.SMS in campaigns.definition_in(sold_under).confirmation.requires


def replied(session: Session, subscription: Subscription) -> bool:
    """Whether the customer's SMS confirms the last yes by voice, or none is needed."""
    if not needs_reply(session, subscription):
        return True
    second = latest(session, subscription, ConfirmationKind.SECOND)
    if second is None:
        return False
    # A confirmation that was restored is a row of its own: the reply was to the call.
    of_call = select(Confirmation.id).where(Confirmation.call_id == second.call_id)
    asked = select(ReplyMatch.reply_id).join(Notice, col(Notice.id) == col(ReplyMatch.notice_id))
    yes = asked.where(ReplyMatch.subscription_id == subscription.id, ReplyMatch.meaning == Meaning.YES)
    return session.exec(yes.where(col(Notice.confirmation_id).in_(of_call))).first() is not None


def _first_stands(session: Session, subscription: Subscription) -> bool:
    return stands(session, subscription, ConfirmationKind.FIRST)


def _first_lacks(session: Session, subscription: Subscription) -> bool:
    return not _first_stands(session, subscription)


def _confirmed(session: Session, subscription: Subscription) -> bool:
    return stands(session, subscription, ConfirmationKind.SECOND) and replied(session, subscription)


def _is_lacking(session: Session, subscription: Subscription) -> bool:
    return not (_first_stands(session, subscription) and _confirmed(session, subscription))


def _second_is_void(session: Session, subscription: Subscription) -> bool:
    return _is_void(session, latest(session, subscription, ConfirmationKind.SECOND))


def _has_trial(_session: Session, subscription: Subscription) -> bool:
    return subscription.trial_ends_on is not None


def _withdrawn(session: Session, subscription: Subscription) -> bool:
    return session.get(Withdrawal, known(subscription.id)) is not None


def _charged(session: Session, subscription: Subscription) -> bool:
    charges = sa.exists().where(
        col(LedgerEntry.subscription_id) == subscription.id, col(LedgerEntry.kind) == EntryKind.CHARGE
    )
    return bool(session.exec(select(charges)).one())


def _deserves_extension(session: Session, subscription: Subscription) -> bool:
    if not subscription.trial_days or _was_extended(session, subscription):
        return False
    campaign = session.get_one(Campaign, subscription.campaign_id)
    if not campaigns.definition_of(session, campaign).confirmation.extension:
        return False
    answer = latest(session, subscription, ConfirmationKind.SECOND)
    return answer is None or answer.result in (ConfirmationResult.NOT_REACHED, ConfirmationResult.SUSPENDED)


def _was_extended(session: Session, subscription: Subscription) -> bool:
    asked = select(StateChange.id).where(
        StateChange.subscription_id == subscription.id, StateChange.after == S.EXTENDED
    )
    return session.exec(asked.where(StateChange.why == "not_reached").limit(1)).first() is not None


FIRST_STANDS = Guard(
    "四项全部合格的同意通话，未被判为无效",
    "a call of the sale met all four criteria and still counts",
    _first_stands,
)
FIRST_LACKS = Guard("没有四项全部合格的同意通话", "no call of the sale that met all four criteria counts", _first_lacks)
HAS_TRIAL = Guard("体验期已经开始", "the trial has begun", _has_trial)
DESERVES_EXTENSION = Guard(
    "客户未接通或停机，活动允许延长，且此前没有延长过",
    "nobody was reached or the line was suspended, the campaign allows an extension, and none was given",
    _deserves_extension,
)
CONFIRMED = Guard(
    "非销售本人、非质检本人的二次确认四项全部合格；活动要求短信的，客户已回复",
    "a second call met all four criteria, made by neither seller nor reviewer; where the campaign asks for an SMS, "
    "the customer has replied",
    _confirmed,
)
SECOND_IS_VOID = Guard("二次确认已被判为无效", "the second confirmation was found void", _second_is_void)
CHARGED = Guard("账本中有该订购的计费记录", "the ledger holds its charge", _charged)
WITHDRAWN = Guard("客户已撤回同意，并有记录", "the customer took the yes back, and that is recorded", _withdrawn)
IS_LACKING = Guard("两次有效同意至今缺一", "one of the two valid yeses is missing", _is_lacking)

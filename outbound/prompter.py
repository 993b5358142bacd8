"""What is read to this customer: the script of the call in hand with every fact filled in."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from outbound.call_lists.hidden_cells import attributes_of
from outbound.call_lists.model import Contact
from outbound.calls.model import Call
from outbound.calls.placing import NoScriptInForce
from outbound.campaigns import lookups as campaigns
from outbound.campaigns.definition import Definition
from outbound.campaigns.model import Campaign, CampaignVersion
from outbound.clock import local_day
from outbound.dialing.model import Claim
from outbound.dialing.statements import Book, Statement
from outbound.errors import Language, NotFound
from outbound.instances import Instances
from outbound.people import Centre, Staff, known
from outbound.phones.model import Phone, shown
from outbound.phones.vault import Vault
from outbound.subscriptions.model import Subscription
from scripts import approval
from scripts.framing import render_framed
from scripts.model import ScriptVersion
from scripts.rendering import Facts, Rendered

COLUMNS = {"plan": ("套餐", "现套餐", "现有套餐", "当前套餐", "套餐名称", "资费套餐", "plan")}
"""Attributes that ready-made scripts name in English, and the headers under which lists bring them."""


@dataclass(frozen=True)
class InHand:
    """A contact in hand with everything that its call is about; `call` is the one under way, `version` in force."""

    claim: Claim
    contact: Contact
    phone: Phone
    centre: Centre
    campaign: Campaign
    version: CampaignVersion
    call: Call | None
    subscription: Subscription | None

    @property
    def definition(self) -> Definition:
        """The campaign's definition that counts now."""
        return campaigns.definition_in(self.version)


_PARTS = Instances(
    Claim, Contact, Phone, Centre, Campaign, CampaignVersion, Call, Subscription, later={"campaign_version.document"}
)
_IN_HAND = Statement(
    f"""SELECT {_PARTS.columns} FROM claim JOIN contact ON contact.id = claim.contact_id
    JOIN phone ON phone.id = claim.phone_id JOIN centre ON centre.id = claim.centre_id
    JOIN campaign ON campaign.id = claim.campaign_id JOIN campaign_version
        ON campaign_version.campaign_id = campaign.id AND campaign_version.number = campaign.version
    LEFT JOIN call ON call.claim_id = claim.id AND call.wrapped_up_at IS NULL
    LEFT JOIN subscription ON subscription.contact_id = contact.id
    WHERE claim.id = :claim ORDER BY call.id DESC LIMIT 1"""
)
"""Everything at once: the desk asks at every step of a call."""


def in_hand(session: Session, claim_id: int) -> InHand:
    """A claim with everything that its call is about; raises NotFound."""
    found = Book.of(session).ask(_IN_HAND, claim=claim_id)
    if not found:
        raise NotFound
    return InHand(*_PARTS.of(session, found[0]))


def read_to(
    session: Session,
    vault: Vault,
    hand: InHand,
    version: ScriptVersion,
    agent: Staff,
    language: Language,
    now: datetime,
) -> Rendered:
    """A script version as `agent` reads it to the customer in hand.

    Raises NotSpokenIn, FactsMissing, PlaceholderUnknown and WrongNumberKey.
    """
    return render_framed(version.source, _facts(session, vault, hand, agent, language, now), language)


def script_version(session: Session, hand: InHand) -> ScriptVersion:
    """The script version that is read: the one of the call under way, or else the one in force.

    Raises NoScriptInForce.
    """
    if hand.call:
        return approval.version_of_call(session, hand.call.script_version_id)
    name = campaigns.script_name(hand.definition, hand.claim.duty)
    version = approval.in_force(session, hand.centre.id or 0, name) if name else None
    if version is None:
        raise NoScriptInForce
    return version


def spoken_in(definition: Definition, reader: Language) -> Language:
    """The reader's language where the campaign has it, or else its first."""
    spoken = definition.calling.languages
    return reader if reader in spoken else spoken[0]


def facts_of(session: Session, vault: Vault, claim: Claim, agent: Staff, language: Language, now: datetime) -> Facts:
    """Everything that a script may say of this call. Raises WrongNumberKey."""
    return _facts(session, vault, in_hand(session, known(claim.id)), agent, language, now)


def _facts(session: Session, vault: Vault, hand: InHand, agent: Staff, language: Language, now: datetime) -> Facts:
    centre, subscription = hand.centre, hand.subscription
    terms = _terms(session, hand)
    today = local_day(hand.call.dialled_at if hand.call else now, centre.zone)
    ends = _trial_ends(terms, subscription, today)
    return Facts(
        customer=_customer(vault, hand),
        offer=terms.offer.facts if terms.offer else None,
        trial_days=terms.offer.trial_days if terms.offer else None,
        trial_ends=ends,
        charge_starts=ends + timedelta(days=1) if ends else None,
        sale_date=_sale_date(session, subscription, centre),
        agent_name=agent.name,
        agent_number=agent.number,
        centre_name=centre.name_zh if language == "zh" else centre.name_en,
        today=today,
    )


def _terms(session: Session, hand: InHand) -> Definition:
    """The campaign as this customer is or was told it: what a subscription was sold under never changes."""
    told = hand.subscription or hand.call
    if told is None:
        return hand.definition
    return campaigns.definition_in(session.get_one(CampaignVersion, told.campaign_version_id))


def _trial_ends(terms: Definition, subscription: Subscription | None, today: date) -> date | None:
    """The last free day: as agreed, or whole days after this call's; without a trial the day of the call itself."""
    if terms.offer and not terms.offer.trial_days:
        return today
    if subscription and subscription.trial_ends_on:
        return subscription.trial_ends_on
    return today + timedelta(days=terms.offer.trial_days) if terms.offer else None


def _sale_date(session: Session, subscription: Subscription | None, centre: Centre) -> date | None:
    if subscription is None:
        return None
    return local_day(session.get_one(Call, subscription.sale_call_id).dialled_at, centre.zone)


def _customer(vault: Vault, hand: InHand) -> dict[str, Any]:
    # What begins with an underscore is the list's own book-keeping.
    told: dict[str, Any] = {
        key: value
        for key, value in attributes_of(hand.contact, vault).items()
        if not key.startswith("_") and isinstance(value, str | int | float)
    }
    for name, headers in COLUMNS.items():
        if found := next((told[header] for header in headers if told.get(header)), None):
            told[name] = found
    # The last digits let a customer see that the right number was rung, and tell nobody else the whole of it.
    return {**told, "name": hand.contact.name, "tail": shown(vault, hand.phone)[-4:]}

"""What is read to this customer: the script of the call in hand with every fact filled in."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from outbound.call_lists.model import Contact
from outbound.calls.lookups import open_call_of
from outbound.calls.model import Call
from outbound.calls.placing import NoScriptInForce
from outbound.campaigns import verbs as campaigns
from outbound.campaigns.definition import Definition
from outbound.campaigns.model import Campaign, CampaignVersion
from outbound.clock import local_day
from outbound.dialing.model import Claim
from outbound.errors import Language
from outbound.people import Centre, Staff
from outbound.phones.model import Phone, shown
from outbound.phones.vault import Vault
from outbound.subscriptions import life
from outbound.subscriptions.model import Subscription
from scripts.model import ScriptVersion, script_of
from scripts.rendering import Facts, Rendered, render

COLUMNS = {"plan": ("套餐", "现套餐", "现有套餐", "当前套餐", "套餐名称", "资费套餐", "plan")}
"""Attributes that ready-made scripts name in English, and the headers under which lists bring them."""


def script_for(
    session: Session, vault: Vault, claim: Claim, agent: Staff, language: Language, now: datetime
) -> Rendered:
    """The script of a claim as `agent` reads it to this customer.

    A call in progress keeps the version with which it was dialled. Raises NoScriptInForce, NotSpokenIn, FactsMissing,
    PlaceholderUnknown and WrongNumberKey.
    """
    call = open_call_of(session, claim)
    script = script_of(version_for(session, claim, call))
    return render(script, facts_of(session, vault, claim, agent, language, now), language)


def version_for(session: Session, claim: Claim, call: Call | None) -> ScriptVersion:
    """The script version that is read for a claim: the one of its call, or else the one in force. NoScriptInForce."""
    if call:
        return session.get_one(ScriptVersion, call.script_version_id)
    version = campaigns.script_in_force(session, session.get_one(Campaign, claim.campaign_id), claim.duty)
    if version is None:
        raise NoScriptInForce
    return version


def language_for(session: Session, claim: Claim, reader: Language) -> Language:
    """The language in which this customer is spoken to: the reader's where the campaign has it, or else its first."""
    spoken = campaigns.definition_of(session, session.get_one(Campaign, claim.campaign_id)).calling.languages
    return reader if reader in spoken else spoken[0]


def terms_for(session: Session, claim: Claim, call: Call | None) -> Definition:
    """The campaign as this customer is or was told it: what a subscription was sold under never changes."""
    if subscription := life.of_contact(session, claim.contact_id):
        version = session.get_one(CampaignVersion, subscription.campaign_version_id)
    elif call:
        version = session.get_one(CampaignVersion, call.campaign_version_id)
    else:
        version = campaigns.in_force(session, session.get_one(Campaign, claim.campaign_id))
    return campaigns.definition_in(version)


def facts_of(session: Session, vault: Vault, claim: Claim, agent: Staff, language: Language, now: datetime) -> Facts:
    """Everything that a script may say of this call. Raises WrongNumberKey."""
    call = open_call_of(session, claim)
    centre = session.get_one(Centre, claim.centre_id)
    terms = terms_for(session, claim, call)
    subscription = life.of_contact(session, claim.contact_id)
    today = local_day(call.dialled_at if call else now, centre.zone)
    ends = _trial_ends(terms, subscription, today)
    return Facts(
        customer=_customer(session, vault, claim),
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


def _customer(session: Session, vault: Vault, claim: Claim) -> dict[str, Any]:
    contact = session.get_one(Contact, claim.contact_id)
    # What begins with an underscore is the list's own book-keeping, such as further numbers.
    known: dict[str, Any] = {
        key: value
        for key, value in contact.attributes.items()
        if not key.startswith("_") and isinstance(value, str | int | float)
    }
    for name, headers in COLUMNS.items():
        if found := next((known[header] for header in headers if known.get(header)), None):
            known[name] = found
    # The last digits let a customer see that the right number was rung, and tell nobody else the whole of it.
    tail = shown(vault, session.get_one(Phone, claim.phone_id))[-4:]
    return {**known, "name": contact.name, "tail": tail}

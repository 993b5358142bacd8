"""The scripts desk: its blueprint, and what its pages share."""

from typing import Any

from flask import Blueprint, g

from outbound import people
from outbound.people import Centre, Staff
from scripts.approval import PARTY_OF
from scripts.model import Party, ScriptState
from web.language import chosen_language, lazy_gettext

bp = Blueprint("scripts", __name__, url_prefix="/scripts")

STATES = {
    ScriptState.DRAFT: (lazy_gettext("Draft"), ""),
    ScriptState.SUBMITTED: (lazy_gettext("Waiting for approval"), "wait"),
    ScriptState.RETURNED: (lazy_gettext("Returned"), "bad"),
    ScriptState.IN_FORCE: (lazy_gettext("In force"), "good"),
    ScriptState.RETIRED: (lazy_gettext("Retired"), ""),
}
"""Each state's name and the kind of its badge."""
PARTIES = {
    Party.CARRIER: lazy_gettext("Carrier"),
    Party.BUSINESS_SUPPORT: lazy_gettext("Business support"),
}
KINDS = {
    "pitch": lazy_gettext("Pitch"),
    "confirmation": lazy_gettext("Second confirmation"),
    "correction": lazy_gettext("Correction call"),
    "survey": lazy_gettext("Survey"),
    "retention": lazy_gettext("Retention"),
    "care": lazy_gettext("Care call"),
    "notice": lazy_gettext("Notice to customers"),
}

PLACEHOLDERS = {
    "customer.name": lazy_gettext("the customer's name"),
    "customer.honorific": lazy_gettext("how the customer is addressed"),
    "offer.name": lazy_gettext("the offer's name"),
    "offer.price": lazy_gettext("the price; |words says it as spoken"),
    "offer.cycle": lazy_gettext("how often it is charged"),
    "offer.functions": lazy_gettext("what the offer does"),
    "offer.usage": lazy_gettext("how the offer is used"),
    "offer.enquiry": lazy_gettext("how to ask about the offer"),
    "offer.cancel": lazy_gettext("how to cancel the offer"),
    "trial.days": lazy_gettext("the days of the trial; |words says them as spoken"),
    "trial.ends": lazy_gettext("the trial's last day; |words says it as spoken"),
    "charge.starts": lazy_gettext("the day from which it is charged; |words says it as spoken"),
    "agent.name": lazy_gettext("the agent's name"),
    "agent.number": lazy_gettext("the agent's staff number; |digits says it digit by digit"),
    "centre.name": lazy_gettext("the centre's name"),
    "today": lazy_gettext("the day of the call"),
    "sale.date": lazy_gettext("the day on which it was agreed"),
    "reply.code": lazy_gettext("what the customer replies by SMS to confirm"),
}
"""What each name in braces stands for, as the editor tells it."""


@bp.context_processor
def shared() -> dict[str, Any]:
    """What every page of this desk knows."""
    facts = {"may": may, "states": STATES, "parties": PARTIES, "kinds": KINDS}
    return facts | {"told": told, "centre_of": centre_of, "person": person}


def may(permission: str) -> bool:
    """Whether who asks holds a permission."""
    return people.may(g.roles, permission)


def my_party() -> Party | None:
    """For which party who asks decides, if for any."""
    return next((PARTY_OF[role] for role in g.roles if role in PARTY_OF), None)


def told(thing: Any) -> str:
    """The sentence of a thing that has one, in the reader's language."""
    return str(thing.sentence(chosen_language()))


def centre_of(centre_id: int) -> Centre:
    """The centre to which something belongs."""
    return g.session.get_one(Centre, centre_id)  # type: ignore[no-any-return]


def person(staff_id: int) -> Staff:
    """Somebody by their number."""
    return g.session.get_one(Staff, staff_id)  # type: ignore[no-any-return]

"""The manager's desk: its blueprint, and what its pages share."""

from typing import Any

from flask import Blueprint, current_app, g

from outbound import people
from outbound.call_lists.model import RowFault
from outbound.campaigns.model import CampaignState
from outbound.phones.vault import Vault, open_vault
from web.desks.progress import IMPORT_STATES
from web.language import chosen_language, lazy_gettext
from web.navigation import ROLE_NAMES

bp = Blueprint("manager", __name__, url_prefix="/manager")

STATES = {
    CampaignState.DRAFT: (lazy_gettext("Draft"), ""),
    CampaignState.OPEN: (lazy_gettext("Open"), "good"),
    CampaignState.PAUSED: (lazy_gettext("Paused"), "wait"),
    CampaignState.CLOSED: (lazy_gettext("Closed"), ""),
}
"""Each state's name and the kind of its badge."""

FATES = {
    None: (lazy_gettext("Accepted"), "good"),
    RowFault.DUPLICATE: (lazy_gettext("Duplicate"), "wait"),
    RowFault.INVALID: (lazy_gettext("Invalid"), "bad"),
    RowFault.SUPPRESSED: (lazy_gettext("Opted out"), "wait"),
}
"""What becomes of a row of a list, and the kind of its badge."""


@bp.context_processor
def shared() -> dict[str, Any]:
    """What every page of this desk knows."""
    return {
        "may": may,
        "states": STATES,
        "fates": FATES,
        "import_states": IMPORT_STATES,
        "role_names": ROLE_NAMES,
        "told": told,
    }


def may(permission: str) -> bool:
    """Whether who asks holds a permission."""
    return people.may(g.roles, permission)


def told(thing: Any) -> str:
    """The sentence of a thing that has one, in the reader's language."""
    return str(thing.sentence(chosen_language()))


def vault() -> Vault:
    """The vault that opens and seals customers' numbers."""
    return open_vault(current_app.config["SETTINGS"].data)

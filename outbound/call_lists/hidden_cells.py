"""What a list says of a contact besides name and number; what holds a number rests encrypted, apart from the rest."""

import json
from typing import Any

from outbound.call_lists.model import Contact
from outbound.phones.vault import Vault


def attributes_of(contact: Contact, vault: Vault) -> dict[str, Any]:
    """The further columns of a contact's row by their headers. Raises WrongNumberKey."""
    hidden: dict[str, Any] = json.loads(vault.open(contact.sealed)) if contact.sealed else {}
    return {**contact.attributes, **hidden}

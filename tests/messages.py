"""What tests of notices share: a gateway that takes them, approved templates, and numbers that can be opened."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from outbound.notices.outlets import Message, NotSent
from outbound.phones.model import Phone, keep
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import Vault
from scripts import approval
from scripts.language import library
from tests.sales import Sales


@dataclass
class Gateway:
    """Takes every message, or none while it `fails`."""

    fails: str = ""
    messages: list[Message] = field(default_factory=list)

    def send(self, message: Message, *, now: datetime) -> None:
        """Take one message."""
        if self.fails:
            raise NotSent(self.fails)
        self.messages.append(message)


@cache
def vault() -> Vault:
    """A vault whose keys are nobody else's."""
    return Vault(bytes(range(64)))


def numbered(sales: Sales, keys: Vault, number: str) -> Phone:
    """The row of a real number."""
    read = parse(number)
    assert isinstance(read, Number)
    return keep(sales.session, keys, read, now=sales.now)


def approve_templates(sales: Sales) -> None:
    """Every ready-made template of notices, approved and in force at the sales' centre."""
    for name, text in library().items():
        if not name.startswith("notice-"):
            continue
        version = approval.write(sales.session, sales.centre, text, by=sales.cast.manager, now=sales.now)
        approval.submit(sales.session, version, by=sales.cast.manager, now=sales.now)
        for party in (sales.cast.carrier, sales.cast.support):
            approval.approve(sales.session, version, by=party, now=sales.now)

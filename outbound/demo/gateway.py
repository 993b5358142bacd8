"""The demo's gateway for notices: it takes most messages, refuses some, and a few customers answer."""

from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from outbound.db import transaction
from outbound.notices import incoming, outbox
from outbound.notices.outlets import Message, NotSent
from outbound.phones.vault import Vault

REFUSED = 23
"""Every so manieth message is refused, and tried again the next day."""
ASKED = 31
"""To every so manieth notice the customer answers with a question."""


class Gateway:
    """Keeps nothing and sends nothing."""

    def __init__(self) -> None:
        """A gateway that has heard nothing yet."""
        self._heard = 0
        self.taken: list[Message] = []

    def send(self, message: Message, *, now: datetime) -> None:
        """Take a message, or refuse it."""
        self._heard += 1
        if self._heard % REFUSED == 0:
            raise NotSent("HTTP 503 Service Unavailable")
        self.taken.append(message)


def carry(engine: Engine, vault: Vault, gateway: Gateway, *, now: datetime) -> None:
    """Let what is due leave, and bring back what the gateway and the customers say to it."""
    gateway.taken.clear()
    outbox.send_due(engine, gateway, vault, now=now)
    later = now + timedelta(minutes=4)
    with transaction(engine) as session:
        for message in gateway.taken:
            incoming.receipt(session, message.key, delivered=True, now=later)
            number = int(message.key.split("-")[0])
            if number % ASKED == 0:
                reference, text = f"demo-{message.key}", "这是什么业务？"
                incoming.reply(session, vault, number=message.to, text=text, reference=reference, at=later, now=later)

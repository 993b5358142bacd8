"""Customers for the money pages: numbers that can be opened, recordings that can be heard."""

from datetime import timedelta
from pathlib import Path

from sqlmodel import Session

from outbound.billing import charges
from outbound.calls.model import Call, Tick
from outbound.phones.model import Phone, keep
from outbound.phones.parsing import Number, parse
from outbound.phones.vault import Vault, open_vault
from outbound.recordings import keeping
from outbound.recordings.store import Store
from outbound.settings import Settings
from outbound.subscriptions import trial
from outbound.subscriptions.model import Subscription
from qa.audio import analyse
from scripts.language import content_hash, library
from scripts.model import ScriptVersion
from tests.conftest import NOW, Cast
from tests.sales import Sales

SAMPLES = Path(__file__).parent.parent / "samples" / "recordings"
NUMBER = "13812345678"
SAID = {
    "greet": (2.0, ""),
    "functions": (12.0, "functions"),
    "price": (24.0, "tariff,trial_end"),
    "usage": (35.0, "usage"),
    "cancel": (43.0, "enquire_or_cancel"),
}


class Shop:
    """One session's customers; the test commits before it looks at a page."""

    def __init__(self, session: Session, cast: Cast, settings: Settings) -> None:
        """Numbers and recordings rest where the console of `settings` looks for them."""
        self.session, self.cast = session, cast
        self.sales = Sales(session, cast, NOW - timedelta(days=10))
        self.vault: Vault = open_vault(settings.data)
        self.store = Store(settings.recordings)

    def phone(self, digits: str = NUMBER) -> Phone:
        """The row of a number."""
        number = parse(digits)
        assert isinstance(number, Number)
        return keep(self.session, self.vault, number, now=self.sales.now)

    def sold(self, digits: str = NUMBER) -> Subscription:
        """A sale with its real recording and the ticks of its script."""
        subscription = self.sales.sell(phone=self.phone(digits), recorded=False)
        self._hear(subscription.sale_call_id, "compliant-sale.mp3")
        self._write_script(subscription.sale_call_id)
        for step, (second, told) in SAID.items():
            self.session.add(Tick(call_id=subscription.sale_call_id, step=step, second=second, disclosures=told))
        return subscription

    def confirmed(self, digits: str = NUMBER) -> Subscription:
        """A confirmed sale, both of whose calls can be heard."""
        subscription = self.sold(digits)
        self.sales.now += timedelta(days=5)
        trial.open_window(self.session, subscription, now=self.sales.now - timedelta(hours=10))
        confirmation = self.sales.confirm(subscription, recorded=False)
        self._hear(confirmation.call_id, "confirmation-yes.mp3")
        self.sales.now -= timedelta(days=5)
        return subscription

    def charged(self, digits: str = NUMBER) -> Subscription:
        """A confirmed sale that was charged on the day after its trial."""
        subscription = self.confirmed(digits)
        day = self.sales.first_charge_day(subscription)
        charges.charge(self.session, subscription, today=day, now=NOW - timedelta(days=2))
        return subscription

    def _write_script(self, call_id: int) -> None:
        version = self.session.get_one(ScriptVersion, self.session.get_one(Call, call_id).script_version_id)
        version.source = library()["family-number-pitch"]
        version.content_hash = content_hash(version.source)
        self.session.add(version)

    def _hear(self, call_id: int, sample: str) -> None:
        call = self.session.get_one(Call, call_id)
        data = (SAMPLES / sample).read_bytes()
        keeping.keep(
            self.session,
            self.store,
            self.sales.centre,
            data=data,
            file_name=sample,
            hearing=analyse(data),
            call=call,
            minimum_seconds=5,
            by=self.cast.agent,
            now=call.dialled_at + timedelta(minutes=5),
        )

"""Calls that can really be heard: a sale with the script, the ticks and the recording of one of the samples."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from sqlalchemy.engine import Engine
from sqlmodel import Session

from outbound import db
from outbound.call_lists.model import Contact
from outbound.calls.model import Call
from outbound.people import Centre, Staff, known
from outbound.phones.model import Phone
from outbound.phones.vault import open_vault
from outbound.recordings import keeping
from outbound.recordings.model import Recording
from outbound.recordings.store import Store
from outbound.settings import Settings
from outbound.subscriptions.model import Subscription
from qa.audio import analyse
from qa.review import verbs as reviews
from qa.review.model import ReviewTask
from scripts.language import library
from scripts.model import PitchScript, ScriptVersion
from tests.conftest import Cast
from tests.factories import Maker

if TYPE_CHECKING:
    from playwright.sync_api import Page

SAMPLES = Path(__file__).parent / "samples/recordings"
TRUTH: Mapping[str, Any] = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))


class HeardMaker(Maker):
    """A Maker whose sales have the family-number script, ticks and a sample as their recording."""

    def __init__(self, session: Session, centre: Centre, settings: Settings, *, now: datetime) -> None:
        super().__init__(session, centre, now=now)
        self.settings, self.store = settings, Store(settings.recordings)

    def write_script(self, author: Staff, name: str = "family-number-pitch") -> ScriptVersion:
        """The version that this Maker's calls are pinned to from now on."""
        script = self._store(PitchScript(centre_id=known(self.centre.id), name=name, kind="pitch"))
        self._script = self._store(
            ScriptVersion(
                centre_id=known(self.centre.id),
                script_id=known(script.id),
                number=3,
                source=library()[name],
                content_hash="",
                author_id=known(author.id),
                written_at=self.now,
            )
        )
        return self._script

    def rung(self, digits: str = "+8613800138000") -> Contact:
        """Somebody on the list whose number can be decrypted."""
        vault = open_vault(self.settings.data)
        phone = Phone(
            digest=vault.digest(digits),
            sealed=vault.seal(digits),
            region="CN",
            zones="Asia/Shanghai",
            added_at=self.now,
        )
        return self.contact(phone=self._store(phone))

    def heard_sale(self, seller: Staff, sample: str, *, at: datetime | None = None, digits: str = "") -> Subscription:
        """A sale of the day before whose recording is the sample of that name, ticked where it is said."""
        ticks = {step["step"]: step["start"] for step in TRUTH[sample]["steps"]}
        contact = self.rung(digits or "+8613800138000")
        at = at or self.now - timedelta(days=1)
        subscription = self.sale(seller, at=at, recorded=False, contact=contact, ticks=ticks)
        self.keep(self.session.get_one(Call, subscription.sale_call_id), sample)
        return subscription

    def keep(self, call: Call, sample: str) -> Recording:
        """The sample kept as the recording of a call."""
        return self.keep_sound(call, (SAMPLES / sample).read_bytes(), name=sample)

    def keep_sound(self, call: Call, data: bytes, *, name: str = "call.mp3") -> Recording:
        """A sound file kept as the recording of a call."""
        return keeping.keep(
            self.session,
            self.store,
            self.centre,
            data=data,
            file_name=name,
            hearing=analyse(data),
            call=call,
            minimum_seconds=5,
            by=None,
            now=call.dialled_at + timedelta(minutes=5),
        )

    def task(self, subscription: Subscription, reviewer: Staff) -> ReviewTask:
        """The review of a sale's call, asked of somebody."""
        call = self.session.get_one(Call, subscription.sale_call_id)
        recording = keeping.of_call(self.session, call)
        assert recording is not None
        return reviews.pull_in(self.session, recording, reviewer=reviewer, by=None, now=self.now - timedelta(hours=1))


def lasting(sample: str, *, seconds: int) -> bytes:
    """A sample again and again until it lasts so long, as MP3."""
    sound, rate = soundfile.read(SAMPLES / sample, dtype="float32")
    again = np.tile(sound, (-(-seconds * rate // len(sound)), 1))[: seconds * rate]
    file = BytesIO()
    soundfile.write(file, again, rate, format="MP3")
    return file.getvalue()


@dataclass(frozen=True)
class Waiting:
    """Two calls that wait for the reviewer: the first without a clear yes, the second as it should be."""

    failed: int
    passed: int
    sale: int
    recording: int


def two_wait(engine: Engine, cast: Cast, settings: Settings, *, now: datetime) -> Waiting:
    """Give the reviewer of the cast two calls to review."""
    with db.transaction(engine) as session:
        maker = HeardMaker(session, cast.fz, settings, now=now)
        maker.write_script(cast.manager)
        failed = maker.heard_sale(cast.agent, "no-explicit-consent.mp3")
        earlier = now - timedelta(hours=20)
        passed = maker.heard_sale(cast.second_agent, "compliant-sale.mp3", at=earlier, digits="+8613800138001")
        first, second = maker.task(failed, cast.reviewer), maker.task(passed, cast.reviewer)
        return Waiting(known(first.id), known(second.id), known(failed.id), first.recording_id)


def show(page: "Page", address: str) -> None:
    """Go to a page, which must be there: a sentence of refusal can be read by everybody, too."""
    answer = page.goto(address)
    assert answer is not None and answer.ok, f"{address} answers {answer and answer.status}"

"""Recordings of long ago, kept for a pitch, for a sale, or for no call."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from sqlalchemy.engine import Engine

from outbound.calls.model import Call
from outbound.db import transaction
from outbound.people import known
from outbound.recordings import keeping
from outbound.recordings.store import Store
from qa.audio import analyse
from tests.conftest import Cast
from tests.factories import Maker

SOUND = (Path(__file__).parent / "samples" / "recordings" / "confirmation-no.mp3").read_bytes()
OLD = datetime(2019, 3, 1, 4, tzinfo=UTC)
"""Long enough ago for every term to be over by the database's own clock."""
Keep = Callable[..., int]


def keeper(engine: Engine, cast: Cast, store: Store) -> Keep:
    """A function that keeps a recording at an instant, of a pitch or of a sale, or of no call; its number."""
    numbers = count(1)

    def keep(kind: str = "pitch", *, at: datetime = OLD) -> int:
        with transaction(engine) as session:
            make = Maker(session, cast.fz, now=at)
            make._count = numbers
            call = None
            if kind == "sale":
                call = make.sale(cast.agent, at=at, recorded=False).sale_call_id
            elif kind == "pitch":
                call = known(make.call(cast.agent, at=at).id)
            recording = keeping.keep(
                session,
                store,
                cast.fz,
                data=SOUND,
                file_name="call.mp3",
                hearing=analyse(SOUND),
                reference="" if call else "R-1",
                call=session.get_one(Call, call) if call else None,
                minimum_seconds=5,
                by=None,
                now=at,
            )
            return known(recording.id)

    return keep

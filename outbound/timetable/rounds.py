"""What a worker does at every beat besides the timetable: work that is there as soon as there is something to do.

Each round is safe to run in as many processes as wanted, and a round that breaks down holds up no other.
"""

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.engine import Engine

from outbound import resealing
from outbound.anchors import outings
from outbound.call_lists import starting
from outbound.intake.inbox import take_inbox
from outbound.intake.taking import hear_waiting
from outbound.intake.watched import take_watched
from outbound.notices import outbox
from outbound.notices.outlets import outlet_of
from outbound.opt_outs.lists import running as opt_out_lists
from outbound.phones.vault import open_vault
from outbound.recordings import reconciling
from outbound.recordings.store import open_store
from outbound.reports import weekly
from outbound.settings import Settings

log = structlog.get_logger()

Round = Callable[[Engine, Settings, datetime], object]
"""What is done at a beat; it opens its own transactions."""


def take_recordings(engine: Engine, settings: Settings, now: datetime) -> object:
    """Recordings in the watched folder are taken in."""
    if settings.watched is None:
        return None
    return take_watched(engine, open_store(settings), settings.watched, now=now)


def hear_recordings(engine: Engine, settings: Settings, now: datetime) -> object:
    """Long recordings that were kept at once are heard through."""
    return hear_waiting(engine, open_store(settings), now=now)


def delete_recordings(engine: Engine, settings: Settings, now: datetime) -> object:
    """Recordings whose term is over are deleted."""
    return reconciling.delete_over(engine, open_store(settings), now=now)


def check_recordings(engine: Engine, settings: Settings, now: datetime) -> object:
    """Once a night the store is held against the register."""
    return reconciling.check_nightly(engine, open_store(settings), now=now)


def reseal_numbers(engine: Engine, settings: Settings, now: datetime) -> object:
    """After a change of keys, what older keys have encrypted is encrypted with the new one."""
    return resealing.go_on(engine, settings.data, now=now)


def take_imports_up(engine: Engine, settings: Settings, now: datetime) -> object:
    """Imports whose process died, or never began, go on in a new one."""
    opt_out_lists.take_up(engine, settings, now=now)
    return starting.take_up(engine, settings, now=now)


def write_reports(engine: Engine, settings: Settings, now: datetime) -> object:
    """Once a week is over its report to the carrier is written."""
    return weekly.write_due(engine, settings.data, now=now)


def put_anchors_out(engine: Engine, settings: Settings, now: datetime) -> object:
    """The journal's anchors go where nobody who has the database can change them."""
    outings.put_in_file(engine, settings.data, now=now)
    return outings.send(engine, settings, now=now)


def send_notices(engine: Engine, settings: Settings, now: datetime) -> object:
    """Notices to customers that are due leave."""
    return outbox.send_due(engine, outlet_of(settings), open_vault(settings.data), now=now)


def take_replies(engine: Engine, settings: Settings, now: datetime) -> object:
    """Receipts and replies that the carrier's gateway left as files are taken in."""
    return take_inbox(engine, open_vault(settings.data), settings.data / "notices" / "in", now=now)


ROUNDS: tuple[Round, ...] = (
    take_recordings,
    hear_recordings,
    delete_recordings,
    check_recordings,
    reseal_numbers,
    take_imports_up,
    write_reports,
    put_anchors_out,
    take_replies,
    send_notices,
)
"""In this order at every beat, before the timetable: a draw shall find what came in before it."""


def go_round(engine: Engine, settings: Settings, *, now: datetime) -> bool:
    """Every round once; False where one broke down, which the log tells."""
    went = [_done(each, engine, settings, now) for each in ROUNDS]
    return all(went)


def _done(each: Round, engine: Engine, settings: Settings, now: datetime) -> bool:
    try:
        each(engine, settings, now)
    except Exception:
        log.exception("a round broke down", round=each.__name__)
        return False
    return True

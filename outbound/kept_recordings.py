"""What `outbound recordings check` does: every centre's files held against the register."""

from typing import Any

from sqlmodel import col, select

from outbound import clock
from outbound.db import reading
from outbound.migrating import opened
from outbound.people import Centre
from outbound.recordings.reconciling import NO_HASHES, Tally, reconcile
from outbound.recordings.store import open_store
from outbound.settings import Settings


def compared(settings: Settings, *, quick: bool) -> dict[str, Any]:
    """How many recordings were looked for and hashed, and each file that is not as registered.

    Raises DatabaseOutOfReach, NotMigrated, StoreOutOfReach.
    """
    engine = opened(settings)
    store, tally, findings = open_store(settings), Tally(), []
    with reading(engine) as session:
        centres = session.exec(select(Centre).order_by(col(Centre.id))).all()
    for centre in centres:
        night = NO_HASHES if quick else None
        found = reconcile(engine, store, centre, now=clock.now(), tally=tally, slice_of=night)
        findings += [{"centre": centre.code, **finding.facts} for finding in found]
    return {"recordings": tally.recordings, "hashed": tally.hashed, "findings": findings}

"""Which calls a recording without a call might be of: shown beside it, for a person to decide, and never by itself."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from outbound.calls.model import Call
from outbound.campaigns.model import Campaign
from outbound.people import Centre, Staff
from outbound.recordings.model import Recording

NEAR = timedelta(hours=2)
"""How far from the time in its name a recording's call may have been dialled."""
BEFORE = timedelta(hours=24)
"""How long before it came in, where its name tells no time."""
MOST_LOOKED_AT = 300

_STAMP = re.compile(r"(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-_T. ]?(\d\d)[-_.:]?(\d\d)[-_.:]?(\d\d)")


@dataclass(frozen=True)
class Candidate:
    """A call without a recording, how far its dial is from the recording's time, and how long it lasted."""

    call: Call
    agent: Staff
    apart: timedelta

    @property
    def seconds(self) -> float | None:
        """From the dial to its end, where that is known."""
        return (self.call.ended_at - self.call.dialled_at).total_seconds() if self.call.ended_at else None


def time_told(recording: Recording, zone: str) -> datetime | None:
    """When a recording began, as recorders write it into its name, on the centre's wall clock; None where none is."""
    for name in (recording.reference, recording.file_name):
        for found in _STAMP.finditer(name):
            try:
                told = datetime.strptime("".join(found.groups()), "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo(zone))
            except ValueError:
                continue
            return told.astimezone(UTC)
    return None


def candidates(
    session: Session, recording: Recording, centre: Centre, *, agent: Staff | None = None, most: int = 5
) -> list[Candidate]:
    """Calls of the centre without a recording near a recording's time; of one agent where given.

    First the one whose reference is the same but for case and spaces, then the nearest.
    """
    told = time_told(recording, centre.zone)
    around = told or recording.kept_at
    found = _calls(session, centre, told - NEAR, told + NEAR, agent) if told else []
    found = found or _calls(session, centre, recording.kept_at - BEFORE, recording.kept_at, agent)
    near = [Candidate(call, who, abs(call.dialled_at - around)) for call, who in found]
    wanted = _plain(recording.reference)
    return sorted(near, key=lambda each: (_plain(each.call.reference) != wanted, each.apart, each.call.id))[:most]


def _plain(reference: str) -> str:
    """A reference without what people mistype: case, spaces, full-width letters."""
    return "".join(unicodedata.normalize("NFKC", reference).casefold().split())


def _calls(
    session: Session, centre: Centre, since: datetime, until: datetime, agent: Staff | None
) -> list[tuple[Call, Staff]]:
    campaigns = select(Campaign.id).where(Campaign.centre_id == centre.id)
    recorded = select(Recording.id).where(Recording.call_id == col(Call.id))
    asked = select(Call, Staff).join(Staff, col(Staff.id) == col(Call.agent_id))
    # By campaign, for that is how calls are indexed by time.
    asked = asked.where(col(Call.campaign_id).in_(campaigns), ~recorded.exists())
    asked = asked.where(col(Call.dialled_at) >= since, col(Call.dialled_at) <= until)
    if agent:
        asked = asked.where(Call.agent_id == agent.id)
    return list(session.exec(asked.order_by(sa.desc(col(Call.dialled_at))).limit(MOST_LOOKED_AT)).all())

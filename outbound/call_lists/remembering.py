"""What is known of a list before it is imported: how its columns were chosen last, and whether it is one at all."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from outbound.call_lists.columns import HEADER_WITHIN, ColumnMap, fullest, role_of
from outbound.call_lists.model import ColumnChoice
from outbound.call_lists.reading import ListFile
from outbound.call_lists.refusals import NoPhoneColumn
from outbound.people import Staff

_OPT_OUTS = re.compile(
    r"黑\s*名\s*单|拒\s*呼|禁\s*呼|拒\s*访|勿\s*扰|免\s*打\s*扰|禁\s*拨|do[\s_-]*not[\s_-]*call|\bdncl?\b|opt[\s_-]*outs?|black[\s_-]*list",
    re.IGNORECASE,
)


LOOKED_BACK = 100
"""Choices of a centre that are looked through for headers that come again among others."""
_BY_PLACE = re.compile(r"第\d+列")


def recalled(session: Session, centre_id: int, headers: Iterable[str]) -> dict[str, str]:
    """Header to role, as somebody of the centre chose last for a list with these headers; empty where nobody did.

    A list with a column more or less is still known by those headers for which somebody has overruled what is usual.
    """
    here = set(headers)
    if found := session.get(ColumnChoice, (centre_id, _key(here))):
        return dict(found.roles)
    latest = select(ColumnChoice).where(ColumnChoice.centre_id == centre_id).order_by(col(ColumnChoice.at).desc())
    for choice in session.exec(latest.limit(LOOKED_BACK)):
        own = {header: role for header, role in choice.roles.items() if role != role_of(header)}
        if own and own.keys() <= here:
            return own
    return {}


def understood(
    session: Session, centre_id: int, listed: ListFile, chosen: Mapping[str, str] | None = None
) -> ColumnMap:
    """The columns of a list as chosen now, else as chosen last for such a list, else as they are recognised.

    Raises what `ListFile.columns` raises.
    """
    if chosen:
        return listed.columns(chosen)
    try:
        headers: Iterable[str] = listed.columns().headers
    except NoPhoneColumn:
        _number, headers = fullest(listed.preview(HEADER_WITHIN))
    return listed.columns(recalled(session, centre_id, headers))


def remember(session: Session, centre_id: int, roles: Mapping[str, str], *, by: Staff | None, now: datetime) -> None:
    """Offer these roles again for the next list with the same headers; of columns without headers nothing is said."""
    if all(map(_BY_PLACE.fullmatch, roles)):
        return
    key = _key(roles)
    kept = session.get(ColumnChoice, (centre_id, key)) or ColumnChoice(centre_id=centre_id, headers=key, at=now)
    if kept.roles == dict(roles):
        return
    kept.roles, kept.by_id, kept.at = dict(roles), by.id if by else None, now
    session.add(kept)


def _key(headers: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(headers)).encode()).hexdigest()


def opt_outs_said(listed: ListFile, header_row: int) -> str:
    """Which words of a file's name, sheet or titles say that its numbers must not be rung; empty where none do."""
    titles = [cell for number, cells in listed.preview() if number <= header_row for cell in cells]
    return looks_like_opt_outs(listed.file_name, listed.sheet or "", *titles)


def looks_like_opt_outs(*told: str) -> str:
    """Which of these words, such as a file's name and its headers, says that its numbers must not be rung; or ''."""
    return next((each for each in told if _OPT_OUTS.search(each)), "")

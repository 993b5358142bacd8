"""The rows of an imported file that were refused, handed back as a file: as they came, each with its reason."""

from collections.abc import Callable, Iterator, Sequence

from flask import Response, current_app, g

from outbound import journal
from outbound.call_lists.fates import RowFate
from outbound.call_lists.leases import Imported
from outbound.db import transaction
from web.desks.manager.desk import FATES
from web.files import sent
from web.language import _, chosen_language

Fates = Callable[[], Iterator[RowFate]]
"""The refused rows as a stream, as often as it is asked for."""


def headers_of(headers: Sequence[str], width: int) -> list[str]:
    """These headers, `width` of them at least."""
    return [*headers, *(_("Column %(number)d", number=place + 1) for place in range(len(headers), width))]


def handed_back(file: Imported, headers: Sequence[str], fates: Fates, *, action: str, kind: str) -> Response:
    """The refused rows as a file of that kind; who took the numbers out is journalled as `action`.

    The rows are read in a transaction that only reads, since there may be millions: nobody waits for them.
    """
    count, width = 0, 0
    for fate in fates():
        count, width = count + 1, max(width, len(fate.cells))
    heads = [*headers_of(headers, width), _("Row"), _("What became of it"), _("Reason")]
    answer = sent(_rows(fates, len(heads) - 3), heads, name=f"refused-rows-{file.id}", kind=kind)
    with transaction(current_app.config["ENGINE"]) as session:
        journal.record(session, action, file, by=g.staff, now=g.now, rows=count)
    return answer


def _rows(fates: Fates, width: int) -> Iterator[list[str]]:
    """Short rows filled up, so that the reason stands beneath its header."""
    language = chosen_language()
    for fate in fates():
        filled = [*fate.cells, *[""] * (width - len(fate.cells))]
        yield [*filled, str(fate.row), str(FATES[fate.fault][0]), fate.words(language)]

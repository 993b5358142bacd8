"""A list before it is imported: how it is understood, and what would become of its first rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from outbound.call_lists import columns, taking
from outbound.call_lists.fates import ForCampaign, RowFate, from_text
from outbound.call_lists.judging import Fate, Judge
from outbound.call_lists.preparing import Chunk, prepared
from outbound.call_lists.reading import FileKind, ListFile, open_list
from outbound.call_lists.refusals import NoPhoneColumn
from outbound.call_lists.taking import FIGURES
from outbound.phones.vault import Vault

PREVIEWED = 5_000
COUNTED = 20_000
"""Up to so many lines what becomes of the rows is told for the whole file; of a longer one for its first rows."""

Upload = ListFile | tuple[bytes | Path, str]
"""An opened list, or its bytes or path with its name."""


def opened_list(file: Upload, encoding: str | None, sheet: str | None) -> ListFile:
    """The list in an upload; raises a FileRefused where it is none."""
    if isinstance(file, ListFile):
        return file
    data, file_name = file
    return open_list(data, file_name, encoding=encoding, sheet=sheet)


@dataclass(frozen=True)
class Preview:
    """A list before it is imported. Where no phone column is known, `refusal` says so and no fate is told."""

    file_name: str
    kind: FileKind
    encoding: str | None
    sheet_names: tuple[str, ...]
    sheet: str | None
    lines: int
    doubtful: bool
    """Whether it may well have been written in another encoding."""
    header_row: int | None
    headers: tuple[str, ...]
    roles: dict[str, str]
    rows: tuple[RowFate, ...]
    figures: dict[str, int] = field(default_factory=dict)
    """What would become of the rows now, as five figures by name; of the first ones only where it is not `whole`."""
    whole: bool = True
    refusal: NoPhoneColumn | None = None


def preview(
    session: Session,
    vault: Vault,
    campaign: ForCampaign,
    file: Upload,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    column_map: Mapping[str, str] | None = None,
    now: datetime,
    first: int = 8,
) -> Preview:
    """How a list is understood, and what would become of its first rows now.

    Raises a FileRefused where the file is no list; a missing phone column is told in the preview, to be chosen there.
    """
    opened = opened_list(file, encoding, sheet)
    try:
        found = opened.columns(column_map)
    except NoPhoneColumn as refused:
        return _unrecognised(opened, refused, first)
    judge, so_far = Judge(session, campaign, None, now=now), dict.fromkeys(FIGURES, 0)
    shown: list[RowFate] = []
    whole = opened.lines <= COUNTED
    for chunk in prepared(opened, found, vault, size=PREVIEWED):
        judged, _ = judge.judge(chunk)
        shown += _fates(chunk, judged)[: first - len(shown)]
        so_far = taking.added(so_far, taking.counted(judged))
        if not whole:
            break
    return Preview(
        **_file_facts(opened),
        header_row=found.header_row,
        headers=found.headers,
        roles=found.roles(),
        rows=tuple(shown),
        figures=so_far,
        whole=whole,
    )


def _fates(chunk: Chunk, judged: Sequence[Fate]) -> list[RowFate]:
    return [
        RowFate(row, from_text(cells), fate.fault, str(fate.reason))
        for row, cells, fate in zip(chunk.rows, chunk.cells, judged, strict=True)
    ]


def _unrecognised(opened: ListFile, refused: NoPhoneColumn, first: int) -> Preview:
    rows = opened.preview(columns.HEADER_WITHIN)
    header_row, headers = columns.fullest(rows)
    beneath = [RowFate(number, cells, None, "") for number, cells in rows if number > header_row][:first]
    roles = {header: columns.role_of(header).value for header in headers}
    return Preview(
        **_file_facts(opened),
        header_row=header_row,
        headers=tuple(headers),
        roles=roles,
        rows=tuple(beneath),
        refusal=refused,
    )


def _file_facts(opened: ListFile) -> dict[str, Any]:
    names = ("file_name", "kind", "encoding", "sheet_names", "sheet", "lines", "doubtful")
    return {name: getattr(opened, name) for name in names}

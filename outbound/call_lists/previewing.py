"""A list before it is imported: how it is understood, and what would become of its first rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlmodel import Session

from outbound.call_lists import columns, sieve
from outbound.call_lists.reading import FileKind, ListFile, open_list
from outbound.call_lists.refusals import NoPhoneColumn
from outbound.call_lists.sieve import ForCampaign, RowFate, Sieve
from outbound.phones.vault import Vault

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
    header_row: int | None
    headers: tuple[str, ...]
    roles: dict[str, str]
    rows: tuple[RowFate, ...]
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
    judged = Sieve(session, vault, campaign, now=now).judge(islice(sieve.rows(opened, found), first))
    fates = tuple(RowFate(each.row, each.cells, each.fault, str(each.reason)) for each in judged)
    return Preview(
        **_file_facts(opened), header_row=found.header_row, headers=found.headers, roles=found.roles(), rows=fates
    )


def _unrecognised(opened: ListFile, refused: NoPhoneColumn, first: int) -> Preview:
    rows = opened.preview(columns.HEADER_WITHIN)
    header_row, headers = max(rows, key=lambda row: (sum(map(bool, row[1])), -row[0]))
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
    return {name: getattr(opened, name) for name in ("file_name", "kind", "encoding", "sheet_names", "sheet", "lines")}

"""Tables sent as files: CSV or XLSX of exactly what is shown, every cell as text."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response, send_file

from outbound.exports import csv_parts, write_xlsx
from outbound.phones.sealed_files import Scratch

KINDS = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
"""What a table may be sent as, by the end of the file's name."""


def sent(rows: Iterable[Sequence[str]], heads: Iterable[Any], *, name: str, kind: str) -> Response:
    """Rows as a file to be kept; `kind` is one of KINDS. Of a CSV no more than some rows are held at once.

    Raises TooManyForWorkbook.
    """
    told = [str(head) for head in heads]
    answer = Response(write_xlsx(rows, told), mimetype=KINDS[kind]) if kind == "xlsx" else _csv(rows, told)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind}")
    return answer


def _csv(rows: Iterable[Sequence[str]], heads: Sequence[str]) -> Response:
    scratch = Scratch()
    for part in csv_parts(rows, heads):
        scratch.write(part)
    return send_file(scratch.reader(), mimetype=KINDS["csv"])

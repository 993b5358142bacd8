"""Tables sent as files: CSV or XLSX of exactly what is shown, every cell as text."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response

from outbound.exports import write_csv, write_xlsx

KINDS = {
    "csv": (write_csv, "text/csv"),
    "xlsx": (write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
"""What a table may be sent as, by the end of the file's name."""


def sent(rows: Iterable[Sequence[str]], heads: Iterable[Any], *, name: str, kind: str) -> Response:
    """Rows as a file to be kept; `kind` is one of KINDS."""
    write, media = KINDS[kind]
    answer = Response(write(list(rows), [str(head) for head in heads]), mimetype=media)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind}")
    return answer

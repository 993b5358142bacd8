"""The watched folder: a folder for each centre's code, into which its recorder writes; a file's name is its reference.

A file that nobody has written to for ten seconds is taken in and moved to `done`; one that is refused is moved to
`refused`, with the sentence in a text file beside it. A crash between keeping and moving costs nothing: the same
recording under the same reference is no news.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from outbound.db import reading, transaction
from outbound.errors import Refusal
from outbound.intake import taking
from outbound.people import Centre, known
from outbound.recordings import keeping
from outbound.recordings.store import Store

log = structlog.get_logger()

DONE, REFUSED = "done", "refused"
STILL_FOR = timedelta(seconds=10)
MOST_MEGABYTES = 2048
_UNFINISHED = {".part", ".tmp", ".filepart", ".crdownload", ".partial"}


class FileTooLarge(Refusal):
    """The file is larger than {megabytes} MB; cut it into its calls and put each of them here."""

    zh = "文件超过 {megabytes} MB，请按通话切分后逐个放入。"
    status = 413


class FileOutOfReach(Refusal):
    """The file cannot be read ({reason}); check the rights of the watched folder."""

    zh = "无法读取文件（{reason}），请检查监视文件夹的权限。"
    status = 503


def take_watched(engine: Engine, store: Store, folder: Path, *, now: datetime, most: int = 50) -> tuple[int, int]:
    """Take in what lies still in the watched folder; how many recordings were kept, and how many refused.

    What cannot be stored or read for now stays where it is, and is tried again.
    """
    with reading(engine) as session:
        centres = session.exec(select(Centre).order_by(col(Centre.id))).all()
    kept = refused = 0
    for centre, file in _still(folder, centres, now=now, most=most):
        try:
            _take(engine, store, centre, file, now=now)
        except Refusal as why:
            if why.status == 503:
                log.warning("recording stays in the watched folder", file=str(file), why=str(why))
                continue
            put_away(file, REFUSED, note=f"{why.sentence('zh')}\n{why.sentence('en')}\n")
            refused += 1
        else:
            put_away(file, DONE)
            kept += 1
    return kept, refused


def _still(folder: Path, centres: Sequence[Centre], *, now: datetime, most: int) -> Iterator[tuple[Centre, Path]]:
    """Files that lie still, the oldest first; a house of one centre needs no folder for it."""
    places = [(centre, folder / centre.code) for centre in centres]
    if len(centres) == 1:
        places.append((centres[0], folder))
    found = [(touched(file), centre, file) for centre, place in places for file in files_in(place)]
    ready = [each for each in found if each[0] and each[0] <= now - STILL_FOR]
    for _at, centre, file in sorted(ready, key=lambda each: (each[0], each[2]))[:most]:
        yield centre, file


def files_in(place: Path) -> list[Path]:
    """The files of a folder that nobody is still writing."""
    if not place.is_dir():
        return []
    return [
        file
        for file in place.iterdir()
        if file.is_file() and not file.is_symlink() and file.name[0] != "." and file.suffix.lower() not in _UNFINISHED
    ]


def touched(file: Path) -> datetime | None:
    """When a file was last changed; None where it is gone."""
    try:
        state = file.stat()
    except OSError:
        return None
    # Copying programs set the time of writing back; the time of the last change to the entry cannot be set.
    return datetime.fromtimestamp(max(state.st_mtime, state.st_ctime), UTC)


def _take(engine: Engine, store: Store, centre: Centre, file: Path, *, now: datetime) -> None:
    data = read_file(file)
    heard = taking.heard_now(data)
    with keeping.ahead(engine, store, centre, data, heard, now=now) as key, transaction(engine) as session:
        here = session.get_one(Centre, known(centre.id))
        taking.keep(
            session,
            store,
            here,
            data=data,
            file_name=file.name,
            hearing=heard,
            reference=file.stem,
            written=key,
            by=None,
            now=now,
        )


def read_file(file: Path) -> bytes:
    """What a file holds. Raises FileTooLarge and FileOutOfReach."""
    try:
        if file.stat().st_size > MOST_MEGABYTES << 20:
            raise FileTooLarge(megabytes=MOST_MEGABYTES)
        return file.read_bytes()
    except OSError as refused:
        raise FileOutOfReach(reason=refused.strerror or str(refused)) from None


def put_away(file: Path, where: str, *, note: str = "") -> None:
    """Move a file into a folder beside it, with a note in a text file of its own."""
    place = file.parent / where
    try:
        place.mkdir(exist_ok=True)
        target = next(name for name in _names(place / file.name) if not name.exists())
        if note:
            # The sentence first: a file in `refused` without one would be a riddle.
            target.with_name(f"{target.name}.txt").write_text(note, "utf-8")
        file.replace(target)
    except OSError as refused:
        # Another worker was quicker, or the folder may not be written to: what was kept is kept.
        log.warning("recording cannot be moved", file=str(file), why=str(refused))


def _names(target: Path) -> Iterator[Path]:
    yield target
    number = 2
    while True:
        yield target.with_name(f"{target.stem}-{number}{target.suffix}")
        number += 1

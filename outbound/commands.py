"""What the command line does, beneath its options: open the database, call one verb, put the answer into lines."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from sqlmodel import col, select

from outbound import clock, people
from outbound.anchors.outings import put_in_file
from outbound.campaigns.definition import read_definition
from outbound.db import reading, transaction
from outbound.documents import Document, DocumentFaulty, Fault
from outbound.errors import Language, NotFound, Refusal
from outbound.evidence.bundle import Sources, take
from outbound.evidence.gathering import gather
from outbound.migrating import opened
from outbound.people import Centre, Role, known
from outbound.phones.vault import open_vault
from outbound.recordings.store import open_store
from outbound.settings import Settings
from outbound.subscriptions.model import Subscription
from outbound.verification import broken_promises
from qa.sampling import checking, frames
from qa.sampling.model import Draw
from scripts.language import read_script
from scripts.proof import Failure, prove


class NotText(Refusal):
    """{file} is not a text in UTF-8; save it as UTF-8 in your editor and try again."""

    zh = "{file} 不是 UTF-8 文本，请在编辑器中另存为 UTF-8 后重试。"
    status = 422


class FileUnreadable(Refusal):
    """{file} cannot be read: {reason}."""

    zh = "无法读取 {file}：{reason}。"
    status = 422


def faults_in(text: str) -> list[Fault]:
    """Everything wrong with a campaign definition or a script, told by what it holds; a script is proved as well."""
    try:
        if "steps" not in Document(text).plain():
            read_definition(text)
            return []
        script = read_script(text)
    except DocumentFaulty as refused:
        return refused.list
    place = Document(text)
    return [
        place.fault(("steps", *failure.steps[-1:]), zh=_with_way(failure, "zh"), en=_with_way(failure, "en"))
        for failure in prove(script).failures
    ]


def _with_way(failure: Failure, language: Language) -> str:
    """What is wrong, and beneath it the shortest way there in the script's own words."""
    lines = [failure.sentence(language), *failure.transcript(language).splitlines()]
    return "\n    ".join(lines)


def text_of(file: Path) -> str:
    """The text of a definition; raises NotText where it is none."""
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise NotText(file=file) from None
    except OSError as refused:
        raise FileUnreadable(file=file, reason=refused.strerror) from None


class RoleUnknown(Refusal):
    """There is no role “{role}”; choose from {known}."""

    zh = "没有“{role}”这个角色，可选：{known}。"
    status = 422


def take_on(
    settings: Settings,
    *,
    login: str,
    name: str,
    roles: Sequence[str],
    centre: str | None,
    centre_name: str | None,
    password: str,
) -> None:
    """Take somebody on in a centre, which is opened where there is none of that code. Raises RoleUnknown and what
    `people.add_staff` raises.
    """
    if strange := [role for role in roles if role not in set(Role)]:
        raise RoleUnknown(role=strange[0], known=", ".join(Role))
    with transaction(opened(settings)) as session:
        at = people.open_centre(session, centre, name=centre_name or centre, now=clock.now()) if centre else None
        people.add_staff(
            session,
            centre=at,
            login=login,
            name=name,
            password=password,
            roles=[Role(role) for role in roles],
            by=None,
            now=clock.now(),
        )


def evidence_of(settings: Settings, subscription: int) -> dict[str, Any]:
    """The evidence of a subscription as plain values; raises NotFound."""
    with reading(opened(settings)) as session:
        row = session.get(Subscription, subscription)
        if row is None:
            raise NotFound
        return gather(session, open_vault(settings.data), row)


def take_evidence(settings: Settings, subscription: int, to: IO[bytes], *, told: Callable[[str], None]) -> None:
    """Write the evidence of a subscription into a file as a signed ZIP; raises NotFound, and as `bundle.take` does."""
    engine, now = opened(settings), clock.now()
    sources = Sources(open_vault(settings.data), open_store(settings), settings.data)
    with transaction(engine) as session:
        row = session.get(Subscription, subscription)
        if row is None:
            raise NotFound
        take(session, sources, row, to, by=None, now=now, told=told)
    put_in_file(engine, settings.data, now=now)


def draws(settings: Settings) -> list[str]:
    """The draws that were made, a line each."""
    with reading(opened(settings)) as session:
        made = session.exec(select(Draw, Centre).join(Centre, col(Centre.id) == col(Draw.centre_id))).all()
        return [
            f"{centre.code} {draw.kind} {draw.period}: {draw.sample_size} of {draw.frame_size}, frame {draw.frame_hash}"
            for draw, centre in made
        ]


class NotDrawn(Refusal):
    """No draw was made of {period}; `outbound draw` lists those that were."""

    zh = "{period} 没有抽样记录；用 outbound draw 查看已有的抽样。"
    status = 404


def verify_draw(settings: Settings, period: str, language: Language) -> tuple[list[str], bool]:
    """Draw a day or a week again, in every centre: a line each, and whether all are the same.

    Raises PeriodUnknown for what names neither, and NotDrawn.
    """
    kind = frames.kind_named(period)
    with reading(opened(settings)) as session:
        made = session.exec(select(Draw).where(Draw.period == period, Draw.kind == kind)).all()
        if not made:
            raise NotDrawn(period=period)
        lines, same = [], True
        for draw in made:
            differences = [difference.words(language) for difference in checking.verify(session, draw)]
            same = same and not differences
            centre = session.get_one(Centre, known(draw.centre_id))
            told = " ".join(differences) or {"zh": "重新抽样，结果相同。", "en": "the same sample."}[language]
            lines.append(f"{centre.code} {draw.kind} {draw.period}: {told}")
        return lines, same


def broken(settings: Settings, *, told: Callable[[str], None] = lambda _step: None) -> list[dict[str, Any]]:
    """Where a promise does not hold in this database, or its journal is not the one whose anchors were kept."""
    with reading(opened(settings)) as session:
        return broken_promises(session, data=settings.data, told=told)

"""The command about draws: which were made, and whether one was made honestly."""

from typing import TYPE_CHECKING

import click

from outbound.commands.terminal import language
from outbound.errors import Language, Refusal

if TYPE_CHECKING:
    from outbound.people import Centre
    from qa.sampling.lateness import Lateness
    from qa.sampling.model import Draw


class NotDrawn(Refusal):
    """No draw was made of {period}; `outbound draw` lists those that were."""

    zh = "{period} 没有抽样记录；用 outbound draw 查看已有的抽样。"
    status = 404


NAMED = {"zh": "{centre} {period} {kind}：", "en": "{centre} {kind} {period}: "}
KINDS = {"zh": {"daily": "每日抽检", "weekly": "每周抽检"}, "en": {"daily": "daily", "weekly": "weekly"}}
DRAWN = {
    "zh": "{frame_size} 条中抽 {sample_size} 条，抽样框哈希 {frame_hash}",
    "en": "{sample_size} of {frame_size}, frame {frame_hash}",
}
LATE = {"zh": "，种子为补作承诺", "en": ", promised late"}
_SPACE = {"zh": "", "en": " "}
SAME = {"zh": "重新抽样，结果相同。", "en": "the same sample."}


@click.command()
@click.option(
    "--verify", "period", help="draw the period (2026-11-20 or 2026-W47) again and say whether it is the same"
)
def draw(period: str | None) -> None:
    """List the draws, or show that one was made honestly."""
    lines, same = draw_again(period, language()) if period else (_made(language()), True)
    click.echo("\n".join(lines))
    if not same:
        raise SystemExit(1)


def _named(centre: "Centre", draw: "Draw", language: Language) -> str:
    return NAMED[language].format(centre=centre.code, period=draw.period, kind=KINDS[language][draw.kind])


def _told(late: "Lateness | None", language: Language) -> list[str]:
    return [late.told.said(language)] if late else []


def _made(language: Language) -> list[str]:
    """The draws that were made, a line each."""
    from sqlmodel import col, select

    from outbound.db import reading
    from outbound.migrating import opened
    from outbound.people import Centre
    from outbound.settings import read_settings
    from qa.sampling.model import Draw

    with reading(opened(read_settings())) as session:
        made = session.exec(select(Draw, Centre).join(Centre, col(Centre.id) == col(Draw.centre_id))).all()
        return [
            _named(centre, draw, language)
            + DRAWN[language].format(**draw.model_dump())
            + (LATE[language] if draw.anchor_id else "")
            for draw, centre in made
        ]


def draw_again(period: str, language: Language) -> tuple[list[str], bool]:
    """Draw a day or a week again, in every centre: a line each, and whether all are the same.

    Raises PeriodUnknown for what names neither, and NotDrawn.
    """
    from sqlmodel import col, select

    from outbound.db import reading
    from outbound.migrating import opened
    from outbound.people import Centre
    from outbound.settings import read_settings
    from qa.sampling import checking
    from qa.sampling.lateness import lateness_of
    from qa.sampling.model import Draw
    from qa.sampling.seeds import kind_named

    kind = kind_named(period)
    with reading(opened(read_settings())) as session:
        asked = select(Draw, Centre).join(Centre, col(Centre.id) == col(Draw.centre_id))
        found = session.exec(asked.where(Draw.period == period, Draw.kind == kind)).all()
        differing = [
            (_named(centre, draw, language), checking.verify(session, draw), lateness_of(session, draw))
            for draw, centre in found
        ]
    if not differing:
        raise NotDrawn(period=period)
    lines = [
        name
        + _SPACE[language].join(
            [*([each.words(language) for each in found] or [SAME[language]]), *_told(late, language)]
        )
        for name, found, late in differing
    ]
    return lines, not any(found for _, found, _ in differing)

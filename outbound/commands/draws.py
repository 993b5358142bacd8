"""The command about draws: which were made, and whether one was made honestly."""

import click

from outbound.commands.terminal import language
from outbound.errors import Language, Refusal


class NotDrawn(Refusal):
    """No draw was made of {period}; `outbound draw` lists those that were."""

    zh = "{period} 没有抽样记录；用 outbound draw 查看已有的抽样。"
    status = 404


@click.command()
@click.option(
    "--verify", "period", help="draw the period (2026-11-20 or 2026-W47) again and say whether it is the same"
)
def draw(period: str | None) -> None:
    """List the draws, or show that one was made honestly."""
    lines, same = draw_again(period, language()) if period else (_made(), True)
    click.echo("\n".join(lines))
    if not same:
        raise SystemExit(1)


def _made() -> list[str]:
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
            f"{centre.code} {draw.kind} {draw.period}: {draw.sample_size} of {draw.frame_size}, frame {draw.frame_hash}"
            + (", promised late" if draw.anchor_id else "")
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
            (f"{centre.code} {draw.kind} {draw.period}", checking.verify(session, draw), lateness_of(session, draw))
            for draw, centre in found
        ]
    if not differing:
        raise NotDrawn(period=period)
    same = {"zh": "重新抽样，结果相同。", "en": "the same sample."}[language]
    lines = [
        " ".join(
            [
                f"{name}:",
                *([each.words(language) for each in found] or [same]),
                *([late.told.said(language)] if late else []),
            ]
        )
        for name, found, late in differing
    ]
    return lines, not any(found for _, found, _ in differing)

"""Differences with the carrier at the finance desk: what does not agree, one of them, and how they were settled."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound.billing import instructions, settling
from outbound.billing.model import (
    Acknowledgement,
    Decision,
    DifferenceSettlement,
    Instruction,
    InstructionBatch,
    StrayAnswer,
    StraySettlement,
)
from outbound.people import Staff, known
from outbound.subscriptions.model import Subscription
from web.desks import finance, money_words
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _, lazy_gettext
from web.tables import Column, Filter, Table

bp = Blueprint("settling", __name__)

DIFFERENCES = Table(
    caption=lazy_gettext("Differences"),
    columns=(
        *finance.COLUMNS,
        Column("batch", lazy_gettext("Batch"), sort=col(InstructionBatch.number), value=lambda row: row[2].number),
        Column("at", lazy_gettext("Exported"), sort=col(InstructionBatch.at), value=lambda row: row[2].at),
        Column(
            "reason",
            lazy_gettext("Carrier's answer"),
            sort=col(Acknowledgement.reason),
            value=lambda row: row[3].reason if row[3] else "",
        ),
        Column("settle", lazy_gettext("Settle"), value=lambda row: f"/finance/instructions/{row[0].id}"),
    ),
    key=col(Instruction.id),
    order="at",
    empty=lazy_gettext("No differences: the carrier has accepted everything that left."),
    filters=(finance.KIND,),
)
SETTLED = Table(
    caption=lazy_gettext("Settled differences"),
    columns=(
        Column("at", lazy_gettext("Settled at"), sort=col(DifferenceSettlement.at), value=lambda row: row[0].at),
        Column("by", lazy_gettext("Settled by"), sort=col(Staff.name), value=lambda row: row[2].name),
        Column("key", lazy_gettext("Key"), sort=col(Instruction.key), value=lambda row: row[1].key),
        Column("kind", lazy_gettext("Instruction"), sort=col(Instruction.kind), value=lambda row: row[1].kind),
        Column(
            "decision",
            lazy_gettext("Decision"),
            sort=col(DifferenceSettlement.decision),
            value=lambda row: row[0].decision,
        ),
        Column("reason", lazy_gettext("Reason"), value=lambda row: row[0].reason),
    ),
    key=col(DifferenceSettlement.id),
    order="-at",
    empty=lazy_gettext("Nothing has been settled yet."),
    filters=(
        Filter("decision", lazy_gettext("Decision"), col(DifferenceSettlement.decision), money_words.DECISIONS),
        finance.KIND,
    ),
)


@bp.get("/finance/differences")
@allows("exchange_instructions")
def show_differences() -> Any:
    """What left and was rejected, was not answered, or answered with another amount; and answers to nothing."""
    rows = (
        select(Instruction, Subscription, InstructionBatch, Acknowledgement)
        .join(Subscription, col(Subscription.id) == col(Instruction.subscription_id))
        .join(InstructionBatch, col(InstructionBatch.id) == col(Instruction.batch_id))
    )
    page = DIFFERENCES.page(g.session, instructions.differing(rows, known(g.centre.id)), request.args)
    if page.exported:
        return page.export("differences")
    asked = instructions.stray(select(StrayAnswer), known(g.centre.id)).order_by(col(StrayAnswer.id))
    strays = g.session.exec(asked.limit(finance.MOST_STRAYS)).all()
    return render_template("finance/differences.html", page=page, strays=strays, words=money_words, **finance.counted())


@bp.get("/finance/settled")
@allows("exchange_instructions")
def show_settled() -> Any:
    """Who settled what, and why."""
    rows = (
        select(DifferenceSettlement, Instruction, Staff)
        .join(Instruction, col(Instruction.id) == col(DifferenceSettlement.instruction_id))
        .join(Staff, col(Staff.id) == col(DifferenceSettlement.by_id))
        .where(DifferenceSettlement.centre_id == g.centre.id)
    )
    page = SETTLED.page(g.session, rows, request.args)
    if page.exported:
        return page.export("settled-differences")
    return render_template("finance/settled.html", page=page, words=money_words, **finance.counted())


@bp.get("/finance/instructions/<int:instruction_id>")
@allows("exchange_instructions")
def show(instruction_id: int) -> Any:
    """One instruction: what was told, what the carrier answered, and what can be done about it."""
    instruction = mine(g.session, Instruction, instruction_id)
    settled = (
        select(DifferenceSettlement, Staff)
        .join(Staff, col(Staff.id) == col(DifferenceSettlement.by_id))
        .where(DifferenceSettlement.instruction_id == instruction.id)
    )
    again = select(Instruction).where(Instruction.repeats_id == instruction.id)
    possible = settling.possible(g.session, instruction)
    return render_template(
        "finance/instruction.html",
        instruction=instruction,
        subscription=g.session.get_one(Subscription, instruction.subscription_id),
        batch=g.session.get(InstructionBatch, instruction.batch_id) if instruction.batch_id else None,
        answer=instructions.answer_to(g.session, instruction),
        repeats=g.session.get(Instruction, instruction.repeats_id) if instruction.repeats_id else None,
        repeated=g.session.exec(again).first(),
        settlements=g.session.exec(settled.order_by(col(DifferenceSettlement.id))).all(),
        decisions=[(decision, money_words.DECISIONS[decision]) for decision in possible],
        consequence=money_words.CONSEQUENCES.get(instruction.kind, "") if Decision.ACCEPT in possible else "",
        words=money_words,
        **finance.counted(),
    )


@bp.post("/finance/instructions/<int:instruction_id>/settle")
@allows("exchange_instructions", again=show)
def settle(instruction_id: int) -> Any:
    """Settle a difference, with a reason."""
    instruction = mine(g.session, Instruction, instruction_id)
    with filled_form() as form:
        decision, reason = form.choice("decision", Decision), form.text("reason", most=400)
    settling.settle(g.session, instruction, decision, reason=reason, by=g.staff, now=g.now)
    flash(_("Instruction %(key)s is settled.", key=instruction.key), "good")
    return redirect("/finance/differences")


@bp.get("/finance/strays/<int:stray_id>")
@allows("exchange_instructions")
def show_stray(stray_id: int) -> Any:
    """An answer to what was never told."""
    stray = mine(g.session, StrayAnswer, stray_id)
    settled = (
        select(StraySettlement, Staff)
        .join(Staff, col(Staff.id) == col(StraySettlement.by_id))
        .where(StraySettlement.stray_answer_id == stray.id)
    )
    return render_template(
        "finance/stray.html", stray=stray, settled=g.session.exec(settled).first(), **finance.counted()
    )


@bp.post("/finance/strays/<int:stray_id>/clear")
@allows("exchange_instructions", again=show_stray)
def clear(stray_id: int) -> Any:
    """Say how an answer to what was never told is explained."""
    stray = mine(g.session, StrayAnswer, stray_id)
    with filled_form() as form:
        reason = form.text("reason", most=400)
    settling.clear_up(g.session, stray, reason=reason, by=g.staff, now=g.now)
    flash(_("The answer to %(key)s is cleared up.", key=stray.key), "good")
    return redirect("/finance/differences")

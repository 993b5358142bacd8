"""The finance desk: instructions for the carrier leave once as a file, and the carrier's answers are read back."""

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound import journal
from outbound.billing import answers, batches, instructions
from outbound.billing.answers import ReadBack
from outbound.billing.model import Acknowledgement, FileForm, Instruction, InstructionBatch
from outbound.people import Staff, known
from outbound.subscriptions.model import Subscription
from web.desks import money_words
from web.desks.evidence import vault
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _, lazy_gettext
from web.tables import Column, Filter, Table

bp = Blueprint("finance", __name__)

MOST_NAMED = 5
"""Unknown keys of an acknowledgement that are named; of the others only how many there are."""

_KIND = Filter("kind", lazy_gettext("Instruction"), col(Instruction.kind), money_words.KINDS)
_COLUMNS = (
    Column("key", lazy_gettext("Key"), sort=col(Instruction.key), value=lambda row: row[0].key),
    Column("kind", lazy_gettext("Instruction"), sort=col(Instruction.kind), value=lambda row: row[0].kind),
    Column("subscription", lazy_gettext("Subscription"), value=lambda row: row[0].subscription_id, number=True),
    Column("offer", lazy_gettext("Offer"), sort=col(Subscription.offer_name), value=lambda row: row[1].offer_name),
    Column(
        "amount",
        lazy_gettext("Amount"),
        sort=col(Instruction.amount_fen),
        value=lambda row: f"{row[0].amount_fen / 100:.2f}",
        number=True,
    ),
    Column(
        "effective_on",
        lazy_gettext("Effective"),
        sort=col(Instruction.effective_on),
        value=lambda row: row[0].effective_on,
    ),
)
WAITING = Table(
    caption=lazy_gettext("Waiting instructions"),
    columns=_COLUMNS,
    key=col(Instruction.id),
    order="effective_on",
    empty=lazy_gettext("Nothing waits: new instructions appear as trials begin, end and are charged."),
    filters=(_KIND,),
)
DIFFERENCES = Table(
    caption=lazy_gettext("Differences"),
    columns=(
        *_COLUMNS,
        Column("batch", lazy_gettext("Batch"), sort=col(InstructionBatch.number), value=lambda row: row[2].number),
        Column("at", lazy_gettext("Exported"), sort=col(InstructionBatch.at), value=lambda row: row[2].at),
        Column(
            "reason",
            lazy_gettext("Carrier's answer"),
            sort=col(Acknowledgement.reason),
            value=lambda row: row[3].reason if row[3] else "",
        ),
    ),
    key=col(Instruction.id),
    order="at",
    empty=lazy_gettext("No differences: the carrier has accepted everything that left."),
    filters=(_KIND,),
)
BATCHES = Table(
    caption=lazy_gettext("Batches"),
    columns=(
        Column(
            "number",
            lazy_gettext("No."),
            sort=col(InstructionBatch.number),
            value=lambda row: row[0].number,
            number=True,
        ),
        Column("at", lazy_gettext("Exported"), sort=col(InstructionBatch.at), value=lambda row: row[0].at),
        Column("by", lazy_gettext("Exported by"), sort=col(Staff.name), value=lambda row: row[1].name),
        Column(
            "count",
            lazy_gettext("Instructions"),
            sort=col(InstructionBatch.count),
            value=lambda row: row[0].count,
            number=True,
        ),
        Column(
            "sum",
            lazy_gettext("Sum"),
            sort=col(InstructionBatch.sum_fen),
            value=lambda row: f"{row[0].sum_fen / 100:.2f}",
            number=True,
        ),
        Column("accepted", lazy_gettext("Carrier accepted"), value=lambda row: row[2], number=True),
        Column("rejected", lazy_gettext("Carrier rejected"), value=lambda row: row[3], number=True),
        Column("sha256", "SHA-256", value=lambda row: row[0].sha256),
        Column("file", lazy_gettext("File"), value=lambda row: f"/finance/batches/{row[0].id}.csv"),
    ),
    key=col(InstructionBatch.id),
    order="-number",
    empty=lazy_gettext("No batch has left yet: export the waiting instructions."),
)


@bp.get("/finance")
@allows("exchange_instructions")
def show_waiting() -> Any:
    """What waits to be told to the carrier."""
    asked = (
        select(Instruction, Subscription)
        .join(Subscription, col(Subscription.id) == col(Instruction.subscription_id))
        .where(Instruction.centre_id == g.centre.id, col(Instruction.batch_id).is_(None))
    )
    page = WAITING.page(g.session, asked, request.args)
    if page.exported:
        return page.export("waiting-instructions")
    return render_template("finance/waiting.html", page=page, words=money_words, **_counted())


def _counted() -> dict[str, Any]:
    """How many wait, what they come to in 分, and how many differences there are."""
    waiting = select(sa.func.count(), sa.func.coalesce(sa.func.sum(Instruction.amount_fen), 0)).where(
        Instruction.centre_id == g.centre.id, col(Instruction.batch_id).is_(None)
    )
    count, total = g.session.exec(waiting).one()
    differences = instructions.how_many_unanswered(g.session, g.centre.id)
    return {"waiting": count, "sum_fen": total, "differences": differences}


@bp.post("/finance/export")
@allows("exchange_instructions", again=show_waiting)
def export() -> Any:
    """Let everything that waits leave as one batch."""
    batch = batches.export(g.session, vault(), g.centre, by=g.staff, now=g.now)
    flash(
        _(
            "Batch %(number)d is ready with %(count)d instructions; download it below.",
            number=batch.number,
            count=batch.count,
        )
    )
    return redirect("/finance/batches")


@bp.get("/finance/batches")
@allows("exchange_instructions")
def show_batches() -> Any:
    """What has left, and what the carrier answered."""
    answered = [
        select(sa.func.count())
        .select_from(Acknowledgement)
        .join(Instruction, col(Instruction.id) == col(Acknowledgement.instruction_id))
        .where(col(Instruction.batch_id) == col(InstructionBatch.id), col(Acknowledgement.accepted) == accepted)
        .correlate(InstructionBatch)
        .scalar_subquery()
        for accepted in (True, False)
    ]
    asked = (
        select(InstructionBatch, Staff, *answered)
        .join(Staff, col(Staff.id) == col(InstructionBatch.by_id))
        .where(InstructionBatch.centre_id == g.centre.id)
    )
    page = BATCHES.page(g.session, asked, request.args)
    if page.exported:
        return page.export("batches")
    return render_template("finance/batches.html", page=page, **_counted())


@bp.get("/finance/batches/<int:batch_id>.csv")
@allows("exchange_instructions", writes=True)
def download(batch_id: int) -> Response:
    """A batch as it left, byte for byte; that its numbers were opened is journalled."""
    batch = mine(g.session, InstructionBatch, batch_id)
    answer = Response(batches.file_of(g.session, vault(), batch, FileForm.CSV), mimetype="text/csv")
    name = f"instructions-{g.centre.code}-{batch.number}.csv"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    journal.record(g.session, "instructions.downloaded", batch, by=g.staff, now=g.now, sha256=batch.sha256)
    return answer


@bp.post("/finance/acknowledgements")
@allows("exchange_instructions", again=show_batches)
def acknowledge() -> Any:
    """Read the carrier's answers."""
    with filled_form() as form:
        file = form.file("acknowledgement")
    read = answers.acknowledge(g.session, g.centre, file.stream.read(), by=g.staff, now=g.now)
    flash(_told(read), "wait" if read.rejected or read.unknown else "good")
    return redirect("/finance/differences" if read.rejected else "/finance/batches")


def _told(read: ReadBack) -> str:
    counts = {"accepted": read.accepted, "rejected": read.rejected, "known": read.known_already}
    told = str(_("%(accepted)d accepted, %(rejected)d rejected, %(known)d known already.", **counts))
    if not read.unknown:
        return told
    named = ", ".join(key[:40] for key in read.unknown[:MOST_NAMED])
    more = "…" if len(read.unknown) > MOST_NAMED else ""
    return told + "\n" + str(_("%(count)d keys are none of ours: %(keys)s", count=len(read.unknown), keys=named + more))


@bp.get("/finance/differences")
@allows("exchange_instructions")
def show_differences() -> Any:
    """What left and was rejected, or has not been answered."""
    asked = (
        select(Instruction, Subscription, InstructionBatch, Acknowledgement)
        .join(Subscription, col(Subscription.id) == col(Instruction.subscription_id))
        .join(InstructionBatch, col(InstructionBatch.id) == col(Instruction.batch_id))
        .join(Acknowledgement, col(Acknowledgement.instruction_id) == col(Instruction.id), isouter=True)
        .where(Instruction.centre_id == known(g.centre.id), col(Acknowledgement.accepted).is_not(True))
    )
    page = DIFFERENCES.page(g.session, asked, request.args)
    if page.exported:
        return page.export("differences")
    return render_template("finance/differences.html", page=page, words=money_words, **_counted())

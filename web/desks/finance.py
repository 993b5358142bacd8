"""The finance desk: instructions for the carrier leave once as a file, and the carrier's answers are read back."""

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound import journal
from outbound.billing import answers, batches, instructions
from outbound.billing.answers import ReadBack
from outbound.billing.model import Acknowledgement, FileForm, Instruction, InstructionBatch
from outbound.people import Staff
from outbound.subscriptions.model import Subscription
from web.desks import money_words
from web.desks.evidence import vault
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _, lazy_gettext
from web.tables import Column, Filter, Table

bp = Blueprint("finance", __name__)

_JSON = "application/json"
MOST_STRAYS = 100
"""Answers to what was never told that are listed at once."""
MOST_NAMED = 5
"""Unknown keys of an acknowledgement that are named; of the others only how many there are."""

KIND = Filter("kind", lazy_gettext("Instruction"), col(Instruction.kind), money_words.KINDS)
COLUMNS = (
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
    columns=COLUMNS,
    key=col(Instruction.id),
    order="effective_on",
    empty=lazy_gettext("Nothing waits: new instructions appear as trials begin, end and are charged."),
    filters=(KIND,),
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
        Column(
            "by", lazy_gettext("Exported by"), sort=col(Staff.name), value=lambda row: row[1].name if row[1] else ""
        ),
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
        Column("file", lazy_gettext("Files"), value=lambda row: f"/finance/batches/{row[0].id}.csv"),
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
    return render_template("finance/waiting.html", page=page, words=money_words, **counted())


def counted() -> dict[str, Any]:
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
        .join(Staff, col(Staff.id) == col(InstructionBatch.by_id), isouter=True)
        .where(InstructionBatch.centre_id == g.centre.id)
    )
    page = BATCHES.page(g.session, asked, request.args)
    if page.exported:
        return page.export("batches")
    return render_template("finance/batches.html", page=page, **counted())


@bp.get("/finance/batches/<int:batch_id>.csv")
@allows("exchange_instructions", writes=True)
def download(batch_id: int) -> Response:
    """A batch as it left, byte for byte; that its numbers were opened is journalled."""
    return _downloaded(batch_id, FileForm.CSV)


@bp.get("/finance/batches/<int:batch_id>.json")
@allows("exchange_instructions", writes=True)
def download_json(batch_id: int) -> Response:
    """The same batch as JSON."""
    return _downloaded(batch_id, FileForm.JSON)


def _downloaded(batch_id: int, form: FileForm) -> Response:
    batch = mine(g.session, InstructionBatch, batch_id)
    content = batches.file_of(g.session, vault(), batch, form)
    journal.record(g.session, "instructions.downloaded", batch, by=g.staff, now=g.now, form=form, sha256=batch.sha256)
    return _attached(content, batches.file_name(g.centre, batch, form), "text/csv" if form == "csv" else _JSON)


@bp.get("/finance/batches/<int:batch_id>.manifest.json")
@allows("exchange_instructions")
def download_manifest(batch_id: int) -> Response:
    """What a batch comes to, as it left: counts, sums and hashes."""
    batch = mine(g.session, InstructionBatch, batch_id)
    return _attached(batches.manifest_of(batch), batches.manifest_name(g.centre, batch), _JSON)


def _attached(content: bytes, name: str, kind: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


@bp.post("/finance/acknowledgements")
@allows("exchange_instructions", again=show_batches)
def acknowledge() -> Any:
    """Read the carrier's answers."""
    with filled_form() as form:
        file = form.file("acknowledgement")
    read = answers.acknowledge(g.session, g.centre, file.stream.read(), by=g.staff, now=g.now)
    differs = read.rejected or read.unknown or read.differing
    flash(_told(read), "wait" if differs else "good")
    return redirect("/finance/differences" if differs else "/finance/batches")


def _told(read: ReadBack) -> str:
    counts = {"accepted": read.accepted, "rejected": read.rejected, "known": read.known_already}
    told = str(_("%(accepted)d accepted, %(rejected)d rejected, %(known)d known already.", **counts))
    if read.differing:
        told += "\n" + str(_("%(count)d accepted with another amount than was told.", count=read.differing))
    if not read.unknown:
        return told
    named = ", ".join(key[:40] for key in read.unknown[:MOST_NAMED])
    more = "…" if len(read.unknown) > MOST_NAMED else ""
    return told + "\n" + str(_("%(count)d keys are none of ours: %(keys)s", count=len(read.unknown), keys=named + more))

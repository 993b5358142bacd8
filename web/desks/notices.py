"""The queue of notices to customers: what waits, what failed and why; resend by hand; the replies that came back."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound.notices import outbox
from outbound.notices.model import Meaning, Notice, NoticeKind, NoticeReceipt, NoticeState, Reply, ReplyMatch
from outbound.people import may
from outbound.phones.model import Phone, shown
from web.desks.evidence import vault
from web.filters import exact
from web.guard import allows, mine
from web.language import _, lazy_gettext
from web.tables import Column, Filter, Table

bp = Blueprint("notices", __name__)

KINDS = {
    NoticeKind.ORDER_SUMMARY: lazy_gettext("order summary"),
    NoticeKind.REPLY_REQUEST: lazy_gettext("request for a reply"),
    NoticeKind.REMINDER: lazy_gettext("reminder before the charge"),
    NoticeKind.CHARGE: lazy_gettext("notice of the charge"),
    NoticeKind.CANCELLATION: lazy_gettext("notice of the cancellation"),
}
STATES = {
    NoticeState.WAITING: (lazy_gettext("waiting to be sent"), "wait"),
    NoticeState.SENT: (lazy_gettext("sent"), "good"),
    NoticeState.FAILED: (lazy_gettext("failed"), "bad"),
    NoticeState.DROPPED: (lazy_gettext("no longer true, not sent"), ""),
}
MEANINGS = {Meaning.YES: (lazy_gettext("confirmed"), "good"), Meaning.NO: (lazy_gettext("cancelled"), "bad")}

QUEUE = Table(
    caption=lazy_gettext("Notices to customers"),
    columns=(
        Column("made", lazy_gettext("Made out"), sort=col(Notice.made_at), value=lambda row: row[0].made_at),
        Column("kind", lazy_gettext("Notice"), sort=col(Notice.kind), value=lambda row: KINDS[row[0].kind]),
        Column("number", lazy_gettext("Number"), value=lambda row: shown_masked(row[1])),
        Column("subscription", lazy_gettext("Subscription"), value=lambda row: row[0].subscription_id, number=True),
        Column("state", lazy_gettext("State"), sort=col(Notice.state), value=lambda row: state_told(row[0])),
        Column("tries", lazy_gettext("Tries"), sort=col(Notice.tries), value=lambda row: row[0].tries, number=True),
        Column("delivered", lazy_gettext("Delivered"), value=lambda row: delivered(row[2])),
    ),
    key=col(Notice.id),
    order="-made",
    empty=lazy_gettext("Nothing was written to a customer yet: notices come with sales, charges and cancellations."),
    filters=(
        Filter("state", lazy_gettext("State"), col(Notice.state), {each: STATES[each][0] for each in NoticeState}),
        Filter("kind", lazy_gettext("Notice"), col(Notice.kind), KINDS),
    ),
)
REPLIES = Table(
    caption=lazy_gettext("Replies from customers"),
    columns=(
        Column("at", lazy_gettext("Sent at"), sort=col(Reply.at), value=lambda row: row[0].at),
        Column("number", lazy_gettext("Number"), value=lambda row: shown_masked(row[1])),
        Column("text", lazy_gettext("Words"), value=lambda row: row[0].text),
        Column("answers", lazy_gettext("What it came to"), value=lambda row: came_to(row[2])),
        Column(
            "subscription",
            lazy_gettext("Subscription"),
            value=lambda row: row[2].subscription_id if row[2] else "",
            number=True,
        ),
    ),
    key=col(Reply.id),
    order="-at",
    empty=lazy_gettext("No customer has replied yet."),
)


def shown_masked(phone: Phone) -> str:
    """A number as pages show it; the key is fetched once for a page."""
    if "opener" not in g:
        g.opener = vault()
    return shown(g.opener, phone)


def next_try(notice: Notice) -> Any:
    """When a notice is tried next, nothing where it is not."""
    return notice.due_at if notice.state == NoticeState.WAITING else None


def state_told(notice: Notice) -> str:
    """How far a notice has come, what the last try failed of, and when the next one is, for a file."""
    due = next_try(notice)
    told = (STATES[notice.state][0], notice.why, _("next try %(at)s", at=exact(due)) if due else "")
    return "; ".join(str(each) for each in told if each)


def delivered(receipt: NoticeReceipt | None) -> str:
    """What the gateway said became of a notice."""
    if receipt is None:
        return ""
    return str(_("yes")) if receipt.delivered else str(_("no: %(why)s", why=receipt.why or "–"))


def came_to(match: ReplyMatch | None) -> str:
    """What a reply came to."""
    return str(MEANINGS[match.meaning][0]) if match else str(_("answers nothing that is open"))


@bp.get("/notices")
@allows("see_notices")
def show_queue() -> Any:
    """Every notice of the centre; what failed can be sent again."""
    asked = (
        select(Notice, Phone, NoticeReceipt)
        .join(Phone, col(Phone.id) == col(Notice.phone_id))
        .outerjoin(NoticeReceipt, col(NoticeReceipt.id) == outbox.last_receipt())
        .where(Notice.centre_id == g.centre.id)
    )
    page = QUEUE.page(g.session, asked, request.args)
    if page.exported:
        return page.export("notices")
    words = {"kinds": KINDS, "states": STATES, "next_try": next_try, "delivered": delivered}
    return render_template("notices/queue.html", page=page, shown=shown_masked, **words)


@bp.get("/notices/replies")
@allows("see_notices")
def show_replies() -> Any:
    """Every message that customers sent, and what it came to."""
    asked = (
        select(Reply, Phone, ReplyMatch)
        .join(Phone, col(Phone.id) == col(Reply.phone_id))
        .outerjoin(ReplyMatch, col(ReplyMatch.reply_id) == col(Reply.id))
        .where(Reply.centre_id == g.centre.id)
    )
    page = REPLIES.page(g.session, asked, request.args)
    if page.exported:
        return page.export("replies")
    return render_template("notices/replies.html", page=page, shown=shown_masked, meanings=MEANINGS, came_to=came_to)


@bp.get("/notices/<int:notice_id>")
@allows("see_notices")
def show_notice(notice_id: int) -> str:
    """One notice: its words, each try, what came back."""
    notice = mine(g.session, Notice, notice_id)
    return render_template(
        "notices/one.html",
        notice=notice,
        number=shown_masked(g.session.get_one(Phone, notice.phone_id)),
        told=outbox.history_of(g.session, notice),
        kinds=KINDS,
        states=STATES,
        may_resend=may(g.roles, "resend_notices"),
    )


@bp.post("/notices/<int:notice_id>/resend")
@allows("resend_notices", again=show_notice)
def resend(notice_id: int) -> Any:
    """Try a notice that failed once more, at once."""
    outbox.resend(g.session, mine(g.session, Notice, notice_id), by=g.staff, now=g.now)
    flash(_("The notice goes out with the next round, within a minute."))
    return redirect(f"/notices/{notice_id}")

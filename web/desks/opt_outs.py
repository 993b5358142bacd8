"""Opt-outs: which numbers must not be rung and why; numbers are blocked here, and two people together free them."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, g, redirect, render_template, request
from sqlmodel import col, select

from outbound.campaigns.model import Campaign
from outbound.campaigns.opt_out_ends import strictest
from outbound.errors import NotFound
from outbound.opt_outs import liftings
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.lists.exporting import last_day
from outbound.opt_outs.model import Category, LiftingRequest, OptOut, OptOutLifting
from outbound.opt_outs.verbs import holding
from outbound.people import Staff, known, may
from outbound.phones.model import Phone, find, keep, shown
from web.desks import money_words
from web.desks.care import NumberUnknown, number_in
from web.desks.evidence import vault
from web.desks.opt_out_forms import SCOPES, end_in, kind_words, scope_in, scope_options
from web.filters import zone
from web.forms import filled_form
from web.guard import allows, mine
from web.language import _, lazy_gettext
from web.tables import Column, Filter, Table

bp = Blueprint("opt_outs", __name__)

HOLDS = {"yes": lazy_gettext("in force"), "no": lazy_gettext("over or lifted"), "asked": lazy_gettext("to be lifted")}
SOURCES = {
    "call": lazy_gettext("a call"),
    "care": lazy_gettext("the care desk"),
    "list": lazy_gettext("a list"),
    "desk": lazy_gettext("this desk"),
}
DESK = "opt-out desk"


@dataclass(frozen=True)
class Standing(Filter):
    """Whether an opt-out still holds."""

    def condition(self, chosen: str) -> Any:
        """The condition for one of HOLDS."""
        waiting = sa.exists().where(
            col(LiftingRequest.opt_out_id) == col(OptOut.id), col(LiftingRequest.answer).is_(None)
        )
        return {"yes": holding(g.now), "no": ~holding(g.now), "asked": waiting}.get(chosen)


@dataclass(frozen=True)
class Source(Filter):
    """How an opt-out came in, told by how its source begins."""

    def condition(self, chosen: str) -> Any:
        """The condition for one of SOURCES."""
        begins = {"desk": DESK}.get(chosen, chosen)
        return self.by.startswith(begins) if chosen in self.options else None


def table() -> Table:
    """The opt-outs that this centre may see, the newest first."""
    opener = vault()
    return Table(
        caption=lazy_gettext("Opt-outs"),
        columns=(
            Column("number", lazy_gettext("Number"), value=lambda row: shown(opener, row[1])),
            Column("category", lazy_gettext("Category of opt-out"), sort=col(OptOut.category)),
            Column("scope", lazy_gettext("From what"), sort=col(OptOut.scope)),
            Column("reason", lazy_gettext("In words")),
            Column("source", lazy_gettext("How it came in"), sort=col(OptOut.source)),
            # In the order of their numbers: no further index has to be kept for it.
            Column("at", lazy_gettext("Blocked since"), sort=col(OptOut.id)),
            Column("until", lazy_gettext("Until"), sort=col(OptOut.expires_at)),
        ),
        key=col(OptOut.id),
        order="-at",
        empty=lazy_gettext("No number is blocked yet."),
        filters=(
            Filter("category", lazy_gettext("Category of opt-out"), col(OptOut.category), money_words.CATEGORIES),
            Filter("scope", lazy_gettext("From what"), col(OptOut.scope), SCOPES),
            Source("source", lazy_gettext("How it came in"), col(OptOut.source), SOURCES),
            Standing("holds", lazy_gettext("Standing"), None, HOLDS),
        ),
        exports=False,
    )


def ours() -> sa.ColumnElement[bool]:
    """The condition that an opt-out is of this centre, or of none."""
    return sa.or_(col(OptOut.centre_id) == g.centre.id, col(OptOut.centre_id).is_(None))


@bp.get("/opt-outs")
@allows("block_numbers")
def show_desk() -> str:
    """Every opt-out, the wishes that wait for a second person, and a form to block a number."""
    asked = select(OptOut, Phone, Campaign).join(Phone, col(Phone.id) == col(OptOut.phone_id))
    asked = asked.outerjoin(Campaign, col(Campaign.id) == col(OptOut.campaign_id)).where(ours())
    phone = request.args.get("phone", "")
    if phone.isdecimal():
        asked = asked.where(OptOut.phone_id == int(phone))
    return render_template(
        "opt_outs/desk.html",
        page=table().page(g.session, asked, request.args),
        one=_one(phone),
        waiting=_waiting(),
        reasons=[(each.value, words) for each, words in money_words.CATEGORIES.items()],
        scopes=scope_options(),
        **_words(),
    )


def _words() -> dict[str, Any]:
    """What the templates of this desk need to name things."""
    return {
        "words": money_words,
        "scope_words": SCOPES,
        "kind_words": kind_words,
        "opener": vault(),
        "shown": shown,
        "until": lambda row: last_day(row, zone()),
        "sources": source_words,
        "decides": may(g.roles, "lift_opt_outs"),
        "whole": may(g.roles, "export_whole_numbers"),
    }


def source_words(source: str) -> str:
    """How an opt-out came in, for people."""
    if source == DESK:
        return str(SOURCES["desk"])
    known_as = next((words for begins, words in SOURCES.items() if source.startswith(begins)), None)
    return str(known_as or source) + (source.removeprefix("list") if source.startswith("list ") else "")


def _one(phone: str) -> str:
    """The number to which the table is narrowed, masked; nothing where it is not."""
    row = g.session.get(Phone, int(phone)) if phone.isdecimal() else None
    return shown(vault(), row) if row else ""


def _waiting() -> list[Any]:
    asked = (
        select(LiftingRequest, OptOut, Phone, Staff)
        .join(OptOut, col(OptOut.id) == col(LiftingRequest.opt_out_id))
        .join(Phone, col(Phone.id) == col(OptOut.phone_id))
        .join(Staff, col(Staff.id) == col(LiftingRequest.asked_by_id))
        .where(LiftingRequest.centre_id == g.centre.id, col(LiftingRequest.answer).is_(None))
        .order_by(col(LiftingRequest.id))
    )
    return list(g.session.exec(asked.limit(100)).all())


@bp.post("/opt-outs/search")
@allows("block_numbers", again=show_desk)
def search() -> Any:
    """To the opt-outs of a number; the number itself stands in no address."""
    with filled_form() as form:
        number = number_in(form)
    phone = find(g.session, vault(), number.e164) if number else None
    if phone is None:
        raise NumberUnknown
    return redirect(f"/opt-outs?phone={phone.id}")


@bp.post("/opt-outs")
@allows("block_numbers", again=show_desk)
def block() -> Any:
    """Never ring this number again, at once."""
    with filled_form() as form:
        number = number_in(form, "new-number")
        category, reach = form.choice("new-category", Category), scope_in(form, "new-scope")
        ends = end_in(form, "new-until", category, reach)
        reason = form.text("new-reason", required=False, most=400)
    assert number is not None, "a form without a number is refused"
    phone = keep(g.session, vault(), number, now=g.now)
    opt_outs.block(
        g.session,
        phone,
        category=category,
        scope=reach.scope,
        campaign_kind=reach.kind,
        campaign_id=reach.campaign_id,
        source=DESK,
        centre_id=g.centre.id,
        reason=reason,
        expires_at=ends,
        rules=strictest(g.session, g.centre.id, reach.campaign),
        by=g.staff,
        now=g.now,
    )
    flash(_("The number is blocked at once; nobody calls it from now on."))
    return redirect(f"/opt-outs?phone={phone.id}")


@bp.get("/opt-outs/<int:opt_out_id>")
@allows("block_numbers")
def show_one(opt_out_id: int) -> str:
    """One opt-out: since when, why, by whom, and every wish to lift it with its answer."""
    row = _mine(opt_out_id)
    asked = select(LiftingRequest).where(LiftingRequest.opt_out_id == row.id).order_by(col(LiftingRequest.id))
    requests = g.session.exec(asked).all()
    names = {each.id: each.name for each in g.session.exec(select(Staff).where(Staff.centre_id == g.centre.id))}
    return render_template(
        "opt_outs/one.html",
        row=row,
        phone=g.session.get_one(Phone, row.phone_id),
        campaign=g.session.get(Campaign, row.campaign_id) if row.campaign_id else None,
        lifted=g.session.get(OptOutLifting, known(row.id)),
        over=bool(row.expires_at and row.expires_at <= g.now),
        requests=requests,
        open=next((each for each in requests if each.answer is None), None),
        names=names,
        **_words(),
    )


def _mine(opt_out_id: int) -> OptOut:
    row: OptOut | None = g.session.get(OptOut, opt_out_id)
    if row is None or row.centre_id not in (None, g.centre.id):
        raise NotFound
    return row


@bp.post("/opt-outs/<int:opt_out_id>/lift")
@allows("block_numbers", again=show_one)
def ask(opt_out_id: int) -> Any:
    """Wish that a number may be rung again; a colleague answers."""
    row = _mine(opt_out_id)
    with filled_form() as form:
        reason = form.text("reason", most=400)
    liftings.ask(g.session, row, reason=reason, by=g.staff, now=g.now, centre_id=g.centre.id)
    flash(_("Your wish waits for a colleague's answer; the number stays blocked until then."))
    return redirect(f"/opt-outs/{opt_out_id}")


@bp.post("/opt-outs/requests/<int:request_id>/approve")
@allows("lift_opt_outs", again=show_desk)
def approve(request_id: int) -> Any:
    """Agree that a number may be rung again."""
    liftings.approve(g.session, mine(g.session, LiftingRequest, request_id), by=g.staff, now=g.now)
    flash(_("The opt-out is lifted: the number may be called again."))
    return redirect("/opt-outs")


@bp.post("/opt-outs/requests/<int:request_id>/decline")
@allows("lift_opt_outs", again=show_desk)
def decline(request_id: int) -> Any:
    """Leave a number blocked."""
    wish = mine(g.session, LiftingRequest, request_id)
    with filled_form() as form:
        note = form.text(f"note-{request_id}", required=False, most=400)
    liftings.decline(g.session, wish, note=note, by=g.staff, now=g.now)
    flash(_("The number stays blocked."))
    return redirect("/opt-outs")

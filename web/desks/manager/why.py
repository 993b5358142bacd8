"""Why not dialled: of a number, with every contact that has it, and of a campaign in figures."""

from typing import Any

from flask import g, redirect, render_template
from sqlmodel import col, select

from outbound.campaigns.model import Campaign, CampaignState
from outbound.dialing import why_not
from outbound.dialing.tally import Tally, tally
from outbound.errors import NotFound
from outbound.overview.why import NeverMet, NotCallable, dials_said, phone_typed
from outbound.phones.model import Phone, shown
from web.desks import money_words
from web.desks.manager.desk import bp, vault
from web.forms import filled_form
from web.guard import allows, mine
from web.language import chosen_language


@bp.get("/why")
@allows("ask_why_not")
def ask_why() -> str:
    """One box for a number, and the campaigns."""
    asked = select(Campaign).where(Campaign.centre_id == g.centre.id, Campaign.state != CampaignState.CLOSED)
    campaigns = g.session.exec(asked.order_by(col(Campaign.name))).all()
    return render_template("manager/why.html", campaigns=campaigns)


@bp.post("/why")
@allows("ask_why_not", again=ask_why)
def find_number() -> Any:
    """To the number; it stands in no address."""
    with filled_form() as form:
        text = form.text("number", most=40)
        phone = None
        if text:
            try:
                phone = phone_typed(g.session, vault(), text)
            except (NotCallable, NeverMet) as refused:
                form.refuse("number", refused)
    assert phone is not None, "a form without a number is refused"
    return redirect(f"/manager/why/numbers/{phone.id}")


@bp.get("/why/numbers/<int:phone_id>")
@allows("ask_why_not")
def show_why_number(phone_id: int) -> str:
    """Everything that holds a number back."""
    phone = g.session.get(Phone, phone_id)
    if phone is None:
        raise NotFound
    found = why_not.of_number(g.session, phone, centre_id=g.centre.id, now=g.now)
    if not (found.contacts or found.blocks):
        raise NotFound
    return render_template(
        "manager/why_number.html",
        found=found,
        number=shown(vault(), phone),
        dials=dials_said(found.dials, chosen_language()),
        words=money_words,
    )


@bp.get("/campaigns/<int:campaign_id>/why")
@allows("ask_why_not")
def show_why_campaign(campaign_id: int) -> str:
    """How many are held back by what; of a campaign that is not open, as if it opened now."""
    campaign = mine(g.session, Campaign, campaign_id)
    return render_template(
        "manager/why_campaign.html", campaign=campaign, found=tally_of(campaign), dry=is_dry(campaign)
    )


def tally_of(campaign: Campaign) -> Tally:
    """A campaign in figures, as it is or as if it opened now."""
    return tally(g.session, campaign, now=g.now, as_if_open=is_dry(campaign))


def is_dry(campaign: Campaign) -> bool:
    """Whether the figures are those of a dry run: it has not opened yet, or is paused."""
    return campaign.state in (CampaignState.DRAFT, CampaignState.PAUSED)

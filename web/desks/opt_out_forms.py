"""From what a number is blocked and until when, as the forms of opt-outs ask for it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import g
from sqlmodel import select

from outbound import clock
from outbound.campaigns.definition import CampaignKind
from outbound.campaigns.model import Campaign
from outbound.campaigns.opt_out_ends import strictest
from outbound.opt_outs import verbs as opt_outs
from outbound.opt_outs.model import Category, Scope
from outbound.opt_outs.verbs import ExpiryTooEarly
from web.filters import zone
from web.forms import ChoiceUnknown, DayUnreadable, Form
from web.language import _, chosen_language, lazy_gettext

SCOPES = {
    Scope.ALL: lazy_gettext("every call"),
    Scope.CAMPAIGN_KIND: lazy_gettext("campaigns of one kind"),
    Scope.CAMPAIGN: lazy_gettext("one campaign"),
}


@dataclass(frozen=True)
class Reach:
    """From what a number is blocked: one campaign, all campaigns of a kind, or, without either, every call."""

    campaign: Campaign | None = None
    kind: CampaignKind | None = None

    @property
    def scope(self) -> Scope:
        """The scope of the opt-out."""
        return Scope.CAMPAIGN if self.campaign else Scope.CAMPAIGN_KIND if self.kind else Scope.ALL

    @property
    def campaign_id(self) -> int | None:
        """The number of the one campaign."""
        return self.campaign.id if self.campaign else None


def scope_options() -> list[tuple[str, Any]]:
    """What a number can be blocked from: every call, the campaigns of a kind, or one campaign of this centre."""
    asked = select(Campaign.id, Campaign.name).where(Campaign.centre_id == g.centre.id).order_by(Campaign.name)
    named = [(str(identity), _("only “%(name)s”", name=name)) for identity, name in g.session.exec(asked)]
    kinds = [(kind.value, _("every campaign of the kind “%(kind)s”", kind=kind_words(kind))) for kind in CampaignKind]
    return [("all", SCOPES[Scope.ALL]), *kinds, *named]


def reach_of(text: str) -> Reach | None:
    """What one of `scope_options` stands for; None where it is none of them."""
    if text == "all":
        return Reach()
    if text in set(CampaignKind):
        return Reach(kind=CampaignKind(text))
    campaign = g.session.get(Campaign, int(text)) if text.isdecimal() else None
    return Reach(campaign) if campaign is not None and campaign.centre_id == g.centre.id else None


def scope_in(form: Form, name: str) -> Reach:
    """From what a block holds off, as chosen."""
    reach = reach_of(form.text(name))
    if reach is None:
        form.refuse(name, ChoiceUnknown())
    return reach or Reach()


def end_in(form: Form, name: str, category: Category, reach: Reach) -> datetime | None:
    """When a block ends, as typed: the end of that day; None: never."""
    text = form.text(name, required=False)
    if not text:
        return None
    try:
        ends = clock.day_ends(date.fromisoformat(text), zone())
    except (ValueError, OverflowError):
        form.refuse(name, DayUnreadable(text=text))
        return None
    earliest = opt_outs.earliest_end(category, g.now, strictest(g.session, g.centre.id, reach.campaign))
    if ends < earliest or ends <= g.now:
        form.refuse(name, ExpiryTooEarly(earliest=clock.local_day(earliest, zone()).isoformat()))
    return ends


def kind_words(kind: str) -> str:
    """A kind of campaign, for people."""
    return CampaignKind(kind).words(chosen_language()) if kind in set(CampaignKind) else kind

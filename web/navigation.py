"""The desks, who sits at them, and where a role begins its day."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from outbound.people import Role
from web.language import lazy_gettext


@dataclass(frozen=True)
class Desk:
    """A desk: its first page, what it is called, and the roles that sit there."""

    path: str
    label: Any
    roles: frozenset[Role]
    besides: tuple[str, ...] = ()
    """Pages elsewhere that those who sit here see as part of their desk, unless they have a desk there."""

    def has(self, page: str) -> bool:
        """Whether a page is of this desk."""
        return _is_below(page, self.path)


DESKS = (
    Desk("/agent", lazy_gettext("Agent"), frozenset({Role.AGENT})),
    Desk("/verifier", lazy_gettext("Second confirmation"), frozenset({Role.VERIFIER})),
    Desk("/reviewer", lazy_gettext("Review"), frozenset({Role.REVIEWER})),
    Desk(
        "/supervisor",
        lazy_gettext("Supervision"),
        frozenset({Role.SUPERVISOR}),
        ("/manager", "/scripts", "/recordings", "/reviewer"),
    ),
    Desk("/manager", lazy_gettext("Management"), frozenset({Role.MANAGER})),
    Desk("/scripts", lazy_gettext("Scripts"), frozenset({Role.CARRIER, Role.BUSINESS_SUPPORT, Role.MANAGER})),
    Desk("/finance", lazy_gettext("Finance"), frozenset({Role.FINANCE}), ("/subscriptions",)),
    Desk("/care", lazy_gettext("Customer care"), frozenset({Role.CARE}), ("/subscriptions", "/notices")),
    Desk("/opt-outs", lazy_gettext("Opt-outs"), frozenset({Role.CARE, Role.SUPERVISOR, Role.MANAGER})),
    Desk("/quality", lazy_gettext("Quality"), frozenset({Role.SUPERVISOR, Role.MANAGER, Role.CARRIER})),
    Desk("/my-reviews", lazy_gettext("My reviews"), frozenset({Role.AGENT, Role.VERIFIER})),
    Desk("/recordings", lazy_gettext("Recordings"), frozenset({Role.REVIEWER, Role.MANAGER, Role.CARRIER})),
    Desk(
        "/subscriptions",
        lazy_gettext("Subscriptions"),
        frozenset({Role.MANAGER, Role.SUPERVISOR, Role.CARRIER}),
        ("/notices",),
    ),
)
"""In the order of the top bar; the first that fits is where somebody lands after signing in."""


def desks_of(roles: Collection[Role]) -> list[Desk]:
    """The desks at which somebody of these roles sits."""
    return [desk for desk in DESKS if not desk.roles.isdisjoint(roles)]


def desk_of(page: str, roles: Collection[Role]) -> Desk | None:
    """The desk to which a page belongs for somebody of these roles."""
    desks = desks_of(roles)
    own = (desk for desk in desks if desk.has(page))
    return next(own, None) or next((desk for desk in desks if _is_beside(page, desk)), None)


def _is_below(page: str, path: str) -> bool:
    return page == path or page.startswith(f"{path}/")


def _is_beside(page: str, desk: Desk) -> bool:
    return any(_is_below(page, path) for path in desk.besides)


def first_page(roles: Collection[Role]) -> str:
    """Where somebody of these roles goes after signing in."""
    desks = desks_of(roles)
    return desks[0].path if desks else "/me"


ROLE_NAMES = {
    Role.AGENT: lazy_gettext("agent"),
    Role.VERIFIER: lazy_gettext("verifier"),
    Role.REVIEWER: lazy_gettext("reviewer"),
    Role.SUPERVISOR: lazy_gettext("supervisor"),
    Role.MANAGER: lazy_gettext("manager"),
    Role.FINANCE: lazy_gettext("finance"),
    Role.CARRIER: lazy_gettext("carrier's approver"),
    Role.BUSINESS_SUPPORT: lazy_gettext("business support"),
    Role.CARE: lazy_gettext("customer care"),
}
"""What each role is called on pages."""

"""Which desk is lit in the top bar."""

import pytest

from outbound.people import Role
from web.navigation import desk_of


@pytest.mark.parametrize(
    ("page", "roles", "lit"),
    [
        ("/finance", {Role.FINANCE}, "/finance"),
        ("/subscriptions", {Role.FINANCE}, "/finance"),
        ("/subscriptions/7/evidence", {Role.CARE}, "/care"),
        ("/subscriptions", {Role.MANAGER, Role.FINANCE}, "/subscriptions"),
        ("/recordings/keeping", {Role.SUPERVISOR}, "/supervisor"),
        ("/manager/why", {Role.SUPERVISOR}, "/supervisor"),
        ("/manager/why", {Role.SUPERVISOR, Role.MANAGER}, "/manager"),
        ("/agents", {Role.AGENT}, None),
        ("/me", {Role.AGENT}, None),
    ],
)
def test_the_desk_to_which_a_page_belongs_is_lit(page: str, roles: set[Role], lit: str | None) -> None:
    desk = desk_of(page, roles)
    assert (desk.path if desk else None) == lit

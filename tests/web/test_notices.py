"""The queue of notices and the carrier's door: what failed is seen and sent again, replies and withdrawals come in."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlmodel import select

from outbound.notices import outbox
from outbound.notices.model import Notice, NoticeKind, NoticeState
from outbound.settings import Settings
from outbound.subscriptions.model import Subscription
from outbound.subscriptions.model import SubscriptionState as S
from tests.conftest import NOW, assert_no_violations, picture
from tests.messages import Gateway, approve_templates
from tests.web.shop import NUMBER, Shop

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]
TOKEN = "carriers-own-token"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"carrier_token": type(settings.carrier_token)(TOKEN)})


@pytest.fixture
def failed(shop: Shop, engine: Engine) -> Notice:
    """A notice that the gateway would not take."""
    approve_templates(shop.sales)
    shop.sales.sell(phone=shop.phone())
    shop.session.commit()
    outbox.send_due(engine, Gateway(fails="HTTP 503"), shop.vault, now=NOW)
    notice = shop.session.exec(select(Notice)).one()
    shop.session.refresh(notice)
    shop.session.commit()
    return notice


@pytest.fixture
def asked(shop: Shop, engine: Engine) -> Subscription:
    """A customer who said yes by voice and was asked for the SMS."""
    approve_templates(shop.sales)
    shop.sales.now = NOW
    shop.sales.campaign(requires="[voice, sms]")
    subscription = shop.sales.due(phone=shop.phone())
    shop.sales.confirm(subscription)
    shop.session.commit()
    outbox.send_due(engine, Gateway(), shop.vault, now=NOW + timedelta(minutes=5))
    shop.session.refresh(subscription)
    shop.session.commit()
    return subscription


def test_the_queue_says_what_failed_and_why(failed: Notice, client_as: ClientAs) -> None:
    page = client_as("care").get("/notices?state=waiting").text
    assert "HTTP 503" in page
    assert "138****5678" in page
    assert NUMBER not in client_as("care").get("/notices?export=csv").text


def test_a_failed_notice_is_sent_again_by_hand(failed: Notice, client_as: ClientAs, shop: Shop) -> None:
    assert "Send again now" in client_as("care").get(f"/notices/{failed.id}").text
    assert client_as("care").post(f"/notices/{failed.id}/resend").status_code == 302
    shop.session.expire_all()
    assert (failed.tries, failed.due_at) == (0, NOW)


@pytest.mark.parametrize(("login", "code"), [("supervisor", 403), ("agent", 403), ("finance", 403)])
def test_only_care_and_managers_send_again(failed: Notice, client_as: ClientAs, login: str, code: int) -> None:
    assert client_as(login).post(f"/notices/{failed.id}/resend").status_code == code


def test_another_centres_notices_are_not_seen(failed: Notice, client_as: ClientAs) -> None:
    client = client_as("outsider_manager")
    assert client.get(f"/notices/{failed.id}").status_code == 404
    assert "HTTP 503" not in client.get("/notices").text


# The carrier's door


def tell(client: FlaskClient, path: str, told: dict[str, Any], token: str = TOKEN) -> tuple[int, Any]:
    answer = client.post(f"/api/v1/{path}", json=told, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.get_json()


def test_a_reply_that_comes_in_confirms(asked: Subscription, client: FlaskClient, shop: Shop) -> None:
    reply = {"reference": "m1", "number": NUMBER, "text": "是", "at": NOW.isoformat()}
    assert tell(client, "notices/replies", reply) == (200, {"came_to": "yes"})
    shop.session.expire_all()
    assert asked.state == S.CONFIRMED


def test_a_receipt_that_comes_in_is_shown(
    asked: Subscription, client: FlaskClient, client_as: ClientAs, shop: Shop
) -> None:
    request = select(Notice).where(Notice.kind == NoticeKind.REPLY_REQUEST, Notice.state == NoticeState.SENT)
    key = shop.session.exec(request).one().key
    shop.session.commit()
    told = {"key": key, "delivered": False, "why": "switched off"}
    assert tell(client, "notices/receipts", told) == (200, {"came_to": "kept"})
    assert "no: switched off" in client_as("care").get("/notices").text


def test_a_withdrawal_that_comes_in_ends_it_once(asked: Subscription, client: FlaskClient, shop: Shop) -> None:
    told = {"number": NUMBER, "reason": "app"}
    came_to = [tell(client, "withdrawals", told)[1]["came_to"] for _again in range(2)]
    shop.session.expire_all()
    assert (came_to, asked.state) == (["cancelled", "ended"], S.CANCELLED)


@pytest.mark.parametrize("path", ["notices/receipts", "notices/replies", "withdrawals"])
def test_nobody_speaks_for_the_carrier_without_its_token(
    asked: Subscription, client: FlaskClient, client_as: ClientAs, path: str
) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "notices/receipts": {"key": "1", "delivered": True},
        "notices/replies": {"reference": "m1", "number": NUMBER, "text": "是", "at": NOW.isoformat()},
        "withdrawals": {"number": NUMBER},
    }
    assert tell(client, path, bodies[path], "another")[0] == 401
    assert client_as("manager").post(f"/api/v1/{path}", json=bodies[path]).status_code == 403
    assert client.post(f"/api/v1/{path}", json=bodies[path]).status_code == 401


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_can_be_read_by_everybody(failed: Notice, page_as: "Callable[..., Page]", language: str) -> None:
    page = page_as("care", language)
    for path, name in (("/notices", "queue"), (f"/notices/{failed.id}", "one"), ("/notices/replies", "replies")):
        page.goto(path)
        assert_no_violations(page)
        picture(page, f"notices-{name}-{language}")

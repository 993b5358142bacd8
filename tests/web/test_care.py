"""The care desk: one box for a number, its whole history, and answer, block, cancel, refer."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from sqlmodel import select

from outbound import complaints, sign_ins
from outbound.billing import charges
from outbound.complaints import Settlement
from outbound.opt_outs.model import Category, OptOut
from outbound.opt_outs.verbs import block
from outbound.people import Centre
from outbound.phones.model import Phone
from outbound.subscriptions.model import Subscription, SubscriptionState, Withdrawal
from qa.review.model import ReviewTask
from tests.conftest import NOW, Cast, assert_no_violations, picture
from tests.web.shop import NUMBER, Shop

if TYPE_CHECKING:
    from playwright.sync_api import Page

ClientAs = Callable[..., FlaskClient]


@pytest.fixture
def customer(shop: Shop) -> Subscription:
    """A charged customer of the number NUMBER, whose row has the number 1."""
    subscription = shop.charged()
    shop.session.commit()
    return subscription


def again(shop: Shop, subscription: Subscription) -> Subscription:
    """The subscription as it is stored now."""
    shop.session.expire_all()
    found = shop.session.get_one(Subscription, subscription.id)
    # A transaction left open would keep the console from writing.
    shop.session.commit()
    return found


# Finding


@pytest.mark.parametrize("typed", [NUMBER, "138 1234 5678", "+86 138-1234-5678", "１３８１２３４５６７８"])
def test_a_number_is_found_however_it_is_written(customer: Subscription, client_as: ClientAs, typed: str) -> None:
    assert client_as("care").post("/care", data={"number": typed}).location == "/care/numbers/1"


def test_the_number_itself_stands_in_no_address(customer: Subscription, client_as: ClientAs) -> None:
    client = client_as("care")
    location = client.post("/care", data={"number": NUMBER}).location
    page = client.get(location).text
    assert NUMBER not in location + page
    assert "138****5678" in page


@pytest.mark.parametrize(
    ("typed", "said"), [("10086", "service number"), ("abc", "not a number"), ("", "Fill this in")]
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_is_no_number_is_told_at_the_box_and_stays_in_it(client_as: ClientAs, typed: str, said: str) -> None:
    answer = client_as("care").post("/care", data={"number": typed})
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{typed}"' in answer.text


def test_a_number_never_met_can_be_blocked_all_the_same(shop: Shop, cast: Cast, client_as: ClientAs) -> None:
    client = client_as("care")
    unknown = client.post("/care", data={"number": "13987654321"})
    assert unknown.status_code == 404
    assert "Block this number" in unknown.text
    answer = client.post("/care/unknown/block", data={"number": "13987654321"})
    assert "blocked" in client.get(answer.location).text
    assert shop.session.exec(select(OptOut)).one().by_id == cast.care.id


def test_another_centres_customer_is_not_found(customer: Subscription, shop: Shop, client_as: ClientAs) -> None:
    from outbound import people

    with_care = shop.session.get_one(Centre, shop.cast.xm.id)
    outsider = people.add_staff(
        shop.session,
        centre=with_care,
        login="xm-care",
        name="Xm Care",
        password="long enough",
        roles={people.Role.CARE},
        by=None,
        now=NOW,
    )
    shop.session.commit()
    client = client_as("care")
    token = sign_ins.sign_in(shop.session, outsider, hours=1, now=NOW)
    shop.session.commit()
    with client.session_transaction() as cookie:
        cookie["token"] = token
    assert client.get("/care/numbers/1").status_code == 404
    assert client.post("/care", data={"number": NUMBER}).status_code == 404
    assert client.post("/care/numbers/1/subscriptions/1/cancel").status_code == 404


# The history


def test_everything_that_happened_stands_on_one_time_line(customer: Subscription, client_as: ClientAs) -> None:
    page = client_as("care").get("/care/numbers/1").text
    told = [
        "Charged ¥5.00",
        "Subscription 1: charged",
        "Subscription 1: confirmed",
        "Second confirmation: Confirmed",
        "Subscription 1: on trial",
        "First call: Sold",
        "On the list list.csv as 王秀英",
    ]
    places = [page.index(each) for each in told]
    assert places == sorted(places)
    assert page.count("<audio") == 2


def test_blocks_complaints_and_holds_are_on_it(
    customer: Subscription, shop: Shop, cast: Cast, client_as: ClientAs
) -> None:
    phone = shop.session.get_one(Phone, 1)
    shop.sales.confirmed(phone=None)
    facts = {"grievance": complaints.Grievance.NEVER_ORDERED, "said": "我没办过"}
    complaints.take(shop.session, cast.fz, phone, **facts, by=cast.care, now=NOW)  # type: ignore[arg-type]
    block(shop.session, phone, category=Category.COMPLAINT, source="care desk", centre_id=1, by=cast.care, now=NOW)
    shop.session.commit()
    page = client_as("care").get("/care/numbers/1").text
    for told in ("Complaint: Never ordered it", "我没办过", "Blocked: After a complaint", "charge held"):
        assert told in page, told


# Answer


def test_never_ordered_holds_the_charge_at_once(shop: Shop, client_as: ClientAs) -> None:
    subscription = shop.confirmed()
    shop.session.commit()
    data = {"grievance": "never_ordered", "said": "我没办过", "about": "1"}
    client_as("care").post("/care/numbers/1/complaints", data=data)
    assert charges.obstacle(shop.session, again(shop, subscription)) == "held"


def test_a_complaint_waits_on_the_desk_until_it_is_settled(customer: Subscription, client_as: ClientAs) -> None:
    client = client_as("care")
    client.post("/care/numbers/1/complaints", data={"grievance": "price", "said": "太贵了"})
    assert "太贵了" in client.get("/care").text
    client.post("/care/numbers/1/complaints/1/settle", data={"answer-1": "已解释资费", "upheld-1": "no"})
    assert "太贵了" not in client.get("/care").text


def test_an_upheld_never_ordered_ends_it_and_takes_the_charge_back(
    customer: Subscription, shop: Shop, client_as: ClientAs
) -> None:
    client = client_as("care")
    client.post("/care/numbers/1/complaints", data={"grievance": "never_ordered", "said": "我没办过"})
    client.post("/care/numbers/1/complaints/1/settle", data={"answer-1": "已退费", "upheld-1": "yes"})
    assert again(shop, customer).state == SubscriptionState.CANCELLED
    assert shop.sales.balance(customer) == 0


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"grievance": "", "said": "x"}, 'id="grievance-error"'),
        ({"grievance": "price", "said": ""}, 'id="said-error">Fill this in.'),
        ({"grievance": "price", "said": "x", "about": "99"}, "Choose one of the options shown."),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_complaint_without_its_words_is_told_at_the_field(
    customer: Subscription, client_as: ClientAs, data: dict[str, str], told: str
) -> None:
    answer = client_as("care").post("/care/numbers/1/complaints", data=data)
    assert answer.status_code == 422
    assert told in answer.text


@pytest.mark.parametrize(
    "data", [{"answer-1": "", "upheld-1": "no"}, {"answer-1": "x"}, {"answer-1": "x", "upheld-1": "?"}]
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_complaint_is_not_settled_without_answer_and_verdict(
    customer: Subscription, shop: Shop, client_as: ClientAs, data: dict[str, str]
) -> None:
    client = client_as("care")
    client.post("/care/numbers/1/complaints", data={"grievance": "price", "said": "太贵了"})
    assert client.post("/care/numbers/1/complaints/1/settle", data=data).status_code == 422
    assert shop.session.exec(select(Settlement)).all() == []


# Block, cancel, refer


def test_a_block_holds_at_once(customer: Subscription, shop: Shop, client_as: ClientAs, cast: Cast) -> None:
    data = {"category": "refusal", "block-reason": "别再打了"}
    client_as("care").post("/care/numbers/1/block", data=data)
    opt_out = shop.session.exec(select(OptOut)).one()
    assert (opt_out.phone_id, opt_out.category, opt_out.reason) == (1, "refusal", "别再打了")
    assert (opt_out.source, opt_out.by_id) == ("care desk", cast.care.id)


def test_cancelling_ends_the_subscription_and_tells_the_carrier(
    customer: Subscription, shop: Shop, client_as: ClientAs
) -> None:
    client = client_as("care")
    client.post("/care/numbers/1/subscriptions/1/cancel", data={"why-1": "不需要了"})
    assert again(shop, customer).state == SubscriptionState.CANCELLED
    assert shop.session.get_one(Withdrawal, customer.id).reason == "不需要了"
    assert shop.sales.told(customer)[-1] == "cancel"
    assert "No subscription is running." in client.get("/care/numbers/1").text


def test_a_call_is_referred_to_a_reviewer_once(customer: Subscription, shop: Shop, client_as: ClientAs) -> None:
    client = client_as("care")
    for _time in range(2):
        answer = client.post("/care/numbers/1/recordings/1/refer")
    assert "is asked to review this call" in client.get(answer.location).text
    [task] = shop.session.exec(select(ReviewTask)).all()
    assert (task.recording_id, task.source) == (1, "targeted")


@pytest.mark.parametrize("path", ["complaints/1/settle", "subscriptions/1/cancel", "recordings/1/refer"])
def test_another_numbers_things_are_not_touched(
    customer: Subscription, shop: Shop, client_as: ClientAs, path: str
) -> None:
    client = client_as("care")
    client.post("/care/numbers/1/complaints", data={"grievance": "price", "said": "太贵了"})
    shop.sold("13987654321")
    shop.session.commit()
    data = {"answer-1": "x", "upheld-1": "no"}
    assert client.post(f"/care/numbers/2/{path}", data=data).status_code == 404
    assert again(shop, customer).state == SubscriptionState.CHARGED


@pytest.mark.parametrize("login", ["agent", "verifier", "reviewer", "finance", "carrier", "manager"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_others_do_not_come_in(customer: Subscription, client_as: ClientAs, login: str) -> None:
    client = client_as(login)
    assert client.get("/care").status_code == 403
    assert client.get("/care/numbers/1").status_code == 403
    assert client.post("/care/numbers/1/subscriptions/1/cancel").status_code == 403


# In the browser


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("language", "theme"), [("zh", "light"), ("zh", "dark"), ("en", "light"), ("en", "dark")])
def test_the_desk_can_be_worked_by_everybody(
    shop: Shop, cast: Cast, page_as: "Callable[..., Page]", live: str, language: str, theme: str
) -> None:
    shop.confirmed()
    shop.session.commit()
    page = page_as("care", language)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": live}])
    page.goto("/care")
    page.wait_for_selector("#number:focus")
    page.keyboard.type(NUMBER)
    page.keyboard.press("Enter")
    page.wait_for_url("**/care/numbers/1")
    page.select_option("#grievance", "never_ordered")
    page.fill("#said", "我没有办过这个业务，为什么扣费？")
    page.click("form[data-keep=complaint] button")
    page.wait_for_selector("form[data-keep=settle-1]")
    picture(page, f"care-number-{language}-{theme}", full=True)
    assert_no_violations(page)
    page.keyboard.press("Escape")
    page.wait_for_url("**/care")
    picture(page, f"care-desk-{language}-{theme}")
    assert_no_violations(page)


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_cancelling_asks_once_more(shop: Shop, page_as: "Callable[..., Page]") -> None:
    subscription = shop.confirmed()
    shop.session.commit()
    page = page_as("care")
    page.goto("/care/numbers/1")
    page.click("form[action$=cancel] button")
    page.click("#confirm [value=no]")
    assert again(shop, subscription).state == SubscriptionState.CONFIRMED
    page.click("form[action$=cancel] button")
    page.click("#confirm [value=yes]")
    page.wait_for_selector(".notice-good")
    assert again(shop, subscription).state == SubscriptionState.CANCELLED

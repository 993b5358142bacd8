"""Credits of sellers and verifiers: they follow the ledger."""

from datetime import timedelta

from outbound.billing import charges
from outbound.billing.credits import Credit, Part, credits_of
from outbound.quality.agents import file_of
from tests.conftest import NOW, Cast
from tests.sales import Sales

LATER = NOW + timedelta(days=8)


def credited(sales: Sales, *, days: int = 30) -> list[Credit]:
    sales.session.flush()
    return credits_of(sales.session, sales.centre, NOW, NOW + timedelta(days=days))


def test_a_charged_sale_is_a_success_of_its_seller_and_its_verifier(sales: Sales, cast: Cast) -> None:
    sales.confirmed()
    sales.due()
    charges.run(sales.session, sales.centre, now=LATER)
    assert credited(sales) == [
        Credit(cast.agent.id or 0, Part.SELLER, charged=1, reversed=0, standing_fen=500),
        Credit(cast.verifier.id or 0, Part.VERIFIER, charged=1, reversed=0, standing_fen=500),
    ]


def test_a_reversed_sale_is_no_success_of_either(sales: Sales, cast: Cast) -> None:
    taken_back = sales.confirmed()
    sales.confirmed()
    charges.run(sales.session, sales.centre, now=LATER)
    charges.reverse_all(sales.session, taken_back, why="complaint", by=cast.care, now=LATER + timedelta(days=60))
    assert [(credit.charged, credit.standing, credit.standing_fen) for credit in credited(sales)] == [(2, 1, 500)] * 2


def test_a_sale_counts_once_however_many_months_are_charged(sales: Sales) -> None:
    sales.confirmed()
    for days in (8, 40, 70):
        charges.run(sales.session, sales.centre, now=NOW + timedelta(days=days))
    assert [(credit.charged, credit.standing_fen) for credit in credited(sales)] == [(1, 1500)] * 2


def test_a_sale_counts_in_the_period_of_its_first_charge(sales: Sales) -> None:
    sales.confirmed()
    charges.run(sales.session, sales.centre, now=LATER)
    charges.run(sales.session, sales.centre, now=LATER + timedelta(days=31))
    assert credited(sales, days=8) == []
    assert len(credits_of(sales.session, sales.centre, LATER + timedelta(days=1), LATER + timedelta(days=60))) == 0


def test_another_centres_sales_are_not_counted_here(sales: Sales, cast: Cast) -> None:
    sales.confirmed()
    charges.run(sales.session, sales.centre, now=LATER)
    assert credits_of(sales.session, cast.xm, NOW, LATER + timedelta(days=1)) == []


def test_the_file_of_each_tells_what_stands_of_their_sales(sales: Sales, cast: Cast) -> None:
    taken_back = sales.confirmed()
    sales.confirmed()
    charges.run(sales.session, sales.centre, now=LATER)
    charges.reverse_all(sales.session, taken_back, why="complaint", by=cast.care, now=LATER)
    seller, verifier, other = (
        file_of(sales.session, sales.centre, person, NOW.date(), LATER.date())
        for person in (cast.agent, cast.verifier, cast.second_agent)
    )
    assert [(seller.sold.charged, seller.sold.standing), (verifier.confirmed.charged, verifier.confirmed.standing)] == [
        (2, 1),
        (2, 1),
    ]
    assert (seller.confirmed.charged, verifier.sold.charged, other.sold.charged) == (0, 0, 0)

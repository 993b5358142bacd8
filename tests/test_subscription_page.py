"""docs/subscription.md is drawn from the table of transitions, and nothing else."""

from outbound.subscriptions.diagram import PAGE, page
from outbound.subscriptions.model import SubscriptionState


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m outbound.subscriptions.diagram`"


def test_every_state_is_drawn() -> None:
    assert [state for state in SubscriptionState if f"--> {state}: " not in page()] == []

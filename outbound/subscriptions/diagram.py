"""docs/subscription.md, drawn from the table of transitions: `python -m outbound.subscriptions.diagram` writes it."""

import sys
from collections.abc import Iterator
from pathlib import Path

from outbound.subscriptions.model import FINAL
from outbound.subscriptions.model import SubscriptionState as S
from outbound.subscriptions.transitions import SOLD, TRANSITIONS, Transition

PAGE = Path(__file__).parents[2] / "docs" / "subscription.md"
HEAD = """# The life of a subscription

Drawn from `outbound/subscriptions/transitions.py` by `python -m outbound.subscriptions.diagram`; a test holds this page
against the table. Every step is checked against its guard when it is taken, is told to the carrier and to the customer
in the same transaction, and stands in the history of the subscription and in the journal.
"""


def page() -> str:
    """The whole page, as Markdown with a Mermaid diagram."""
    return "\n".join([HEAD, *_diagram(), "", *_table(), "", *_states(), ""])


def _diagram() -> Iterator[str]:
    yield from ("```mermaid", "stateDiagram-v2")
    for event, step in TRANSITIONS.items():
        for before, after in _ways(step):
            yield f"    {before} --> {after}: {event}"
    yield from (f"    {state} --> [*]" for state in S if state in FINAL)
    yield "```"


def _ways(step: Transition) -> Iterator[tuple[str, str]]:
    if step.before == SOLD:
        yield "[*]", str(step.after)
    for before in (state for state in S if state in step.before):
        for after in [step.after] if step.after else _found_in():
            yield before, after


def _found_in() -> list[S]:
    """Where a review may find a subscription whose sale it fails; what was charged is reversed first."""
    return [state for state in S if state in TRANSITIONS["review_failed"].before - {S.CHARGED}]


def _table() -> Iterator[str]:
    yield "| event | from | to | only if | the carrier is told | the customer is told | journal |"
    yield "|---|---|---|---|---|---|---|"
    for event, step in TRANSITIONS.items():
        before = ", ".join(f"`{state}`" for state in S if state in step.before) or "the sale"
        after = f"`{step.after}`" if step.after else "where the review found it"
        tells, notifies = (f"`{told}`" if told else "" for told in (step.tells, step.notifies))
        yield f"| `{event}` | {before} | {after} | {step.guard.en} | {tells} | {notifies} | `{step.journal}` |"


def _states() -> Iterator[str]:
    yield "| state | in words | 中文 |"
    yield "|---|---|---|"
    for state in S:
        yield f"| `{state}` | {state.words('en')} | {state.words('zh')} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")

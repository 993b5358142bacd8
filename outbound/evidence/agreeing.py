"""Whether what the evidence tells is what the journal recorded at the time: each fact has its row, and the reverse.

The journal's rows are proved under an anchor, so that a fact that somebody edited later, even with the centre's own
database and key, contradicts a row that nobody can edit any more.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from outbound.evidence.faults import Fault, Wrong, fault
from outbound.subscriptions.model import FINAL, SubscriptionState

STATES = frozenset(map(str, SubscriptionState))
"""As the journal names what a subscription became."""
BACK = "corrected"
"""The journal's word for a subscription that went back to where a review had found it."""
Said = tuple[str, str]
"""A fact as evidence and journal can both tell it: the journal's action and subject, and what it says of it."""


def disagreements(found: dict[str, Any], rows: Iterable[dict[str, Any]]) -> Iterator[Fault]:
    """What stands in only one of the two."""
    told, recorded = Counter(_told(found)), Counter(_recorded(rows))
    for said in sorted((told - recorded).elements()):
        yield fault(Wrong.NOT_JOURNALLED, fact=_fact(said))
    for said in sorted((recorded - told).elements()):
        yield fault(Wrong.NOT_TOLD, fact=_fact(said))


def _fact(said: Said) -> str:
    return f"{said[0]}: {said[1]}"


def _said(action: str, subject: Any, **facts: Any) -> Said:
    return f"{action} {subject}", json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _told(found: dict[str, Any]) -> Iterator[Said]:
    subscription = found["subscription"]["id"]
    for call in found["calls"]:
        yield from _told_of_call(call)
    for step in found["decisions"]:
        back = step["before"] == SubscriptionState.CORRECTION_DUE and step["after"] not in FINAL
        state = BACK if back else step["after"]
        yield _said("subscription", subscription, state=state, at=step["at"])
    for entry in found["ledger"]:
        if entry["kind"] == "charge":
            yield _said("charge", subscription, cycle=entry["cycle"], fen=entry["amount_fen"], at=entry["at"])
        else:
            yield _said("reversal", subscription, cycle=entry["cycle"], at=entry["at"])
    for complaint in found["complaints"]:
        yield _said("complaint", complaint["id"], grievance=complaint["grievance"], at=complaint["at"])


def _told_of_call(call: dict[str, Any]) -> Iterator[Said]:
    yield _said("dialled", call["id"], script=call["script"]["id"], at=call["dialled_at"])
    if call["outcome"]:
        yield _said("wrapped up", call["id"], outcome=call["outcome"]["code"], marks=call["self_marks"])
    if call["recording"]:
        yield _said("recording", call["recording"]["id"], sha256=call["recording"]["sha256"])
    for review in call["reviews"]:
        marks = {mark["criterion"]: mark["mark"] for mark in review["marks"]}
        yield _said("review", review["id"], verdict=review["verdict"], marks=marks, at=review["at"])
    yield from _told_of_confirmation(call["confirmation"])


def _told_of_confirmation(latest: dict[str, Any] | None) -> Iterator[Said]:
    for each in [*latest["earlier"], latest] if latest else []:
        if each["restored"]:
            yield _said("restored", each["id"], at=each["at"])
        elif each["kind"] == "second":
            yield _said("confirmation", each["id"], result=each["result"], at=each["at"])


def _recorded(rows: Iterable[dict[str, Any]]) -> Iterator[Said]:
    for row in rows:
        about, at = json.loads(row["details"]), row["at"]
        subject, action = row["subject_id"], row["action"]
        match action:
            case "call.dialled":
                yield _said("dialled", subject, script=about.get("script_version"), at=at)
            case "call.wrapped_up":
                yield _said("wrapped up", subject, outcome=about.get("outcome"), marks=about.get("marks", {}))
            case "recording.kept":
                yield _said("recording", subject, sha256=about.get("sha256"))
            case "call.reviewed" | "review.changed":
                yield _said("review", subject, verdict=about.get("verdict"), marks=about.get("marks", {}), at=at)
            case "confirmation.recorded":
                yield _said("confirmation", subject, result=about.get("result"), at=at)
            case "confirmation.restored":
                yield _said("restored", subject, at=at)
            case "complaint.taken":
                yield _said("complaint", subject, grievance=about.get("grievance"), at=at)
            case "subscription.charge":
                yield _said("charge", subject, cycle=about.get("cycle"), fen=about.get("amount_fen"), at=at)
            case "subscription.reversed":
                yield _said("reversal", subject, cycle=about.get("cycle"), at=at)
            case _ if action.startswith("subscription.") and action.partition(".")[2] in STATES | {BACK}:
                yield _said("subscription", subject, state=action.partition(".")[2], at=at)

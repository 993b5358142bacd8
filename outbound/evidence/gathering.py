"""The evidence of one subscription: everything on which its charge rests, or what is missing, on one page."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlmodel import Session, col, select

from outbound import complaints
from outbound.anchors import anchoring
from outbound.billing import charges
from outbound.billing import model as billing
from outbound.billing.charges import Obstacle
from outbound.call_lists.model import Contact
from outbound.calls.model import Call, Outcome, SelfMark, Tick
from outbound.campaigns.model import Campaign, CampaignVersion
from outbound.compliance import Criterion
from outbound.confirmations.model import Confirmation, ConfirmationVoid
from outbound.documents import DocumentFaulty
from outbound.evidence import rows
from outbound.journal import JournalHead, broken_links
from outbound.notices.model import Notice, NoticeReceipt, NoticeTry
from outbound.people import Centre, Staff, known
from outbound.phones.model import Phone, shown
from outbound.phones.vault import Vault
from outbound.recordings.model import Recording
from outbound.subscriptions.model import StateChange, Subscription, Withdrawal
from qa.review.model import Correction, Review, ReviewMark, ReviewTask
from scripts.language import content_hash
from scripts.model import PitchScript, ScriptDecision, ScriptVersion

Evidence = dict[str, Any]
"""Plain values that dump to JSON: text, numbers, lists, dicts; instants in ISO 8601 and UTC, money in 分."""

LONGEST_WHOLE_CHAIN = 50_000
"""Entries up to which a chain is held against its hashes whole; beyond, the subscription's own rows and neighbours."""

_PEOPLE = frozenset({"by_id", "agent_id", "seller_id", "reviewer_id", "taken_by_id", "actor_id"})
"""Columns that hold a member of staff; in the evidence that person stands under the name without `_id`."""

CHECKS: dict[str, tuple[Obstacle, ...]] = {
    "sale_passed": (Obstacle.FIRST_NOT_PASSED,),
    "sale_stands": (Obstacle.FIRST_NOT_PASSED, Obstacle.FIRST_VOID),
    "sale_recorded": (Obstacle.FIRST_NOT_PASSED, Obstacle.FIRST_VOID, Obstacle.FIRST_NOT_RECORDED),
    "confirmed_by_another": (Obstacle.SECOND_NOT_PASSED,),
    "confirmation_stands": (Obstacle.SECOND_NOT_PASSED, Obstacle.SECOND_VOID),
    "confirmation_recorded": (Obstacle.SECOND_NOT_PASSED, Obstacle.SECOND_VOID, Obstacle.SECOND_NOT_RECORDED),
    "not_withdrawn": (Obstacle.WITHDRAWN,),
    "not_held": (Obstacle.HELD,),
}
"""What a charge rests on, and what says that it is missing; behind an earlier obstacle there is nothing to look at."""


def gather(session: Session, vault: Vault, subscription: Subscription) -> Evidence:
    """Everything stored about a subscription, as plain values, with the verdict at the top. Raises WrongNumberKey."""
    found = Gathering(session, vault, subscription)
    calls = found.calls()
    return {
        "verdict": found.verdict(),
        "subscription": found.terms(),
        "calls": calls,
        "decisions": found.decisions(),
        "withdrawal": found.told(session.get(Withdrawal, subscription.id), "via reason at by_id"),
        "holds": found.holds(),
        "corrections": found.corrections(),
        "ledger": found.ledger(),
        "instructions": found.instructions(),
        "complaints": found.complaints(),
        "notices": found.notices(),
        "journal": found.journal(),
    }


class Gathering:
    """One subscription, looked at from every side."""

    def __init__(self, session: Session, vault: Vault, subscription: Subscription) -> None:
        """Nothing is changed; numbers are shown masked."""
        self.session, self.vault, self.subscription = session, vault, subscription
        self.id = known(subscription.id)
        self.person, self.script = cache(self._person), cache(self._script)

    def verdict(self) -> Evidence:
        """Charged, chargeable or not, and on what grounds."""
        lacking = list(charges.obstacles(self.session, self.subscription))
        entries = self._rows(billing.LedgerEntry)
        balance = sum(entry.amount_fen for entry in entries)
        word = "charged" if balance else "reversed" if entries else "not_chargeable" if lacking else "chargeable"
        return {
            "word": word,
            "balance_fen": balance,
            "missing": [{"obstacle": str(each), "zh": each.words("zh"), "en": each.words("en")} for each in lacking],
            "checks": {check: _holds(check, lacking) for check in CHECKS},
            "chargeable_from": _plain(self.subscription.chargeable_from),
        }

    def terms(self) -> Evidence:
        """What was agreed, with whom, under which version of the campaign."""
        version = self.session.get_one(CampaignVersion, self.subscription.campaign_version_id)
        centre = self.session.get_one(Centre, self.subscription.centre_id)
        return {
            **self.told(
                self.subscription,
                "id state offer_name price_fen cycle trial_days trial_starts_on trial_ends_on made_at seller_id "
                "sale_call_id recalls before_correction",
            ),
            "centre": centre.code,
            "zone": centre.zone,
            "campaign": self.session.get_one(Campaign, self.subscription.campaign_id).name,
            "campaign_version": version.number,
            "offer": version.document.get("offer"),
            "customer": self.session.get_one(Contact, self.subscription.contact_id).name,
            "number": shown(self.vault, self.session.get_one(Phone, self.subscription.phone_id)),
        }

    def calls(self) -> list[Evidence]:
        """Every call to the customer in this campaign, in order; the consent calls with what they came to."""
        return [self._call(call) for call in rows.calls_of(self.session, self.subscription)]

    def _call(self, call: Call) -> Evidence:
        outcome = self.session.get(Outcome, call.outcome_code) if call.outcome_code else None
        marks = self.session.exec(select(SelfMark).where(SelfMark.call_id == call.id)).all()
        recording = next(iter(self._of_call(Recording, call)), None)
        kept = "id reference sha256 size codec channels seconds valid invalid_reason kept_at"
        return {
            **self.told(call, "id reference duty dialled_at ended_at callback_at note answers agent_id"),
            "outcome": self.told(outcome, "code zh en"),
            "confirmation": self._confirmation(call),
            "script": self.script(call.script_version_id),
            "ticks": self._ticks(call),
            "self_marks": {str(mark.criterion): str(mark.mark) for mark in _in_order(marks)},
            "recording": self.told(recording, kept),
            "reviews": [self._review(review) for review in self._of_call(Review, call)],
        }

    def _confirmation(self, call: Call) -> Evidence | None:
        *earlier, confirmation = [None, *self._of_call(Confirmation, call)]
        if confirmation is None:
            return None
        latest = charges.latest_of(self.session, self.subscription, confirmation.kind)
        facts = "id kind result restored at by_id"
        return {
            **self.told(confirmation, facts),
            "earlier": [self.told(each, facts) for each in earlier if each],
            "latest": latest is not None and latest.id == confirmation.id,
            "void": self.told(self.session.get(ConfirmationVoid, confirmation.id), "reason at by_id"),
        }

    def _script(self, version_id: int) -> Evidence:
        version = self.session.get_one(ScriptVersion, version_id)
        asked = select(ScriptDecision).where(ScriptDecision.version_id == version_id, col(ScriptDecision.approved))
        approvals = self.session.exec(asked.order_by(col(ScriptDecision.id))).all()
        return {
            "name": self.session.get_one(PitchScript, version.script_id).name,
            **self.told(version, "id number content_hash in_force_at"),
            "unchanged": _is_unchanged(version),
            "approvals": [self.told(each, "party at by_id") for each in approvals],
        }

    def _ticks(self, call: Call) -> list[Evidence]:
        asked = select(Tick).where(Tick.call_id == call.id).order_by(col(Tick.second), Tick.step)
        return [
            {**self.told(tick, "step second"), "disclosures": tick.disclosures.split(",") if tick.disclosures else []}
            for tick in self.session.exec(asked)
        ]

    def _review(self, review: Review) -> Evidence:
        marks = self.session.exec(select(ReviewMark).where(ReviewMark.review_id == review.id)).all()
        return {
            **self.told(review, "id version why_changed at verdict comment reviewer_id"),
            "source": str(self.session.get_one(ReviewTask, review.task_id).source),
            "marks": [
                self.told(mark, "criterion asked_zh asked_en mark second reason also note") for mark in _in_order(marks)
            ],
        }

    def decisions(self) -> list[Evidence]:
        """Every step of its life: from, to, why, by whom, in which call."""
        return [self.told(change, "before after why call_id at by_id") for change in self._rows(StateChange)]

    def holds(self) -> list[Evidence]:
        """What forbade the charge for a time, and who lifted it."""
        holds = [
            (held, self.session.get(billing.ChargeHoldLifting, held.id)) for held in self._rows(billing.ChargeHold)
        ]
        facts = "reason at by_id"
        return [{**self.told(held, f"id {facts}"), "lifted": self.told(lifted, facts)} for held, lifted in holds]

    def corrections(self) -> list[Evidence]:
        """Calls that had to put the sale right."""
        facts = "id review_id failed_call_id state made_at closed_at closing_call_id"
        return [self.told(row, facts) for row in self._rows(Correction)]

    def ledger(self) -> list[Evidence]:
        """Charges and reversals, in 分."""
        facts = "id cycle kind amount_fen confirmation_id reverses_id why at"
        return [self.told(entry, facts) for entry in self._rows(billing.LedgerEntry)]

    def instructions(self) -> list[Evidence]:
        """What the carrier was told, in which batch it left, and what the carrier answered."""
        return [self._instruction(row) for row in self._rows(billing.Instruction)]

    def _instruction(self, row: billing.Instruction) -> Evidence:
        batch = self.session.get(billing.InstructionBatch, row.batch_id) if row.batch_id else None
        answer = self.session.exec(
            select(billing.Acknowledgement).where(billing.Acknowledgement.instruction_id == row.id)
        ).first()
        return {
            **self.told(row, "id key kind amount_fen effective_on ledger_entry_id made_at"),
            "batch": self.told(batch, "id number sha256 at"),
            "acknowledgement": self.told(answer, "accepted reason at"),
        }

    def complaints(self) -> list[Evidence]:
        """Complaints about this subscription, and those of its number that name none."""
        return [
            {
                **self.told(row, "id grievance said at taken_by_id"),
                "settlement": self.told(complaints.settlement_of(self.session, row), "answer upheld at by_id"),
            }
            for row in rows.complaints_about(self.session, self.subscription)
        ]

    def notices(self) -> list[Evidence]:
        """What the customer was told in writing, what became of it, and what came back."""
        facts = "id kind key language text state expects valid_until confirmation_id made_at sent_at"
        return [
            {
                **self.told(row, facts),
                "tries": [self.told(each, "why at") for each in rows.of_notice(self.session, NoticeTry, row)],
                "receipts": [
                    self.told(each, "delivered why at") for each in rows.of_notice(self.session, NoticeReceipt, row)
                ],
                "replies": [
                    {**self.told(reply, "id reference text at"), "meaning": str(match.meaning)}
                    for match, reply in rows.replies_to(self.session, row)
                ],
            }
            for row in self._rows(Notice)
        ]

    def journal(self) -> Evidence:
        """Those rows with their hashes, and whether their chain holds."""
        chain, entries = self.subscription.centre_id, rows.entries_about(self.session, self.subscription)
        head = self.session.get(JournalHead, chain)
        facts = "sequence at action subject_kind subject_id details previous_hash hash actor_id"
        whole = head is None or head.length <= LONGEST_WHOLE_CHAIN
        broken = broken_links(self.session, chain) if whole else list(rows.broken(self.session, entries))
        return {
            "chain": chain,
            "length": head.length if head else 0,
            "head": head.hash if head else "",
            "checked": "whole" if whole else "rows",
            "holds": not broken,
            "broken": broken,
            "anchor": self.told(anchoring.latest(self.session, chain), "length root at"),
            "entries": [self.told(entry, facts) for entry in entries],
        }

    def _rows(self, model: Any) -> list[Any]:
        asked = select(model).where(model.subscription_id == self.id).order_by(col(model.id))
        return list(self.session.exec(asked).all())

    def _of_call(self, model: Any, call: Call) -> list[Any]:
        return list(self.session.exec(select(model).where(model.call_id == call.id).order_by(col(model.id))).all())

    def told(self, row: Any, names: str) -> Any:
        """The named facts of a row, a person under the name of what they did; None of no row."""
        if row is None:
            return None
        return dict(self._fact(name, getattr(row, name)) for name in names.split())

    def _fact(self, name: str, value: Any) -> tuple[str, Any]:
        return (name.removesuffix("_id"), self.person(value)) if name in _PEOPLE else (name, _plain(value))

    def _person(self, staff_id: int | None) -> Evidence | None:
        staff = self.session.get(Staff, staff_id) if staff_id else None
        return {"id": staff.id, "name": staff.name, "number": staff.number} if staff else None


def _in_order(marks: Sequence[Any]) -> list[Any]:
    """Marks in the order in which they are asked."""
    return sorted(marks, key=lambda given: list(Criterion).index(given.criterion))


def _holds(check: str, lacking: Sequence[Obstacle]) -> bool | None:
    *before, own = CHECKS[check]
    return None if set(before) & set(lacking) else own not in lacking


def _is_unchanged(version: ScriptVersion) -> bool:
    try:
        return content_hash(version.source) == version.content_hash
    except DocumentFaulty:
        return False


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value

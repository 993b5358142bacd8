"""The promises, derived again from the stored rows without the verbs that wrote them."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from outbound.journal import broken_links, chains

_CHARGES = """
SELECT e.id, e.subscription_id FROM ledger_entry e
JOIN subscription s ON s.id = e.subscription_id
LEFT JOIN confirmation c ON c.id = e.confirmation_id
WHERE e.kind = 'charge' AND NOT EXISTS (SELECT 1 FROM ledger_entry r WHERE r.reverses_id = e.id) AND (
    c.id IS NULL OR c.kind <> 'second' OR c.result <> 'passed' OR c.subscription_id <> e.subscription_id
    OR c.by_id = s.seller_id OR e.amount_fen <> s.price_fen OR c.at > e.at
    OR EXISTS (SELECT 1 FROM confirmation_void v WHERE v.confirmation_id = c.id)
    OR EXISTS (SELECT 1 FROM withdrawal w WHERE w.subscription_id = s.id AND w.at < e.at)
    OR NOT EXISTS (SELECT 1 FROM recording r WHERE r.call_id = c.call_id AND r.valid)
    OR (SELECT count(*) FROM self_mark m WHERE m.call_id = c.call_id AND m.mark = 'pass') <> 4)
"""
_CHECKS: dict[str, str] = {
    "charge_without_valid_second_confirmation": _CHARGES,
    "charged_twice_in_a_cycle": """
        SELECT min(id) AS id, subscription_id FROM ledger_entry WHERE kind = 'charge'
        GROUP BY subscription_id, cycle HAVING count(*) > 1""",
    "charge_instruction_without_ledger_entry": """
        SELECT i.id, i.subscription_id FROM instruction i LEFT JOIN ledger_entry e ON e.id = i.ledger_entry_id
        WHERE i.kind = 'charge' AND (e.id IS NULL OR e.amount_fen <> i.amount_fen)""",
    "number_with_two_agents": """
        SELECT min(id) AS id, phone_id FROM claim WHERE ended_at IS NULL
        GROUP BY phone_id HAVING count(*) > 1""",
    "call_without_used_token": """
        SELECT c.id, c.phone_id FROM call c LEFT JOIN dial_token t ON t.id = c.dial_token_id
        WHERE t.id IS NULL OR t.used_at IS NULL OR t.phone_id <> c.phone_id""",
    "call_after_block": """
        SELECT c.id, c.phone_id FROM call c JOIN opt_out o ON o.phone_id = c.phone_id
        WHERE o.scope = 'all' AND c.dialled_at > o.at AND (o.expires_at IS NULL OR o.expires_at > c.dialled_at)
        AND NOT EXISTS (SELECT 1 FROM opt_out_lifting l WHERE l.opt_out_id = o.id AND l.at <= c.dialled_at)""",
    "review_by_the_caller": """
        SELECT r.id, r.call_id FROM review r JOIN call c ON c.id = r.call_id WHERE c.agent_id = r.reviewer_id""",
    "import_does_not_add_up": """
        SELECT l.id, l.rows FROM call_list l
        WHERE l.rows <> l.accepted + l.duplicate + l.invalid + l.suppressed
        OR l.accepted <> (SELECT count(*) FROM contact c WHERE c.call_list_id = l.id)""",
}


def broken_promises(session: Session) -> list[dict[str, Any]]:
    """Every stored row at which a promise does not hold: the promise, and the row's columns; empty where all hold."""
    found = [
        {"promise": promise, **row}
        for promise, question in _CHECKS.items()
        for row in session.execute(sa.text(question)).mappings()
    ]
    for chain in chains(session):
        found += [{"promise": "journal_chain", "chain": chain, "sequence": at} for at in broken_links(session, chain)]
    return found

"""Nobody is billed without two valid calls: each charge derived again from what it rests on.

A charge that was taken back is no charge any more; every other one must stand on all of this.
"""

_STANDING = """ledger_entry e JOIN subscription s ON s.id = e.subscription_id
    LEFT JOIN confirmation c ON c.id = e.confirmation_id
    WHERE e.kind = 'charge' AND NOT EXISTS (SELECT 1 FROM ledger_entry r WHERE r.reverses_id = e.id)"""
_HEARD = """EXISTS (SELECT 1 FROM recording h WHERE h.call_id = {of}.call_id AND h.valid)
    AND (SELECT count(*) FROM self_mark m WHERE m.call_id = {of}.call_id AND m.mark = 'pass') = 4
    AND NOT EXISTS (SELECT 1 FROM confirmation_void v WHERE v.confirmation_id = {of}.id)"""
_FAILED = """EXISTS (SELECT 1 FROM review w WHERE w.call_id = {of}.call_id AND w.verdict = 'invalid' AND w.at <= e.at
    AND NOT EXISTS (SELECT 1 FROM review x WHERE x.task_id = w.task_id AND x.version > w.version))"""

CHECKS: dict[str, str] = {
    "charge_without_valid_second_confirmation": f"""
        SELECT e.id, e.subscription_id FROM {_STANDING} AND (c.id IS NULL OR c.kind <> 'second'
        OR c.result <> 'passed' OR c.subscription_id <> e.subscription_id OR c.by_id = s.seller_id OR c.at > e.at
        OR EXISTS (SELECT 1 FROM confirmation l WHERE l.subscription_id = e.subscription_id AND l.kind = 'second'
            AND l.id > c.id AND l.at <= e.at)
        OR NOT ({_HEARD.format(of="c")}))""",
    "charge_without_valid_sale": f"""
        SELECT e.id, e.subscription_id FROM {_STANDING} AND NOT EXISTS (SELECT 1 FROM confirmation f
            WHERE f.subscription_id = e.subscription_id AND f.kind = 'first' AND f.result = 'passed' AND f.at <= e.at
            AND {_HEARD.format(of="f")})""",
    "charge_of_a_call_that_failed_review": f"""
        SELECT e.id, e.subscription_id FROM {_STANDING} AND {_FAILED.format(of="c")}""",
    "charge_of_another_amount": f"""
        SELECT e.id, e.subscription_id, e.amount_fen FROM {_STANDING} AND e.amount_fen <> s.price_fen""",
    "charge_after_withdrawal": f"""
        SELECT e.id, e.subscription_id FROM {_STANDING}
        AND EXISTS (SELECT 1 FROM withdrawal w WHERE w.subscription_id = s.id AND w.at < e.at)""",
    "charge_within_the_trial": f"""
        SELECT e.id, e.subscription_id, e.cycle FROM {_STANDING}
        AND (s.trial_ends_on IS NULL OR CAST(s.trial_ends_on AS TEXT) >= e.cycle)""",
    "charge_under_a_hold": f"""
        SELECT e.id, e.subscription_id FROM {_STANDING} AND EXISTS (SELECT 1 FROM charge_hold h
            WHERE h.subscription_id = s.id AND h.at <= e.at AND NOT EXISTS (SELECT 1 FROM charge_hold_lifting l
                WHERE l.charge_hold_id = h.id AND l.at <= e.at))""",
    "charge_without_reply": f"""
        SELECT e.id, e.subscription_id FROM {_STANDING}
        AND EXISTS (SELECT 1 FROM campaign_version d WHERE d.id = s.campaign_version_id AND d.needs_reply)
        AND NOT EXISTS (SELECT 1 FROM reply_match m JOIN notice n ON n.id = m.notice_id
            JOIN reply a ON a.id = m.reply_id WHERE m.subscription_id = s.id AND m.meaning = 'yes'
            AND a.phone_id = n.phone_id AND a.at <= e.at AND n.sent_at IS NOT NULL
            AND n.confirmation_id IN (SELECT o.id FROM confirmation o WHERE o.call_id = c.call_id))""",
    "charged_twice_in_a_cycle": """
        SELECT min(id) AS id, subscription_id FROM ledger_entry WHERE kind = 'charge'
        GROUP BY subscription_id, substr(cycle, 1, 7) HAVING count(*) > 1""",
    "charge_not_in_the_journal": """
        SELECT e.id, e.subscription_id FROM ledger_entry e WHERE e.kind = 'charge'
        AND NOT EXISTS (SELECT 1 FROM journal_entry j WHERE j.subject_kind = 'subscription'
            AND j.subject_id = e.subscription_id AND j.action = 'subscription.charge' AND j.at = e.at
            AND j.details LIKE '%"amount_fen":' || e.amount_fen || ',%')""",
}

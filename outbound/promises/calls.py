"""One number, one agent; no call to a blocked number; every row of a list accounted for; scripts as approved."""

_OPEN_TWICE = """
        SELECT min(id) AS id, {column} FROM claim WHERE ended_at IS NULL
        GROUP BY {column} HAVING count(*) > 1"""
_BLOCKED = """opt_out o ON o.phone_id = {row}.phone_id JOIN campaign g ON g.id = {row}.campaign_id
        WHERE (o.scope = 'all' OR o.campaign_id = g.id OR o.campaign_kind = g.kind)
        AND {row}.{instant} > o.at AND (o.expires_at IS NULL OR o.expires_at > {row}.{instant})
        AND NOT EXISTS (SELECT 1 FROM opt_out_lifting l WHERE l.opt_out_id = o.id AND l.at <= {row}.{instant})"""

CHECKS: dict[str, str] = {
    "number_with_two_agents": _OPEN_TWICE.format(column="phone_id"),
    "contact_with_two_agents": _OPEN_TWICE.format(column="contact_id"),
    "agent_with_two_contacts": _OPEN_TWICE.format(column="agent_id"),
    "claim_out_of_order": """
        SELECT k.id, k.contact_id FROM claim k LEFT JOIN contact c ON c.id = k.contact_id
        WHERE c.id IS NULL OR k.epoch > c.epoch OR k.ended_at < k.claimed_at OR k.lease_until < k.claimed_at
        OR (k.ended_at IS NULL) <> (k.ended_how IS NULL)""",
    "claim_taken_twice": """
        SELECT min(id) AS id, contact_id FROM claim GROUP BY contact_id, epoch HAVING count(*) > 1""",
    "call_without_used_token": """
        SELECT c.id, c.phone_id FROM call c LEFT JOIN dial_token t ON t.id = c.dial_token_id
        WHERE t.id IS NULL OR t.used_at IS NULL OR t.voided_at IS NOT NULL OR t.phone_id <> c.phone_id""",
    "token_without_its_call": """
        SELECT t.id, t.phone_id FROM dial_token t WHERE t.used_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM call c WHERE c.dial_token_id = t.id)""",
    "token_used_out_of_time": """
        SELECT t.id, t.phone_id FROM dial_token t WHERE t.used_at IS NOT NULL
        AND (t.used_at < t.issued_at OR t.used_at >= t.expires_at)""",
    "call_against_its_claim": """
        SELECT c.id, c.claim_id FROM call c LEFT JOIN claim k ON k.id = c.claim_id
        WHERE k.id IS NULL OR k.agent_id <> c.agent_id OR k.contact_id <> c.contact_id OR k.phone_id <> c.phone_id
        OR k.campaign_id <> c.campaign_id OR k.duty <> c.duty OR c.dialled_at < k.claimed_at""",
    "call_after_block": f"""
        SELECT c.id, c.phone_id FROM call c JOIN {_BLOCKED.format(row="c", instant="dialled_at")}""",
    "token_after_block": f"""
        SELECT t.id, t.phone_id FROM dial_token t JOIN {_BLOCKED.format(row="t", instant="issued_at")}""",
    "token_outlived_a_block": """
        SELECT t.id, t.phone_id FROM dial_token t JOIN opt_out o ON o.phone_id = t.phone_id
        WHERE o.scope = 'all' AND t.issued_at <= o.at AND t.used_at IS NULL AND t.voided_at IS NULL""",
    "lifted_by_one_person": """
        SELECT l.opt_out_id, l.request_id FROM opt_out_lifting l LEFT JOIN lifting_request r ON r.id = l.request_id
        WHERE r.id IS NULL OR r.opt_out_id <> l.opt_out_id OR r.answer IS NULL OR r.answer <> 'approved'
        OR l.asked_by_id = l.approved_by_id OR r.asked_by_id <> l.asked_by_id
        OR r.answered_by_id <> l.approved_by_id""",
    "import_does_not_add_up": """
        SELECT l.id, l.rows FROM call_list l
        WHERE l.rows <> l.accepted + l.duplicate + l.invalid + l.suppressed
        OR l.accepted <> (SELECT count(*) FROM contact c WHERE c.call_list_id = l.id AND c.state = 'queued')
            + (SELECT count(*) FROM contact c WHERE c.call_list_id = l.id AND c.state = 'closed')""",
    "refused_rows_do_not_add_up": """
        SELECT l.id, l.rows FROM call_list l LEFT JOIN (SELECT call_list_id,
            sum(CASE WHEN fault = 'duplicate' THEN 1 ELSE 0 END) AS twice,
            sum(CASE WHEN fault = 'invalid' THEN 1 ELSE 0 END) AS unfit,
            sum(CASE WHEN fault = 'suppressed' THEN 1 ELSE 0 END) AS blocked
            FROM refused_row GROUP BY call_list_id) r ON r.call_list_id = l.id
        WHERE l.published_at IS NOT NULL AND (l.duplicate <> coalesce(r.twice, 0)
            OR l.invalid <> coalesce(r.unfit, 0) OR l.suppressed <> coalesce(r.blocked, 0))""",
    "call_not_in_the_journal": """
        SELECT c.id, c.contact_id FROM call c WHERE NOT EXISTS (SELECT 1 FROM journal_entry j
            WHERE j.subject_kind = 'call' AND j.subject_id = c.id AND j.action = 'call.dialled'
            AND j.at = c.dialled_at)""",
    "call_without_approved_script": """
        SELECT c.id, c.script_version_id FROM call c LEFT JOIN script_version v ON v.id = c.script_version_id
        WHERE v.id IS NULL OR v.in_force_at IS NULL OR v.in_force_at > c.dialled_at OR v.centre_id <> c.centre_id""",
    "script_in_force_unapproved": """
        SELECT v.id, v.script_id FROM script_version v WHERE v.in_force_at IS NOT NULL
        AND (SELECT count(DISTINCT d.party) FROM script_decision d WHERE d.version_id = v.id AND d.approved
            AND d.at <= v.in_force_at) <> 2""",
}

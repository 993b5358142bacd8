"""What a subscription is must follow from its calls, their marks and their reviews, and from its own history."""

_OF_KIND = """EXISTS (SELECT 1 FROM confirmation c WHERE c.subscription_id = s.id AND c.kind = '{kind}'
    AND c.result = 'passed' {also} AND NOT EXISTS (SELECT 1 FROM confirmation_void v WHERE v.confirmation_id = c.id))"""
_LAST_VERSION = "NOT EXISTS (SELECT 1 FROM review x WHERE x.task_id = r.task_id AND x.version > r.version)"

CHECKS: dict[str, str] = {
    "subscription_without_its_sale": """
        SELECT s.id, s.sale_call_id FROM subscription s LEFT JOIN call k ON k.id = s.sale_call_id
        WHERE k.id IS NULL OR k.agent_id <> s.seller_id OR k.contact_id <> s.contact_id OR k.phone_id <> s.phone_id
        OR k.campaign_id <> s.campaign_id OR k.centre_id <> s.centre_id OR k.duty <> 'pitch'""",
    "sale_without_subscription": """
        SELECT k.id, k.contact_id FROM call k JOIN outcome o ON o.code = k.outcome_code
        WHERE o.after = 'consent' AND k.duty = 'pitch'
        AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.contact_id = k.contact_id)""",
    "yes_without_four_marks": """
        SELECT k.id, k.contact_id FROM call k JOIN outcome o ON o.code = k.outcome_code
        WHERE o.after = 'consent' AND (SELECT count(*) FROM self_mark m WHERE m.call_id = k.id) <> 4""",
    "passed_without_four_passes": """
        SELECT c.id, c.subscription_id FROM confirmation c WHERE c.result = 'passed'
        AND (SELECT count(*) FROM self_mark m WHERE m.call_id = c.call_id AND m.mark = 'pass') <> 4""",
    "confirmation_of_another_call": """
        SELECT c.id, c.subscription_id FROM confirmation c JOIN subscription s ON s.id = c.subscription_id
        LEFT JOIN call k ON k.id = c.call_id WHERE k.id IS NULL OR k.agent_id <> c.by_id
        OR k.contact_id <> s.contact_id OR (c.kind = 'first') <> (k.duty IN ('pitch', 'recall', 'correction'))""",
    "confirmed_by_the_seller": """
        SELECT c.id, c.subscription_id FROM confirmation c JOIN subscription s ON s.id = c.subscription_id
        WHERE c.kind = 'second' AND c.by_id = s.seller_id""",
    "active_without_valid_sale": f"""
        SELECT s.id, s.state FROM subscription s
        WHERE s.state IN ('trial', 'confirming', 'extended', 'confirmed', 'charged')
        AND NOT {_OF_KIND.format(kind="first", also="")}""",
    "confirmed_without_second_yes": f"""
        SELECT s.id, s.state FROM subscription s WHERE s.state IN ('confirmed', 'charged')
        AND NOT {_OF_KIND.format(kind="second", also="AND c.by_id <> s.seller_id")}""",
    "charged_without_ledger_entry": """
        SELECT s.id, s.state FROM subscription s WHERE s.state = 'charged'
        AND NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.subscription_id = s.id AND e.kind = 'charge')""",
    "state_not_from_its_history": """
        SELECT s.id, s.state FROM subscription s LEFT JOIN state_change h ON h.id = (SELECT max(l.id)
            FROM state_change l WHERE l.subscription_id = s.id) WHERE h.id IS NULL OR h.after <> s.state""",
    "history_with_a_gap": """
        SELECT h.id, h.subscription_id FROM (SELECT id, subscription_id, before,
            lag(after) OVER (PARTITION BY subscription_id ORDER BY id) AS was FROM state_change) h
        WHERE coalesce(h.before, '') <> coalesce(h.was, '') OR h.was IN ('cancelled', 'lapsed', 'void')""",
    "extended_twice": """
        SELECT min(id) AS id, subscription_id FROM state_change WHERE after = 'extended' AND why = 'not_reached'
        GROUP BY subscription_id HAVING count(*) > 1""",
    "step_not_in_the_journal": """
        SELECT h.id, h.subscription_id FROM state_change h WHERE NOT EXISTS (SELECT 1 FROM journal_entry j
            WHERE j.subject_kind = 'subscription' AND j.subject_id = h.subscription_id AND j.at = h.at
            AND j.action IN ('subscription.' || h.after, 'subscription.corrected'))""",
    "review_by_the_caller": """
        SELECT r.id, r.call_id FROM review r JOIN call k ON k.id = r.call_id WHERE k.agent_id = r.reviewer_id""",
    "review_of_another_recording": """
        SELECT r.id, r.call_id FROM review r LEFT JOIN recording h ON h.id = r.recording_id
        WHERE h.id IS NULL OR h.call_id IS NULL OR h.call_id <> r.call_id""",
    "verdict_against_its_marks": """
        SELECT r.id, r.verdict FROM review r LEFT JOIN (SELECT review_id, count(*) AS marks,
            sum(CASE WHEN mark = 'fail' THEN 1 ELSE 0 END) AS fails,
            sum(CASE WHEN mark = 'unsure' THEN 1 ELSE 0 END) AS doubts
            FROM review_mark GROUP BY review_id) m ON m.review_id = r.id
        WHERE coalesce(m.marks, 0) <> 4 OR r.verdict <> CASE WHEN m.fails > 0 THEN 'invalid'
            WHEN m.doubts > 0 THEN 'unsure' ELSE 'valid' END""",
    "failed_review_without_consequence": f"""
        SELECT r.id, r.call_id FROM review r JOIN confirmation c ON c.call_id = r.call_id AND c.result = 'passed'
        JOIN subscription s ON s.id = c.subscription_id
        WHERE r.verdict = 'invalid' AND {_LAST_VERSION} AND s.state NOT IN ('cancelled', 'lapsed', 'void')
        AND NOT EXISTS (SELECT 1 FROM confirmation l
            WHERE l.subscription_id = s.id AND l.kind = c.kind AND l.id > c.id)
        AND NOT EXISTS (SELECT 1 FROM confirmation_void v WHERE v.confirmation_id = c.id)""",
    "mark_not_in_the_journal": """
        SELECT m.call_id, m.criterion FROM self_mark m WHERE NOT EXISTS (SELECT 1 FROM journal_entry j
            WHERE j.subject_kind = 'call' AND j.subject_id = m.call_id AND j.action = 'call.wrapped_up'
            AND j.details LIKE '%"' || m.criterion || '":"' || m.mark || '"%')""",
    "review_not_in_the_journal": """
        SELECT m.review_id, m.criterion FROM review_mark m JOIN review r ON r.id = m.review_id
        WHERE NOT EXISTS (SELECT 1 FROM journal_entry j WHERE j.subject_kind = 'review' AND j.subject_id = r.id
            AND j.action IN ('call.reviewed', 'review.changed') AND j.at = r.at
            AND j.details LIKE '%"' || m.criterion || '":"' || m.mark || '"%'
            AND j.details LIKE '%"verdict":"' || r.verdict || '"%')""",
    "recording_not_in_the_journal": """
        SELECT h.id, h.call_id FROM recording h WHERE NOT EXISTS (SELECT 1 FROM journal_entry j
            WHERE j.subject_kind = 'recording' AND j.subject_id = h.id AND j.action = 'recording.kept'
            AND j.details LIKE '%"sha256":"' || h.sha256 || '"%')""",
    "tombstone_of_another_recording": """
        SELECT d.recording_id FROM recording_deletion d LEFT JOIN recording h ON h.id = d.recording_id
        WHERE h.id IS NULL OR h.sha256 <> d.sha256 OR d.at < h.kept_at""",
}

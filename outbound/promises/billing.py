"""The ledger and what the carrier was told: reversals, instructions and batches add up."""

_STRUCK = """(e.kind = 'reversal' AND e.why = 'carrier_rejected' AND EXISTS (SELECT 1 FROM instruction told
    JOIN difference_settlement d ON d.instruction_id = told.id AND d.decision = 'accept'
    WHERE told.ledger_entry_id = e.reverses_id AND told.kind = 'charge'))"""
"""A charge that the carrier never made is struck from the ledger, and there is nothing to tell."""

CHECKS: dict[str, str] = {
    "reversal_without_its_charge": """
        SELECT e.id, e.subscription_id FROM ledger_entry e LEFT JOIN ledger_entry o ON o.id = e.reverses_id
        WHERE e.kind = 'reversal' AND (o.id IS NULL OR o.kind <> 'charge' OR o.amount_fen <> -e.amount_fen
            OR o.subscription_id <> e.subscription_id OR o.cycle <> e.cycle OR o.at > e.at)""",
    "charge_reversed_twice": """
        SELECT min(id) AS id, reverses_id FROM ledger_entry WHERE kind = 'reversal'
        GROUP BY reverses_id HAVING count(*) > 1""",
    "ledger_entry_not_told": f"""
        SELECT e.id, e.subscription_id FROM ledger_entry e WHERE (SELECT count(*) FROM instruction i
            WHERE i.ledger_entry_id = e.id AND i.repeats_id IS NULL AND i.amount_fen = e.amount_fen
            AND i.subscription_id = e.subscription_id AND (i.kind = 'charge') = (e.kind = 'charge'))
            <> CASE WHEN {_STRUCK} THEN 0 ELSE 1 END""",
    "charge_instruction_without_ledger_entry": """
        SELECT i.id, i.subscription_id FROM instruction i LEFT JOIN ledger_entry e ON e.id = i.ledger_entry_id
        WHERE i.kind IN ('charge', 'reverse') AND (e.id IS NULL OR e.amount_fen <> i.amount_fen
            OR e.subscription_id <> i.subscription_id)""",
    "charge_instruction_told_twice": """
        SELECT min(id) AS id, ledger_entry_id FROM instruction
        WHERE ledger_entry_id IS NOT NULL AND repeats_id IS NULL
        GROUP BY ledger_entry_id HAVING count(*) > 1""",
    "ledger_and_instructions_differ": f"""
        SELECT t.centre_id, t.ledger_fen, t.told_fen FROM (SELECT z.id AS centre_id,
            coalesce((SELECT sum(e.amount_fen) FROM ledger_entry e
                WHERE e.centre_id = z.id AND NOT {_STRUCK}), 0) AS ledger_fen,
            coalesce((SELECT sum(i.amount_fen) FROM instruction i
                WHERE i.centre_id = z.id AND i.repeats_id IS NULL), 0) AS told_fen
            FROM centre z) t WHERE t.ledger_fen <> t.told_fen""",
    "active_without_activation": """
        SELECT s.id, s.state FROM subscription s WHERE s.trial_starts_on IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM instruction i WHERE i.subscription_id = s.id AND i.kind = 'activate')""",
    "ended_without_cancellation": """
        SELECT s.id, s.state FROM subscription s
        WHERE s.trial_starts_on IS NOT NULL AND s.state IN ('cancelled', 'lapsed')
        AND NOT EXISTS (SELECT 1 FROM instruction i WHERE i.subscription_id = s.id AND (i.kind = 'cancel'
            OR (i.kind = 'activate' AND EXISTS (SELECT 1 FROM difference_settlement d
                WHERE d.instruction_id = i.id AND d.decision = 'accept'))))""",
    "batch_does_not_add_up": """
        SELECT b.id, b.number FROM instruction_batch b LEFT JOIN (SELECT batch_id, count(*) AS told,
            sum(amount_fen) AS fen FROM instruction GROUP BY batch_id) i ON i.batch_id = b.id
        WHERE b.count <> coalesce(i.told, 0) OR b.sum_fen <> coalesce(i.fen, 0)""",
    "batch_missing": """
        SELECT centre_id, max(number) AS last_number FROM instruction_batch
        GROUP BY centre_id HAVING max(number) <> count(*) OR min(number) <> 1""",
    "answer_to_what_never_left": """
        SELECT a.id, a.instruction_id FROM acknowledgement a LEFT JOIN instruction i ON i.id = a.instruction_id
        WHERE i.batch_id IS NULL""",
}

CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry BEGIN SELECT RAISE(ABORT, 'journal_entry is append-only'); END
;;
CREATE TRIGGER journal_entry_no_delete BEFORE DELETE ON journal_entry BEGIN SELECT RAISE(ABORT, 'journal_entry is append-only'); END
;;
CREATE TRIGGER journal_entry_no_replace BEFORE INSERT ON journal_entry WHEN EXISTS (SELECT 1 FROM journal_entry WHERE chain = NEW.chain AND sequence = NEW.sequence OR id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: journal_entry is append-only'); END
;;
CREATE TRIGGER journal_anchor_no_update BEFORE UPDATE ON journal_anchor BEGIN SELECT RAISE(ABORT, 'journal_anchor is append-only'); END
;;
CREATE TRIGGER journal_anchor_no_delete BEFORE DELETE ON journal_anchor BEGIN SELECT RAISE(ABORT, 'journal_anchor is append-only'); END
;;
CREATE TRIGGER journal_anchor_no_replace BEFORE INSERT ON journal_anchor WHEN EXISTS (SELECT 1 FROM journal_anchor WHERE chain = NEW.chain AND length = NEW.length OR id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: journal_anchor is append-only'); END
;;
CREATE TRIGGER journal_block_no_update BEFORE UPDATE ON journal_block BEGIN SELECT RAISE(ABORT, 'journal_block is append-only'); END
;;
CREATE TRIGGER journal_block_no_delete BEFORE DELETE ON journal_block BEGIN SELECT RAISE(ABORT, 'journal_block is append-only'); END
;;
CREATE TRIGGER journal_block_no_replace BEFORE INSERT ON journal_block WHEN EXISTS (SELECT 1 FROM journal_block WHERE chain = NEW.chain AND number = NEW.number) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: journal_block is append-only'); END
;;
CREATE TRIGGER anchor_outing_no_update BEFORE UPDATE ON anchor_outing BEGIN SELECT RAISE(ABORT, 'anchor_outing is append-only'); END
;;
CREATE TRIGGER anchor_outing_no_delete BEFORE DELETE ON anchor_outing BEGIN SELECT RAISE(ABORT, 'anchor_outing is append-only'); END
;;
CREATE TRIGGER anchor_outing_no_replace BEFORE INSERT ON anchor_outing WHEN EXISTS (SELECT 1 FROM anchor_outing WHERE anchor_id = NEW.anchor_id AND place = NEW.place) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: anchor_outing is append-only'); END
;;
CREATE TRIGGER calendar_decision_no_update BEFORE UPDATE ON calendar_decision BEGIN SELECT RAISE(ABORT, 'calendar_decision is append-only'); END
;;
CREATE TRIGGER calendar_decision_no_delete BEFORE DELETE ON calendar_decision BEGIN SELECT RAISE(ABORT, 'calendar_decision is append-only'); END
;;
CREATE TRIGGER calendar_decision_no_replace BEFORE INSERT ON calendar_decision WHEN EXISTS (SELECT 1 FROM calendar_decision WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: calendar_decision is append-only'); END
;;
CREATE TRIGGER decreed_year_no_update BEFORE UPDATE ON decreed_year BEGIN SELECT RAISE(ABORT, 'decreed_year is append-only'); END
;;
CREATE TRIGGER decreed_year_no_delete BEFORE DELETE ON decreed_year BEGIN SELECT RAISE(ABORT, 'decreed_year is append-only'); END
;;
CREATE TRIGGER decreed_year_no_replace BEFORE INSERT ON decreed_year WHEN EXISTS (SELECT 1 FROM decreed_year WHERE centre_id = NEW.centre_id AND year = NEW.year) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: decreed_year is append-only'); END
;;
CREATE TRIGGER script_decision_no_update BEFORE UPDATE ON script_decision BEGIN SELECT RAISE(ABORT, 'script_decision is append-only'); END
;;
CREATE TRIGGER script_decision_no_delete BEFORE DELETE ON script_decision BEGIN SELECT RAISE(ABORT, 'script_decision is append-only'); END
;;
CREATE TRIGGER script_decision_no_replace BEFORE INSERT ON script_decision WHEN EXISTS (SELECT 1 FROM script_decision WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: script_decision is append-only'); END
;;
CREATE TRIGGER script_decision_not_the_author BEFORE INSERT ON script_decision FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'nobody approves their own script') WHERE NEW.approved AND EXISTS (SELECT 1 FROM script_version v WHERE v.id = NEW.version_id
        AND v.author_id = NEW.by_id);
END
;;
CREATE TRIGGER script_version_immutable BEFORE UPDATE ON script_version FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a submitted script version never changes') WHERE OLD.state <> 'draft' AND (NEW.source <> OLD.source OR NEW.content_hash <> OLD.content_hash
        OR NEW.number <> OLD.number OR NEW.author_id <> OLD.author_id OR NEW.script_id <> OLD.script_id);
END
;;
CREATE TRIGGER script_version_two_approvals BEFORE UPDATE ON script_version FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a script needs both approvals') WHERE NEW.state = 'in_force' AND OLD.state <> 'in_force' AND (SELECT count(DISTINCT d.party)
        FROM script_decision d WHERE d.version_id = NEW.id AND d.approved) < 2;
END
;;
CREATE TRIGGER script_version_begins_as_draft BEFORE INSERT ON script_version FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a script version begins as a draft') WHERE NEW.state <> 'draft';
END
;;
CREATE TRIGGER opt_out_no_update BEFORE UPDATE ON opt_out BEGIN SELECT RAISE(ABORT, 'opt_out is append-only'); END
;;
CREATE TRIGGER opt_out_no_delete BEFORE DELETE ON opt_out BEGIN SELECT RAISE(ABORT, 'opt_out is append-only'); END
;;
CREATE TRIGGER opt_out_no_replace BEFORE INSERT ON opt_out WHEN EXISTS (SELECT 1 FROM opt_out WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: opt_out is append-only'); END
;;
CREATE TRIGGER opt_out_lifting_no_update BEFORE UPDATE ON opt_out_lifting BEGIN SELECT RAISE(ABORT, 'opt_out_lifting is append-only'); END
;;
CREATE TRIGGER opt_out_lifting_no_delete BEFORE DELETE ON opt_out_lifting BEGIN SELECT RAISE(ABORT, 'opt_out_lifting is append-only'); END
;;
CREATE TRIGGER opt_out_lifting_no_replace BEFORE INSERT ON opt_out_lifting WHEN EXISTS (SELECT 1 FROM opt_out_lifting WHERE opt_out_id = NEW.opt_out_id OR request_id = NEW.request_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: opt_out_lifting is append-only'); END
;;
CREATE TRIGGER opt_out_lifting_asked_and_approved BEFORE INSERT ON opt_out_lifting FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a lifting is asked for by one person and approved by another') WHERE NOT EXISTS (SELECT 1 FROM lifting_request r WHERE r.id = NEW.request_id
        AND r.opt_out_id = NEW.opt_out_id AND r.asked_by_id = NEW.asked_by_id
        AND r.answer = 'approved' AND r.answered_by_id = NEW.approved_by_id);
END
;;
CREATE TRIGGER lifting_request_answered_once BEFORE UPDATE ON lifting_request FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a wish to lift an opt-out is answered once, and stays as it was asked') WHERE OLD.answer IS NOT NULL OR NEW.opt_out_id <> OLD.opt_out_id OR NEW.asked_by_id <> OLD.asked_by_id
        OR NEW.id <> OLD.id OR NEW.centre_id <> OLD.centre_id OR NEW.reason <> OLD.reason
        OR NEW.asked_at <> OLD.asked_at;
END
;;
CREATE TRIGGER lifting_request_never_deleted BEFORE DELETE ON lifting_request FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'wishes to lift an opt-out are kept') WHERE OLD.id IS NOT NULL;
END
;;
CREATE TRIGGER opt_out_takes_effect AFTER INSERT ON opt_out FOR EACH ROW BEGIN
    UPDATE phone SET version = version + 1  WHERE phone.id = NEW.phone_id;
    UPDATE dial_token SET voided_at = NEW.at  WHERE dial_token.phone_id = NEW.phone_id
        AND used_at IS NULL AND voided_at IS NULL AND (NEW.scope = 'all' OR dial_token.campaign_id = NEW.campaign_id
        OR dial_token.campaign_id IN (SELECT id FROM campaign WHERE kind = NEW.campaign_kind));
    UPDATE claim SET ended_at = NEW.at, ended_how = 'blocked'
        WHERE claim.phone_id = NEW.phone_id
        AND ended_at IS NULL AND (NEW.scope = 'all' OR claim.campaign_id = NEW.campaign_id
        OR claim.campaign_id IN (SELECT id FROM campaign WHERE kind = NEW.campaign_kind))
        AND NOT EXISTS (SELECT 1 FROM call WHERE call.claim_id = claim.id);
    UPDATE contact SET state = 'closed', closed_why = 'opted_out'
        WHERE contact.phone_id = NEW.phone_id
        AND state = 'queued' AND (NEW.scope = 'all' OR contact.campaign_id = NEW.campaign_id
        OR contact.campaign_id IN (SELECT id FROM campaign WHERE kind = NEW.campaign_kind));
END
;;
CREATE TRIGGER call_list_stays_published BEFORE UPDATE OF published_at ON call_list FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a published call list stays published') WHERE OLD.published_at IS NOT NULL AND NEW.published_at IS NULL;
END
;;
CREATE TRIGGER refused_row_stays BEFORE DELETE ON refused_row FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'refused rows of a published list are append-only') WHERE EXISTS (SELECT 1 FROM call_list WHERE id = OLD.call_list_id AND published_at IS NOT NULL);
END
;;
CREATE TRIGGER refused_row_unchanged BEFORE UPDATE OF call_list_id, row, fault, reason ON refused_row FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'refused_row is append-only') WHERE 1 = 1;
END
;;
CREATE TRIGGER refused_row_no_replace BEFORE INSERT ON refused_row
WHEN EXISTS (SELECT 1 FROM refused_row WHERE call_list_id = NEW.call_list_id AND row = NEW.row)
BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: refused_row is append-only'); END
;;
CREATE TRIGGER contact_number_is_once BEFORE INSERT ON contact_number FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'the campaign has a contact with this number already') WHERE EXISTS (SELECT 1 FROM contact WHERE campaign_id = NEW.campaign_id AND phone_id = NEW.phone_id);
END
;;
CREATE TRIGGER contact_number_moves BEFORE UPDATE OF phone_id ON contact FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'the campaign has a contact with this number already') WHERE EXISTS (SELECT 1 FROM contact_number
        WHERE campaign_id = NEW.campaign_id AND phone_id = NEW.phone_id);
END
;;
CREATE TRIGGER phone_sealed_again BEFORE UPDATE OF sealed ON phone FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'what is sealed in phone changes only with its key') WHERE NOT EXISTS (SELECT 1 FROM key_rotation r WHERE r.done_at IS NULL
        AND r.prefix = substr(NEW.sealed, 1, 2) AND r.prefix <> substr(OLD.sealed, 1, 2));
END
;;
CREATE TRIGGER refused_row_sealed_again BEFORE UPDATE OF sealed ON refused_row FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'what is sealed in refused_row changes only with its key') WHERE NOT EXISTS (SELECT 1 FROM key_rotation r WHERE r.done_at IS NULL
        AND r.prefix = substr(NEW.sealed, 1, 2) AND r.prefix <> substr(OLD.sealed, 1, 2));
END
;;
CREATE TRIGGER unblocked_row_unchanged BEFORE UPDATE OF opt_out_file_id, row, reason ON unblocked_row FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'unblocked_row is append-only') WHERE 1 = 1;
END
;;
CREATE TRIGGER unblocked_row_stays BEFORE DELETE ON unblocked_row FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'unblocked_row is append-only') WHERE 1 = 1;
END
;;
CREATE TRIGGER unblocked_row_no_replace BEFORE INSERT ON unblocked_row
WHEN EXISTS (SELECT 1 FROM unblocked_row WHERE opt_out_file_id = NEW.opt_out_file_id AND row = NEW.row)
BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: unblocked_row is append-only'); END
;;
CREATE TRIGGER unblocked_row_sealed_again BEFORE UPDATE OF sealed ON unblocked_row FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'what is sealed in unblocked_row changes only with its key') WHERE NOT EXISTS (SELECT 1 FROM key_rotation r WHERE r.done_at IS NULL
        AND r.prefix = substr(NEW.sealed, 1, 2) AND r.prefix <> substr(OLD.sealed, 1, 2));
END
;;
CREATE TRIGGER campaign_version_no_update BEFORE UPDATE ON campaign_version BEGIN SELECT RAISE(ABORT, 'campaign_version is append-only'); END
;;
CREATE TRIGGER campaign_version_no_delete BEFORE DELETE ON campaign_version BEGIN SELECT RAISE(ABORT, 'campaign_version is append-only'); END
;;
CREATE TRIGGER campaign_version_no_replace BEFORE INSERT ON campaign_version WHEN EXISTS (SELECT 1 FROM campaign_version WHERE campaign_id = NEW.campaign_id AND number = NEW.number OR id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: campaign_version is append-only'); END
;;
CREATE TRIGGER campaign_stop_no_update BEFORE UPDATE ON campaign_stop BEGIN SELECT RAISE(ABORT, 'campaign_stop is append-only'); END
;;
CREATE TRIGGER campaign_stop_no_delete BEFORE DELETE ON campaign_stop BEGIN SELECT RAISE(ABORT, 'campaign_stop is append-only'); END
;;
CREATE TRIGGER campaign_stop_no_replace BEFORE INSERT ON campaign_stop WHEN EXISTS (SELECT 1 FROM campaign_stop WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: campaign_stop is append-only'); END
;;
CREATE TRIGGER campaign_release_no_update BEFORE UPDATE ON campaign_release BEGIN SELECT RAISE(ABORT, 'campaign_release is append-only'); END
;;
CREATE TRIGGER campaign_release_no_delete BEFORE DELETE ON campaign_release BEGIN SELECT RAISE(ABORT, 'campaign_release is append-only'); END
;;
CREATE TRIGGER campaign_release_no_replace BEFORE INSERT ON campaign_release WHEN EXISTS (SELECT 1 FROM campaign_release WHERE stop_id = NEW.stop_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: campaign_release is append-only'); END
;;
CREATE TRIGGER campaign_stopped_stays_paused BEFORE UPDATE OF state ON campaign FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a campaign is stopped for its quality') WHERE NEW.state = 'open' AND OLD.state <> 'open' AND EXISTS (SELECT 1 FROM campaign_stop s
        WHERE s.campaign_id = NEW.id AND NOT EXISTS (SELECT 1 FROM campaign_release r WHERE r.stop_id = s.id));
END
;;
CREATE TRIGGER dial_token_not_for_opted_out BEFORE INSERT ON dial_token FOR EACH ROW BEGIN
    UPDATE phone SET version = version + 1 WHERE id = NEW.phone_id;
    SELECT RAISE(ABORT, 'the number is blocked') WHERE EXISTS (SELECT 1 FROM opt_out o JOIN campaign c ON c.id = NEW.campaign_id
        WHERE o.phone_id = NEW.phone_id AND (o.expires_at IS NULL OR o.expires_at > NEW.issued_at)
        AND (o.scope = 'all' OR o.campaign_id = c.id OR o.campaign_kind = c.kind)
        AND NOT EXISTS (SELECT 1 FROM opt_out_lifting l WHERE l.opt_out_id = o.id));
END
;;
CREATE TRIGGER dial_token_used_once BEFORE UPDATE ON dial_token FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a dial token is good for one dial only') WHERE OLD.used_at IS NOT NULL OR OLD.voided_at IS NOT NULL OR NEW.phone_id <> OLD.phone_id
        OR NEW.claim_id <> OLD.claim_id OR (NEW.used_at IS NOT NULL AND NEW.used_at >= OLD.expires_at);
END
;;
CREATE TRIGGER dial_token_never_deleted BEFORE DELETE ON dial_token FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'dial tokens are kept') WHERE OLD.id IS NOT NULL;
END
;;
CREATE TRIGGER tick_no_update BEFORE UPDATE ON tick BEGIN SELECT RAISE(ABORT, 'tick is append-only'); END
;;
CREATE TRIGGER tick_no_delete BEFORE DELETE ON tick BEGIN SELECT RAISE(ABORT, 'tick is append-only'); END
;;
CREATE TRIGGER tick_no_replace BEFORE INSERT ON tick WHEN EXISTS (SELECT 1 FROM tick WHERE call_id = NEW.call_id AND step = NEW.step) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: tick is append-only'); END
;;
CREATE TRIGGER self_mark_no_update BEFORE UPDATE ON self_mark BEGIN SELECT RAISE(ABORT, 'self_mark is append-only'); END
;;
CREATE TRIGGER self_mark_no_delete BEFORE DELETE ON self_mark BEGIN SELECT RAISE(ABORT, 'self_mark is append-only'); END
;;
CREATE TRIGGER self_mark_no_replace BEFORE INSERT ON self_mark WHEN EXISTS (SELECT 1 FROM self_mark WHERE call_id = NEW.call_id AND criterion = NEW.criterion) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: self_mark is append-only'); END
;;
CREATE TRIGGER late_wrap_up_no_update BEFORE UPDATE ON late_wrap_up BEGIN SELECT RAISE(ABORT, 'late_wrap_up is append-only'); END
;;
CREATE TRIGGER late_wrap_up_no_delete BEFORE DELETE ON late_wrap_up BEGIN SELECT RAISE(ABORT, 'late_wrap_up is append-only'); END
;;
CREATE TRIGGER late_wrap_up_no_replace BEFORE INSERT ON late_wrap_up WHEN EXISTS (SELECT 1 FROM late_wrap_up WHERE id = NEW.id OR key = NEW.key) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: late_wrap_up is append-only'); END
;;
CREATE TRIGGER late_wrap_up_settlement_no_update BEFORE UPDATE ON late_wrap_up_settlement BEGIN SELECT RAISE(ABORT, 'late_wrap_up_settlement is append-only'); END
;;
CREATE TRIGGER late_wrap_up_settlement_no_delete BEFORE DELETE ON late_wrap_up_settlement BEGIN SELECT RAISE(ABORT, 'late_wrap_up_settlement is append-only'); END
;;
CREATE TRIGGER late_wrap_up_settlement_no_replace BEFORE INSERT ON late_wrap_up_settlement WHEN EXISTS (SELECT 1 FROM late_wrap_up_settlement WHERE late_wrap_up_id = NEW.late_wrap_up_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: late_wrap_up_settlement is append-only'); END
;;
CREATE TRIGGER call_needs_used_token BEFORE INSERT ON call FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a call needs a dial token') WHERE NOT EXISTS (SELECT 1 FROM dial_token t WHERE t.id = NEW.dial_token_id AND t.phone_id = NEW.phone_id
        AND t.used_at IS NOT NULL AND t.voided_at IS NULL);
END
;;
CREATE TRIGGER call_of_an_approved_offer BEFORE INSERT ON call FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'the script is older than the offer') WHERE NEW.duty = 'pitch' AND EXISTS (SELECT 1 FROM campaign_version v
        JOIN script_version s ON s.id = NEW.script_version_id WHERE v.id = NEW.campaign_version_id
        AND v.offer_since IS NOT NULL AND (s.in_force_at IS NULL OR s.in_force_at <= v.offer_since));
END
;;
CREATE TRIGGER call_wrapped_up_once BEFORE UPDATE ON call FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a call is wrapped up once') WHERE OLD.wrapped_up_at IS NOT NULL AND (OLD.outcome_code <> NEW.outcome_code
        OR NEW.wrapped_up_at IS NULL OR OLD.wrapped_up_at <> NEW.wrapped_up_at)
        OR NEW.agent_id <> OLD.agent_id OR NEW.phone_id <> OLD.phone_id OR NEW.dialled_at <> OLD.dialled_at
        OR NEW.script_version_id <> OLD.script_version_id;
END
;;
CREATE TRIGGER call_never_deleted BEFORE DELETE ON call FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'calls are kept') WHERE OLD.id IS NOT NULL;
END
;;
CREATE TRIGGER broken_callback_no_update BEFORE UPDATE ON broken_callback BEGIN SELECT RAISE(ABORT, 'broken_callback is append-only'); END
;;
CREATE TRIGGER broken_callback_no_delete BEFORE DELETE ON broken_callback BEGIN SELECT RAISE(ABORT, 'broken_callback is append-only'); END
;;
CREATE TRIGGER broken_callback_no_replace BEFORE INSERT ON broken_callback WHEN EXISTS (SELECT 1 FROM broken_callback WHERE call_id = NEW.call_id OR id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: broken_callback is append-only'); END
;;
CREATE TRIGGER spoken_no_update BEFORE UPDATE ON spoken BEGIN SELECT RAISE(ABORT, 'spoken is append-only'); END
;;
CREATE TRIGGER spoken_no_delete BEFORE DELETE ON spoken BEGIN SELECT RAISE(ABORT, 'spoken is append-only'); END
;;
CREATE TRIGGER spoken_no_replace BEFORE INSERT ON spoken WHEN EXISTS (SELECT 1 FROM spoken WHERE call_id = NEW.call_id AND place = NEW.place OR id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: spoken is append-only'); END
;;
CREATE TRIGGER attendance_no_update BEFORE UPDATE ON attendance BEGIN SELECT RAISE(ABORT, 'attendance is append-only'); END
;;
CREATE TRIGGER attendance_no_delete BEFORE DELETE ON attendance BEGIN SELECT RAISE(ABORT, 'attendance is append-only'); END
;;
CREATE TRIGGER attendance_no_replace BEFORE INSERT ON attendance WHEN EXISTS (SELECT 1 FROM attendance WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: attendance is append-only'); END
;;
CREATE TRIGGER briefing_read_no_update BEFORE UPDATE ON briefing_read BEGIN SELECT RAISE(ABORT, 'briefing_read is append-only'); END
;;
CREATE TRIGGER briefing_read_no_delete BEFORE DELETE ON briefing_read BEGIN SELECT RAISE(ABORT, 'briefing_read is append-only'); END
;;
CREATE TRIGGER briefing_read_no_replace BEFORE INSERT ON briefing_read WHEN EXISTS (SELECT 1 FROM briefing_read WHERE id = NEW.id OR staff_id = NEW.staff_id AND script_version_id = NEW.script_version_id AND campaign_version_id = NEW.campaign_version_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: briefing_read is append-only'); END
;;
CREATE TRIGGER call_after_briefing BEFORE INSERT ON call FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'the briefing is unread') WHERE NOT EXISTS (SELECT 1 FROM briefing_read b JOIN campaign_version seen ON seen.id = b.campaign_version_id
        JOIN campaign_version told ON told.id = NEW.campaign_version_id
        WHERE b.staff_id = NEW.agent_id AND b.script_version_id = NEW.script_version_id
        AND b.campaign_id = NEW.campaign_id AND (seen.offer_since = told.offer_since
            OR (seen.offer_since IS NULL AND told.offer_since IS NULL)));
END
;;
CREATE TRIGGER recording_sealed BEFORE UPDATE ON recording FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a recording is sealed') WHERE NEW.sha256 <> OLD.sha256 OR NEW.storage_key <> OLD.storage_key OR NEW.size <> OLD.size
        OR NEW.reference <> OLD.reference OR NEW.kept_at <> OLD.kept_at OR (NEW.waits AND NOT OLD.waits)
        OR (NOT OLD.waits AND (NEW.seconds <> OLD.seconds OR NEW.valid <> OLD.valid OR NEW.codec <> OLD.codec))
        OR (OLD.keep_until IS NULL AND NEW.keep_until IS NOT NULL) OR NEW.keep_until < OLD.keep_until
        OR (OLD.keep_sale_until IS NULL AND NEW.keep_sale_until IS NOT NULL)
        OR NEW.keep_sale_until < OLD.keep_sale_until
        OR (OLD.call_id IS NOT NULL AND (NEW.call_id IS NULL OR NEW.call_id <> OLD.call_id));
END
;;
CREATE TRIGGER recording_never_deleted BEFORE DELETE ON recording FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'recordings are kept') WHERE OLD.id IS NOT NULL;
END
;;
CREATE TRIGGER recorder_token_stays BEFORE UPDATE ON recorder FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a recorder keeps its token') WHERE NEW.token_digest <> OLD.token_digest OR NEW.centre_id <> OLD.centre_id
        OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL);
END
;;
CREATE TRIGGER legal_hold_on_what_is_there BEFORE INSERT ON legal_hold FOR EACH ROW BEGIN
    UPDATE recording SET version = version + 1 WHERE id = NEW.recording_id;
    SELECT RAISE(ABORT, 'a deleted recording cannot be held') WHERE EXISTS (SELECT 1 FROM recording_deletion d WHERE d.recording_id = NEW.recording_id)
        OR NEW.lifted_at IS NOT NULL;
END
;;
CREATE TRIGGER legal_hold_goes_forward BEFORE UPDATE ON legal_hold FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a legal hold goes forward') WHERE OLD.lifted_at IS NOT NULL OR NEW.recording_id <> OLD.recording_id OR NEW.reason <> OLD.reason
        OR NEW.placed_by_id <> OLD.placed_by_id OR NEW.placed_at <> OLD.placed_at
        OR (OLD.confirmed_by_id IS NOT NULL
            AND (NEW.confirmed_by_id IS NULL OR NEW.confirmed_by_id <> OLD.confirmed_by_id))
        OR (NEW.lifted_at IS NOT NULL
            AND (OLD.lift_asked_by_id IS NULL OR NEW.lift_asked_by_id <> OLD.lift_asked_by_id));
END
;;
CREATE TRIGGER legal_hold_never_deleted BEFORE DELETE ON legal_hold FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'legal holds are kept') WHERE OLD.id IS NOT NULL;
END
;;
CREATE TRIGGER recording_deletion_no_update BEFORE UPDATE ON recording_deletion BEGIN SELECT RAISE(ABORT, 'recording_deletion is append-only'); END
;;
CREATE TRIGGER recording_deletion_no_delete BEFORE DELETE ON recording_deletion BEGIN SELECT RAISE(ABORT, 'recording_deletion is append-only'); END
;;
CREATE TRIGGER recording_deletion_no_replace BEFORE INSERT ON recording_deletion WHEN EXISTS (SELECT 1 FROM recording_deletion WHERE recording_id = NEW.recording_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: recording_deletion is append-only'); END
;;
CREATE TRIGGER recording_stays_its_term BEFORE INSERT ON recording_deletion FOR EACH ROW BEGIN
    UPDATE recording SET version = version + 1 WHERE id = NEW.recording_id;
    SELECT RAISE(ABORT, 'a recording stays its term') WHERE NOT EXISTS (SELECT 1 FROM recording r WHERE r.id = NEW.recording_id AND r.sha256 = NEW.sha256
        AND r.storage_key = NEW.storage_key
        AND CASE WHEN (r.call_id IS NULL OR EXISTS (SELECT 1 FROM call c WHERE c.id = r.call_id AND (c.duty <> 'pitch'
        OR EXISTS (SELECT 1 FROM subscription s WHERE s.sale_call_id = c.id)))) THEN r.keep_sale_until ELSE r.keep_until END <= CURRENT_TIMESTAMP);
END
;;
CREATE TRIGGER recording_under_hold_stays BEFORE INSERT ON recording_deletion FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a recording under legal hold stays') WHERE EXISTS (SELECT 1 FROM legal_hold h WHERE h.recording_id = NEW.recording_id
        AND h.lifted_at IS NULL);
END
;;
CREATE TRIGGER recording_check_no_update BEFORE UPDATE ON recording_check BEGIN SELECT RAISE(ABORT, 'recording_check is append-only'); END
;;
CREATE TRIGGER recording_check_no_delete BEFORE DELETE ON recording_check BEGIN SELECT RAISE(ABORT, 'recording_check is append-only'); END
;;
CREATE TRIGGER recording_check_no_replace BEFORE INSERT ON recording_check WHEN EXISTS (SELECT 1 FROM recording_check WHERE centre_id = NEW.centre_id AND day = NEW.day) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: recording_check is append-only'); END
;;
CREATE TRIGGER state_change_no_update BEFORE UPDATE ON state_change BEGIN SELECT RAISE(ABORT, 'state_change is append-only'); END
;;
CREATE TRIGGER state_change_no_delete BEFORE DELETE ON state_change BEGIN SELECT RAISE(ABORT, 'state_change is append-only'); END
;;
CREATE TRIGGER state_change_no_replace BEFORE INSERT ON state_change WHEN EXISTS (SELECT 1 FROM state_change WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: state_change is append-only'); END
;;
CREATE TRIGGER withdrawal_no_update BEFORE UPDATE ON withdrawal BEGIN SELECT RAISE(ABORT, 'withdrawal is append-only'); END
;;
CREATE TRIGGER withdrawal_no_delete BEFORE DELETE ON withdrawal BEGIN SELECT RAISE(ABORT, 'withdrawal is append-only'); END
;;
CREATE TRIGGER withdrawal_no_replace BEFORE INSERT ON withdrawal WHEN EXISTS (SELECT 1 FROM withdrawal WHERE subscription_id = NEW.subscription_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: withdrawal is append-only'); END
;;
CREATE TRIGGER withdrawal_raises_version AFTER INSERT ON withdrawal FOR EACH ROW  BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id;
END
;;
CREATE TRIGGER subscription_final_is_final BEFORE UPDATE ON subscription FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'an ended subscription stays ended') WHERE (OLD.state IN ('cancelled', 'lapsed', 'void') AND NEW.state <> OLD.state)
        OR NEW.price_fen <> OLD.price_fen OR NEW.phone_id <> OLD.phone_id OR NEW.version < OLD.version
        OR NEW.campaign_version_id <> OLD.campaign_version_id OR NEW.trial_days <> OLD.trial_days
        OR NEW.seller_id <> OLD.seller_id OR NEW.sale_call_id <> OLD.sale_call_id OR NEW.contact_id <> OLD.contact_id
        OR NEW.centre_id <> OLD.centre_id;
END
;;
CREATE TRIGGER subscription_charged_with_entry BEFORE UPDATE OF state ON subscription FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'charged means that the ledger says so') WHERE NEW.state = 'charged' AND OLD.state <> 'charged' AND NOT EXISTS (SELECT 1 FROM ledger_entry e
        WHERE e.subscription_id = NEW.id AND e.kind = 'charge');
END
;;
CREATE TRIGGER confirmation_no_update BEFORE UPDATE ON confirmation BEGIN SELECT RAISE(ABORT, 'confirmation is append-only'); END
;;
CREATE TRIGGER confirmation_no_delete BEFORE DELETE ON confirmation BEGIN SELECT RAISE(ABORT, 'confirmation is append-only'); END
;;
CREATE TRIGGER confirmation_no_replace BEFORE INSERT ON confirmation WHEN EXISTS (SELECT 1 FROM confirmation WHERE call_id = NEW.call_id AND restored = NEW.restored OR id = NEW.id OR id = NEW.id AND subscription_id = NEW.subscription_id AND kind = NEW.kind AND result = NEW.result) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: confirmation is append-only'); END
;;
CREATE TRIGGER confirmation_void_no_update BEFORE UPDATE ON confirmation_void BEGIN SELECT RAISE(ABORT, 'confirmation_void is append-only'); END
;;
CREATE TRIGGER confirmation_void_no_delete BEFORE DELETE ON confirmation_void BEGIN SELECT RAISE(ABORT, 'confirmation_void is append-only'); END
;;
CREATE TRIGGER confirmation_void_no_replace BEFORE INSERT ON confirmation_void WHEN EXISTS (SELECT 1 FROM confirmation_void WHERE confirmation_id = NEW.confirmation_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: confirmation_void is append-only'); END
;;
CREATE TRIGGER confirmation_raises_version AFTER INSERT ON confirmation FOR EACH ROW  BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id;
END
;;
CREATE TRIGGER confirmation_void_raises_version AFTER INSERT ON confirmation_void FOR EACH ROW  BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id;
END
;;
CREATE TRIGGER confirmation_not_by_the_seller BEFORE INSERT ON confirmation FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'the second confirmation is never the seller''s') WHERE NEW.kind = 'second' AND EXISTS (SELECT 1 FROM subscription s
        WHERE s.id = NEW.subscription_id AND s.seller_id = NEW.by_id)
        OR NOT EXISTS (SELECT 1 FROM call c JOIN subscription s ON s.id = NEW.subscription_id
        WHERE c.id = NEW.call_id AND c.agent_id = NEW.by_id AND c.contact_id = s.contact_id
        AND (NEW.kind = 'first') = (c.duty IN ('pitch', 'recall', 'correction')));
END
;;
CREATE TRIGGER confirmation_all_four BEFORE INSERT ON confirmation FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'all four criteria must pass') WHERE NEW.result = 'passed' AND (SELECT count(*) FROM self_mark m
        WHERE m.call_id = NEW.call_id AND m.mark = 'pass') < 4;
END
;;
CREATE TRIGGER confirmation_not_by_the_reviewer BEFORE INSERT ON confirmation FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'the second confirmation is never the reviewer''s') WHERE NEW.kind = 'second' AND NEW.result = 'passed' AND EXISTS (SELECT 1 FROM review_task t
        JOIN call heard ON heard.id = t.call_id AND heard.duty <> 'confirmation'
        JOIN call c ON c.id = NEW.call_id AND c.contact_id = heard.contact_id
        WHERE t.reviewer_id = NEW.by_id AND t.made_at <= c.dialled_at);
END
;;
CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END
;;
CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END
;;
CREATE TRIGGER ledger_entry_no_replace BEFORE INSERT ON ledger_entry WHEN EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.id OR reverses_id = NEW.reverses_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: ledger_entry is append-only'); END
;;
CREATE TRIGGER charge_hold_no_update BEFORE UPDATE ON charge_hold BEGIN SELECT RAISE(ABORT, 'charge_hold is append-only'); END
;;
CREATE TRIGGER charge_hold_no_delete BEFORE DELETE ON charge_hold BEGIN SELECT RAISE(ABORT, 'charge_hold is append-only'); END
;;
CREATE TRIGGER charge_hold_no_replace BEFORE INSERT ON charge_hold WHEN EXISTS (SELECT 1 FROM charge_hold WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: charge_hold is append-only'); END
;;
CREATE TRIGGER charge_hold_lifting_no_update BEFORE UPDATE ON charge_hold_lifting BEGIN SELECT RAISE(ABORT, 'charge_hold_lifting is append-only'); END
;;
CREATE TRIGGER charge_hold_lifting_no_delete BEFORE DELETE ON charge_hold_lifting BEGIN SELECT RAISE(ABORT, 'charge_hold_lifting is append-only'); END
;;
CREATE TRIGGER charge_hold_lifting_no_replace BEFORE INSERT ON charge_hold_lifting WHEN EXISTS (SELECT 1 FROM charge_hold_lifting WHERE charge_hold_id = NEW.charge_hold_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: charge_hold_lifting is append-only'); END
;;
CREATE TRIGGER instruction_batch_no_update BEFORE UPDATE ON instruction_batch BEGIN SELECT RAISE(ABORT, 'instruction_batch is append-only'); END
;;
CREATE TRIGGER instruction_batch_no_delete BEFORE DELETE ON instruction_batch BEGIN SELECT RAISE(ABORT, 'instruction_batch is append-only'); END
;;
CREATE TRIGGER instruction_batch_no_replace BEFORE INSERT ON instruction_batch WHEN EXISTS (SELECT 1 FROM instruction_batch WHERE centre_id = NEW.centre_id AND number = NEW.number OR id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: instruction_batch is append-only'); END
;;
CREATE TRIGGER acknowledgement_no_update BEFORE UPDATE ON acknowledgement BEGIN SELECT RAISE(ABORT, 'acknowledgement is append-only'); END
;;
CREATE TRIGGER acknowledgement_no_delete BEFORE DELETE ON acknowledgement BEGIN SELECT RAISE(ABORT, 'acknowledgement is append-only'); END
;;
CREATE TRIGGER acknowledgement_no_replace BEFORE INSERT ON acknowledgement WHEN EXISTS (SELECT 1 FROM acknowledgement WHERE id = NEW.id OR instruction_id = NEW.instruction_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: acknowledgement is append-only'); END
;;
CREATE TRIGGER difference_settlement_no_update BEFORE UPDATE ON difference_settlement BEGIN SELECT RAISE(ABORT, 'difference_settlement is append-only'); END
;;
CREATE TRIGGER difference_settlement_no_delete BEFORE DELETE ON difference_settlement BEGIN SELECT RAISE(ABORT, 'difference_settlement is append-only'); END
;;
CREATE TRIGGER difference_settlement_no_replace BEFORE INSERT ON difference_settlement WHEN EXISTS (SELECT 1 FROM difference_settlement WHERE acknowledgement_id = NEW.acknowledgement_id OR id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: difference_settlement is append-only'); END
;;
CREATE TRIGGER stray_answer_no_update BEFORE UPDATE ON stray_answer BEGIN SELECT RAISE(ABORT, 'stray_answer is append-only'); END
;;
CREATE TRIGGER stray_answer_no_delete BEFORE DELETE ON stray_answer BEGIN SELECT RAISE(ABORT, 'stray_answer is append-only'); END
;;
CREATE TRIGGER stray_answer_no_replace BEFORE INSERT ON stray_answer WHEN EXISTS (SELECT 1 FROM stray_answer WHERE centre_id = NEW.centre_id AND key = NEW.key OR id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: stray_answer is append-only'); END
;;
CREATE TRIGGER stray_settlement_no_update BEFORE UPDATE ON stray_settlement BEGIN SELECT RAISE(ABORT, 'stray_settlement is append-only'); END
;;
CREATE TRIGGER stray_settlement_no_delete BEFORE DELETE ON stray_settlement BEGIN SELECT RAISE(ABORT, 'stray_settlement is append-only'); END
;;
CREATE TRIGGER stray_settlement_no_replace BEFORE INSERT ON stray_settlement WHEN EXISTS (SELECT 1 FROM stray_settlement WHERE stray_answer_id = NEW.stray_answer_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: stray_settlement is append-only'); END
;;
CREATE TRIGGER batch_file_unchanged BEFORE UPDATE OF id, batch_id, form, name, size, sha256 ON batch_file FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'batch_file is append-only') WHERE 1 = 1;
END
;;
CREATE TRIGGER batch_file_stays BEFORE DELETE ON batch_file FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'batch_file is append-only') WHERE 1 = 1;
END
;;
CREATE TRIGGER batch_file_no_replace BEFORE INSERT ON batch_file
WHEN EXISTS (SELECT 1 FROM batch_file WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: batch_file is append-only'); END
;;
CREATE TRIGGER batch_file_sealed_again BEFORE UPDATE OF sealed ON batch_file FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'what is sealed in batch_file changes only with its key') WHERE NOT EXISTS (SELECT 1 FROM key_rotation r WHERE r.done_at IS NULL
        AND r.prefix = substr(NEW.sealed, 1, 2) AND r.prefix <> substr(OLD.sealed, 1, 2));
END
;;
CREATE TRIGGER instruction_no_replace BEFORE INSERT ON instruction WHEN EXISTS (SELECT 1 FROM instruction WHERE id = NEW.id OR key = NEW.key OR repeats_id = NEW.repeats_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: instructions are kept'); END
;;
CREATE TRIGGER subscription_no_replace BEFORE INSERT ON subscription WHEN EXISTS (SELECT 1 FROM subscription WHERE contact_id = NEW.contact_id OR id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: subscriptions are kept'); END
;;
CREATE TRIGGER recording_no_replace BEFORE INSERT ON recording WHEN EXISTS (SELECT 1 FROM recording WHERE centre_id = NEW.centre_id AND reference = NEW.reference OR id = NEW.id OR storage_key = NEW.storage_key) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: recordings are kept'); END
;;
CREATE TRIGGER call_no_replace BEFORE INSERT ON call WHEN EXISTS (SELECT 1 FROM call WHERE centre_id = NEW.centre_id AND reference = NEW.reference OR dial_token_id = NEW.dial_token_id OR id = NEW.id OR wrap_up_key = NEW.wrap_up_key) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: calls are kept'); END
;;
CREATE TRIGGER subscription_never_deleted BEFORE DELETE ON subscription FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'subscriptions are kept') WHERE OLD.id IS NOT NULL;
END
;;
CREATE TRIGGER charge_hold_raises_version AFTER INSERT ON charge_hold FOR EACH ROW  BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id;
END
;;
CREATE TRIGGER ledger_entry_in_form BEFORE INSERT ON ledger_entry FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'an entry is a charge or its reversal') WHERE NEW.kind NOT IN ('charge', 'reversal') OR NOT (length(NEW.cycle) = 10 AND substr(NEW.cycle, 1, 2) = '20' AND substr(NEW.cycle, 3, 1) IN ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') AND substr(NEW.cycle, 4, 1) IN ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') AND substr(NEW.cycle, 7, 1) IN ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') AND substr(NEW.cycle, 10, 1) IN ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') AND substr(NEW.cycle, 5, 1) = '-' AND substr(NEW.cycle, 8, 1) = '-' AND substr(NEW.cycle, 6, 1) IN ('0', '1') AND substr(NEW.cycle, 9, 1) IN ('0', '1', '2', '3'))
        OR (NEW.kind = 'charge' AND (NEW.amount_fen <= 0 OR NEW.reverses_id IS NOT NULL OR NEW.confirmation_id IS NULL
            OR coalesce(NEW.confirmation_kind, '') <> 'second' OR coalesce(NEW.confirmation_result, '') <> 'passed'))
        OR (NEW.kind = 'reversal' AND (NEW.amount_fen >= 0 OR NEW.reverses_id IS NULL))
        OR NOT EXISTS (SELECT 1 FROM subscription s
            WHERE s.id = NEW.subscription_id AND s.centre_id = NEW.centre_id);
END
;;
CREATE TRIGGER charge_needs_second_confirmation BEFORE INSERT ON ledger_entry FOR EACH ROW BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id;
    SELECT RAISE(ABORT, 'a charge needs a valid second confirmation') WHERE NEW.kind = 'charge' AND (
        NOT EXISTS (SELECT 1 FROM confirmation c JOIN recording r ON r.call_id = c.call_id AND r.valid
        WHERE c.id = (SELECT max(latest.id) FROM confirmation latest
            WHERE latest.subscription_id = NEW.subscription_id AND latest.kind = 'first')
        AND c.result = 'passed'
        AND NOT EXISTS (SELECT 1 FROM confirmation_void v WHERE v.confirmation_id = c.id)
        AND NOT EXISTS (SELECT 1 FROM review w WHERE w.call_id = c.call_id AND w.verdict = 'invalid'
            AND NOT EXISTS (SELECT 1 FROM review x WHERE x.task_id = w.task_id AND x.version > w.version))
        AND (SELECT count(*) FROM self_mark m WHERE m.call_id = c.call_id AND m.mark = 'pass') = 4)
        OR NOT EXISTS (SELECT 1 FROM confirmation c JOIN recording r ON r.call_id = c.call_id AND r.valid
        WHERE c.id = (SELECT max(latest.id) FROM confirmation latest
            WHERE latest.subscription_id = NEW.subscription_id AND latest.kind = 'second')
        AND c.result = 'passed' AND c.id = NEW.confirmation_id AND c.by_id <> (SELECT s.seller_id FROM subscription s WHERE s.id = NEW.subscription_id)
        AND NOT EXISTS (SELECT 1 FROM confirmation_void v WHERE v.confirmation_id = c.id)
        AND NOT EXISTS (SELECT 1 FROM review w WHERE w.call_id = c.call_id AND w.verdict = 'invalid'
            AND NOT EXISTS (SELECT 1 FROM review x WHERE x.task_id = w.task_id AND x.version > w.version))
        AND (SELECT count(*) FROM self_mark m WHERE m.call_id = c.call_id AND m.mark = 'pass') = 4)
        OR EXISTS (SELECT 1 FROM withdrawal w WHERE w.subscription_id = NEW.subscription_id)
        OR EXISTS (SELECT 1 FROM charge_hold h WHERE h.subscription_id = NEW.subscription_id
            AND NOT EXISTS (SELECT 1 FROM charge_hold_lifting l WHERE l.charge_hold_id = h.id))
        OR NOT EXISTS (SELECT 1 FROM subscription s WHERE s.id = NEW.subscription_id AND s.state IN
            ('confirmed', 'charged') AND s.price_fen = NEW.amount_fen
            AND CAST(s.trial_ends_on AS TEXT) < NEW.cycle)
        OR EXISTS (SELECT 1 FROM ledger_entry e WHERE e.subscription_id = NEW.subscription_id AND e.kind = 'charge'
            AND substr(e.cycle, 1, 7) = substr(NEW.cycle, 1, 7)));
END
;;
CREATE TRIGGER charge_not_before_its_time BEFORE INSERT ON ledger_entry FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a charge has its time after what it rests on') WHERE NEW.kind = 'charge' AND (coalesce(date(substr(NEW.at, 1, 10), '+1 day'), '') < NEW.cycle
        OR EXISTS (SELECT 1 FROM confirmation c WHERE c.subscription_id = NEW.subscription_id
            AND c.result = 'passed' AND substr(c.at, 1, 19) > substr(NEW.at, 1, 19)));
END
;;
CREATE TRIGGER reversal_takes_back_its_charge BEFORE INSERT ON ledger_entry FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a reversal takes back one charge, whole') WHERE NEW.kind = 'reversal' AND (NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = NEW.reverses_id
        AND e.kind = 'charge' AND e.amount_fen = -NEW.amount_fen AND e.subscription_id = NEW.subscription_id
        AND e.cycle = NEW.cycle) OR EXISTS (SELECT 1 FROM ledger_entry e WHERE e.reverses_id = NEW.reverses_id));
END
;;
CREATE TRIGGER instruction_leaves_once BEFORE UPDATE ON instruction FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'an instruction leaves once') WHERE OLD.batch_id IS NOT NULL OR NEW.id <> OLD.id OR NEW.key <> OLD.key OR NEW.amount_fen <> OLD.amount_fen
        OR NEW.kind <> OLD.kind OR NEW.subscription_id <> OLD.subscription_id OR NEW.centre_id <> OLD.centre_id
        OR NEW.effective_on <> OLD.effective_on OR NEW.made_at <> OLD.made_at
        OR coalesce(NEW.ledger_entry_id, 0) <> coalesce(OLD.ledger_entry_id, 0)
        OR coalesce(NEW.repeats_id, 0) <> coalesce(OLD.repeats_id, 0)
        OR NOT EXISTS (SELECT 1 FROM instruction_batch b WHERE b.id = NEW.batch_id AND b.centre_id = NEW.centre_id
            AND b.at >= NEW.made_at)
        OR EXISTS (SELECT 1 FROM ledger_entry e JOIN instruction_batch b ON b.id = NEW.batch_id
            WHERE e.id = NEW.ledger_entry_id AND e.at > b.at);
END
;;
CREATE TRIGGER instruction_charge_from_ledger BEFORE INSERT ON instruction FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a charge instruction follows the ledger') WHERE NEW.batch_id IS NOT NULL
        OR (NEW.kind IN ('charge', 'reverse')) <> (NEW.ledger_entry_id IS NOT NULL)
        OR (NEW.ledger_entry_id IS NULL AND NEW.amount_fen <> 0)
        OR (NEW.ledger_entry_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_entry e
        WHERE e.id = NEW.ledger_entry_id AND e.subscription_id = NEW.subscription_id AND e.amount_fen = NEW.amount_fen
        AND (e.kind = 'charge') = (NEW.kind = 'charge')))
        OR (NEW.repeats_id IS NULL AND EXISTS (SELECT 1 FROM instruction i
            WHERE i.ledger_entry_id = NEW.ledger_entry_id));
END
;;
CREATE TRIGGER instruction_repeated_by_decision BEFORE INSERT ON instruction FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'an instruction is repeated once, after its rejection') WHERE NEW.repeats_id IS NOT NULL AND (NOT EXISTS (SELECT 1 FROM instruction o
        JOIN difference_settlement d ON d.instruction_id = o.id AND d.decision = 'resend'
        WHERE o.id = NEW.repeats_id AND o.kind = NEW.kind AND o.amount_fen = NEW.amount_fen
        AND o.subscription_id = NEW.subscription_id AND o.centre_id = NEW.centre_id
        AND coalesce(o.ledger_entry_id, 0) = coalesce(NEW.ledger_entry_id, 0))
        OR EXISTS (SELECT 1 FROM ledger_entry e WHERE e.reverses_id = NEW.ledger_entry_id));
END
;;
CREATE TRIGGER instruction_never_deleted BEFORE DELETE ON instruction FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'instructions are kept') WHERE OLD.id IS NOT NULL;
END
;;
CREATE TRIGGER instruction_batch_without_gap BEFORE INSERT ON instruction_batch FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'batches are numbered without gaps') WHERE NEW.number <> 1 + coalesce((SELECT max(b.number) FROM instruction_batch b
        WHERE b.centre_id = NEW.centre_id), 0);
END
;;
CREATE TRIGGER acknowledgement_of_what_left BEFORE INSERT ON acknowledgement FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'only what has left is answered') WHERE NOT EXISTS (SELECT 1 FROM instruction i WHERE i.id = NEW.instruction_id AND i.batch_id IS NOT NULL);
END
;;
CREATE TRIGGER settlement_of_a_difference BEFORE INSERT ON difference_settlement FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'only a difference is settled') WHERE NEW.reason = '' OR NEW.decision NOT IN ('resend', 'accept', 'carried_out')
        OR NOT EXISTS (SELECT 1 FROM instruction i WHERE i.id = NEW.instruction_id AND i.batch_id IS NOT NULL
            AND i.centre_id = NEW.centre_id)
        OR (NEW.acknowledgement_id IS NULL AND (NEW.decision <> 'carried_out'
            OR EXISTS (SELECT 1 FROM acknowledgement a WHERE a.instruction_id = NEW.instruction_id)
            OR EXISTS (SELECT 1 FROM difference_settlement d WHERE d.instruction_id = NEW.instruction_id)))
        OR (NEW.acknowledgement_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM acknowledgement a
            JOIN instruction i ON i.id = a.instruction_id
            WHERE a.id = NEW.acknowledgement_id AND a.instruction_id = NEW.instruction_id
            AND (NOT a.accepted OR (a.amount_fen <> i.amount_fen AND NEW.decision = 'carried_out'))));
END
;;
CREATE TRIGGER notice_try_no_update BEFORE UPDATE ON notice_try BEGIN SELECT RAISE(ABORT, 'notice_try is append-only'); END
;;
CREATE TRIGGER notice_try_no_delete BEFORE DELETE ON notice_try BEGIN SELECT RAISE(ABORT, 'notice_try is append-only'); END
;;
CREATE TRIGGER notice_try_no_replace BEFORE INSERT ON notice_try WHEN EXISTS (SELECT 1 FROM notice_try WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: notice_try is append-only'); END
;;
CREATE TRIGGER notice_receipt_no_update BEFORE UPDATE ON notice_receipt BEGIN SELECT RAISE(ABORT, 'notice_receipt is append-only'); END
;;
CREATE TRIGGER notice_receipt_no_delete BEFORE DELETE ON notice_receipt BEGIN SELECT RAISE(ABORT, 'notice_receipt is append-only'); END
;;
CREATE TRIGGER notice_receipt_no_replace BEFORE INSERT ON notice_receipt WHEN EXISTS (SELECT 1 FROM notice_receipt WHERE id = NEW.id OR notice_id = NEW.notice_id AND delivered = NEW.delivered) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: notice_receipt is append-only'); END
;;
CREATE TRIGGER reply_no_update BEFORE UPDATE ON reply BEGIN SELECT RAISE(ABORT, 'reply is append-only'); END
;;
CREATE TRIGGER reply_no_delete BEFORE DELETE ON reply BEGIN SELECT RAISE(ABORT, 'reply is append-only'); END
;;
CREATE TRIGGER reply_no_replace BEFORE INSERT ON reply WHEN EXISTS (SELECT 1 FROM reply WHERE id = NEW.id OR reference = NEW.reference) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: reply is append-only'); END
;;
CREATE TRIGGER reply_match_no_update BEFORE UPDATE ON reply_match BEGIN SELECT RAISE(ABORT, 'reply_match is append-only'); END
;;
CREATE TRIGGER reply_match_no_delete BEFORE DELETE ON reply_match BEGIN SELECT RAISE(ABORT, 'reply_match is append-only'); END
;;
CREATE TRIGGER reply_match_no_replace BEFORE INSERT ON reply_match WHEN EXISTS (SELECT 1 FROM reply_match WHERE notice_id = NEW.notice_id AND meaning = NEW.meaning OR reply_id = NEW.reply_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: reply_match is append-only'); END
;;
CREATE TRIGGER reply_match_raises_version AFTER INSERT ON reply_match FOR EACH ROW  BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id;
END
;;
CREATE TRIGGER notice_stays_as_sent BEFORE UPDATE ON notice FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a notice stays as it was sent') WHERE NEW.key <> OLD.key OR NEW.kind <> OLD.kind OR NEW.subscription_id <> OLD.subscription_id
        OR NEW.phone_id <> OLD.phone_id OR NEW.centre_id <> OLD.centre_id OR NEW.made_at <> OLD.made_at
        OR NEW.expects <> OLD.expects OR coalesce(NEW.confirmation_id, 0) <> coalesce(OLD.confirmation_id, 0)
        OR coalesce(CAST(NEW.valid_until AS TEXT), '') <> coalesce(CAST(OLD.valid_until AS TEXT), '')
        OR (OLD.state IN ('sent', 'dropped') AND (NEW.state <> OLD.state OR NEW.text <> OLD.text
            OR coalesce(NEW.script_version_id, 0) <> coalesce(OLD.script_version_id, 0)));
END
;;
CREATE TRIGGER notice_in_approved_words BEFORE UPDATE ON notice FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a notice needs approved words') WHERE NEW.state = 'sent' AND OLD.state <> 'sent' AND NOT EXISTS (SELECT 1 FROM script_version v
        WHERE v.id = NEW.script_version_id AND v.in_force_at IS NOT NULL);
END
;;
CREATE TRIGGER notice_never_deleted BEFORE DELETE ON notice FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'notices are kept') WHERE OLD.id IS NOT NULL;
END
;;
CREATE TRIGGER reply_fits_its_notice BEFORE INSERT ON reply_match FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a reply must fit its notice') WHERE NOT EXISTS (SELECT 1 FROM reply r JOIN notice n ON n.id = NEW.notice_id
        WHERE r.id = NEW.reply_id AND r.phone_id = n.phone_id AND n.subscription_id = NEW.subscription_id
        AND n.sent_at IS NOT NULL AND r.at >= n.made_at AND (
            (NEW.meaning = 'no' AND (r.wording IN ('N', 'NO', 'T', 'TD', '不', '否', '不要', '不同意', '取消', '退订')
                OR (n.kind = 'reply_request' AND r.wording = 'N' || substr(n.expects, 2))))
            OR (NEW.meaning = 'yes' AND n.kind = 'reply_request' AND r.at <= n.valid_until
                AND (r.wording = n.expects OR r.wording IN ('Y', 'YES', '是', '确认', '同意')))));
END
;;
CREATE TRIGGER charge_needs_reply BEFORE INSERT ON ledger_entry FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a charge needs the customer''s reply') WHERE NEW.kind = 'charge' AND EXISTS (SELECT 1 FROM subscription s
        JOIN campaign_version v ON v.id = s.campaign_version_id WHERE s.id = NEW.subscription_id
        AND v.needs_reply)
        AND NOT EXISTS (SELECT 1 FROM reply_match m JOIN notice n ON n.id = m.notice_id
        JOIN confirmation asked ON asked.id = n.confirmation_id
        JOIN confirmation c ON c.call_id = asked.call_id AND c.id = NEW.confirmation_id
        WHERE m.subscription_id = NEW.subscription_id AND m.meaning = 'yes');
END
;;
CREATE TRIGGER draw_seed_no_update BEFORE UPDATE ON draw_seed BEGIN SELECT RAISE(ABORT, 'draw_seed is append-only'); END
;;
CREATE TRIGGER draw_seed_no_delete BEFORE DELETE ON draw_seed BEGIN SELECT RAISE(ABORT, 'draw_seed is append-only'); END
;;
CREATE TRIGGER draw_seed_no_replace BEFORE INSERT ON draw_seed WHEN EXISTS (SELECT 1 FROM draw_seed WHERE centre_id = NEW.centre_id AND kind = NEW.kind AND period = NEW.period) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: draw_seed is append-only'); END
;;
CREATE TRIGGER draw_no_update BEFORE UPDATE ON draw BEGIN SELECT RAISE(ABORT, 'draw is append-only'); END
;;
CREATE TRIGGER draw_no_delete BEFORE DELETE ON draw BEGIN SELECT RAISE(ABORT, 'draw is append-only'); END
;;
CREATE TRIGGER draw_no_replace BEFORE INSERT ON draw WHEN EXISTS (SELECT 1 FROM draw WHERE centre_id = NEW.centre_id AND kind = NEW.kind AND period = NEW.period OR id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: draw is append-only'); END
;;
CREATE TRIGGER frame_item_no_update BEFORE UPDATE ON frame_item BEGIN SELECT RAISE(ABORT, 'frame_item is append-only'); END
;;
CREATE TRIGGER frame_item_no_delete BEFORE DELETE ON frame_item BEGIN SELECT RAISE(ABORT, 'frame_item is append-only'); END
;;
CREATE TRIGGER frame_item_no_replace BEFORE INSERT ON frame_item WHEN EXISTS (SELECT 1 FROM frame_item WHERE draw_id = NEW.draw_id AND recording_id = NEW.recording_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: frame_item is append-only'); END
;;
CREATE TRIGGER draw_of_a_late_seed_bound BEFORE INSERT ON draw FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a draw whose seed was promised late is bound to an anchor, and no other') WHERE (NEW.anchor_id IS NOT NULL) <> EXISTS (SELECT 1 FROM draw_seed s WHERE s.centre_id = NEW.centre_id
        AND s.kind = NEW.kind AND s.period = NEW.period AND s.late IS NOT NULL);
END
;;
CREATE TRIGGER review_no_update BEFORE UPDATE ON review BEGIN SELECT RAISE(ABORT, 'review is append-only'); END
;;
CREATE TRIGGER review_no_delete BEFORE DELETE ON review BEGIN SELECT RAISE(ABORT, 'review is append-only'); END
;;
CREATE TRIGGER review_no_replace BEFORE INSERT ON review WHEN EXISTS (SELECT 1 FROM review WHERE id = NEW.id OR task_id = NEW.task_id AND version = NEW.version) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: review is append-only'); END
;;
CREATE TRIGGER review_mark_no_update BEFORE UPDATE ON review_mark BEGIN SELECT RAISE(ABORT, 'review_mark is append-only'); END
;;
CREATE TRIGGER review_mark_no_delete BEFORE DELETE ON review_mark BEGIN SELECT RAISE(ABORT, 'review_mark is append-only'); END
;;
CREATE TRIGGER review_mark_no_replace BEFORE INSERT ON review_mark WHEN EXISTS (SELECT 1 FROM review_mark WHERE review_id = NEW.review_id AND criterion = NEW.criterion) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: review_mark is append-only'); END
;;
CREATE TRIGGER review_raises_version AFTER INSERT ON review FOR EACH ROW  BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = (SELECT s.id FROM subscription s JOIN call c ON c.contact_id = s.contact_id WHERE c.id = NEW.call_id);
END
;;
CREATE TRIGGER review_not_ones_own_call BEFORE INSERT ON review FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'nobody reviews their own call') WHERE EXISTS (SELECT 1 FROM call c JOIN call o ON o.contact_id = c.contact_id
        WHERE c.id = NEW.call_id AND o.agent_id = NEW.reviewer_id)
        OR NOT EXISTS (SELECT 1 FROM recording r WHERE r.id = NEW.recording_id AND r.call_id = NEW.call_id);
END
;;
CREATE TRIGGER review_changed_with_reason BEFORE INSERT ON review FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a verdict is changed with a reason') WHERE NEW.version > 1 AND (trim(NEW.why_changed) = '' OR NOT EXISTS (SELECT 1 FROM review o
        WHERE o.task_id = NEW.task_id AND o.version = NEW.version - 1 AND o.call_id = NEW.call_id AND o.recording_id = NEW.recording_id));
END
;;
CREATE TRIGGER confirmation_restored_with_its_review BEFORE INSERT ON confirmation FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'what a review voided is restored by a review') WHERE NEW.restored > 0 AND (NOT EXISTS (SELECT 1 FROM confirmation o
        JOIN confirmation_void v ON v.confirmation_id = o.id AND v.reason = 'review_failed'
        WHERE o.call_id = NEW.call_id AND o.restored = NEW.restored - 1 AND o.subscription_id = NEW.subscription_id
        AND o.kind = NEW.kind AND o.result = NEW.result AND o.by_id = NEW.by_id)
        OR NOT EXISTS (SELECT 1 FROM review r WHERE r.call_id = NEW.call_id AND r.verdict = 'valid'
        AND NOT EXISTS (SELECT 1 FROM review l WHERE l.task_id = r.task_id AND l.version > r.version))
        OR EXISTS (SELECT 1 FROM review r WHERE r.call_id = NEW.call_id AND r.verdict = 'invalid'
        AND NOT EXISTS (SELECT 1 FROM review l WHERE l.task_id = r.task_id AND l.version > r.version)));
END
;;
CREATE TRIGGER patrol_note_no_update BEFORE UPDATE ON patrol_note BEGIN SELECT RAISE(ABORT, 'patrol_note is append-only'); END
;;
CREATE TRIGGER patrol_note_no_delete BEFORE DELETE ON patrol_note BEGIN SELECT RAISE(ABORT, 'patrol_note is append-only'); END
;;
CREATE TRIGGER patrol_note_no_replace BEFORE INSERT ON patrol_note WHEN EXISTS (SELECT 1 FROM patrol_note WHERE id = NEW.id OR key = NEW.key) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: patrol_note is append-only'); END
;;
CREATE TRIGGER patrol_of_ones_own_centre BEFORE INSERT ON patrol_note FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'nobody inspects their own seat') WHERE NEW.agent_id = NEW.by_id OR NOT EXISTS (SELECT 1 FROM staff s
        WHERE s.id = NEW.agent_id AND s.centre_id = NEW.centre_id);
END
;;
CREATE TRIGGER calibration_no_update BEFORE UPDATE ON calibration BEGIN SELECT RAISE(ABORT, 'calibration is append-only'); END
;;
CREATE TRIGGER calibration_no_delete BEFORE DELETE ON calibration BEGIN SELECT RAISE(ABORT, 'calibration is append-only'); END
;;
CREATE TRIGGER calibration_no_replace BEFORE INSERT ON calibration WHEN EXISTS (SELECT 1 FROM calibration WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: calibration is append-only'); END
;;
CREATE TRIGGER calibration_call_no_update BEFORE UPDATE ON calibration_call BEGIN SELECT RAISE(ABORT, 'calibration_call is append-only'); END
;;
CREATE TRIGGER calibration_call_no_delete BEFORE DELETE ON calibration_call BEGIN SELECT RAISE(ABORT, 'calibration_call is append-only'); END
;;
CREATE TRIGGER calibration_call_no_replace BEFORE INSERT ON calibration_call WHEN EXISTS (SELECT 1 FROM calibration_call WHERE calibration_id = NEW.calibration_id AND recording_id = NEW.recording_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: calibration_call is append-only'); END
;;
CREATE TRIGGER calibration_reviewer_no_update BEFORE UPDATE ON calibration_reviewer BEGIN SELECT RAISE(ABORT, 'calibration_reviewer is append-only'); END
;;
CREATE TRIGGER calibration_reviewer_no_delete BEFORE DELETE ON calibration_reviewer BEGIN SELECT RAISE(ABORT, 'calibration_reviewer is append-only'); END
;;
CREATE TRIGGER calibration_reviewer_no_replace BEFORE INSERT ON calibration_reviewer WHEN EXISTS (SELECT 1 FROM calibration_reviewer WHERE calibration_id = NEW.calibration_id AND reviewer_id = NEW.reviewer_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: calibration_reviewer is append-only'); END
;;
CREATE TRIGGER calibration_verdict_no_update BEFORE UPDATE ON calibration_verdict BEGIN SELECT RAISE(ABORT, 'calibration_verdict is append-only'); END
;;
CREATE TRIGGER calibration_verdict_no_delete BEFORE DELETE ON calibration_verdict BEGIN SELECT RAISE(ABORT, 'calibration_verdict is append-only'); END
;;
CREATE TRIGGER calibration_verdict_no_replace BEFORE INSERT ON calibration_verdict WHEN EXISTS (SELECT 1 FROM calibration_verdict WHERE calibration_id = NEW.calibration_id AND recording_id = NEW.recording_id AND reviewer_id = NEW.reviewer_id OR id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: calibration_verdict is append-only'); END
;;
CREATE TRIGGER calibration_mark_no_update BEFORE UPDATE ON calibration_mark BEGIN SELECT RAISE(ABORT, 'calibration_mark is append-only'); END
;;
CREATE TRIGGER calibration_mark_no_delete BEFORE DELETE ON calibration_mark BEGIN SELECT RAISE(ABORT, 'calibration_mark is append-only'); END
;;
CREATE TRIGGER calibration_mark_no_replace BEFORE INSERT ON calibration_mark WHEN EXISTS (SELECT 1 FROM calibration_mark WHERE verdict_id = NEW.verdict_id AND criterion = NEW.criterion) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: calibration_mark is append-only'); END
;;
CREATE TRIGGER calibration_closing_no_update BEFORE UPDATE ON calibration_closing BEGIN SELECT RAISE(ABORT, 'calibration_closing is append-only'); END
;;
CREATE TRIGGER calibration_closing_no_delete BEFORE DELETE ON calibration_closing BEGIN SELECT RAISE(ABORT, 'calibration_closing is append-only'); END
;;
CREATE TRIGGER calibration_closing_no_replace BEFORE INSERT ON calibration_closing WHEN EXISTS (SELECT 1 FROM calibration_closing WHERE calibration_id = NEW.calibration_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: calibration_closing is append-only'); END
;;
CREATE TRIGGER calibration_result_no_update BEFORE UPDATE ON calibration_result BEGIN SELECT RAISE(ABORT, 'calibration_result is append-only'); END
;;
CREATE TRIGGER calibration_result_no_delete BEFORE DELETE ON calibration_result BEGIN SELECT RAISE(ABORT, 'calibration_result is append-only'); END
;;
CREATE TRIGGER calibration_result_no_replace BEFORE INSERT ON calibration_result WHEN EXISTS (SELECT 1 FROM calibration_result WHERE calibration_id = NEW.calibration_id AND criterion = NEW.criterion) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: calibration_result is append-only'); END
;;
CREATE TRIGGER calibration_is_open BEFORE INSERT ON calibration_verdict FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'the calibration is closed') WHERE EXISTS (SELECT 1 FROM calibration_closing c WHERE c.calibration_id = NEW.calibration_id);
END
;;
CREATE TRIGGER review_acceptance_no_update BEFORE UPDATE ON review_acceptance BEGIN SELECT RAISE(ABORT, 'review_acceptance is append-only'); END
;;
CREATE TRIGGER review_acceptance_no_delete BEFORE DELETE ON review_acceptance BEGIN SELECT RAISE(ABORT, 'review_acceptance is append-only'); END
;;
CREATE TRIGGER review_acceptance_no_replace BEFORE INSERT ON review_acceptance WHEN EXISTS (SELECT 1 FROM review_acceptance WHERE review_id = NEW.review_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: review_acceptance is append-only'); END
;;
CREATE TRIGGER dispute_no_update BEFORE UPDATE ON dispute BEGIN SELECT RAISE(ABORT, 'dispute is append-only'); END
;;
CREATE TRIGGER dispute_no_delete BEFORE DELETE ON dispute BEGIN SELECT RAISE(ABORT, 'dispute is append-only'); END
;;
CREATE TRIGGER dispute_no_replace BEFORE INSERT ON dispute WHEN EXISTS (SELECT 1 FROM dispute WHERE id = NEW.id OR review_id = NEW.review_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: dispute is append-only'); END
;;
CREATE TRIGGER dispute_screening_no_update BEFORE UPDATE ON dispute_screening BEGIN SELECT RAISE(ABORT, 'dispute_screening is append-only'); END
;;
CREATE TRIGGER dispute_screening_no_delete BEFORE DELETE ON dispute_screening BEGIN SELECT RAISE(ABORT, 'dispute_screening is append-only'); END
;;
CREATE TRIGGER dispute_screening_no_replace BEFORE INSERT ON dispute_screening WHEN EXISTS (SELECT 1 FROM dispute_screening WHERE dispute_id = NEW.dispute_id OR task_id = NEW.task_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: dispute_screening is append-only'); END
;;
CREATE TRIGGER review_accepted_by_its_caller BEFORE INSERT ON review_acceptance FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a review is accepted by its caller') WHERE NOT EXISTS (SELECT 1 FROM review r JOIN call c ON c.id = r.call_id
        WHERE r.id = NEW.review_id AND c.agent_id = NEW.by_id
        AND NOT EXISTS (SELECT 1 FROM review l WHERE l.task_id = r.task_id AND l.version > r.version)) OR EXISTS (SELECT 1 FROM dispute d WHERE d.review_id = NEW.review_id);
END
;;
CREATE TRIGGER review_disputed_in_time_by_its_caller BEFORE INSERT ON dispute FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a review is disputed in time by its caller') WHERE NOT EXISTS (SELECT 1 FROM review r JOIN call c ON c.id = r.call_id
        WHERE r.id = NEW.review_id AND c.agent_id = NEW.by_id
        AND NOT EXISTS (SELECT 1 FROM review l WHERE l.task_id = r.task_id AND l.version > r.version)) OR trim(NEW.why) = ''
        OR EXISTS (SELECT 1 FROM review r WHERE r.id = NEW.review_id AND (r.answer_by IS NULL OR r.answer_by < NEW.at))
        OR EXISTS (SELECT 1 FROM review_acceptance a WHERE a.review_id = NEW.review_id);
END
;;
CREATE TRIGGER dispute_not_screened_by_its_reviewer BEFORE INSERT ON dispute_screening FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'nobody screens a dispute about their own verdict') WHERE EXISTS (SELECT 1 FROM dispute d JOIN review r ON r.id = d.review_id
        JOIN review o ON o.task_id = r.task_id
        WHERE d.id = NEW.dispute_id AND NEW.by_id IN (o.reviewer_id, d.by_id));
END
;;
CREATE TRIGGER dispute_decided_by_another BEFORE INSERT ON review FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a dispute is decided by another reviewer') WHERE EXISTS (SELECT 1 FROM review o LEFT JOIN dispute d ON d.review_id = o.id
        LEFT JOIN dispute_screening s ON s.dispute_id = d.id AND s.referred
        WHERE o.task_id = NEW.task_id AND o.version = NEW.version - 1 AND ((d.id IS NULL AND o.reviewer_id <> NEW.reviewer_id)
        OR (d.id IS NOT NULL AND (s.dispute_id IS NULL OR EXISTS (SELECT 1 FROM review e
            WHERE e.task_id = NEW.task_id AND e.reviewer_id = NEW.reviewer_id)))));
END
;;
CREATE TRIGGER complaint_no_update BEFORE UPDATE ON complaint BEGIN SELECT RAISE(ABORT, 'complaint is append-only'); END
;;
CREATE TRIGGER complaint_no_delete BEFORE DELETE ON complaint BEGIN SELECT RAISE(ABORT, 'complaint is append-only'); END
;;
CREATE TRIGGER complaint_no_replace BEFORE INSERT ON complaint WHEN EXISTS (SELECT 1 FROM complaint WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: complaint is append-only'); END
;;
CREATE TRIGGER settlement_no_update BEFORE UPDATE ON settlement BEGIN SELECT RAISE(ABORT, 'settlement is append-only'); END
;;
CREATE TRIGGER settlement_no_delete BEFORE DELETE ON settlement BEGIN SELECT RAISE(ABORT, 'settlement is append-only'); END
;;
CREATE TRIGGER settlement_no_replace BEFORE INSERT ON settlement WHEN EXISTS (SELECT 1 FROM settlement WHERE complaint_id = NEW.complaint_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: settlement is append-only'); END
;;
CREATE TRIGGER help_question_no_update BEFORE UPDATE ON help_question BEGIN SELECT RAISE(ABORT, 'help_question is append-only'); END
;;
CREATE TRIGGER help_question_no_delete BEFORE DELETE ON help_question BEGIN SELECT RAISE(ABORT, 'help_question is append-only'); END
;;
CREATE TRIGGER help_question_no_replace BEFORE INSERT ON help_question WHEN EXISTS (SELECT 1 FROM help_question WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: help_question is append-only'); END
;;
CREATE TRIGGER help_answer_no_update BEFORE UPDATE ON help_answer BEGIN SELECT RAISE(ABORT, 'help_answer is append-only'); END
;;
CREATE TRIGGER help_answer_no_delete BEFORE DELETE ON help_answer BEGIN SELECT RAISE(ABORT, 'help_answer is append-only'); END
;;
CREATE TRIGGER help_answer_no_replace BEFORE INSERT ON help_answer WHEN EXISTS (SELECT 1 FROM help_answer WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: help_answer is append-only'); END
;;
CREATE TRIGGER help_withdrawal_no_update BEFORE UPDATE ON help_withdrawal BEGIN SELECT RAISE(ABORT, 'help_withdrawal is append-only'); END
;;
CREATE TRIGGER help_withdrawal_no_delete BEFORE DELETE ON help_withdrawal BEGIN SELECT RAISE(ABORT, 'help_withdrawal is append-only'); END
;;
CREATE TRIGGER help_withdrawal_no_replace BEFORE INSERT ON help_withdrawal WHEN EXISTS (SELECT 1 FROM help_withdrawal WHERE question_id = NEW.question_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: help_withdrawal is append-only'); END
;;
CREATE TRIGGER help_answer_not_by_the_asker BEFORE INSERT ON help_answer FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'nobody answers their own question') WHERE EXISTS (SELECT 1 FROM help_question q WHERE q.id = NEW.question_id AND q.asker_id = NEW.by_id);
END
;;
CREATE TRIGGER period_done_no_update BEFORE UPDATE ON period_done BEGIN SELECT RAISE(ABORT, 'period_done is append-only'); END
;;
CREATE TRIGGER period_done_no_delete BEFORE DELETE ON period_done BEGIN SELECT RAISE(ABORT, 'period_done is append-only'); END
;;
CREATE TRIGGER period_done_no_replace BEFORE INSERT ON period_done WHEN EXISTS (SELECT 1 FROM period_done WHERE job = NEW.job AND centre_id = NEW.centre_id AND period = NEW.period) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: period_done is append-only'); END

CREATE FUNCTION journal_entry_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'journal_entry is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER journal_entry_append_only BEFORE UPDATE OR DELETE ON journal_entry FOR EACH ROW EXECUTE FUNCTION journal_entry_append_only()
;;
CREATE TRIGGER journal_entry_no_truncate BEFORE TRUNCATE ON journal_entry FOR EACH STATEMENT EXECUTE FUNCTION journal_entry_append_only()
;;
CREATE FUNCTION journal_anchor_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'journal_anchor is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER journal_anchor_append_only BEFORE UPDATE OR DELETE ON journal_anchor FOR EACH ROW EXECUTE FUNCTION journal_anchor_append_only()
;;
CREATE TRIGGER journal_anchor_no_truncate BEFORE TRUNCATE ON journal_anchor FOR EACH STATEMENT EXECUTE FUNCTION journal_anchor_append_only()
;;
CREATE FUNCTION journal_block_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'journal_block is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER journal_block_append_only BEFORE UPDATE OR DELETE ON journal_block FOR EACH ROW EXECUTE FUNCTION journal_block_append_only()
;;
CREATE TRIGGER journal_block_no_truncate BEFORE TRUNCATE ON journal_block FOR EACH STATEMENT EXECUTE FUNCTION journal_block_append_only()
;;
CREATE FUNCTION anchor_outing_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'anchor_outing is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER anchor_outing_append_only BEFORE UPDATE OR DELETE ON anchor_outing FOR EACH ROW EXECUTE FUNCTION anchor_outing_append_only()
;;
CREATE TRIGGER anchor_outing_no_truncate BEFORE TRUNCATE ON anchor_outing FOR EACH STATEMENT EXECUTE FUNCTION anchor_outing_append_only()
;;
CREATE FUNCTION calendar_decision_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'calendar_decision is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER calendar_decision_append_only BEFORE UPDATE OR DELETE ON calendar_decision FOR EACH ROW EXECUTE FUNCTION calendar_decision_append_only()
;;
CREATE TRIGGER calendar_decision_no_truncate BEFORE TRUNCATE ON calendar_decision FOR EACH STATEMENT EXECUTE FUNCTION calendar_decision_append_only()
;;
CREATE FUNCTION decreed_year_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'decreed_year is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER decreed_year_append_only BEFORE UPDATE OR DELETE ON decreed_year FOR EACH ROW EXECUTE FUNCTION decreed_year_append_only()
;;
CREATE TRIGGER decreed_year_no_truncate BEFORE TRUNCATE ON decreed_year FOR EACH STATEMENT EXECUTE FUNCTION decreed_year_append_only()
;;
CREATE FUNCTION script_decision_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'script_decision is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER script_decision_append_only BEFORE UPDATE OR DELETE ON script_decision FOR EACH ROW EXECUTE FUNCTION script_decision_append_only()
;;
CREATE TRIGGER script_decision_no_truncate BEFORE TRUNCATE ON script_decision FOR EACH STATEMENT EXECUTE FUNCTION script_decision_append_only()
;;
CREATE FUNCTION script_decision_not_the_author() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.approved AND EXISTS (SELECT 1 FROM script_version v WHERE v.id = NEW.version_id
        AND v.author_id = NEW.by_id) THEN RAISE EXCEPTION 'nobody approves their own script' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER script_decision_not_the_author BEFORE INSERT ON script_decision FOR EACH ROW EXECUTE FUNCTION script_decision_not_the_author()
;;
CREATE FUNCTION script_version_immutable() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.state <> 'draft' AND (NEW.source <> OLD.source OR NEW.content_hash <> OLD.content_hash
        OR NEW.number <> OLD.number OR NEW.author_id <> OLD.author_id OR NEW.script_id <> OLD.script_id) THEN RAISE EXCEPTION 'a submitted script version never changes' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER script_version_immutable BEFORE UPDATE ON script_version FOR EACH ROW EXECUTE FUNCTION script_version_immutable()
;;
CREATE FUNCTION script_version_two_approvals() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.state = 'in_force' AND OLD.state <> 'in_force' AND (SELECT count(DISTINCT d.party)
        FROM script_decision d WHERE d.version_id = NEW.id AND d.approved) < 2 THEN RAISE EXCEPTION 'a script needs both approvals' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER script_version_two_approvals BEFORE UPDATE ON script_version FOR EACH ROW EXECUTE FUNCTION script_version_two_approvals()
;;
CREATE FUNCTION script_version_begins_as_draft() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.state <> 'draft' THEN RAISE EXCEPTION 'a script version begins as a draft' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER script_version_begins_as_draft BEFORE INSERT ON script_version FOR EACH ROW EXECUTE FUNCTION script_version_begins_as_draft()
;;
CREATE FUNCTION opt_out_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'opt_out is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER opt_out_append_only BEFORE UPDATE OR DELETE ON opt_out FOR EACH ROW EXECUTE FUNCTION opt_out_append_only()
;;
CREATE TRIGGER opt_out_no_truncate BEFORE TRUNCATE ON opt_out FOR EACH STATEMENT EXECUTE FUNCTION opt_out_append_only()
;;
CREATE FUNCTION opt_out_lifting_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'opt_out_lifting is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER opt_out_lifting_append_only BEFORE UPDATE OR DELETE ON opt_out_lifting FOR EACH ROW EXECUTE FUNCTION opt_out_lifting_append_only()
;;
CREATE TRIGGER opt_out_lifting_no_truncate BEFORE TRUNCATE ON opt_out_lifting FOR EACH STATEMENT EXECUTE FUNCTION opt_out_lifting_append_only()
;;
CREATE FUNCTION opt_out_lifting_asked_and_approved() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM lifting_request r WHERE r.id = NEW.request_id
        AND r.opt_out_id = NEW.opt_out_id AND r.asked_by_id = NEW.asked_by_id
        AND r.answer = 'approved' AND r.answered_by_id = NEW.approved_by_id) THEN RAISE EXCEPTION 'a lifting is asked for by one person and approved by another' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER opt_out_lifting_asked_and_approved BEFORE INSERT ON opt_out_lifting FOR EACH ROW EXECUTE FUNCTION opt_out_lifting_asked_and_approved()
;;
CREATE FUNCTION lifting_request_answered_once() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.answer IS NOT NULL OR NEW.opt_out_id <> OLD.opt_out_id OR NEW.asked_by_id <> OLD.asked_by_id
        OR NEW.id <> OLD.id OR NEW.centre_id <> OLD.centre_id OR NEW.reason <> OLD.reason
        OR NEW.asked_at <> OLD.asked_at THEN RAISE EXCEPTION 'a wish to lift an opt-out is answered once, and stays as it was asked' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER lifting_request_answered_once BEFORE UPDATE ON lifting_request FOR EACH ROW EXECUTE FUNCTION lifting_request_answered_once()
;;
CREATE FUNCTION lifting_request_never_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.id IS NOT NULL THEN RAISE EXCEPTION 'wishes to lift an opt-out are kept' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER lifting_request_never_deleted BEFORE DELETE ON lifting_request FOR EACH ROW EXECUTE FUNCTION lifting_request_never_deleted()
;;
CREATE FUNCTION opt_out_takes_effect() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    PERFORM 1 FROM phone WHERE id IN (SELECT phone_id FROM fresh) ORDER BY id FOR NO KEY UPDATE;
    UPDATE phone SET version = version + 1 FROM fresh WHERE phone.id = fresh.phone_id;
    UPDATE dial_token SET voided_at = fresh.at FROM fresh WHERE dial_token.phone_id = fresh.phone_id
        AND used_at IS NULL AND voided_at IS NULL AND (fresh.scope = 'all' OR dial_token.campaign_id = fresh.campaign_id
        OR dial_token.campaign_id IN (SELECT id FROM campaign WHERE kind = fresh.campaign_kind));
    UPDATE claim SET ended_at = fresh.at, ended_how = 'blocked' FROM fresh
        WHERE claim.phone_id = fresh.phone_id
        AND ended_at IS NULL AND (fresh.scope = 'all' OR claim.campaign_id = fresh.campaign_id
        OR claim.campaign_id IN (SELECT id FROM campaign WHERE kind = fresh.campaign_kind))
        AND NOT EXISTS (SELECT 1 FROM call WHERE call.claim_id = claim.id);
    UPDATE contact SET state = 'closed', closed_why = 'opted_out' FROM fresh
        WHERE contact.phone_id = fresh.phone_id
        AND state = 'queued' AND (fresh.scope = 'all' OR contact.campaign_id = fresh.campaign_id
        OR contact.campaign_id IN (SELECT id FROM campaign WHERE kind = fresh.campaign_kind));
    RETURN NULL;
END $$
;;
CREATE TRIGGER opt_out_takes_effect AFTER INSERT ON opt_out REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION opt_out_takes_effect()
;;
CREATE FUNCTION call_list_stays_published() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.published_at IS NOT NULL AND NEW.published_at IS NULL THEN RAISE EXCEPTION 'a published call list stays published' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER call_list_stays_published BEFORE UPDATE OF published_at ON call_list FOR EACH ROW EXECUTE FUNCTION call_list_stays_published()
;;
CREATE FUNCTION refused_row_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM call_list WHERE id = OLD.call_list_id AND published_at IS NOT NULL) THEN RAISE EXCEPTION 'refused rows of a published list are append-only' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER refused_row_stays BEFORE DELETE ON refused_row FOR EACH ROW EXECUTE FUNCTION refused_row_stays()
;;
CREATE FUNCTION refused_row_unchanged() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF 1 = 1 THEN RAISE EXCEPTION 'refused_row is append-only' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER refused_row_unchanged BEFORE UPDATE OF call_list_id, row, fault, reason ON refused_row FOR EACH ROW EXECUTE FUNCTION refused_row_unchanged()
;;
CREATE FUNCTION refused_row_no_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
RAISE EXCEPTION 'refused_row is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER refused_row_no_truncate BEFORE TRUNCATE ON refused_row
FOR EACH STATEMENT EXECUTE FUNCTION refused_row_no_truncate()
;;
CREATE FUNCTION contact_number_is_once() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM contact WHERE campaign_id = NEW.campaign_id AND phone_id = NEW.phone_id) THEN RAISE EXCEPTION 'the campaign has a contact with this number already' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER contact_number_is_once BEFORE INSERT ON contact_number FOR EACH ROW EXECUTE FUNCTION contact_number_is_once()
;;
CREATE FUNCTION contact_number_moves() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM contact_number
        WHERE campaign_id = NEW.campaign_id AND phone_id = NEW.phone_id) THEN RAISE EXCEPTION 'the campaign has a contact with this number already' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER contact_number_moves BEFORE UPDATE OF phone_id ON contact FOR EACH ROW EXECUTE FUNCTION contact_number_moves()
;;
CREATE FUNCTION phone_sealed_again() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM key_rotation r WHERE r.done_at IS NULL
        AND r.prefix = substr(NEW.sealed, 1, 2) AND r.prefix <> substr(OLD.sealed, 1, 2)) THEN RAISE EXCEPTION 'what is sealed in phone changes only with its key' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER phone_sealed_again BEFORE UPDATE OF sealed ON phone FOR EACH ROW EXECUTE FUNCTION phone_sealed_again()
;;
CREATE FUNCTION refused_row_sealed_again() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM key_rotation r WHERE r.done_at IS NULL
        AND r.prefix = substr(NEW.sealed, 1, 2) AND r.prefix <> substr(OLD.sealed, 1, 2)) THEN RAISE EXCEPTION 'what is sealed in refused_row changes only with its key' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER refused_row_sealed_again BEFORE UPDATE OF sealed ON refused_row FOR EACH ROW EXECUTE FUNCTION refused_row_sealed_again()
;;
CREATE FUNCTION unblocked_row_unchanged() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF 1 = 1 THEN RAISE EXCEPTION 'unblocked_row is append-only' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER unblocked_row_unchanged BEFORE UPDATE OF opt_out_file_id, row, reason ON unblocked_row FOR EACH ROW EXECUTE FUNCTION unblocked_row_unchanged()
;;
CREATE FUNCTION unblocked_row_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF 1 = 1 THEN RAISE EXCEPTION 'unblocked_row is append-only' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER unblocked_row_stays BEFORE DELETE ON unblocked_row FOR EACH ROW EXECUTE FUNCTION unblocked_row_stays()
;;
CREATE FUNCTION unblocked_row_no_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
RAISE EXCEPTION 'unblocked_row is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER unblocked_row_no_truncate BEFORE TRUNCATE ON unblocked_row
FOR EACH STATEMENT EXECUTE FUNCTION unblocked_row_no_truncate()
;;
CREATE FUNCTION unblocked_row_sealed_again() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM key_rotation r WHERE r.done_at IS NULL
        AND r.prefix = substr(NEW.sealed, 1, 2) AND r.prefix <> substr(OLD.sealed, 1, 2)) THEN RAISE EXCEPTION 'what is sealed in unblocked_row changes only with its key' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER unblocked_row_sealed_again BEFORE UPDATE OF sealed ON unblocked_row FOR EACH ROW EXECUTE FUNCTION unblocked_row_sealed_again()
;;
CREATE FUNCTION campaign_version_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'campaign_version is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER campaign_version_append_only BEFORE UPDATE OR DELETE ON campaign_version FOR EACH ROW EXECUTE FUNCTION campaign_version_append_only()
;;
CREATE TRIGGER campaign_version_no_truncate BEFORE TRUNCATE ON campaign_version FOR EACH STATEMENT EXECUTE FUNCTION campaign_version_append_only()
;;
CREATE FUNCTION campaign_stop_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'campaign_stop is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER campaign_stop_append_only BEFORE UPDATE OR DELETE ON campaign_stop FOR EACH ROW EXECUTE FUNCTION campaign_stop_append_only()
;;
CREATE TRIGGER campaign_stop_no_truncate BEFORE TRUNCATE ON campaign_stop FOR EACH STATEMENT EXECUTE FUNCTION campaign_stop_append_only()
;;
CREATE FUNCTION campaign_release_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'campaign_release is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER campaign_release_append_only BEFORE UPDATE OR DELETE ON campaign_release FOR EACH ROW EXECUTE FUNCTION campaign_release_append_only()
;;
CREATE TRIGGER campaign_release_no_truncate BEFORE TRUNCATE ON campaign_release FOR EACH STATEMENT EXECUTE FUNCTION campaign_release_append_only()
;;
CREATE FUNCTION campaign_stopped_stays_paused() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.state = 'open' AND OLD.state <> 'open' AND EXISTS (SELECT 1 FROM campaign_stop s
        WHERE s.campaign_id = NEW.id AND NOT EXISTS (SELECT 1 FROM campaign_release r WHERE r.stop_id = s.id)) THEN RAISE EXCEPTION 'a campaign is stopped for its quality' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER campaign_stopped_stays_paused BEFORE UPDATE OF state ON campaign FOR EACH ROW EXECUTE FUNCTION campaign_stopped_stays_paused()
;;
CREATE FUNCTION dial_token_not_for_opted_out() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    UPDATE phone SET version = version + 1 WHERE id = NEW.phone_id;
    IF EXISTS (SELECT 1 FROM opt_out o JOIN campaign c ON c.id = NEW.campaign_id
        WHERE o.phone_id = NEW.phone_id AND (o.expires_at IS NULL OR o.expires_at > NEW.issued_at)
        AND (o.scope = 'all' OR o.campaign_id = c.id OR o.campaign_kind = c.kind)
        AND NOT EXISTS (SELECT 1 FROM opt_out_lifting l WHERE l.opt_out_id = o.id)) THEN RAISE EXCEPTION 'the number is blocked' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER dial_token_not_for_opted_out BEFORE INSERT ON dial_token FOR EACH ROW EXECUTE FUNCTION dial_token_not_for_opted_out()
;;
CREATE FUNCTION dial_token_used_once() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.used_at IS NOT NULL OR OLD.voided_at IS NOT NULL OR NEW.phone_id <> OLD.phone_id
        OR NEW.claim_id <> OLD.claim_id OR (NEW.used_at IS NOT NULL AND NEW.used_at >= OLD.expires_at) THEN RAISE EXCEPTION 'a dial token is good for one dial only' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER dial_token_used_once BEFORE UPDATE ON dial_token FOR EACH ROW EXECUTE FUNCTION dial_token_used_once()
;;
CREATE FUNCTION dial_token_never_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.id IS NOT NULL THEN RAISE EXCEPTION 'dial tokens are kept' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER dial_token_never_deleted BEFORE DELETE ON dial_token FOR EACH ROW EXECUTE FUNCTION dial_token_never_deleted()
;;
CREATE FUNCTION tick_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'tick is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER tick_append_only BEFORE UPDATE OR DELETE ON tick FOR EACH ROW EXECUTE FUNCTION tick_append_only()
;;
CREATE TRIGGER tick_no_truncate BEFORE TRUNCATE ON tick FOR EACH STATEMENT EXECUTE FUNCTION tick_append_only()
;;
CREATE FUNCTION self_mark_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'self_mark is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER self_mark_append_only BEFORE UPDATE OR DELETE ON self_mark FOR EACH ROW EXECUTE FUNCTION self_mark_append_only()
;;
CREATE TRIGGER self_mark_no_truncate BEFORE TRUNCATE ON self_mark FOR EACH STATEMENT EXECUTE FUNCTION self_mark_append_only()
;;
CREATE FUNCTION late_wrap_up_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'late_wrap_up is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER late_wrap_up_append_only BEFORE UPDATE OR DELETE ON late_wrap_up FOR EACH ROW EXECUTE FUNCTION late_wrap_up_append_only()
;;
CREATE TRIGGER late_wrap_up_no_truncate BEFORE TRUNCATE ON late_wrap_up FOR EACH STATEMENT EXECUTE FUNCTION late_wrap_up_append_only()
;;
CREATE FUNCTION late_wrap_up_settlement_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'late_wrap_up_settlement is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER late_wrap_up_settlement_append_only BEFORE UPDATE OR DELETE ON late_wrap_up_settlement FOR EACH ROW EXECUTE FUNCTION late_wrap_up_settlement_append_only()
;;
CREATE TRIGGER late_wrap_up_settlement_no_truncate BEFORE TRUNCATE ON late_wrap_up_settlement FOR EACH STATEMENT EXECUTE FUNCTION late_wrap_up_settlement_append_only()
;;
CREATE FUNCTION call_needs_used_token() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM dial_token t WHERE t.id = NEW.dial_token_id AND t.phone_id = NEW.phone_id
        AND t.used_at IS NOT NULL AND t.voided_at IS NULL) THEN RAISE EXCEPTION 'a call needs a dial token' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER call_needs_used_token BEFORE INSERT ON call FOR EACH ROW EXECUTE FUNCTION call_needs_used_token()
;;
CREATE FUNCTION call_of_an_approved_offer() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.duty = 'pitch' AND EXISTS (SELECT 1 FROM campaign_version v
        JOIN script_version s ON s.id = NEW.script_version_id WHERE v.id = NEW.campaign_version_id
        AND v.offer_since IS NOT NULL AND (s.in_force_at IS NULL OR s.in_force_at <= v.offer_since)) THEN RAISE EXCEPTION 'the script is older than the offer' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER call_of_an_approved_offer BEFORE INSERT ON call FOR EACH ROW EXECUTE FUNCTION call_of_an_approved_offer()
;;
CREATE FUNCTION call_wrapped_up_once() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.wrapped_up_at IS NOT NULL AND (OLD.outcome_code <> NEW.outcome_code
        OR NEW.wrapped_up_at IS NULL OR OLD.wrapped_up_at <> NEW.wrapped_up_at)
        OR NEW.agent_id <> OLD.agent_id OR NEW.phone_id <> OLD.phone_id OR NEW.dialled_at <> OLD.dialled_at
        OR NEW.script_version_id <> OLD.script_version_id THEN RAISE EXCEPTION 'a call is wrapped up once' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER call_wrapped_up_once BEFORE UPDATE ON call FOR EACH ROW EXECUTE FUNCTION call_wrapped_up_once()
;;
CREATE FUNCTION call_never_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.id IS NOT NULL THEN RAISE EXCEPTION 'calls are kept' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER call_never_deleted BEFORE DELETE ON call FOR EACH ROW EXECUTE FUNCTION call_never_deleted()
;;
CREATE FUNCTION broken_callback_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'broken_callback is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER broken_callback_append_only BEFORE UPDATE OR DELETE ON broken_callback FOR EACH ROW EXECUTE FUNCTION broken_callback_append_only()
;;
CREATE TRIGGER broken_callback_no_truncate BEFORE TRUNCATE ON broken_callback FOR EACH STATEMENT EXECUTE FUNCTION broken_callback_append_only()
;;
CREATE FUNCTION spoken_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'spoken is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER spoken_append_only BEFORE UPDATE OR DELETE ON spoken FOR EACH ROW EXECUTE FUNCTION spoken_append_only()
;;
CREATE TRIGGER spoken_no_truncate BEFORE TRUNCATE ON spoken FOR EACH STATEMENT EXECUTE FUNCTION spoken_append_only()
;;
CREATE FUNCTION attendance_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'attendance is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER attendance_append_only BEFORE UPDATE OR DELETE ON attendance FOR EACH ROW EXECUTE FUNCTION attendance_append_only()
;;
CREATE TRIGGER attendance_no_truncate BEFORE TRUNCATE ON attendance FOR EACH STATEMENT EXECUTE FUNCTION attendance_append_only()
;;
CREATE FUNCTION briefing_read_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'briefing_read is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER briefing_read_append_only BEFORE UPDATE OR DELETE ON briefing_read FOR EACH ROW EXECUTE FUNCTION briefing_read_append_only()
;;
CREATE TRIGGER briefing_read_no_truncate BEFORE TRUNCATE ON briefing_read FOR EACH STATEMENT EXECUTE FUNCTION briefing_read_append_only()
;;
CREATE FUNCTION call_after_briefing() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM briefing_read b JOIN campaign_version seen ON seen.id = b.campaign_version_id
        JOIN campaign_version told ON told.id = NEW.campaign_version_id
        WHERE b.staff_id = NEW.agent_id AND b.script_version_id = NEW.script_version_id
        AND b.campaign_id = NEW.campaign_id AND (seen.offer_since = told.offer_since
            OR (seen.offer_since IS NULL AND told.offer_since IS NULL))) THEN RAISE EXCEPTION 'the briefing is unread' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER call_after_briefing BEFORE INSERT ON call FOR EACH ROW EXECUTE FUNCTION call_after_briefing()
;;
CREATE FUNCTION recording_sealed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.sha256 <> OLD.sha256 OR NEW.storage_key <> OLD.storage_key OR NEW.size <> OLD.size
        OR NEW.reference <> OLD.reference OR NEW.kept_at <> OLD.kept_at OR (NEW.waits AND NOT OLD.waits)
        OR (NOT OLD.waits AND (NEW.seconds <> OLD.seconds OR NEW.valid <> OLD.valid OR NEW.codec <> OLD.codec))
        OR (OLD.keep_until IS NULL AND NEW.keep_until IS NOT NULL) OR NEW.keep_until < OLD.keep_until
        OR (OLD.keep_sale_until IS NULL AND NEW.keep_sale_until IS NOT NULL)
        OR NEW.keep_sale_until < OLD.keep_sale_until
        OR (OLD.call_id IS NOT NULL AND (NEW.call_id IS NULL OR NEW.call_id <> OLD.call_id)) THEN RAISE EXCEPTION 'a recording is sealed' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER recording_sealed BEFORE UPDATE ON recording FOR EACH ROW EXECUTE FUNCTION recording_sealed()
;;
CREATE FUNCTION recording_never_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.id IS NOT NULL THEN RAISE EXCEPTION 'recordings are kept' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER recording_never_deleted BEFORE DELETE ON recording FOR EACH ROW EXECUTE FUNCTION recording_never_deleted()
;;
CREATE FUNCTION recorder_token_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.token_digest <> OLD.token_digest OR NEW.centre_id <> OLD.centre_id
        OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL) THEN RAISE EXCEPTION 'a recorder keeps its token' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER recorder_token_stays BEFORE UPDATE ON recorder FOR EACH ROW EXECUTE FUNCTION recorder_token_stays()
;;
CREATE FUNCTION legal_hold_on_what_is_there() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    UPDATE recording SET version = version + 1 WHERE id = NEW.recording_id;
    IF EXISTS (SELECT 1 FROM recording_deletion d WHERE d.recording_id = NEW.recording_id)
        OR NEW.lifted_at IS NOT NULL THEN RAISE EXCEPTION 'a deleted recording cannot be held' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER legal_hold_on_what_is_there BEFORE INSERT ON legal_hold FOR EACH ROW EXECUTE FUNCTION legal_hold_on_what_is_there()
;;
CREATE FUNCTION legal_hold_goes_forward() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.lifted_at IS NOT NULL OR NEW.recording_id <> OLD.recording_id OR NEW.reason <> OLD.reason
        OR NEW.placed_by_id <> OLD.placed_by_id OR NEW.placed_at <> OLD.placed_at
        OR (OLD.confirmed_by_id IS NOT NULL
            AND (NEW.confirmed_by_id IS NULL OR NEW.confirmed_by_id <> OLD.confirmed_by_id))
        OR (NEW.lifted_at IS NOT NULL
            AND (OLD.lift_asked_by_id IS NULL OR NEW.lift_asked_by_id <> OLD.lift_asked_by_id)) THEN RAISE EXCEPTION 'a legal hold goes forward' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER legal_hold_goes_forward BEFORE UPDATE ON legal_hold FOR EACH ROW EXECUTE FUNCTION legal_hold_goes_forward()
;;
CREATE FUNCTION legal_hold_never_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.id IS NOT NULL THEN RAISE EXCEPTION 'legal holds are kept' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER legal_hold_never_deleted BEFORE DELETE ON legal_hold FOR EACH ROW EXECUTE FUNCTION legal_hold_never_deleted()
;;
CREATE FUNCTION recording_deletion_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'recording_deletion is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER recording_deletion_append_only BEFORE UPDATE OR DELETE ON recording_deletion FOR EACH ROW EXECUTE FUNCTION recording_deletion_append_only()
;;
CREATE TRIGGER recording_deletion_no_truncate BEFORE TRUNCATE ON recording_deletion FOR EACH STATEMENT EXECUTE FUNCTION recording_deletion_append_only()
;;
CREATE FUNCTION recording_stays_its_term() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    UPDATE recording SET version = version + 1 WHERE id = NEW.recording_id;
    IF NOT EXISTS (SELECT 1 FROM recording r WHERE r.id = NEW.recording_id AND r.sha256 = NEW.sha256
        AND r.storage_key = NEW.storage_key
        AND CASE WHEN (r.call_id IS NULL OR EXISTS (SELECT 1 FROM call c WHERE c.id = r.call_id AND (c.duty <> 'pitch'
        OR EXISTS (SELECT 1 FROM subscription s WHERE s.sale_call_id = c.id)))) THEN r.keep_sale_until ELSE r.keep_until END <= CURRENT_TIMESTAMP) THEN RAISE EXCEPTION 'a recording stays its term' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER recording_stays_its_term BEFORE INSERT ON recording_deletion FOR EACH ROW EXECUTE FUNCTION recording_stays_its_term()
;;
CREATE FUNCTION recording_under_hold_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM legal_hold h WHERE h.recording_id = NEW.recording_id
        AND h.lifted_at IS NULL) THEN RAISE EXCEPTION 'a recording under legal hold stays' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER recording_under_hold_stays BEFORE INSERT ON recording_deletion FOR EACH ROW EXECUTE FUNCTION recording_under_hold_stays()
;;
CREATE FUNCTION recording_check_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'recording_check is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER recording_check_append_only BEFORE UPDATE OR DELETE ON recording_check FOR EACH ROW EXECUTE FUNCTION recording_check_append_only()
;;
CREATE TRIGGER recording_check_no_truncate BEFORE TRUNCATE ON recording_check FOR EACH STATEMENT EXECUTE FUNCTION recording_check_append_only()
;;
CREATE FUNCTION state_change_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'state_change is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER state_change_append_only BEFORE UPDATE OR DELETE ON state_change FOR EACH ROW EXECUTE FUNCTION state_change_append_only()
;;
CREATE TRIGGER state_change_no_truncate BEFORE TRUNCATE ON state_change FOR EACH STATEMENT EXECUTE FUNCTION state_change_append_only()
;;
CREATE FUNCTION withdrawal_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'withdrawal is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER withdrawal_append_only BEFORE UPDATE OR DELETE ON withdrawal FOR EACH ROW EXECUTE FUNCTION withdrawal_append_only()
;;
CREATE TRIGGER withdrawal_no_truncate BEFORE TRUNCATE ON withdrawal FOR EACH STATEMENT EXECUTE FUNCTION withdrawal_append_only()
;;
CREATE FUNCTION withdrawal_raises_version() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id;
    RETURN NULL;
END $$
;;
CREATE TRIGGER withdrawal_raises_version AFTER INSERT ON withdrawal FOR EACH ROW  EXECUTE FUNCTION withdrawal_raises_version()
;;
CREATE FUNCTION subscription_final_is_final() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF (OLD.state IN ('cancelled', 'lapsed', 'void') AND NEW.state <> OLD.state)
        OR NEW.price_fen <> OLD.price_fen OR NEW.phone_id <> OLD.phone_id OR NEW.version < OLD.version
        OR NEW.campaign_version_id <> OLD.campaign_version_id OR NEW.trial_days <> OLD.trial_days
        OR NEW.seller_id <> OLD.seller_id OR NEW.sale_call_id <> OLD.sale_call_id OR NEW.contact_id <> OLD.contact_id
        OR NEW.centre_id <> OLD.centre_id THEN RAISE EXCEPTION 'an ended subscription stays ended' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER subscription_final_is_final BEFORE UPDATE ON subscription FOR EACH ROW EXECUTE FUNCTION subscription_final_is_final()
;;
CREATE FUNCTION subscription_charged_with_entry() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.state = 'charged' AND OLD.state <> 'charged' AND NOT EXISTS (SELECT 1 FROM ledger_entry e
        WHERE e.subscription_id = NEW.id AND e.kind = 'charge') THEN RAISE EXCEPTION 'charged means that the ledger says so' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER subscription_charged_with_entry BEFORE UPDATE OF state ON subscription FOR EACH ROW EXECUTE FUNCTION subscription_charged_with_entry()
;;
CREATE FUNCTION confirmation_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'confirmation is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER confirmation_append_only BEFORE UPDATE OR DELETE ON confirmation FOR EACH ROW EXECUTE FUNCTION confirmation_append_only()
;;
CREATE TRIGGER confirmation_no_truncate BEFORE TRUNCATE ON confirmation FOR EACH STATEMENT EXECUTE FUNCTION confirmation_append_only()
;;
CREATE FUNCTION confirmation_void_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'confirmation_void is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER confirmation_void_append_only BEFORE UPDATE OR DELETE ON confirmation_void FOR EACH ROW EXECUTE FUNCTION confirmation_void_append_only()
;;
CREATE TRIGGER confirmation_void_no_truncate BEFORE TRUNCATE ON confirmation_void FOR EACH STATEMENT EXECUTE FUNCTION confirmation_void_append_only()
;;
CREATE FUNCTION confirmation_raises_version() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id;
    RETURN NULL;
END $$
;;
CREATE TRIGGER confirmation_raises_version AFTER INSERT ON confirmation FOR EACH ROW  EXECUTE FUNCTION confirmation_raises_version()
;;
CREATE FUNCTION confirmation_void_raises_version() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id;
    RETURN NULL;
END $$
;;
CREATE TRIGGER confirmation_void_raises_version AFTER INSERT ON confirmation_void FOR EACH ROW  EXECUTE FUNCTION confirmation_void_raises_version()
;;
CREATE FUNCTION confirmation_not_by_the_seller() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.kind = 'second' AND EXISTS (SELECT 1 FROM subscription s
        WHERE s.id = NEW.subscription_id AND s.seller_id = NEW.by_id)
        OR NOT EXISTS (SELECT 1 FROM call c JOIN subscription s ON s.id = NEW.subscription_id
        WHERE c.id = NEW.call_id AND c.agent_id = NEW.by_id AND c.contact_id = s.contact_id
        AND (NEW.kind = 'first') = (c.duty IN ('pitch', 'recall', 'correction'))) THEN RAISE EXCEPTION 'the second confirmation is never the seller''s' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER confirmation_not_by_the_seller BEFORE INSERT ON confirmation FOR EACH ROW EXECUTE FUNCTION confirmation_not_by_the_seller()
;;
CREATE FUNCTION confirmation_all_four() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.result = 'passed' AND (SELECT count(*) FROM self_mark m
        WHERE m.call_id = NEW.call_id AND m.mark = 'pass') < 4 THEN RAISE EXCEPTION 'all four criteria must pass' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER confirmation_all_four BEFORE INSERT ON confirmation FOR EACH ROW EXECUTE FUNCTION confirmation_all_four()
;;
CREATE FUNCTION confirmation_not_by_the_reviewer() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.kind = 'second' AND NEW.result = 'passed' AND EXISTS (SELECT 1 FROM review_task t
        JOIN call heard ON heard.id = t.call_id AND heard.duty <> 'confirmation'
        JOIN call c ON c.id = NEW.call_id AND c.contact_id = heard.contact_id
        WHERE t.reviewer_id = NEW.by_id AND t.made_at <= c.dialled_at) THEN RAISE EXCEPTION 'the second confirmation is never the reviewer''s' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER confirmation_not_by_the_reviewer BEFORE INSERT ON confirmation FOR EACH ROW EXECUTE FUNCTION confirmation_not_by_the_reviewer()
;;
CREATE FUNCTION ledger_entry_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'ledger_entry is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION ledger_entry_append_only()
;;
CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_append_only()
;;
CREATE FUNCTION charge_hold_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'charge_hold is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER charge_hold_append_only BEFORE UPDATE OR DELETE ON charge_hold FOR EACH ROW EXECUTE FUNCTION charge_hold_append_only()
;;
CREATE TRIGGER charge_hold_no_truncate BEFORE TRUNCATE ON charge_hold FOR EACH STATEMENT EXECUTE FUNCTION charge_hold_append_only()
;;
CREATE FUNCTION charge_hold_lifting_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'charge_hold_lifting is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER charge_hold_lifting_append_only BEFORE UPDATE OR DELETE ON charge_hold_lifting FOR EACH ROW EXECUTE FUNCTION charge_hold_lifting_append_only()
;;
CREATE TRIGGER charge_hold_lifting_no_truncate BEFORE TRUNCATE ON charge_hold_lifting FOR EACH STATEMENT EXECUTE FUNCTION charge_hold_lifting_append_only()
;;
CREATE FUNCTION instruction_batch_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'instruction_batch is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER instruction_batch_append_only BEFORE UPDATE OR DELETE ON instruction_batch FOR EACH ROW EXECUTE FUNCTION instruction_batch_append_only()
;;
CREATE TRIGGER instruction_batch_no_truncate BEFORE TRUNCATE ON instruction_batch FOR EACH STATEMENT EXECUTE FUNCTION instruction_batch_append_only()
;;
CREATE FUNCTION acknowledgement_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'acknowledgement is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER acknowledgement_append_only BEFORE UPDATE OR DELETE ON acknowledgement FOR EACH ROW EXECUTE FUNCTION acknowledgement_append_only()
;;
CREATE TRIGGER acknowledgement_no_truncate BEFORE TRUNCATE ON acknowledgement FOR EACH STATEMENT EXECUTE FUNCTION acknowledgement_append_only()
;;
CREATE FUNCTION difference_settlement_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'difference_settlement is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER difference_settlement_append_only BEFORE UPDATE OR DELETE ON difference_settlement FOR EACH ROW EXECUTE FUNCTION difference_settlement_append_only()
;;
CREATE TRIGGER difference_settlement_no_truncate BEFORE TRUNCATE ON difference_settlement FOR EACH STATEMENT EXECUTE FUNCTION difference_settlement_append_only()
;;
CREATE FUNCTION stray_answer_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'stray_answer is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER stray_answer_append_only BEFORE UPDATE OR DELETE ON stray_answer FOR EACH ROW EXECUTE FUNCTION stray_answer_append_only()
;;
CREATE TRIGGER stray_answer_no_truncate BEFORE TRUNCATE ON stray_answer FOR EACH STATEMENT EXECUTE FUNCTION stray_answer_append_only()
;;
CREATE FUNCTION stray_settlement_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'stray_settlement is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER stray_settlement_append_only BEFORE UPDATE OR DELETE ON stray_settlement FOR EACH ROW EXECUTE FUNCTION stray_settlement_append_only()
;;
CREATE TRIGGER stray_settlement_no_truncate BEFORE TRUNCATE ON stray_settlement FOR EACH STATEMENT EXECUTE FUNCTION stray_settlement_append_only()
;;
CREATE FUNCTION batch_file_unchanged() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF 1 = 1 THEN RAISE EXCEPTION 'batch_file is append-only' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER batch_file_unchanged BEFORE UPDATE OF id, batch_id, form, name, size, sha256 ON batch_file FOR EACH ROW EXECUTE FUNCTION batch_file_unchanged()
;;
CREATE FUNCTION batch_file_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF 1 = 1 THEN RAISE EXCEPTION 'batch_file is append-only' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER batch_file_stays BEFORE DELETE ON batch_file FOR EACH ROW EXECUTE FUNCTION batch_file_stays()
;;
CREATE FUNCTION batch_file_no_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
RAISE EXCEPTION 'batch_file is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER batch_file_no_truncate BEFORE TRUNCATE ON batch_file
FOR EACH STATEMENT EXECUTE FUNCTION batch_file_no_truncate()
;;
CREATE FUNCTION batch_file_sealed_again() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM key_rotation r WHERE r.done_at IS NULL
        AND r.prefix = substr(NEW.sealed, 1, 2) AND r.prefix <> substr(OLD.sealed, 1, 2)) THEN RAISE EXCEPTION 'what is sealed in batch_file changes only with its key' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER batch_file_sealed_again BEFORE UPDATE OF sealed ON batch_file FOR EACH ROW EXECUTE FUNCTION batch_file_sealed_again()
;;
CREATE FUNCTION subscription_never_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.id IS NOT NULL THEN RAISE EXCEPTION 'subscriptions are kept' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER subscription_never_deleted BEFORE DELETE ON subscription FOR EACH ROW EXECUTE FUNCTION subscription_never_deleted()
;;
CREATE FUNCTION charge_hold_raises_version() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id;
    RETURN NULL;
END $$
;;
CREATE TRIGGER charge_hold_raises_version AFTER INSERT ON charge_hold FOR EACH ROW  EXECUTE FUNCTION charge_hold_raises_version()
;;
CREATE FUNCTION ledger_entry_in_form() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.kind NOT IN ('charge', 'reversal') OR NOT (length(NEW.cycle) = 10 AND substr(NEW.cycle, 1, 2) = '20' AND substr(NEW.cycle, 3, 1) IN ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') AND substr(NEW.cycle, 4, 1) IN ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') AND substr(NEW.cycle, 7, 1) IN ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') AND substr(NEW.cycle, 10, 1) IN ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9') AND substr(NEW.cycle, 5, 1) = '-' AND substr(NEW.cycle, 8, 1) = '-' AND substr(NEW.cycle, 6, 1) IN ('0', '1') AND substr(NEW.cycle, 9, 1) IN ('0', '1', '2', '3'))
        OR (NEW.kind = 'charge' AND (NEW.amount_fen <= 0 OR NEW.reverses_id IS NOT NULL OR NEW.confirmation_id IS NULL
            OR coalesce(NEW.confirmation_kind, '') <> 'second' OR coalesce(NEW.confirmation_result, '') <> 'passed'))
        OR (NEW.kind = 'reversal' AND (NEW.amount_fen >= 0 OR NEW.reverses_id IS NULL))
        OR NOT EXISTS (SELECT 1 FROM subscription s
            WHERE s.id = NEW.subscription_id AND s.centre_id = NEW.centre_id) THEN RAISE EXCEPTION 'an entry is a charge or its reversal' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER ledger_entry_in_form BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION ledger_entry_in_form()
;;
CREATE FUNCTION charge_needs_second_confirmation() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id;
    IF NEW.kind = 'charge' AND (
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
            AND substr(e.cycle, 1, 7) = substr(NEW.cycle, 1, 7))) THEN RAISE EXCEPTION 'a charge needs a valid second confirmation' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER charge_needs_second_confirmation BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION charge_needs_second_confirmation()
;;
CREATE FUNCTION charge_not_before_its_time() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.kind = 'charge' AND (
        to_char(NEW.at AT TIME ZONE 'UTC' + interval '1 day', 'YYYY-MM-DD') < NEW.cycle
        OR EXISTS (SELECT 1 FROM confirmation c WHERE c.subscription_id = NEW.subscription_id
            AND c.result = 'passed' AND c.at > NEW.at)) THEN RAISE EXCEPTION 'a charge has its time after what it rests on' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER charge_not_before_its_time BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION charge_not_before_its_time()
;;
CREATE FUNCTION reversal_takes_back_its_charge() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.kind = 'reversal' AND (NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = NEW.reverses_id
        AND e.kind = 'charge' AND e.amount_fen = -NEW.amount_fen AND e.subscription_id = NEW.subscription_id
        AND e.cycle = NEW.cycle) OR EXISTS (SELECT 1 FROM ledger_entry e WHERE e.reverses_id = NEW.reverses_id)) THEN RAISE EXCEPTION 'a reversal takes back one charge, whole' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER reversal_takes_back_its_charge BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION reversal_takes_back_its_charge()
;;
CREATE FUNCTION instruction_leaves_once() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.batch_id IS NOT NULL OR NEW.id <> OLD.id OR NEW.key <> OLD.key OR NEW.amount_fen <> OLD.amount_fen
        OR NEW.kind <> OLD.kind OR NEW.subscription_id <> OLD.subscription_id OR NEW.centre_id <> OLD.centre_id
        OR NEW.effective_on <> OLD.effective_on OR NEW.made_at <> OLD.made_at
        OR coalesce(NEW.ledger_entry_id, 0) <> coalesce(OLD.ledger_entry_id, 0)
        OR coalesce(NEW.repeats_id, 0) <> coalesce(OLD.repeats_id, 0)
        OR NOT EXISTS (SELECT 1 FROM instruction_batch b WHERE b.id = NEW.batch_id AND b.centre_id = NEW.centre_id
            AND b.at >= NEW.made_at)
        OR EXISTS (SELECT 1 FROM ledger_entry e JOIN instruction_batch b ON b.id = NEW.batch_id
            WHERE e.id = NEW.ledger_entry_id AND e.at > b.at) THEN RAISE EXCEPTION 'an instruction leaves once' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER instruction_leaves_once BEFORE UPDATE ON instruction FOR EACH ROW EXECUTE FUNCTION instruction_leaves_once()
;;
CREATE FUNCTION instruction_charge_from_ledger() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.batch_id IS NOT NULL
        OR (NEW.kind IN ('charge', 'reverse')) <> (NEW.ledger_entry_id IS NOT NULL)
        OR (NEW.ledger_entry_id IS NULL AND NEW.amount_fen <> 0)
        OR (NEW.ledger_entry_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_entry e
        WHERE e.id = NEW.ledger_entry_id AND e.subscription_id = NEW.subscription_id AND e.amount_fen = NEW.amount_fen
        AND (e.kind = 'charge') = (NEW.kind = 'charge')))
        OR (NEW.repeats_id IS NULL AND EXISTS (SELECT 1 FROM instruction i
            WHERE i.ledger_entry_id = NEW.ledger_entry_id)) THEN RAISE EXCEPTION 'a charge instruction follows the ledger' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER instruction_charge_from_ledger BEFORE INSERT ON instruction FOR EACH ROW EXECUTE FUNCTION instruction_charge_from_ledger()
;;
CREATE FUNCTION instruction_repeated_by_decision() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.repeats_id IS NOT NULL AND (NOT EXISTS (SELECT 1 FROM instruction o
        JOIN difference_settlement d ON d.instruction_id = o.id AND d.decision = 'resend'
        WHERE o.id = NEW.repeats_id AND o.kind = NEW.kind AND o.amount_fen = NEW.amount_fen
        AND o.subscription_id = NEW.subscription_id AND o.centre_id = NEW.centre_id
        AND coalesce(o.ledger_entry_id, 0) = coalesce(NEW.ledger_entry_id, 0))
        OR EXISTS (SELECT 1 FROM ledger_entry e WHERE e.reverses_id = NEW.ledger_entry_id)) THEN RAISE EXCEPTION 'an instruction is repeated once, after its rejection' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER instruction_repeated_by_decision BEFORE INSERT ON instruction FOR EACH ROW EXECUTE FUNCTION instruction_repeated_by_decision()
;;
CREATE FUNCTION instruction_never_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.id IS NOT NULL THEN RAISE EXCEPTION 'instructions are kept' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER instruction_never_deleted BEFORE DELETE ON instruction FOR EACH ROW EXECUTE FUNCTION instruction_never_deleted()
;;
CREATE FUNCTION instruction_batch_without_gap() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.number <> 1 + coalesce((SELECT max(b.number) FROM instruction_batch b
        WHERE b.centre_id = NEW.centre_id), 0) THEN RAISE EXCEPTION 'batches are numbered without gaps' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER instruction_batch_without_gap BEFORE INSERT ON instruction_batch FOR EACH ROW EXECUTE FUNCTION instruction_batch_without_gap()
;;
CREATE FUNCTION acknowledgement_of_what_left() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM instruction i WHERE i.id = NEW.instruction_id AND i.batch_id IS NOT NULL) THEN RAISE EXCEPTION 'only what has left is answered' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER acknowledgement_of_what_left BEFORE INSERT ON acknowledgement FOR EACH ROW EXECUTE FUNCTION acknowledgement_of_what_left()
;;
CREATE FUNCTION settlement_of_a_difference() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.reason = '' OR NEW.decision NOT IN ('resend', 'accept', 'carried_out')
        OR NOT EXISTS (SELECT 1 FROM instruction i WHERE i.id = NEW.instruction_id AND i.batch_id IS NOT NULL
            AND i.centre_id = NEW.centre_id)
        OR (NEW.acknowledgement_id IS NULL AND (NEW.decision <> 'carried_out'
            OR EXISTS (SELECT 1 FROM acknowledgement a WHERE a.instruction_id = NEW.instruction_id)
            OR EXISTS (SELECT 1 FROM difference_settlement d WHERE d.instruction_id = NEW.instruction_id)))
        OR (NEW.acknowledgement_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM acknowledgement a
            JOIN instruction i ON i.id = a.instruction_id
            WHERE a.id = NEW.acknowledgement_id AND a.instruction_id = NEW.instruction_id
            AND (NOT a.accepted OR (a.amount_fen <> i.amount_fen AND NEW.decision = 'carried_out')))) THEN RAISE EXCEPTION 'only a difference is settled' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER settlement_of_a_difference BEFORE INSERT ON difference_settlement FOR EACH ROW EXECUTE FUNCTION settlement_of_a_difference()
;;
CREATE FUNCTION notice_try_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'notice_try is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER notice_try_append_only BEFORE UPDATE OR DELETE ON notice_try FOR EACH ROW EXECUTE FUNCTION notice_try_append_only()
;;
CREATE TRIGGER notice_try_no_truncate BEFORE TRUNCATE ON notice_try FOR EACH STATEMENT EXECUTE FUNCTION notice_try_append_only()
;;
CREATE FUNCTION notice_receipt_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'notice_receipt is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER notice_receipt_append_only BEFORE UPDATE OR DELETE ON notice_receipt FOR EACH ROW EXECUTE FUNCTION notice_receipt_append_only()
;;
CREATE TRIGGER notice_receipt_no_truncate BEFORE TRUNCATE ON notice_receipt FOR EACH STATEMENT EXECUTE FUNCTION notice_receipt_append_only()
;;
CREATE FUNCTION reply_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'reply is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER reply_append_only BEFORE UPDATE OR DELETE ON reply FOR EACH ROW EXECUTE FUNCTION reply_append_only()
;;
CREATE TRIGGER reply_no_truncate BEFORE TRUNCATE ON reply FOR EACH STATEMENT EXECUTE FUNCTION reply_append_only()
;;
CREATE FUNCTION reply_match_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'reply_match is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER reply_match_append_only BEFORE UPDATE OR DELETE ON reply_match FOR EACH ROW EXECUTE FUNCTION reply_match_append_only()
;;
CREATE TRIGGER reply_match_no_truncate BEFORE TRUNCATE ON reply_match FOR EACH STATEMENT EXECUTE FUNCTION reply_match_append_only()
;;
CREATE FUNCTION reply_match_raises_version() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id;
    RETURN NULL;
END $$
;;
CREATE TRIGGER reply_match_raises_version AFTER INSERT ON reply_match FOR EACH ROW  EXECUTE FUNCTION reply_match_raises_version()
;;
CREATE FUNCTION notice_stays_as_sent() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.key <> OLD.key OR NEW.kind <> OLD.kind OR NEW.subscription_id <> OLD.subscription_id
        OR NEW.phone_id <> OLD.phone_id OR NEW.centre_id <> OLD.centre_id OR NEW.made_at <> OLD.made_at
        OR NEW.expects <> OLD.expects OR coalesce(NEW.confirmation_id, 0) <> coalesce(OLD.confirmation_id, 0)
        OR coalesce(CAST(NEW.valid_until AS TEXT), '') <> coalesce(CAST(OLD.valid_until AS TEXT), '')
        OR (OLD.state IN ('sent', 'dropped') AND (NEW.state <> OLD.state OR NEW.text <> OLD.text
            OR coalesce(NEW.script_version_id, 0) <> coalesce(OLD.script_version_id, 0))) THEN RAISE EXCEPTION 'a notice stays as it was sent' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER notice_stays_as_sent BEFORE UPDATE ON notice FOR EACH ROW EXECUTE FUNCTION notice_stays_as_sent()
;;
CREATE FUNCTION notice_in_approved_words() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.state = 'sent' AND OLD.state <> 'sent' AND NOT EXISTS (SELECT 1 FROM script_version v
        WHERE v.id = NEW.script_version_id AND v.in_force_at IS NOT NULL) THEN RAISE EXCEPTION 'a notice needs approved words' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER notice_in_approved_words BEFORE UPDATE ON notice FOR EACH ROW EXECUTE FUNCTION notice_in_approved_words()
;;
CREATE FUNCTION notice_never_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF OLD.id IS NOT NULL THEN RAISE EXCEPTION 'notices are kept' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER notice_never_deleted BEFORE DELETE ON notice FOR EACH ROW EXECUTE FUNCTION notice_never_deleted()
;;
CREATE FUNCTION reply_fits_its_notice() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM reply r JOIN notice n ON n.id = NEW.notice_id
        WHERE r.id = NEW.reply_id AND r.phone_id = n.phone_id AND n.subscription_id = NEW.subscription_id
        AND n.sent_at IS NOT NULL AND r.at >= n.made_at AND (
            (NEW.meaning = 'no' AND (r.wording IN ('N', 'NO', 'T', 'TD', '不', '否', '不要', '不同意', '取消', '退订')
                OR (n.kind = 'reply_request' AND r.wording = 'N' || substr(n.expects, 2))))
            OR (NEW.meaning = 'yes' AND n.kind = 'reply_request' AND r.at <= n.valid_until
                AND (r.wording = n.expects OR r.wording IN ('Y', 'YES', '是', '确认', '同意'))))) THEN RAISE EXCEPTION 'a reply must fit its notice' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER reply_fits_its_notice BEFORE INSERT ON reply_match FOR EACH ROW EXECUTE FUNCTION reply_fits_its_notice()
;;
CREATE FUNCTION charge_needs_reply() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.kind = 'charge' AND EXISTS (SELECT 1 FROM subscription s
        JOIN campaign_version v ON v.id = s.campaign_version_id WHERE s.id = NEW.subscription_id
        AND v.needs_reply)
        AND NOT EXISTS (SELECT 1 FROM reply_match m JOIN notice n ON n.id = m.notice_id
        JOIN confirmation asked ON asked.id = n.confirmation_id
        JOIN confirmation c ON c.call_id = asked.call_id AND c.id = NEW.confirmation_id
        WHERE m.subscription_id = NEW.subscription_id AND m.meaning = 'yes') THEN RAISE EXCEPTION 'a charge needs the customer''s reply' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER charge_needs_reply BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION charge_needs_reply()
;;
CREATE FUNCTION draw_seed_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'draw_seed is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER draw_seed_append_only BEFORE UPDATE OR DELETE ON draw_seed FOR EACH ROW EXECUTE FUNCTION draw_seed_append_only()
;;
CREATE TRIGGER draw_seed_no_truncate BEFORE TRUNCATE ON draw_seed FOR EACH STATEMENT EXECUTE FUNCTION draw_seed_append_only()
;;
CREATE FUNCTION draw_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'draw is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER draw_append_only BEFORE UPDATE OR DELETE ON draw FOR EACH ROW EXECUTE FUNCTION draw_append_only()
;;
CREATE TRIGGER draw_no_truncate BEFORE TRUNCATE ON draw FOR EACH STATEMENT EXECUTE FUNCTION draw_append_only()
;;
CREATE FUNCTION frame_item_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'frame_item is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER frame_item_append_only BEFORE UPDATE OR DELETE ON frame_item FOR EACH ROW EXECUTE FUNCTION frame_item_append_only()
;;
CREATE TRIGGER frame_item_no_truncate BEFORE TRUNCATE ON frame_item FOR EACH STATEMENT EXECUTE FUNCTION frame_item_append_only()
;;
CREATE FUNCTION draw_of_a_late_seed_bound() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF (NEW.anchor_id IS NOT NULL) <> EXISTS (SELECT 1 FROM draw_seed s WHERE s.centre_id = NEW.centre_id
        AND s.kind = NEW.kind AND s.period = NEW.period AND s.late IS NOT NULL) THEN RAISE EXCEPTION 'a draw whose seed was promised late is bound to an anchor, and no other' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER draw_of_a_late_seed_bound BEFORE INSERT ON draw FOR EACH ROW EXECUTE FUNCTION draw_of_a_late_seed_bound()
;;
CREATE FUNCTION review_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'review is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER review_append_only BEFORE UPDATE OR DELETE ON review FOR EACH ROW EXECUTE FUNCTION review_append_only()
;;
CREATE TRIGGER review_no_truncate BEFORE TRUNCATE ON review FOR EACH STATEMENT EXECUTE FUNCTION review_append_only()
;;
CREATE FUNCTION review_mark_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'review_mark is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER review_mark_append_only BEFORE UPDATE OR DELETE ON review_mark FOR EACH ROW EXECUTE FUNCTION review_mark_append_only()
;;
CREATE TRIGGER review_mark_no_truncate BEFORE TRUNCATE ON review_mark FOR EACH STATEMENT EXECUTE FUNCTION review_mark_append_only()
;;
CREATE FUNCTION review_raises_version() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = (SELECT s.id FROM subscription s JOIN call c ON c.contact_id = s.contact_id WHERE c.id = NEW.call_id);
    RETURN NULL;
END $$
;;
CREATE TRIGGER review_raises_version AFTER INSERT ON review FOR EACH ROW  EXECUTE FUNCTION review_raises_version()
;;
CREATE FUNCTION review_not_ones_own_call() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM call c JOIN call o ON o.contact_id = c.contact_id
        WHERE c.id = NEW.call_id AND o.agent_id = NEW.reviewer_id)
        OR NOT EXISTS (SELECT 1 FROM recording r WHERE r.id = NEW.recording_id AND r.call_id = NEW.call_id) THEN RAISE EXCEPTION 'nobody reviews their own call' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER review_not_ones_own_call BEFORE INSERT ON review FOR EACH ROW EXECUTE FUNCTION review_not_ones_own_call()
;;
CREATE FUNCTION review_changed_with_reason() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.version > 1 AND (trim(NEW.why_changed) = '' OR NOT EXISTS (SELECT 1 FROM review o
        WHERE o.task_id = NEW.task_id AND o.version = NEW.version - 1 AND o.call_id = NEW.call_id AND o.recording_id = NEW.recording_id)) THEN RAISE EXCEPTION 'a verdict is changed with a reason' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER review_changed_with_reason BEFORE INSERT ON review FOR EACH ROW EXECUTE FUNCTION review_changed_with_reason()
;;
CREATE FUNCTION confirmation_restored_with_its_review() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.restored > 0 AND (NOT EXISTS (SELECT 1 FROM confirmation o
        JOIN confirmation_void v ON v.confirmation_id = o.id AND v.reason = 'review_failed'
        WHERE o.call_id = NEW.call_id AND o.restored = NEW.restored - 1 AND o.subscription_id = NEW.subscription_id
        AND o.kind = NEW.kind AND o.result = NEW.result AND o.by_id = NEW.by_id)
        OR NOT EXISTS (SELECT 1 FROM review r WHERE r.call_id = NEW.call_id AND r.verdict = 'valid'
        AND NOT EXISTS (SELECT 1 FROM review l WHERE l.task_id = r.task_id AND l.version > r.version))
        OR EXISTS (SELECT 1 FROM review r WHERE r.call_id = NEW.call_id AND r.verdict = 'invalid'
        AND NOT EXISTS (SELECT 1 FROM review l WHERE l.task_id = r.task_id AND l.version > r.version))) THEN RAISE EXCEPTION 'what a review voided is restored by a review' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER confirmation_restored_with_its_review BEFORE INSERT ON confirmation FOR EACH ROW EXECUTE FUNCTION confirmation_restored_with_its_review()
;;
CREATE FUNCTION patrol_note_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'patrol_note is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER patrol_note_append_only BEFORE UPDATE OR DELETE ON patrol_note FOR EACH ROW EXECUTE FUNCTION patrol_note_append_only()
;;
CREATE TRIGGER patrol_note_no_truncate BEFORE TRUNCATE ON patrol_note FOR EACH STATEMENT EXECUTE FUNCTION patrol_note_append_only()
;;
CREATE FUNCTION patrol_of_ones_own_centre() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.agent_id = NEW.by_id OR NOT EXISTS (SELECT 1 FROM staff s
        WHERE s.id = NEW.agent_id AND s.centre_id = NEW.centre_id) THEN RAISE EXCEPTION 'nobody inspects their own seat' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER patrol_of_ones_own_centre BEFORE INSERT ON patrol_note FOR EACH ROW EXECUTE FUNCTION patrol_of_ones_own_centre()
;;
CREATE FUNCTION calibration_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'calibration is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER calibration_append_only BEFORE UPDATE OR DELETE ON calibration FOR EACH ROW EXECUTE FUNCTION calibration_append_only()
;;
CREATE TRIGGER calibration_no_truncate BEFORE TRUNCATE ON calibration FOR EACH STATEMENT EXECUTE FUNCTION calibration_append_only()
;;
CREATE FUNCTION calibration_call_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'calibration_call is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER calibration_call_append_only BEFORE UPDATE OR DELETE ON calibration_call FOR EACH ROW EXECUTE FUNCTION calibration_call_append_only()
;;
CREATE TRIGGER calibration_call_no_truncate BEFORE TRUNCATE ON calibration_call FOR EACH STATEMENT EXECUTE FUNCTION calibration_call_append_only()
;;
CREATE FUNCTION calibration_reviewer_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'calibration_reviewer is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER calibration_reviewer_append_only BEFORE UPDATE OR DELETE ON calibration_reviewer FOR EACH ROW EXECUTE FUNCTION calibration_reviewer_append_only()
;;
CREATE TRIGGER calibration_reviewer_no_truncate BEFORE TRUNCATE ON calibration_reviewer FOR EACH STATEMENT EXECUTE FUNCTION calibration_reviewer_append_only()
;;
CREATE FUNCTION calibration_verdict_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'calibration_verdict is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER calibration_verdict_append_only BEFORE UPDATE OR DELETE ON calibration_verdict FOR EACH ROW EXECUTE FUNCTION calibration_verdict_append_only()
;;
CREATE TRIGGER calibration_verdict_no_truncate BEFORE TRUNCATE ON calibration_verdict FOR EACH STATEMENT EXECUTE FUNCTION calibration_verdict_append_only()
;;
CREATE FUNCTION calibration_mark_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'calibration_mark is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER calibration_mark_append_only BEFORE UPDATE OR DELETE ON calibration_mark FOR EACH ROW EXECUTE FUNCTION calibration_mark_append_only()
;;
CREATE TRIGGER calibration_mark_no_truncate BEFORE TRUNCATE ON calibration_mark FOR EACH STATEMENT EXECUTE FUNCTION calibration_mark_append_only()
;;
CREATE FUNCTION calibration_closing_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'calibration_closing is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER calibration_closing_append_only BEFORE UPDATE OR DELETE ON calibration_closing FOR EACH ROW EXECUTE FUNCTION calibration_closing_append_only()
;;
CREATE TRIGGER calibration_closing_no_truncate BEFORE TRUNCATE ON calibration_closing FOR EACH STATEMENT EXECUTE FUNCTION calibration_closing_append_only()
;;
CREATE FUNCTION calibration_result_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'calibration_result is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER calibration_result_append_only BEFORE UPDATE OR DELETE ON calibration_result FOR EACH ROW EXECUTE FUNCTION calibration_result_append_only()
;;
CREATE TRIGGER calibration_result_no_truncate BEFORE TRUNCATE ON calibration_result FOR EACH STATEMENT EXECUTE FUNCTION calibration_result_append_only()
;;
CREATE FUNCTION calibration_is_open() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM calibration_closing c WHERE c.calibration_id = NEW.calibration_id) THEN RAISE EXCEPTION 'the calibration is closed' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER calibration_is_open BEFORE INSERT ON calibration_verdict FOR EACH ROW EXECUTE FUNCTION calibration_is_open()
;;
CREATE FUNCTION review_acceptance_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'review_acceptance is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER review_acceptance_append_only BEFORE UPDATE OR DELETE ON review_acceptance FOR EACH ROW EXECUTE FUNCTION review_acceptance_append_only()
;;
CREATE TRIGGER review_acceptance_no_truncate BEFORE TRUNCATE ON review_acceptance FOR EACH STATEMENT EXECUTE FUNCTION review_acceptance_append_only()
;;
CREATE FUNCTION dispute_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'dispute is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER dispute_append_only BEFORE UPDATE OR DELETE ON dispute FOR EACH ROW EXECUTE FUNCTION dispute_append_only()
;;
CREATE TRIGGER dispute_no_truncate BEFORE TRUNCATE ON dispute FOR EACH STATEMENT EXECUTE FUNCTION dispute_append_only()
;;
CREATE FUNCTION dispute_screening_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'dispute_screening is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER dispute_screening_append_only BEFORE UPDATE OR DELETE ON dispute_screening FOR EACH ROW EXECUTE FUNCTION dispute_screening_append_only()
;;
CREATE TRIGGER dispute_screening_no_truncate BEFORE TRUNCATE ON dispute_screening FOR EACH STATEMENT EXECUTE FUNCTION dispute_screening_append_only()
;;
CREATE FUNCTION review_accepted_by_its_caller() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM review r JOIN call c ON c.id = r.call_id
        WHERE r.id = NEW.review_id AND c.agent_id = NEW.by_id
        AND NOT EXISTS (SELECT 1 FROM review l WHERE l.task_id = r.task_id AND l.version > r.version)) OR EXISTS (SELECT 1 FROM dispute d WHERE d.review_id = NEW.review_id) THEN RAISE EXCEPTION 'a review is accepted by its caller' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER review_accepted_by_its_caller BEFORE INSERT ON review_acceptance FOR EACH ROW EXECUTE FUNCTION review_accepted_by_its_caller()
;;
CREATE FUNCTION review_disputed_in_time_by_its_caller() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM review r JOIN call c ON c.id = r.call_id
        WHERE r.id = NEW.review_id AND c.agent_id = NEW.by_id
        AND NOT EXISTS (SELECT 1 FROM review l WHERE l.task_id = r.task_id AND l.version > r.version)) OR trim(NEW.why) = ''
        OR EXISTS (SELECT 1 FROM review r WHERE r.id = NEW.review_id AND (r.answer_by IS NULL OR r.answer_by < NEW.at))
        OR EXISTS (SELECT 1 FROM review_acceptance a WHERE a.review_id = NEW.review_id) THEN RAISE EXCEPTION 'a review is disputed in time by its caller' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER review_disputed_in_time_by_its_caller BEFORE INSERT ON dispute FOR EACH ROW EXECUTE FUNCTION review_disputed_in_time_by_its_caller()
;;
CREATE FUNCTION dispute_not_screened_by_its_reviewer() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM dispute d JOIN review r ON r.id = d.review_id
        JOIN review o ON o.task_id = r.task_id
        WHERE d.id = NEW.dispute_id AND NEW.by_id IN (o.reviewer_id, d.by_id)) THEN RAISE EXCEPTION 'nobody screens a dispute about their own verdict' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER dispute_not_screened_by_its_reviewer BEFORE INSERT ON dispute_screening FOR EACH ROW EXECUTE FUNCTION dispute_not_screened_by_its_reviewer()
;;
CREATE FUNCTION dispute_decided_by_another() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM review o LEFT JOIN dispute d ON d.review_id = o.id
        LEFT JOIN dispute_screening s ON s.dispute_id = d.id AND s.referred
        WHERE o.task_id = NEW.task_id AND o.version = NEW.version - 1 AND ((d.id IS NULL AND o.reviewer_id <> NEW.reviewer_id)
        OR (d.id IS NOT NULL AND (s.dispute_id IS NULL OR EXISTS (SELECT 1 FROM review e
            WHERE e.task_id = NEW.task_id AND e.reviewer_id = NEW.reviewer_id))))) THEN RAISE EXCEPTION 'a dispute is decided by another reviewer' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER dispute_decided_by_another BEFORE INSERT ON review FOR EACH ROW EXECUTE FUNCTION dispute_decided_by_another()
;;
CREATE FUNCTION complaint_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'complaint is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER complaint_append_only BEFORE UPDATE OR DELETE ON complaint FOR EACH ROW EXECUTE FUNCTION complaint_append_only()
;;
CREATE TRIGGER complaint_no_truncate BEFORE TRUNCATE ON complaint FOR EACH STATEMENT EXECUTE FUNCTION complaint_append_only()
;;
CREATE FUNCTION settlement_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'settlement is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER settlement_append_only BEFORE UPDATE OR DELETE ON settlement FOR EACH ROW EXECUTE FUNCTION settlement_append_only()
;;
CREATE TRIGGER settlement_no_truncate BEFORE TRUNCATE ON settlement FOR EACH STATEMENT EXECUTE FUNCTION settlement_append_only()
;;
CREATE FUNCTION help_question_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'help_question is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER help_question_append_only BEFORE UPDATE OR DELETE ON help_question FOR EACH ROW EXECUTE FUNCTION help_question_append_only()
;;
CREATE TRIGGER help_question_no_truncate BEFORE TRUNCATE ON help_question FOR EACH STATEMENT EXECUTE FUNCTION help_question_append_only()
;;
CREATE FUNCTION help_answer_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'help_answer is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER help_answer_append_only BEFORE UPDATE OR DELETE ON help_answer FOR EACH ROW EXECUTE FUNCTION help_answer_append_only()
;;
CREATE TRIGGER help_answer_no_truncate BEFORE TRUNCATE ON help_answer FOR EACH STATEMENT EXECUTE FUNCTION help_answer_append_only()
;;
CREATE FUNCTION help_withdrawal_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'help_withdrawal is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER help_withdrawal_append_only BEFORE UPDATE OR DELETE ON help_withdrawal FOR EACH ROW EXECUTE FUNCTION help_withdrawal_append_only()
;;
CREATE TRIGGER help_withdrawal_no_truncate BEFORE TRUNCATE ON help_withdrawal FOR EACH STATEMENT EXECUTE FUNCTION help_withdrawal_append_only()
;;
CREATE FUNCTION help_answer_not_by_the_asker() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM help_question q WHERE q.id = NEW.question_id AND q.asker_id = NEW.by_id) THEN RAISE EXCEPTION 'nobody answers their own question' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER help_answer_not_by_the_asker BEFORE INSERT ON help_answer FOR EACH ROW EXECUTE FUNCTION help_answer_not_by_the_asker()
;;
CREATE FUNCTION period_done_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'period_done is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER period_done_append_only BEFORE UPDATE OR DELETE ON period_done FOR EACH ROW EXECUTE FUNCTION period_done_append_only()
;;
CREATE TRIGGER period_done_no_truncate BEFORE TRUNCATE ON period_done FOR EACH STATEMENT EXECUTE FUNCTION period_done_append_only()

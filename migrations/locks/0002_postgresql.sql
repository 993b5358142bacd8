CREATE FUNCTION trial_begins_with_one_period() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF (NEW.trial_days > 0 AND NEW.trial_ends_on IS NOT NULL
        AND NOT coalesce(NEW.trial_ends_on = NEW.trial_starts_on + NEW.trial_days, FALSE)) OR NEW.state = 'extended' THEN RAISE EXCEPTION 'a trial begins with one period' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER trial_begins_with_one_period BEFORE INSERT ON subscription FOR EACH ROW EXECUTE FUNCTION trial_begins_with_one_period()
;;
CREATE FUNCTION trial_is_extended_once() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF (OLD.trial_starts_on IS NOT NULL AND coalesce(CAST(NEW.trial_starts_on AS TEXT), '') <> coalesce(CAST(OLD.trial_starts_on AS TEXT), ''))
        OR (NEW.trial_days > 0 AND coalesce(CAST(NEW.trial_ends_on AS TEXT), '') <> coalesce(CAST(OLD.trial_ends_on AS TEXT), '') AND NOT coalesce(
            (OLD.trial_ends_on IS NULL AND NEW.trial_ends_on = NEW.trial_starts_on + NEW.trial_days)
            OR (OLD.trial_ends_on = NEW.trial_starts_on + NEW.trial_days AND NEW.trial_ends_on = NEW.trial_starts_on + 2 * NEW.trial_days
                AND OLD.state = 'confirming' AND NEW.state = 'extended'), FALSE))
        OR (NEW.state = 'extended' AND OLD.state <> 'extended' AND NOT coalesce(
            NEW.trial_days > 0 AND NEW.trial_ends_on = NEW.trial_starts_on + 2 * NEW.trial_days
            AND ((OLD.state = 'confirming' AND OLD.trial_ends_on = NEW.trial_starts_on + NEW.trial_days)
                OR (OLD.state = 'correction_due' AND OLD.before_correction = 'extended')), FALSE))
        OR (OLD.state = 'extended' AND NEW.state IN ('recall_due', 'trial', 'confirming')) THEN RAISE EXCEPTION 'one further trial, once, and then nothing' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER trial_is_extended_once BEFORE UPDATE OF state, trial_starts_on, trial_ends_on ON subscription FOR EACH ROW EXECUTE FUNCTION trial_is_extended_once()
;;
CREATE FUNCTION extension_written_down_once() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id AND NEW.after = 'extended';
    IF NEW.after = 'extended' AND NOT (
        (coalesce(NEW.before, '') IN ('confirming', 'correction_due'))
        AND (NEW.before = 'correction_due') = EXISTS (SELECT 1 FROM state_change h
            WHERE h.subscription_id = NEW.subscription_id AND h.after = 'extended')) THEN RAISE EXCEPTION 'one further trial, once, and then nothing' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER extension_written_down_once BEFORE INSERT ON state_change FOR EACH ROW EXECUTE FUNCTION extension_written_down_once()
;;
CREATE FUNCTION extension_told_once() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id AND NEW.kind = 'extend';
    IF NEW.kind = 'extend' AND NEW.repeats_id IS NULL AND (
        EXISTS (SELECT 1 FROM instruction i WHERE i.subscription_id = NEW.subscription_id AND i.kind = 'extend')
        OR NOT EXISTS (SELECT 1 FROM state_change h
            WHERE h.subscription_id = NEW.subscription_id AND h.after = 'extended')) THEN RAISE EXCEPTION 'the carrier is told of one further trial' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER extension_told_once BEFORE INSERT ON instruction FOR EACH ROW EXECUTE FUNCTION extension_told_once()

CREATE TRIGGER trial_begins_with_one_period BEFORE INSERT ON subscription FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a trial begins with one period') WHERE (NEW.trial_days > 0 AND NEW.trial_ends_on IS NOT NULL
        AND NOT coalesce(NEW.trial_ends_on = date(NEW.trial_starts_on, '+' || NEW.trial_days || ' days'), FALSE)) OR NEW.state = 'extended';
END
;;
CREATE TRIGGER trial_is_extended_once BEFORE UPDATE OF state, trial_starts_on, trial_ends_on ON subscription FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'one further trial, once, and then nothing') WHERE (OLD.trial_starts_on IS NOT NULL AND coalesce(CAST(NEW.trial_starts_on AS TEXT), '') <> coalesce(CAST(OLD.trial_starts_on AS TEXT), ''))
        OR (NEW.trial_days > 0 AND coalesce(CAST(NEW.trial_ends_on AS TEXT), '') <> coalesce(CAST(OLD.trial_ends_on AS TEXT), '') AND NOT coalesce(
            (OLD.trial_ends_on IS NULL AND NEW.trial_ends_on = date(NEW.trial_starts_on, '+' || NEW.trial_days || ' days'))
            OR (OLD.trial_ends_on = date(NEW.trial_starts_on, '+' || NEW.trial_days || ' days') AND NEW.trial_ends_on = date(NEW.trial_starts_on, '+' || (2 * NEW.trial_days) || ' days')
                AND OLD.state = 'confirming' AND NEW.state = 'extended'), FALSE))
        OR (NEW.state = 'extended' AND OLD.state <> 'extended' AND NOT coalesce(
            NEW.trial_days > 0 AND NEW.trial_ends_on = date(NEW.trial_starts_on, '+' || (2 * NEW.trial_days) || ' days')
            AND ((OLD.state = 'confirming' AND OLD.trial_ends_on = date(NEW.trial_starts_on, '+' || NEW.trial_days || ' days'))
                OR (OLD.state = 'correction_due' AND OLD.before_correction = 'extended')), FALSE))
        OR (OLD.state = 'extended' AND NEW.state IN ('recall_due', 'trial', 'confirming'));
END
;;
CREATE TRIGGER extension_written_down_once BEFORE INSERT ON state_change FOR EACH ROW BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id AND NEW.after = 'extended';
    SELECT RAISE(ABORT, 'one further trial, once, and then nothing') WHERE NEW.after = 'extended' AND NOT (
        (coalesce(NEW.before, '') IN ('confirming', 'correction_due'))
        AND (NEW.before = 'correction_due') = EXISTS (SELECT 1 FROM state_change h
            WHERE h.subscription_id = NEW.subscription_id AND h.after = 'extended'));
END
;;
CREATE TRIGGER extension_told_once BEFORE INSERT ON instruction FOR EACH ROW BEGIN
    UPDATE subscription SET version = version + 1 WHERE id = NEW.subscription_id AND NEW.kind = 'extend';
    SELECT RAISE(ABORT, 'the carrier is told of one further trial') WHERE NEW.kind = 'extend' AND NEW.repeats_id IS NULL AND (
        EXISTS (SELECT 1 FROM instruction i WHERE i.subscription_id = NEW.subscription_id AND i.kind = 'extend')
        OR NOT EXISTS (SELECT 1 FROM state_change h
            WHERE h.subscription_id = NEW.subscription_id AND h.after = 'extended'));
END

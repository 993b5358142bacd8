CREATE TRIGGER contact_sealed_again BEFORE UPDATE OF sealed ON contact FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'what is sealed in contact changes only with its key') WHERE NOT EXISTS (SELECT 1 FROM key_rotation r WHERE r.done_at IS NULL
        AND r.prefix = substr(NEW.sealed, 1, 2) AND r.prefix <> substr(OLD.sealed, 1, 2));
END
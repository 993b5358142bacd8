CREATE FUNCTION contact_sealed_again() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM key_rotation r WHERE r.done_at IS NULL
        AND r.prefix = substr(NEW.sealed, 1, 2) AND r.prefix <> substr(OLD.sealed, 1, 2)) THEN RAISE EXCEPTION 'what is sealed in contact changes only with its key' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER contact_sealed_again BEFORE UPDATE OF sealed ON contact FOR EACH ROW EXECUTE FUNCTION contact_sealed_again()
CREATE FUNCTION own_rules_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'own_rules is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER own_rules_append_only BEFORE UPDATE OR DELETE ON own_rules FOR EACH ROW EXECUTE FUNCTION own_rules_append_only()
;;
CREATE TRIGGER own_rules_no_truncate BEFORE TRUNCATE ON own_rules FOR EACH STATEMENT EXECUTE FUNCTION own_rules_append_only()
;;
CREATE FUNCTION own_rules_version_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'own_rules_version is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER own_rules_version_append_only BEFORE UPDATE OR DELETE ON own_rules_version FOR EACH ROW EXECUTE FUNCTION own_rules_version_append_only()
;;
CREATE TRIGGER own_rules_version_no_truncate BEFORE TRUNCATE ON own_rules_version FOR EACH STATEMENT EXECUTE FUNCTION own_rules_version_append_only()
;;
CREATE FUNCTION own_rules_retirement_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'own_rules_retirement is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER own_rules_retirement_append_only BEFORE UPDATE OR DELETE ON own_rules_retirement FOR EACH ROW EXECUTE FUNCTION own_rules_retirement_append_only()
;;
CREATE TRIGGER own_rules_retirement_no_truncate BEFORE TRUNCATE ON own_rules_retirement FOR EACH STATEMENT EXECUTE FUNCTION own_rules_retirement_append_only()
;;
CREATE FUNCTION campaign_rules_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN RAISE EXCEPTION 'campaign_rules is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$
;;
CREATE TRIGGER campaign_rules_append_only BEFORE UPDATE OR DELETE ON campaign_rules FOR EACH ROW EXECUTE FUNCTION campaign_rules_append_only()
;;
CREATE TRIGGER campaign_rules_no_truncate BEFORE TRUNCATE ON campaign_rules FOR EACH STATEMENT EXECUTE FUNCTION campaign_rules_append_only()
;;
CREATE FUNCTION own_rules_version_follows() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NEW.number <> (SELECT COUNT(*) + 1 FROM own_rules_version v WHERE v.rules_id = NEW.rules_id)
        OR EXISTS (SELECT 1 FROM own_rules_retirement r WHERE r.rules_id = NEW.rules_id) THEN RAISE EXCEPTION 'the version of own rules does not follow' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER own_rules_version_follows BEFORE INSERT ON own_rules_version FOR EACH ROW EXECUTE FUNCTION own_rules_version_follows()
;;
CREATE FUNCTION campaign_rules_of_its_centre() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM campaign_version v JOIN campaign c ON c.id = v.campaign_id
        JOIN own_rules r ON r.centre_id = c.centre_id JOIN own_rules_version w ON w.rules_id = r.id
        WHERE v.id = NEW.campaign_version_id AND w.id = NEW.rules_version_id) THEN RAISE EXCEPTION 'a campaign is held by its own centre''s rules' USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
;;
CREATE TRIGGER campaign_rules_of_its_centre BEFORE INSERT ON campaign_rules FOR EACH ROW EXECUTE FUNCTION campaign_rules_of_its_centre()

CREATE TRIGGER own_rules_no_update BEFORE UPDATE ON own_rules BEGIN SELECT RAISE(ABORT, 'own_rules is append-only'); END
;;
CREATE TRIGGER own_rules_no_delete BEFORE DELETE ON own_rules BEGIN SELECT RAISE(ABORT, 'own_rules is append-only'); END
;;
CREATE TRIGGER own_rules_no_replace BEFORE INSERT ON own_rules WHEN EXISTS (SELECT 1 FROM own_rules WHERE centre_id = NEW.centre_id AND name = NEW.name OR id = NEW.id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: own_rules is append-only'); END
;;
CREATE TRIGGER own_rules_version_no_update BEFORE UPDATE ON own_rules_version BEGIN SELECT RAISE(ABORT, 'own_rules_version is append-only'); END
;;
CREATE TRIGGER own_rules_version_no_delete BEFORE DELETE ON own_rules_version BEGIN SELECT RAISE(ABORT, 'own_rules_version is append-only'); END
;;
CREATE TRIGGER own_rules_version_no_replace BEFORE INSERT ON own_rules_version WHEN EXISTS (SELECT 1 FROM own_rules_version WHERE id = NEW.id OR rules_id = NEW.rules_id AND number = NEW.number) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: own_rules_version is append-only'); END
;;
CREATE TRIGGER own_rules_retirement_no_update BEFORE UPDATE ON own_rules_retirement BEGIN SELECT RAISE(ABORT, 'own_rules_retirement is append-only'); END
;;
CREATE TRIGGER own_rules_retirement_no_delete BEFORE DELETE ON own_rules_retirement BEGIN SELECT RAISE(ABORT, 'own_rules_retirement is append-only'); END
;;
CREATE TRIGGER own_rules_retirement_no_replace BEFORE INSERT ON own_rules_retirement WHEN EXISTS (SELECT 1 FROM own_rules_retirement WHERE rules_id = NEW.rules_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: own_rules_retirement is append-only'); END
;;
CREATE TRIGGER campaign_rules_no_update BEFORE UPDATE ON campaign_rules BEGIN SELECT RAISE(ABORT, 'campaign_rules is append-only'); END
;;
CREATE TRIGGER campaign_rules_no_delete BEFORE DELETE ON campaign_rules BEGIN SELECT RAISE(ABORT, 'campaign_rules is append-only'); END
;;
CREATE TRIGGER campaign_rules_no_replace BEFORE INSERT ON campaign_rules WHEN EXISTS (SELECT 1 FROM campaign_rules WHERE campaign_version_id = NEW.campaign_version_id) BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: campaign_rules is append-only'); END
;;
CREATE TRIGGER own_rules_version_follows BEFORE INSERT ON own_rules_version FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'the version of own rules does not follow') WHERE NEW.number <> (SELECT COUNT(*) + 1 FROM own_rules_version v WHERE v.rules_id = NEW.rules_id)
        OR EXISTS (SELECT 1 FROM own_rules_retirement r WHERE r.rules_id = NEW.rules_id);
END
;;
CREATE TRIGGER campaign_rules_of_its_centre BEFORE INSERT ON campaign_rules FOR EACH ROW BEGIN
    SELECT RAISE(ABORT, 'a campaign is held by its own centre''s rules') WHERE NOT EXISTS (SELECT 1 FROM campaign_version v JOIN campaign c ON c.id = v.campaign_id
        JOIN own_rules r ON r.centre_id = c.centre_id JOIN own_rules_version w ON w.rules_id = r.id
        WHERE v.id = NEW.campaign_version_id AND w.id = NEW.rules_version_id);
END

-- Sessions as a resource of the API; entries of the audit log that are over age.

-- A row that is to be deleted is locked first, which needs the right to change something of it: the
-- id, which nobody can set.
GRANT SELECT (idle_limit, xmin), UPDATE (id) ON voip.sessions TO dialplane_tenant, dialplane_platform;

CREATE INDEX audit_log_at ON voip.audit_log (at);

-- Deletes some of what is older than so many days, the oldest first; how many. Nobody else deletes
-- entries, and those of the last 30 days nobody does.
CREATE FUNCTION voip.audit_expire(keep_days integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone integer;
BEGIN
    IF keep_days IS NULL OR keep_days < 30 THEN
        RAISE EXCEPTION 'entries of the audit log are kept for 30 days at least' USING ERRCODE = '22023';
    END IF;
    DELETE FROM voip.audit_log WHERE id IN (
        SELECT id FROM voip.audit_log WHERE at < now() - make_interval(days => keep_days)
        ORDER BY at LIMIT 1000 FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
REVOKE EXECUTE ON FUNCTION voip.audit_expire FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.audit_expire TO dialplane_cdr;

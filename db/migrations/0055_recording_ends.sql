-- Another `keep_days` counts for what is there, too, which may be millions of recordings: more than one
-- transaction should write. The first 5,000 have their end with the change, the rest soon after, from
-- the collectors, which meanwhile delete none of that tenant's for its age.

-- Whose recordings have not all the end that is said now; null: those of no tenant.
CREATE TABLE voip.recording_recounts (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Not a foreign key: recordings outlive their tenant.
    domain_id bigint,
    -- Those of calls until then are done.
    done_to   timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT once_per_owner UNIQUE NULLS NOT DISTINCT (domain_id)
);
CALL voip.isolate('voip.recording_recounts');
REVOKE ALL ON voip.recording_recounts FROM dialplane_tenant, dialplane_control;
CREATE POLICY keeper_read ON voip.recording_recounts FOR SELECT TO dialplane_cdr USING (true);
GRANT SELECT ON voip.recording_recounts TO dialplane_cdr;

-- Goes on with one of them, that of this owner if there is one; how many recordings were looked at. 0:
-- nothing is left to do, or somebody else is at it.
CREATE FUNCTION voip.recording_recount(most integer, owner bigint DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    job    voip.recording_recounts;
    whose  text;
    days   integer;
    upto   timestamptz;
    looked integer;
BEGIN
    SELECT * INTO job FROM voip.recording_recounts r WHERE owner IS NULL OR r.domain_id = owner
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    -- By the index of an owner's recordings, which a comparison with null would not use.
    whose := CASE WHEN job.domain_id IS NULL THEN 'domain_id IS NULL AND $1 IS NULL' ELSE 'domain_id = $1' END;
    EXECUTE format('SELECT max(started_at), count(*) FROM (SELECT started_at FROM voip.recordings WHERE %s'
                   ' AND started_at > $2 ORDER BY started_at LIMIT $3) s', whose)
        INTO upto, looked USING job.domain_id, job.done_to, most;
    days := coalesce((SELECT keep_days FROM voip.recording_settings s WHERE s.domain_id = job.domain_id),
                     (SELECT keep_days FROM voip.recording_settings s WHERE s.domain_id IS NULL), 0);
    EXECUTE format('UPDATE voip.recordings SET delete_after = started_at + $4 WHERE %s'
                   ' AND started_at > $2 AND started_at <= $3 AND deleted_at IS NULL'
                   ' AND delete_asked_at IS NULL AND delete_after IS DISTINCT FROM started_at + $4', whose)
        USING job.domain_id, job.done_to, upto, make_interval(days => nullif(days, 0));
    IF looked < most THEN
        DELETE FROM voip.recording_recounts WHERE id = job.id;
    ELSE
        UPDATE voip.recording_recounts SET done_to = upto WHERE id = job.id;
    END IF;
    RETURN greatest(looked, 1);
END
$$;
REVOKE EXECUTE ON FUNCTION voip.recording_recount FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.recording_recount TO dialplane_cdr;

-- Instead of that of 0051.
CREATE OR REPLACE FUNCTION voip.recording_settings_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner  bigint := coalesce(NEW.domain_id, OLD.domain_id);
    left_  integer := 5000;
    looked integer;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.keep_days IS NOT DISTINCT FROM OLD.keep_days
       OR TG_OP <> 'UPDATE' AND coalesce(NEW.keep_days, OLD.keep_days) IS NULL THEN
        RETURN NULL;
    END IF;
    -- What the platform says is said of all, also of tenants that are gone.
    INSERT INTO voip.recording_recounts (domain_id)
        WITH RECURSIVE owners (id) AS (
            SELECT min(domain_id) FROM voip.recordings
            UNION ALL
            SELECT (SELECT min(r.domain_id) FROM voip.recordings r WHERE r.domain_id > o.id)
            FROM owners o WHERE o.id IS NOT NULL)
        SELECT id FROM owners WHERE owner IS NULL UNION SELECT owner
        ON CONFLICT (domain_id) DO UPDATE SET done_to = '-infinity';
    LOOP
        looked := voip.recording_recount(left_, owner);
        left_ := left_ - looked;
        EXIT WHEN looked = 0 OR left_ <= 0;
    END LOOP;
    RETURN NULL;
END
$$;

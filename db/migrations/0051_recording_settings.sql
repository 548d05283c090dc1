-- What is said of recordings can be set by the API: by a tenant of its own, by the platform for all
-- who say nothing.

CREATE POLICY platform ON voip.recording_settings TO dialplane_platform
    USING (domain_id IS NULL) WITH CHECK (domain_id IS NULL);
GRANT SELECT, INSERT (domain_id), UPDATE (format, keep_days, encrypt)
    ON voip.recording_settings TO dialplane_platform;

-- As in 0042, but only what has another end by it is written: a row that says nothing yet changes none.
CREATE OR REPLACE FUNCTION voip.recording_settings_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE voip.recordings r
    SET delete_after = voip.recording_end(r.domain_id, r.started_at)
    WHERE deleted_at IS NULL AND delete_asked_at IS NULL
      AND delete_after IS DISTINCT FROM voip.recording_end(r.domain_id, r.started_at)
      AND (coalesce(NEW.domain_id, OLD.domain_id) IS NULL
           OR r.domain_id = coalesce(NEW.domain_id, OLD.domain_id));
    RETURN NULL;
END
$$;

-- What the API needs of call records and recordings.

-- ---------------------------------------------------------------- calls by number

-- Beside those of callers and of numbers reached (0030): what was dialled, where it is not what was
-- reached. That is a tenth of all calls, perhaps, and so the index has a tenth of their size.
CREATE INDEX cdr_dialled ON voip.cdr (domain_id, callee text_pattern_ops, started_at)
    WHERE callee <> callee_reached;

-- ---------------------------------------------------------------- recordings

-- Whoever deletes a recording says so here; the file goes with the collector of its node, as if it were
-- old enough (`delete_after`), which then sets `deleted_at`.
ALTER TABLE voip.recordings
    ADD delete_asked_at timestamptz,
    ADD CONSTRAINT held_is_kept CHECK (NOT legal_hold OR delete_asked_at IS NULL);

-- Who asked cannot take it back: the collector may be at it already.
CREATE FUNCTION voip.recording_delete_asked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.delete_asked_at := coalesce(OLD.delete_asked_at, now());
    NEW.delete_after := least(NEW.delete_after, now());
    RETURN NEW;
END
$$;
CREATE TRIGGER delete_asked BEFORE UPDATE OF delete_asked_at ON voip.recordings
    FOR EACH ROW EXECUTE FUNCTION voip.recording_delete_asked();

-- As in 0032, but for what somebody has deleted.
CREATE OR REPLACE FUNCTION voip.recording_settings_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE voip.recordings r
    SET delete_after = voip.recording_end(r.domain_id, r.started_at)
    WHERE deleted_at IS NULL AND delete_asked_at IS NULL
      AND (coalesce(NEW.domain_id, OLD.domain_id) IS NULL
           OR r.domain_id = coalesce(NEW.domain_id, OLD.domain_id));
    RETURN NULL;
END
$$;

-- A tenant holds its own recordings, and deletes them; nothing else of them is its to change.
GRANT UPDATE (legal_hold, delete_asked_at) ON voip.recordings TO dialplane_tenant;

-- The key of one of the tenant's own recordings, wrapped, and whose it is (0: of none); no row where it
-- is not encrypted. A tenant sees no keys: with its owner's rights.
CREATE FUNCTION voip.recording_key(recording uuid) RETURNS TABLE (wrapped bytea, owner bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.wrapped, coalesce(k.domain_id, 0)
    FROM voip.recordings r JOIN voip.recording_keys k ON k.id = r.key_id
    WHERE r.id = recording AND r.domain_id = voip.current_domain_id()
$$;
REVOKE EXECUTE ON FUNCTION voip.recording_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.recording_key TO dialplane_tenant;

-- Recordings of calls: what is in the store of which node, for how long, and with which key.

-- What is said of a tenant's recordings; the row without a tenant says it of all who say nothing.
CREATE TABLE voip.recording_settings (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id   bigint REFERENCES voip.domains ON DELETE CASCADE,
    format      text CHECK (format IN ('wav', 'opus')),
    -- Days after the call; 0: for ever.
    keep_days   integer CHECK (keep_days BETWEEN 0 AND 36500),
    -- Of what is recorded from now on.
    encrypt     boolean,
    CONSTRAINT one_per_tenant UNIQUE NULLS NOT DISTINCT (domain_id)
);
CALL voip.isolate('voip.recording_settings');
INSERT INTO voip.recording_settings (domain_id, format, keep_days, encrypt)
    VALUES (NULL, 'wav', 0, false);

-- A tenant's key, wrapped by the platform's, which is no part of the database: neither is of use
-- without the other. A new one is made where the last was retired. Without a tenant: of recordings
-- whose tenant is gone. Never deleted while something is encrypted with it.
CREATE TABLE voip.recording_keys (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Not a foreign key: recordings may outlive their tenant.
    domain_id  bigint,
    wrapped    bytea NOT NULL CHECK (length(wrapped) = 72),
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);
CREATE UNIQUE INDEX recording_keys_current ON voip.recording_keys (domain_id)
    NULLS NOT DISTINCT WHERE retired_at IS NULL;
CALL voip.isolate('voip.recording_keys');
REVOKE ALL ON voip.recording_keys FROM dialplane_tenant, dialplane_control;

CREATE TABLE voip.recordings (
    id           uuid PRIMARY KEY,
    -- The call, as in voip.cdr.
    call_id      uuid NOT NULL,
    started_at   timestamptz NOT NULL,
    -- Not a foreign key: as of a call's record.
    domain_id    bigint,
    domain       text NOT NULL,
    -- Where it was recorded, and its place in the store there.
    node         text NOT NULL,
    path         text NOT NULL UNIQUE CHECK (path ~ '^recordings/\d{4}/\d\d/\d\d/[0-9a-f-]{36}\.(wav|opus)(\.enc)?$'),
    format       text NOT NULL CHECK (format IN ('wav', 'opus')),
    -- Of the file as it is there.
    bytes        bigint NOT NULL CHECK (bytes >= 0),
    duration_ms  bigint NOT NULL CHECK (duration_ms >= 0),
    sha256       text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    key_id       bigint REFERENCES voip.recording_keys,
    -- Not deleted, however old.
    legal_hold   boolean NOT NULL DEFAULT false,
    delete_after timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    -- Since when the file is known not to be where it should.
    missing_at   timestamptz,
    -- What is gone cannot be held: whoever wants it is told.
    CONSTRAINT held_is_there CHECK (NOT legal_hold OR deleted_at IS NULL)
);
CREATE INDEX recordings_call ON voip.recordings (call_id);
CREATE INDEX recordings_domain ON voip.recordings (domain_id, started_at DESC);
CREATE INDEX recordings_of_node ON voip.recordings (node, path) WHERE deleted_at IS NULL;
CREATE INDEX recordings_due ON voip.recordings (node, delete_after)
    WHERE deleted_at IS NULL AND NOT legal_hold;
CALL voip.isolate('voip.recordings');
-- As of call records: nobody but the platform writes.
REVOKE INSERT, UPDATE, DELETE ON voip.recordings FROM dialplane_tenant;

-- ---------------------------------------------------------------- how long they are kept

-- When a recording of this call may go; null: never.
CREATE FUNCTION voip.recording_end(domain bigint, started timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE AS $$
    SELECT started + make_interval(days => nullif(coalesce(
        (SELECT keep_days FROM voip.recording_settings WHERE domain_id = recording_end.domain),
        (SELECT keep_days FROM voip.recording_settings WHERE domain_id IS NULL), 0), 0));
$$;

CREATE FUNCTION voip.recording_comes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.delete_after := coalesce(NEW.delete_after, voip.recording_end(NEW.domain_id, NEW.started_at));
    RETURN NEW;
END
$$;
CREATE TRIGGER comes BEFORE INSERT ON voip.recordings
    FOR EACH ROW EXECUTE FUNCTION voip.recording_comes();

-- What is said now counts for all that is there, too. With its owner's rights: whoever may say so
-- may not write recordings.
CREATE FUNCTION voip.recording_settings_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE voip.recordings r
    SET delete_after = voip.recording_end(r.domain_id, r.started_at)
    WHERE deleted_at IS NULL
      AND (coalesce(NEW.domain_id, OLD.domain_id) IS NULL
           OR r.domain_id = coalesce(NEW.domain_id, OLD.domain_id));
    RETURN NULL;
END
$$;
CREATE TRIGGER changed_days AFTER UPDATE OF keep_days, domain_id ON voip.recording_settings
    FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION voip.recording_settings_changed();
CREATE TRIGGER changed AFTER INSERT OR DELETE ON voip.recording_settings
    FOR EACH ROW EXECUTE FUNCTION voip.recording_settings_changed();

-- ---------------------------------------------------------------- who keeps them

-- The cdr-writer inserts rows; the collector asks for settings and keys, makes keys, and marks what
-- it has deleted or misses.
CREATE POLICY keeper_read ON voip.recording_settings FOR SELECT TO dialplane_cdr USING (true);
CREATE POLICY keeper_read ON voip.recording_keys FOR SELECT TO dialplane_cdr USING (true);
CREATE POLICY keeper_make ON voip.recording_keys FOR INSERT TO dialplane_cdr WITH CHECK (true);
CREATE POLICY keeper ON voip.recordings TO dialplane_cdr USING (true) WITH CHECK (true);
GRANT SELECT ON voip.recording_settings TO dialplane_cdr;
GRANT SELECT, INSERT ON voip.recording_keys TO dialplane_cdr;
GRANT SELECT, INSERT, UPDATE (deleted_at, missing_at) ON voip.recordings TO dialplane_cdr;

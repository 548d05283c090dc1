-- Events out: a tenant's webhooks, and what has to be delivered to them. A delivery is made by the
-- transaction that inserts the record it tells of: there is none without the record, and no record
-- without it.

-- 244 random bits: two UUIDs of version 4, which PostgreSQL takes from the kernel.
CREATE FUNCTION voip.webhook_secret() RETURNS text LANGUAGE sql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'whsec_' || encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex');
$$;

CREATE TABLE voip.webhooks (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id  bigint NOT NULL REFERENCES voip.domains ON DELETE CASCADE,
    -- No name and password in it: URLs are shown.
    url        text NOT NULL CHECK (length(url) <= 2048 AND url ~ '^https?://[^/?#@[:space:]]+([/?#][!-~]*)?$'),
    events     text[] NOT NULL CHECK (cardinality(events) > 0 AND array_position(events, NULL) IS NULL
                                      AND events <@ ARRAY['call.ended', 'recording.ready']),
    -- What deliveries are signed with. In clear, since signing needs it.
    secret     text NOT NULL DEFAULT voip.webhook_secret() CHECK (length(secret) >= 32),
    -- While it is not, nothing is delivered, and of what happens nothing is kept for it.
    active     boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (domain_id, id)
);

CREATE TABLE voip.webhook_deliveries (
    -- The same at every try: a receiver knows by it what it has had.
    id           uuid PRIMARY KEY,
    domain_id    bigint NOT NULL,
    webhook_id   bigint NOT NULL,
    event        text NOT NULL CHECK (event IN ('call.ended', 'call.corrected', 'recording.ready', 'webhook.test')),
    -- Null for a test.
    call_id      uuid,
    -- What is sent.
    payload      jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- Since when it is tried: since it was made, or sent once more by hand.
    since        timestamptz NOT NULL DEFAULT now(),
    attempts     integer NOT NULL DEFAULT 0,
    -- When to try (again). While somebody tries: when another one may.
    next_at      timestamptz NOT NULL DEFAULT now(),
    -- Of the last answer; null where there was none.
    last_status  integer,
    last_error   text,
    delivered_at timestamptz,
    dead_at      timestamptz,
    FOREIGN KEY (domain_id, webhook_id) REFERENCES voip.webhooks (domain_id, id) ON DELETE CASCADE,
    CONSTRAINT one_end CHECK (delivered_at IS NULL OR dead_at IS NULL)
);
-- Rows are updated at each try, and most soon after they were made.
ALTER TABLE voip.webhook_deliveries SET (fillfactor = 70);
CREATE INDEX webhook_deliveries_due ON voip.webhook_deliveries (webhook_id, next_at)
    WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX webhook_deliveries_since ON voip.webhook_deliveries (since);
CREATE INDEX webhook_deliveries_of ON voip.webhook_deliveries (domain_id, webhook_id, created_at);
-- Of calls whose record was made up: the few that a real one may correct.
CREATE INDEX webhook_deliveries_made_up ON voip.webhook_deliveries (call_id)
    WHERE event = 'call.ended' AND payload -> 'call' ->> 'reconciled' IS NOT NULL;

-- ---------------------------------------------------------------- when to try

-- Seconds until the next try after `attempts` of them: `first`, doubled each time, an hour at most;
-- a quarter more or less, so that what failed together is not tried together.
CREATE FUNCTION voip.webhook_backoff(attempts integer, first integer) RETURNS double precision
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT least(first * 2.0 ^ least(greatest(attempts, 1) - 1, 20), 3600) * (0.75 + random() / 2);
$$;

-- ---------------------------------------------------------------- what is told

CREATE FUNCTION voip.webhook_time(at timestamptz) RETURNS text LANGUAGE sql STABLE
    RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

CREATE FUNCTION voip.webhook_payload(delivery uuid, event text, domain text, kind text, what jsonb)
    RETURNS jsonb LANGUAGE sql STABLE
    RETURN jsonb_build_object('id', delivery, 'event', event, 'created_at', voip.webhook_time(now()),
                              'domain', domain, kind, what);

-- What these triggers do must never keep a record from being inserted: nothing in them can fail that
-- is up to a tenant, and a webhook that somebody is deleting right now is passed over, not waited for.
CREATE FUNCTION voip.webhook_calls() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM voip.webhooks WHERE active AND 'call.ended' = ANY (events)) THEN
        RETURN NULL;
    END IF;
    INSERT INTO voip.webhook_deliveries (id, domain_id, webhook_id, event, call_id, payload)
    SELECT n.id, n.domain_id, n.webhook_id, n.event, n.call_id,
           voip.webhook_payload(n.id, n.event, n.domain, 'call', n.call)
    FROM (
        SELECT gen_random_uuid() AS id, w.domain_id, w.id AS webhook_id, c.call_id, c.domain,
               -- A record that came late, of a call that one was made up for.
               CASE WHEN c.reconciled IS NULL AND EXISTS (
                        SELECT FROM voip.webhook_deliveries b
                        WHERE b.call_id = c.call_id AND b.webhook_id = w.id AND b.event = 'call.ended'
                          AND b.payload -> 'call' ->> 'reconciled' IS NOT NULL)
                    THEN 'call.corrected' ELSE 'call.ended' END AS event,
               jsonb_build_object(
                   'id', c.call_id, 'direction', c.direction, 'service', c.service,
                   'caller', c.caller, 'callee', c.callee, 'callee_reached', c.callee_reached,
                   'started_at', voip.webhook_time(c.started_at), 'rang_at', voip.webhook_time(c.rang_at),
                   'answered_at', voip.webhook_time(c.answered_at), 'ended_at', voip.webhook_time(c.ended_at),
                   'duration_ms', c.duration_ms, 'billable_ms', c.billable_ms, 'pdd_ms', c.pdd_ms,
                   'sip_code', c.sip_code, 'hangup_cause', c.hangup_cause, 'hangup_side', c.hangup_side,
                   'extension_id', c.extension_id, 'queue', c.queue, 'agent', c.agent,
                   'wait_ms', c.wait_ms, 'talk_ms', c.talk_ms, 'ivr_path', c.ivr_path, 'trunk', c.trunk,
                   'codec', c.codec, 'sip_call_id', c.sip_call_id,
                   'sip_call_id_callee', c.sip_call_id_callee,
                   'genesys_call_uuid', c.genesys_call_uuid, 'reconciled', c.reconciled) AS call
        FROM inserted c JOIN voip.webhooks w ON w.domain_id = c.domain_id
        WHERE w.active AND 'call.ended' = ANY (w.events)
        FOR KEY SHARE OF w SKIP LOCKED) n;
    IF FOUND THEN
        PERFORM pg_notify('dialplane_webhooks', '');
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER webhooks AFTER INSERT ON voip.cdr REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION voip.webhook_calls();

CREATE FUNCTION voip.webhook_recordings() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM voip.webhooks WHERE active AND 'recording.ready' = ANY (events)) THEN
        RETURN NULL;
    END IF;
    INSERT INTO voip.webhook_deliveries (id, domain_id, webhook_id, event, call_id, payload)
    SELECT n.id, n.domain_id, n.webhook_id, 'recording.ready', n.call_id,
           voip.webhook_payload(n.id, 'recording.ready', n.domain, 'recording', n.recording)
    FROM (
        SELECT gen_random_uuid() AS id, w.domain_id, w.id AS webhook_id, r.call_id, r.domain,
               jsonb_build_object(
                   'id', r.id, 'call_id', r.call_id, 'started_at', voip.webhook_time(r.started_at),
                   'format', r.format, 'bytes', r.bytes, 'duration_ms', r.duration_ms,
                   'sha256', r.sha256, 'encrypted', r.key_id IS NOT NULL,
                   'delete_after', voip.webhook_time(r.delete_after)) AS recording
        FROM inserted r JOIN voip.webhooks w ON w.domain_id = r.domain_id
        WHERE w.active AND 'recording.ready' = ANY (w.events)
        FOR KEY SHARE OF w SKIP LOCKED) n;
    IF FOUND THEN
        PERFORM pg_notify('dialplane_webhooks', '');
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER webhooks AFTER INSERT ON voip.recordings REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION voip.webhook_recordings();

-- ---------------------------------------------------------------- rights

CALL voip.isolate('voip.webhooks');
CALL voip.isolate('voip.webhook_deliveries');
-- A tenant neither reads a secret nor chooses one: it is told once, by the platform, when it is made.
REVOKE ALL ON voip.webhooks FROM dialplane_tenant;
GRANT SELECT (id, domain_id, url, events, active, created_at), INSERT (domain_id, url, events, active),
      UPDATE (url, events, active), DELETE ON voip.webhooks TO dialplane_tenant;
REVOKE INSERT, UPDATE, DELETE ON voip.webhook_deliveries FROM dialplane_tenant;
-- `dialplane serve` delivers, and forgets what is over age.
CREATE POLICY deliver ON voip.webhook_deliveries FOR UPDATE TO dialplane_control USING (true) WITH CHECK (true);
CREATE POLICY forget ON voip.webhook_deliveries FOR DELETE TO dialplane_control USING (true);
GRANT UPDATE (attempts, next_at, last_status, last_error, delivered_at, dead_at), DELETE
    ON voip.webhook_deliveries TO dialplane_control;
REVOKE EXECUTE ON FUNCTION voip.webhook_secret FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.webhook_secret TO dialplane_tenant;

-- What the edge itself saw of each call that was answered, whoever writes its record: so that a call
-- whose record was lost with the server that would have written it is found, and gets one all the same.
--
-- The edge appends two notes, when the call is answered and when its dialog has ended, and one when it
-- starts (conf/kamailio/records.cfg). They come the same way as records, in any order, some of them twice.

CREATE TABLE voip.edge_calls (
    call_id           uuid NOT NULL,
    started_at        timestamptz NOT NULL,
    answered_at       timestamptz NOT NULL,
    -- Null: the edge has not said so (yet).
    ended_at          timestamptz,
    node              text NOT NULL,
    -- Which run of the node's Kamailio had the call.
    booted_at         timestamptz NOT NULL,
    -- Whether a media server answered, and so writes the record.
    media             boolean NOT NULL,
    domain_id         bigint,
    domain            text NOT NULL,
    direction         text NOT NULL CHECK (direction IN ('internal', 'inbound', 'outbound')),
    caller            text NOT NULL,
    callee            text NOT NULL,
    callee_reached    text NOT NULL,
    service           text NOT NULL,
    sip_code          integer,
    hangup_cause      text NOT NULL,
    hangup_side       text NOT NULL CHECK (hangup_side IN ('caller', 'callee', 'system')),
    sip_call_id       text NOT NULL,
    trunk             text,
    genesys_call_uuid text,
    -- When the last news of the call came here, by the clock of the database.
    noted_at          timestamptz NOT NULL DEFAULT now(),
    -- What was found when its time had come: a record that was reported; or none, and why one was made
    -- up. Null: its time has not come.
    settled           text CHECK (settled IN ('record', 'media', 'edge')),
    PRIMARY KEY (started_at, call_id)
) PARTITION BY RANGE (started_at);
CREATE TABLE voip.edge_calls_other PARTITION OF voip.edge_calls DEFAULT;

-- What is looked at again and again is in two small indexes, however large the table: calls that have
-- ended and wait for their time, and calls that go on.
CREATE INDEX edge_calls_ended ON voip.edge_calls (noted_at) WHERE settled IS NULL AND ended_at IS NOT NULL;
CREATE INDEX edge_calls_running ON voip.edge_calls (noted_at) WHERE settled IS NULL AND ended_at IS NULL;

-- Runs of Kamailio: of a later one than a call's, the node knows nothing of the call any more.
CREATE TABLE voip.edge_boots (
    node      text NOT NULL,
    booted_at timestamptz NOT NULL,
    noted_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (node, booted_at)
);

-- ---------------------------------------------------------------- reconciliation

-- Looks at up to 1,000 calls that ended, and as many that will never be said to have ended, and of which
-- the last news is `grace` ago; makes up the records that are missing. To be called again while `looked`
-- is not 0. Several at once share the work. The clock of `grace` is the database's: what waited in a
-- collector, or in Redis, comes with its neighbours, however old they are.
--
-- Each call is looked at once, by its key. Calls whose edge has started anew, or that would be longer than
-- `longest`, are over: at the latest when the edge was back, or after `longest`.
--
-- Returns how many it has looked at, and of how many of them it made the record, by reason: 'media', the
-- edge saw the call end, and the media server that ran it has not reported it; 'edge', the edge
-- that had the call in its memory did not see the end.
CREATE FUNCTION voip.cdr_reconcile(grace interval, longest interval)
    RETURNS TABLE (looked bigint, of_media bigint, of_edge bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    -- The plan depends on how much there is.
    SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY
    WITH ended AS MATERIALIZED (
        SELECT c.*, c.ended_at AS over_at
        FROM voip.edge_calls c
        WHERE c.settled IS NULL AND c.ended_at IS NOT NULL AND c.noted_at < now() - grace
        ORDER BY c.noted_at
        LIMIT 1000
        FOR UPDATE SKIP LOCKED
    ), lost AS MATERIALIZED (
        SELECT c.*, greatest(c.answered_at, least(run.next_at, c.answered_at + longest)) AS over_at
        FROM voip.edge_calls c
        LEFT JOIN LATERAL (
            SELECT min(b.booted_at) AS next_at FROM voip.edge_boots b
            WHERE b.node = c.node AND b.booted_at > c.booted_at AND b.noted_at < now() - grace
        ) run ON true
        WHERE c.settled IS NULL AND c.ended_at IS NULL AND c.noted_at < now() - grace
          AND (run.next_at IS NOT NULL OR c.answered_at < now() - longest)
        ORDER BY c.noted_at
        LIMIT 1000
        FOR UPDATE OF c SKIP LOCKED
    ), due AS (
        SELECT * FROM ended UNION ALL SELECT * FROM lost
    ), made AS (
        INSERT INTO voip.cdr (call_id, started_at, answered_at, ended_at, duration_ms, billable_ms,
                              domain_id, domain, direction, caller, callee, callee_reached, service,
                              sip_code, hangup_cause, hangup_side, node, source, sip_call_id, trunk,
                              genesys_call_uuid, reconciled)
        SELECT d.call_id, d.started_at, d.answered_at, d.over_at,
               voip.milliseconds(d.over_at - d.started_at), voip.milliseconds(d.over_at - d.answered_at),
               d.domain_id, d.domain, d.direction, d.caller, d.callee, d.callee_reached, d.service,
               d.sip_code,
               CASE WHEN d.ended_at IS NULL THEN 'NORMAL_TEMPORARY_FAILURE' ELSE d.hangup_cause END,
               CASE WHEN d.ended_at IS NULL THEN 'system' ELSE d.hangup_side END,
               d.node, 'edge', d.sip_call_id, d.trunk, d.genesys_call_uuid,
               CASE WHEN d.media AND d.ended_at IS NOT NULL THEN 'media' ELSE 'edge' END
        FROM due d
        -- One look per call, by the key, and never a join of two large tables.
        WHERE (SELECT true FROM voip.cdr r
               WHERE r.started_at = d.started_at AND r.call_id = d.call_id) IS NULL
        ON CONFLICT DO NOTHING
        RETURNING cdr.started_at, cdr.call_id, cdr.reconciled
    ), settled AS (
        UPDATE voip.edge_calls c SET settled = coalesce(m.reconciled, 'record')
        FROM due d LEFT JOIN made m ON m.started_at = d.started_at AND m.call_id = d.call_id
        WHERE c.started_at = d.started_at AND c.call_id = d.call_id
        RETURNING c.settled
    )
    SELECT count(*), count(*) FILTER (WHERE s.settled = 'media'),
           count(*) FILTER (WHERE s.settled = 'edge')
    FROM settled s;
END
$$;

-- As a column of milliseconds takes it, whatever clocks did.
CREATE FUNCTION voip.milliseconds(passed interval) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN least(greatest(extract(epoch FROM passed) * 1000, 0), 2147483647)::integer;

-- Partitions of the days around, and none that is older than `keep_days`; runs of Kamailio likewise, but
-- for the last one of each node. Gives up at once where another one does the same, and on a table
-- that is in use, which a later call finds free.
CREATE FUNCTION voip.edge_calls_keep(keep_days integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms'
    AS $$
DECLARE
    day timestamp := date_trunc('day', now() AT TIME ZONE 'UTC');
BEGIN
    IF keep_days < 1 THEN
        RAISE EXCEPTION 'nothing is kept for less than a day' USING ERRCODE = '22023';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtext('voip.edge_calls_keep')) THEN
        RETURN;
    END IF;
    FOR n IN -1 .. 7 LOOP
        PERFORM voip.make_partition('edge_calls', 'day', day + make_interval(days => n));
    END LOOP;
    day := day - make_interval(days => keep_days);
    WHILE voip.drop_partition('edge_calls', day) IS NOT NULL LOOP
    END LOOP;
    DELETE FROM voip.edge_calls_other WHERE noted_at < day AT TIME ZONE 'UTC';
    DELETE FROM voip.edge_boots b
    WHERE b.noted_at < day AT TIME ZONE 'UTC'
      AND b.booted_at < (SELECT max(l.booted_at) FROM voip.edge_boots l WHERE l.node = b.node);
END
$$;
SELECT voip.edge_calls_keep(1);

-- ---------------------------------------------------------------- rights

CALL voip.isolate('voip.edge_calls');
REVOKE INSERT, UPDATE, DELETE ON voip.edge_calls FROM dialplane_tenant;
ALTER TABLE voip.edge_boots ENABLE ROW LEVEL SECURITY;
ALTER TABLE voip.edge_boots FORCE ROW LEVEL SECURITY;
-- Of the platform's, not of any tenant's.
CREATE POLICY tenant ON voip.edge_boots TO dialplane_tenant USING (false);
CREATE POLICY platform_read ON voip.edge_boots FOR SELECT TO dialplane_control USING (true);
GRANT SELECT ON voip.edge_boots TO dialplane_control;

CREATE POLICY writer ON voip.edge_calls TO dialplane_cdr USING (true) WITH CHECK (true);
CREATE POLICY writer ON voip.edge_boots TO dialplane_cdr USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON voip.edge_calls TO dialplane_cdr;
GRANT SELECT, INSERT ON voip.edge_boots TO dialplane_cdr;
REVOKE EXECUTE ON FUNCTION voip.cdr_reconcile, voip.edge_calls_keep FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.cdr_reconcile, voip.edge_calls_keep TO dialplane_cdr;

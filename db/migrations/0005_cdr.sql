-- Call detail records: one row per call. Partitioned by month, so that old months are dropped
-- instead of deleted.
--
-- The key is the call's uuid and its start, both set by the edge when the call enters the platform
-- and carried by every record of it: whoever reports the call, and however often, it is one row.

CREATE TABLE voip.cdr (
    call_id        uuid NOT NULL,
    started_at     timestamptz NOT NULL,
    answered_at    timestamptz,
    ended_at       timestamptz NOT NULL,
    duration_ms    integer NOT NULL CHECK (duration_ms >= 0),
    billable_ms    integer NOT NULL CHECK (billable_ms >= 0),
    -- Not a foreign key: the record of a call outlives its tenant.
    domain_id      bigint,
    domain         text NOT NULL,
    direction      text NOT NULL CHECK (direction IN ('internal', 'inbound', 'outbound')),
    caller         text NOT NULL,
    callee         text NOT NULL,
    callee_reached text NOT NULL,
    service        text NOT NULL,
    -- Final SIP status of the call as the caller saw it.
    sip_code       integer,
    -- Q.850 cause by name, as FreeSWITCH spells it.
    hangup_cause   text NOT NULL,
    hangup_side    text NOT NULL CHECK (hangup_side IN ('caller', 'callee', 'system')),
    node           text NOT NULL,
    source         text NOT NULL CHECK (source IN ('edge', 'freeswitch', 'asterisk')),
    sip_call_id    text NOT NULL,
    raw            text COMPRESSION lz4,
    inserted_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (started_at, call_id)
) PARTITION BY RANGE (started_at);

CREATE INDEX cdr_domain ON voip.cdr (domain_id, started_at DESC);
CREATE INDEX cdr_call ON voip.cdr (call_id);

-- Nothing is refused for its date: a clock that is wrong by a year must not cost the record.
CREATE TABLE voip.cdr_other PARTITION OF voip.cdr DEFAULT;

-- Makes the partitions of this month and of the `ahead` following ones (UTC months). Idempotent.
-- Returns how many were made. For the writer, which owns nothing: runs with its owner's rights.
CREATE FUNCTION voip.cdr_ensure_partitions(ahead integer DEFAULT 3) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first timestamptz;
    made  integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('voip.cdr_ensure_partitions'));
    FOR n IN 0 .. least(greatest(ahead, 0), 24) LOOP
        first := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
        first := (first AT TIME ZONE 'UTC' + make_interval(months => n)) AT TIME ZONE 'UTC';
        IF to_regclass(format('voip.cdr_%s', to_char(first AT TIME ZONE 'UTC', 'YYYY_MM'))) IS NULL
        THEN
            EXECUTE format('CREATE TABLE voip.%I PARTITION OF voip.cdr FOR VALUES FROM (%L) TO (%L)',
                           'cdr_' || to_char(first AT TIME ZONE 'UTC', 'YYYY_MM'), first,
                           (first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END
$$;
REVOKE EXECUTE ON FUNCTION voip.cdr_ensure_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.cdr_ensure_partitions TO dialplane_cdr;
SELECT voip.cdr_ensure_partitions();

CALL voip.isolate('voip.cdr');
-- A record once written is not changed, by nobody but retention.
REVOKE INSERT, UPDATE, DELETE ON voip.cdr FROM dialplane_tenant;
CREATE POLICY writer ON voip.cdr FOR INSERT TO dialplane_cdr WITH CHECK (true);
GRANT INSERT ON voip.cdr TO dialplane_cdr;

-- Call records in three tables: the call (voip.cdr), its legs, and each record as it came. All are
-- partitioned by the start of the call, so that what is over age is dropped and never deleted row
-- by row: calls and legs by months, raw records by days.

ALTER TABLE voip.cdr
    ADD rang_at            timestamptz,
    -- From the INVITE to the first 180 or 183, or to the 200 where there was none.
    ADD pdd_ms             integer CHECK (pdd_ms >= 0),
    -- Not a foreign key, as domain_id.
    ADD extension_id       bigint,
    ADD queue              text,
    ADD agent              text,
    ADD wait_ms            integer CHECK (wait_ms >= 0),
    ADD talk_ms            integer CHECK (talk_ms >= 0),
    ADD ivr_path           text CHECK (length(ivr_path) <= 512),
    ADD sip_call_id_callee text,
    ADD codec              text,
    ADD genesys_call_uuid  text,
    -- Why the row was made up from what the edge counted; null for a record that was reported.
    ADD reconciled         text CHECK (reconciled IN ('media', 'edge'));

-- A tenant's calls by time, and by number and time, a page after the other: (started_at, call_id) is
-- the key of a page, and of two calls in one microsecond the order is made while sorting. With
-- text_pattern_ops the beginning of a number is found as quickly as the whole.
DROP INDEX voip.cdr_domain;
CREATE INDEX cdr_time ON voip.cdr (domain_id, started_at);
CREATE INDEX cdr_caller ON voip.cdr (domain_id, caller text_pattern_ops, started_at);
CREATE INDEX cdr_reached ON voip.cdr (domain_id, callee_reached text_pattern_ops, started_at);
-- Of a call that is looked up again: the few that have no record.
CREATE INDEX cdr_reconciled ON voip.cdr (started_at) WHERE reconciled IS NOT NULL;

-- What the legs of a call were like, each as whoever had its media saw it. Quality is that of the
-- audio received from this leg.
CREATE TABLE voip.cdr_legs (
    call_id      uuid NOT NULL,
    started_at   timestamptz NOT NULL,
    -- Name of the channel; 'caller' or 'callee' where the edge reports.
    leg          text NOT NULL,
    domain_id    bigint,
    side         text NOT NULL CHECK (side IN ('caller', 'callee')),
    number       text,
    sip_call_id  text,
    begun_at     timestamptz,
    rang_at      timestamptz,
    answered_at  timestamptz,
    ended_at     timestamptz,
    sip_code     integer,
    hangup_cause text,
    codec        text,
    mos          numeric(3, 2) CHECK (mos BETWEEN 1 AND 5),
    loss_pct     numeric(5, 2) CHECK (loss_pct BETWEEN 0 AND 100),
    jitter_ms    numeric(7, 2) CHECK (jitter_ms >= 0),
    packets      integer CHECK (packets >= 0),
    node         text NOT NULL,
    source       text NOT NULL CHECK (source IN ('edge', 'freeswitch', 'asterisk')),
    inserted_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (started_at, call_id, leg)
) PARTITION BY RANGE (started_at);
CREATE TABLE voip.cdr_legs_other PARTITION OF voip.cdr_legs DEFAULT;

-- The records as they came. One call has several: of the edge, of the media server, of each leg. The
-- digest tells them apart: the same record again is the same row.
CREATE TABLE voip.cdr_raw (
    call_id     uuid NOT NULL,
    started_at  timestamptz NOT NULL,
    -- The first 64 bits of the SHA-256 of `body`.
    digest      bigint NOT NULL,
    domain_id   bigint,
    source      text NOT NULL CHECK (source IN ('edge', 'freeswitch', 'asterisk')),
    node        text NOT NULL,
    -- What `body` is: the bytes themselves, or one frame of Zstandard (RFC 8878).
    encoding    text NOT NULL CHECK (encoding IN ('none', 'zstd')),
    -- Bytes of the record itself.
    size        integer NOT NULL CHECK (size >= 0),
    body        bytea NOT NULL,
    inserted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (started_at, call_id, digest)
) PARTITION BY RANGE (started_at);
-- Nobody tries to compress it once more.
ALTER TABLE voip.cdr_raw ALTER body SET STORAGE EXTERNAL;
CREATE TABLE voip.cdr_raw_other PARTITION OF voip.cdr_raw DEFAULT;
-- A compressed record of 2 KB stays with its row: aside, it would be two rows more, and an index.
ALTER TABLE voip.cdr_raw_other SET (toast_tuple_target = 8160);

-- ---------------------------------------------------------------- partitions

-- Makes the partition of a table that begins at `first` (UTC) and is one `unit` long. False when it
-- is there. What the default partition holds of that time moves into it: rows of a clock that went
-- ahead, which would otherwise keep the partition from being made, for ever.
--
-- Attached instead of made in place: inserts go on meanwhile, but for those into the default one.
CREATE FUNCTION voip.make_partition(parent text, unit text, first timestamp) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    child text := parent || to_char(first, CASE unit WHEN 'month' THEN '_YYYY_MM' ELSE '_YYYY_MM_DD' END);
    from_ timestamptz := first AT TIME ZONE 'UTC';
    to_   timestamptz := (first + ('1 ' || unit)::interval) AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass(format('voip.%I', child)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE voip.%I (LIKE voip.%I INCLUDING ALL)', child, parent);
    IF parent = 'cdr_raw' THEN
        EXECUTE format('ALTER TABLE voip.%I SET (toast_tuple_target = 8160)', child);
    END IF;
    EXECUTE format('LOCK TABLE voip.%I IN ACCESS EXCLUSIVE MODE', parent || '_other');
    EXECUTE format('WITH moved AS (DELETE FROM voip.%I WHERE started_at >= %L AND started_at < %L '
                   'RETURNING *) INSERT INTO voip.%I SELECT * FROM moved',
                   parent || '_other', from_, to_, child);
    EXECUTE format('ALTER TABLE voip.%I ATTACH PARTITION voip.%I FOR VALUES FROM (%L) TO (%L)',
                   parent, child, from_, to_);
    RETURN true;
END
$$;

-- Makes the partitions of this month and of the `ahead` following ones, of yesterday and of the
-- coming week (UTC). Idempotent; of several at once one does it. Returns how many were made. For the
-- writer, which owns nothing: runs with its owner's rights.
CREATE OR REPLACE FUNCTION voip.cdr_ensure_partitions(ahead integer DEFAULT 3) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s'
    AS $$
DECLARE
    month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    day   timestamp := date_trunc('day', now() AT TIME ZONE 'UTC');
    made  integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('voip.cdr_ensure_partitions')) THEN
        RETURN 0;
    END IF;
    FOR n IN 0 .. least(greatest(ahead, 0), 24) LOOP
        made := made + voip.make_partition('cdr', 'month', month + make_interval(months => n))::int
                + voip.make_partition('cdr_legs', 'month', month + make_interval(months => n))::int;
    END LOOP;
    FOR n IN -1 .. 7 LOOP
        made := made + voip.make_partition('cdr_raw', 'day', day + make_interval(days => n))::int;
    END LOOP;
    RETURN made;
END
$$;

-- Drops the oldest partition of a table that ends at `before` or earlier. Its name; null: none.
CREATE FUNCTION voip.drop_partition(parent text, before timestamp) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    child text;
BEGIN
    SELECT c.relname INTO child
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = format('voip.%I', parent)::regclass
      AND substring(pg_get_expr(c.relpartbound, c.oid) FROM $re$TO \('([^']+)'\)$re$)::timestamptz
          <= before AT TIME ZONE 'UTC'
    ORDER BY c.relname LIMIT 1;
    IF child IS NOT NULL THEN
        EXECUTE format('DROP TABLE voip.%I', child);
    END IF;
    RETURN child;
END
$$;

-- Drops one partition that is over age: a month of calls and legs after `keep_months` whole months, a
-- day of raw records after `keep_raw_days` whole days. Its name, to be called again; null when none is
-- left. One at a time, because dropping needs the whole table for a moment, and gives up when it does
-- not get it within 200 ms: inserts wait no longer than that, and the next time comes.
--
-- The default partitions have rows of clocks that were wrong, and of records that came late. There
-- are few, and their age is that of their coming.
CREATE FUNCTION voip.cdr_expire(keep_months integer, keep_raw_days integer) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms'
    AS $$
DECLARE
    month   timestamp := date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => keep_months);
    day     timestamp := date_trunc('day', now() AT TIME ZONE 'UTC') - make_interval(days => keep_raw_days);
    dropped text;
BEGIN
    IF keep_months < 1 OR keep_raw_days < 1 THEN
        RAISE EXCEPTION 'nothing is kept for less than a month, and a day' USING ERRCODE = '22023';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtext('voip.cdr_ensure_partitions')) THEN
        RETURN NULL;
    END IF;
    dropped := coalesce(voip.drop_partition('cdr_raw', day), voip.drop_partition('cdr_legs', month),
                        voip.drop_partition('cdr', month));
    IF dropped IS NULL THEN
        DELETE FROM voip.cdr_raw_other WHERE inserted_at < day AT TIME ZONE 'UTC';
        DELETE FROM voip.cdr_legs_other WHERE inserted_at < month AT TIME ZONE 'UTC';
        DELETE FROM voip.cdr_other WHERE inserted_at < month AT TIME ZONE 'UTC';
    END IF;
    RETURN dropped;
END
$$;
REVOKE EXECUTE ON FUNCTION voip.make_partition, voip.drop_partition, voip.cdr_expire FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.cdr_expire TO dialplane_cdr;

-- ---------------------------------------------------------------- what is there already

-- Raw records of the days for which they are kept go where they are now; older ones end here. The
-- space of the old column is free when the month is dropped.
DO $$
BEGIN
    PERFORM voip.make_partition('cdr_raw', 'day', date_trunc('day', now() AT TIME ZONE 'UTC')
                                                  - make_interval(days => n))
    FROM generate_series(0, 30) n;
END
$$;
SELECT voip.cdr_ensure_partitions();
INSERT INTO voip.cdr_raw (call_id, started_at, digest, domain_id, source, node, encoding, size, body,
                          inserted_at)
    SELECT c.call_id, c.started_at,
           ('x' || left(encode(sha256(b.body), 'hex'), 16))::bit(64)::bigint,
           c.domain_id, c.source, c.node, 'none', length(b.body), b.body, c.inserted_at
    FROM voip.cdr c, LATERAL (SELECT convert_to(c.raw, 'UTF8') AS body) b
    WHERE c.raw IS NOT NULL AND c.started_at >= now() - interval '30 days';
ALTER TABLE voip.cdr DROP COLUMN raw;

-- ---------------------------------------------------------------- rights

CALL voip.isolate('voip.cdr_legs');
CALL voip.isolate('voip.cdr_raw');
REVOKE INSERT, UPDATE, DELETE ON voip.cdr_legs FROM dialplane_tenant;
-- Addresses and names of the platform's own nodes are in there: for those who run it.
REVOKE ALL ON voip.cdr_raw FROM dialplane_tenant;
CREATE POLICY writer ON voip.cdr_legs FOR INSERT TO dialplane_cdr WITH CHECK (true);
CREATE POLICY writer ON voip.cdr_raw FOR INSERT TO dialplane_cdr WITH CHECK (true);
GRANT INSERT ON voip.cdr_legs, voip.cdr_raw TO dialplane_cdr;

-- Makes room for records that come late: removes the rows of these calls that were made up (and what
-- they counted, voip.count_outbound). Returns how many. For the writer, when a row was there already,
-- which it cannot look at itself; then it inserts once more.
CREATE FUNCTION voip.cdr_unmake(calls uuid[], starts timestamptz[]) RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH unmade AS (
        DELETE FROM voip.cdr c USING unnest(calls, starts) k (call_id, started_at)
        WHERE c.started_at = k.started_at AND c.call_id = k.call_id AND c.reconciled IS NOT NULL
        RETURNING c.domain_id, c.service, c.ended_at, c.billable_ms
    ), counted AS (
        SELECT d.id AS domain_id, (u.ended_at AT TIME ZONE d.timezone)::date AS day, sum(u.billable_ms) AS ms
        FROM unmade u JOIN voip.domains d ON d.id = u.domain_id
        WHERE u.service = 'trunk_out'
        GROUP BY 1, 2
    ), uncounted AS (
        UPDATE voip.outbound_usage o SET used_ms = greatest(o.used_ms - c.ms, 0)
        FROM counted c WHERE o.domain_id = c.domain_id AND o.day = c.day
    )
    SELECT count(*)::integer FROM unmade;
$$;
REVOKE EXECUTE ON FUNCTION voip.cdr_unmake FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.cdr_unmake TO dialplane_cdr;

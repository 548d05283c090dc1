-- One row per call, whatever is written how often; a partition for every date; what is over age goes.
BEGIN;
SELECT plan(32);

CREATE FUNCTION pg_temp.this(unit text, steps integer) RETURNS timestamptz LANGUAGE sql AS
    $$SELECT (date_trunc(unit, now() AT TIME ZONE 'UTC') + steps * ('1 ' || unit)::interval) AT TIME ZONE 'UTC'$$;
CREATE FUNCTION pg_temp.partition(parent text, unit text, steps integer) RETURNS text LANGUAGE sql AS
    $$SELECT parent || to_char(pg_temp.this(unit, steps) AT TIME ZONE 'UTC',
                               CASE unit WHEN 'month' THEN '_YYYY_MM' ELSE '_YYYY_MM_DD' END)$$;
INSERT INTO voip.domains (name) VALUES ('a.test');

SET LOCAL ROLE dialplane_cdr;
PREPARE record(uuid, timestamptz, text, text) AS
    INSERT INTO voip.cdr (call_id, started_at, ended_at, duration_ms, billable_ms, domain, direction,
                               caller, callee, callee_reached, service, hangup_cause, hangup_side, node,
                               source, sip_call_id, reconciled)
    VALUES ($1, $2, $2, 0, 0, 'gone.test', 'internal', $3, '2', '2', 'user', 'NORMAL_CLEARING',
            'caller', 'one', 'edge', 'x', $4)
    ON CONFLICT DO NOTHING;
EXECUTE record('00000000-0000-4000-8000-000000000001', '2001-02-03 04:05:06.000007+00', '1', NULL);
EXECUTE record('00000000-0000-4000-8000-000000000001', '2001-02-03 04:05:06.000007+00', '9', NULL);
EXECUTE record('00000000-0000-4000-8000-000000000001', now(), '1', NULL);
EXECUTE record('00000000-0000-4000-8000-000000000002', now(), '1', NULL);
EXECUTE record('00000000-0000-4000-8000-000000000003', now(), '1', 'media');
EXECUTE record('00000000-0000-4000-8000-000000000003', now(), '3', NULL);
SELECT is(voip.cdr_unmake(ARRAY['00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000003']::uuid[],
                          ARRAY[now(), now()]), 1, 'what was made up makes room, and nothing else');
EXECUTE record('00000000-0000-4000-8000-000000000003', now(), '4', NULL);
EXECUTE record('00000000-0000-4000-8000-000000000003', now(), '5', NULL);
PREPARE leg(uuid, timestamptz) AS
    INSERT INTO voip.cdr_legs (call_id, started_at, leg, side, node, source, mos, loss_pct, jitter_ms)
    VALUES ($1, $2, 'caller', 'caller', 'one', 'edge', 4.41, 0.5, 12.25) ON CONFLICT DO NOTHING;
EXECUTE leg('00000000-0000-4000-8000-000000000001', now());
EXECUTE leg('00000000-0000-4000-8000-000000000001', now());
EXECUTE leg('00000000-0000-4000-8000-000000000001', '2001-02-03 04:05:06.000007+00');
PREPARE raw(uuid, timestamptz, bigint) AS
    INSERT INTO voip.cdr_raw (call_id, started_at, digest, source, node, encoding, size, body)
    VALUES ($1, $2, $3, 'edge', 'one', 'none', 2, '{}') ON CONFLICT DO NOTHING;
EXECUTE raw('00000000-0000-4000-8000-000000000001', now(), 1);
EXECUTE raw('00000000-0000-4000-8000-000000000001', now(), 1);
EXECUTE raw('00000000-0000-4000-8000-000000000001', now(), 2);
SELECT throws_ok($$SELECT caller FROM voip.cdr$$, '42501', NULL, 'the writer reads no records');
SELECT throws_ok($$SELECT body FROM voip.cdr_raw$$, '42501', NULL, 'nor those they were made of');
SELECT throws_ok($$DELETE FROM voip.cdr_legs$$, '42501', NULL, 'the writer deletes no legs');
SELECT throws_ok($$UPDATE voip.cdr SET node = ''$$, '42501', NULL, 'and changes no records');
SELECT throws_ok($$DELETE FROM voip.cdr$$, '42501', NULL, 'the writer deletes no records');
RESET ROLE;

SELECT is((SELECT array_agg(caller) FROM voip.cdr WHERE started_at = '2001-02-03 04:05:06.000007+00'), ARRAY['1'],
          'the same record twice is one row, the first');
SELECT results_eq($$SELECT caller, reconciled FROM voip.cdr WHERE call_id = '00000000-0000-4000-8000-000000000003'$$,
                  $$VALUES ('4', NULL::text)$$, 'a record takes the place of a row that was made up, and the next one does not');
SELECT is((SELECT count(*)::int FROM voip.cdr_legs WHERE started_at = now()), 1, 'the same leg twice is one row');
SELECT is((SELECT count(*)::int FROM voip.cdr_raw WHERE started_at = now()), 2, 'the same record as it came twice is one row');

-- ---------------------------------------------------------------- which partition

SELECT is((SELECT tableoid::regclass::text FROM voip.cdr WHERE started_at = '2001-02-03 04:05:06.000007+00'),
          'voip.cdr_other', 'a date without a partition is kept');
SELECT is((SELECT DISTINCT tableoid::regclass::text FROM voip.cdr WHERE started_at = now()),
          'voip.' || pg_temp.partition('cdr', 'month', 0), 'a call of today is in its month');
SELECT is((SELECT DISTINCT tableoid::regclass::text FROM voip.cdr_legs WHERE started_at = now()),
          'voip.' || pg_temp.partition('cdr_legs', 'month', 0), 'and so are its legs');
SELECT is((SELECT DISTINCT tableoid::regclass::text FROM voip.cdr_raw WHERE started_at = now()),
          'voip.' || pg_temp.partition('cdr_raw', 'day', 0), 'what they were made of is in its day');
SELECT is(voip.cdr_ensure_partitions(3), 0, 'making partitions twice makes none');
SELECT has_table('voip', pg_temp.partition('cdr_raw', 'day', 7), 'a week is made ahead');

-- A clock that is five months ahead: when that month's partition is made, its row is no obstacle.
EXECUTE record('00000000-0000-4000-8000-000000000004', pg_temp.this('month', 5) + interval '1 hour', '1', NULL);
SELECT is((SELECT tableoid::regclass::text FROM voip.cdr WHERE call_id = '00000000-0000-4000-8000-000000000004'),
          'voip.cdr_other', 'a row of the future has no month yet');
SELECT is(voip.cdr_ensure_partitions(5), 4, 'two months of calls and of legs are made');
SELECT is((SELECT tableoid::regclass::text FROM voip.cdr WHERE call_id = '00000000-0000-4000-8000-000000000004'),
          'voip.' || pg_temp.partition('cdr', 'month', 5), 'and the row moves there');
SELECT is((SELECT count(*)::int FROM voip.cdr_other), 1, 'but no other');
SELECT is((SELECT count(*)::int FROM pg_class i WHERE i.relkind = 'i' AND i.relname ~ ('^' || pg_temp.partition('cdr', 'month', 5))
           AND i.relispartition),
          (SELECT count(*)::int FROM pg_index WHERE indrelid = 'voip.cdr'::regclass), 'with every index');

-- ---------------------------------------------------------------- how long

SELECT throws_ok($$SELECT voip.cdr_expire(0, 30)$$, '22023', NULL, 'not everything goes');
SELECT throws_ok($$SELECT voip.cdr_expire(24, 0)$$, '22023', NULL, 'nor every day');
SELECT is(voip.cdr_expire(24, 30), NULL, 'nothing is over age');
SELECT is((SELECT count(*)::int FROM voip.cdr_other), 1, 'what came today stays, whatever its date');
SELECT voip.make_partition('cdr', 'month', (pg_temp.this('month', n) AT TIME ZONE 'UTC')) FROM generate_series(-4, -1) n;
SELECT voip.make_partition('cdr_raw', 'day', (pg_temp.this('day', n) AT TIME ZONE 'UTC')) FROM generate_series(-4, -2) n;
CREATE TEMPORARY TABLE gone (name text);
DO $$
DECLARE
    name text;
BEGIN
    LOOP
        name := voip.cdr_expire(2, 1);
        EXIT WHEN name IS NULL;
        INSERT INTO gone VALUES (name);
    END LOOP;
END
$$;
SELECT set_eq('SELECT name FROM gone',
              ARRAY(SELECT pg_temp.partition('cdr', 'month', n) FROM generate_series(-4, -3) n)
              || ARRAY(SELECT pg_temp.partition('cdr_raw', 'day', n) FROM generate_series(-30, -2) n),
              'two whole months of calls are kept, and one whole day of what they were made of');
SELECT has_table('voip', pg_temp.partition('cdr', 'month', -2), 'the oldest that is kept');
UPDATE voip.cdr SET inserted_at = now() - interval '4 months' WHERE caller = '1' AND started_at < '2002-01-01';
DO $$BEGIN PERFORM voip.cdr_expire(2, 1); END$$;
SELECT is((SELECT count(*)::int FROM voip.cdr_other), 0, 'a wrong date goes when its row has been there for so long');
SELECT is((SELECT count(*)::int FROM voip.cdr WHERE started_at = now()), 3, 'and nothing else');

-- ---------------------------------------------------------------- who sees what

UPDATE voip.cdr SET domain_id = (SELECT id FROM voip.domains WHERE name = 'a.test') WHERE caller = '4';
UPDATE voip.cdr_legs SET domain_id = (SELECT id FROM voip.domains WHERE name = 'a.test') WHERE started_at = now();
DO $$BEGIN PERFORM set_config('voip.domain_id', (SELECT id::text FROM voip.domains WHERE name = 'a.test'), true); END$$;
SET LOCAL ROLE dialplane_tenant;
SELECT is((SELECT count(*)::int FROM voip.cdr_legs), 1, 'a tenant sees the legs of its calls');
SELECT throws_ok($$SELECT body FROM voip.cdr_raw$$, '42501', NULL, 'but not what the platform writes for itself');
SELECT throws_ok($$UPDATE voip.cdr_legs SET number = ''$$, '42501', NULL, 'and changes none');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;

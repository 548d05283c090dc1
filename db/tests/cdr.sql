-- One row per call, whatever is written how often, and a partition for every date.
BEGIN;
SELECT plan(6);

SET LOCAL ROLE dialplane_cdr;
PREPARE record(uuid, timestamptz) AS
    INSERT INTO voip.cdr (call_id, started_at, ended_at, duration_ms, billable_ms, domain, direction,
                          caller, callee, callee_reached, service, hangup_cause, hangup_side, node,
                          source, sip_call_id)
    VALUES ($1, $2, $2, 0, 0, 'gone.test', 'internal', '1', '2', '2', 'user', 'NORMAL_CLEARING',
            'caller', 'one', 'edge', 'x') ON CONFLICT DO NOTHING;
EXECUTE record('00000000-0000-4000-8000-000000000001', '2001-02-03 04:05:06.000007+00');
EXECUTE record('00000000-0000-4000-8000-000000000001', '2001-02-03 04:05:06.000007+00');
EXECUTE record('00000000-0000-4000-8000-000000000001', now());
EXECUTE record('00000000-0000-4000-8000-000000000002', now());
SELECT throws_ok($$SELECT raw FROM voip.cdr$$, '42501', NULL, 'the writer reads no records');
SELECT throws_ok($$UPDATE voip.cdr SET caller = ''$$, '42501', NULL, 'the writer changes no records');
RESET ROLE;

SELECT is((SELECT count(*)::int FROM voip.cdr WHERE started_at = '2001-02-03 04:05:06.000007+00'), 1,
          'the same record twice is one row');
SELECT is((SELECT tableoid::regclass::text FROM voip.cdr WHERE started_at = '2001-02-03 04:05:06.000007+00'),
          'voip.cdr_other', 'a date without a partition is kept');
SELECT is((SELECT DISTINCT tableoid::regclass::text FROM voip.cdr WHERE started_at = now()),
          'voip.cdr_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM'), 'a call of today is in its month');
SELECT is(voip.cdr_ensure_partitions(3), 0, 'making partitions twice makes none');

SELECT * FROM finish();
ROLLBACK;

-- Which calls without a record get one, when, and with what in it.
BEGIN;
SELECT plan(22);

INSERT INTO voip.domains (name) VALUES ('a.test');
-- As the writer: notes of a call that was answered `ago` before now and came here then, of a run of
-- Kamailio that began an hour ago.
CREATE FUNCTION pg_temp.call(id int) RETURNS uuid LANGUAGE sql
    RETURN format('00000000-0000-4000-8000-%s', lpad(id::text, 12, '0'))::uuid;
CREATE FUNCTION pg_temp.note(n int, node text, media boolean, answered interval, ended interval,
                             noted interval) RETURNS void LANGUAGE sql AS $$
    INSERT INTO voip.edge_calls (call_id, started_at, answered_at, ended_at, node, booted_at, media,
                                 domain_id, domain, direction, caller, callee, callee_reached, service,
                                 sip_code, hangup_cause, hangup_side, sip_call_id, noted_at)
    SELECT pg_temp.call(n), now() - answered - interval '2 s', now() - answered, now() - ended, node,
           date_trunc('hour', now()) - interval '1 day', media,
           d.id, d.name, 'internal', '1001', '8000', '8001', 'ivr',
           200, 'NORMAL_CLEARING', 'caller', 'x', now() - noted
    FROM voip.domains d
$$;
CREATE FUNCTION pg_temp.record(n int, cause text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO voip.cdr (call_id, started_at, ended_at, duration_ms, billable_ms, domain, direction,
                          caller, callee, callee_reached, service, hangup_cause, hangup_side, node,
                          source, sip_call_id)
    SELECT call_id, started_at, ended_at, 0, 0, domain, direction, caller, callee, callee_reached,
           service, cause, hangup_side, node, 'freeswitch', 'x'
    FROM voip.edge_calls WHERE call_id = pg_temp.call(n)
$$;
CREATE FUNCTION pg_temp.made(n int) RETURNS text LANGUAGE sql
    RETURN (SELECT format('%s %s %s by %s, %s ms', reconciled, source, hangup_cause, hangup_side, billable_ms)
            FROM voip.cdr WHERE call_id = pg_temp.call(n));

SELECT pg_temp.note(1, 'one', true, '10 min', '9 min', '1 min');      -- its record is there
SELECT pg_temp.record(1, 'USER_BUSY');
SELECT pg_temp.note(2, 'one', true, '10 min', '9 min', '1 min');      -- its media server is gone
SELECT pg_temp.note(3, 'one', false, '10 min', '9 min', '1 min');     -- the edge's record is lost
SELECT pg_temp.note(4, 'one', true, '10 min', '9 min', '20 s');       -- came here just now
SELECT pg_temp.note(5, 'one', true, '10 min', NULL, '10 min');        -- goes on
SELECT pg_temp.note(6, 'one', true, '13 h', NULL, '13 h');            -- would be too long
SELECT pg_temp.note(7, 'two', true, '10 min', NULL, '10 min');        -- its edge was started anew
SELECT pg_temp.note(8, 'two', false, '10 min', NULL, '10 min');
SELECT pg_temp.note(9, 'two', false, '10 min', NULL, '10 min');       -- and this one's record is there
UPDATE voip.edge_calls SET ended_at = now() WHERE call_id = pg_temp.call(9);
SELECT pg_temp.record(9, 'USER_BUSY');
UPDATE voip.edge_calls SET ended_at = NULL WHERE call_id = pg_temp.call(9);
SELECT pg_temp.note(10, 'three', false, '10 min', NULL, '10 min');    -- just now
INSERT INTO voip.edge_boots (node, booted_at, noted_at)
    SELECT node, date_trunc('hour', now()) - interval '1 day', now() - interval '1 day'
    FROM unnest(ARRAY['one', 'two', 'three']) node;
INSERT INTO voip.edge_boots (node, booted_at, noted_at)
    VALUES ('two', now() - interval '6 min', now() - interval '5 min'),
           ('two', now() - interval '3 min', now() - interval '2 min'),
           ('three', now() - interval '1 min', now() - interval '20 s');

SET LOCAL ROLE dialplane_cdr;
SELECT is((SELECT r::text FROM voip.cdr_reconcile('30 s', '12 h') r), '(7,1,4)', 'those whose time has come');
SELECT is((SELECT looked FROM voip.cdr_reconcile('30 s', '12 h')), 0::bigint, 'are looked at once');
SELECT throws_ok($$SELECT caller FROM voip.cdr$$, '42501', NULL, 'by one who reads no records');
RESET ROLE;

SELECT is((SELECT count(*) FROM voip.cdr WHERE call_id = pg_temp.call(1) AND hangup_cause = 'USER_BUSY'), 1::bigint, 'a record stays as it is');
SELECT is((SELECT settled FROM voip.edge_calls WHERE call_id = pg_temp.call(1)), 'record', 'and is found');
SELECT is(pg_temp.made(2), 'media edge NORMAL_CLEARING by caller, 60000 ms', 'ended, and not reported by its media server');
SELECT is(pg_temp.made(3), 'edge edge NORMAL_CLEARING by caller, 60000 ms', 'ended, and not reported by the edge');
SELECT is(pg_temp.made(4), NULL, 'a record may take a while');
SELECT is(pg_temp.made(5), NULL, 'a call that goes on');
SELECT is(pg_temp.made(6), 'edge edge NORMAL_TEMPORARY_FAILURE by system, 43200000 ms', 'a call is never longer');
SELECT is(pg_temp.made(7), 'edge edge NORMAL_TEMPORARY_FAILURE by system, 240000 ms', 'ended by the next start of its edge');
SELECT is(pg_temp.made(8), 'edge edge NORMAL_TEMPORARY_FAILURE by system, 240000 ms', 'likewise without a media server');
SELECT is((SELECT count(*) FROM voip.cdr WHERE call_id = pg_temp.call(9)), 1::bigint, 'the record came before the edge was killed');
SELECT is(pg_temp.made(10), NULL, 'what the edge said before may be on its way');
SELECT is((SELECT domain_id FROM voip.cdr WHERE call_id = pg_temp.call(2)), (SELECT id FROM voip.domains), 'of its tenant');
SELECT is((SELECT duration_ms FROM voip.cdr WHERE call_id = pg_temp.call(2)), 62000, 'from its start');

UPDATE voip.edge_calls SET noted_at = now() - interval '1 min' WHERE call_id = pg_temp.call(4);
SELECT is((SELECT r::text FROM voip.cdr_reconcile('30 s', '12 h') r), '(1,1,0)', 'later its time has come');

-- Partitions, and what is over age.
SELECT is((SELECT count(*) FROM pg_inherits WHERE inhparent = 'voip.edge_calls'::regclass), 10::bigint, 'partitions of the days around');
SELECT voip.make_partition('edge_calls', 'day', date_trunc('day', now() AT TIME ZONE 'UTC') - interval '36 days');
SELECT voip.edge_calls_keep(35);
SELECT is((SELECT count(*) FROM pg_inherits WHERE inhparent = 'voip.edge_calls'::regclass), 10::bigint, 'a day over age is dropped');
UPDATE voip.edge_boots SET noted_at = now() - interval '40 days' WHERE node = 'two';
SELECT voip.edge_calls_keep(35);
SELECT is((SELECT count(*) FROM voip.edge_boots WHERE node = 'two'), 1::bigint, 'the last start is known for ever');
SELECT throws_ok($$SELECT voip.edge_calls_keep(0)$$, '22023', NULL, 'nothing is kept for no time');

DO $$BEGIN PERFORM set_config('voip.domain_id', (SELECT (id + 1)::text FROM voip.domains), true); END$$;
SET LOCAL ROLE dialplane_tenant;
SELECT is((SELECT count(*) FROM voip.edge_calls), 0::bigint, 'another tenant''s calls are nobody''s');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;

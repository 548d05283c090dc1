-- What a call met at a later stage gets into its row: from the caller's leg, by the writer, who may not.
BEGIN;
SELECT plan(9);

INSERT INTO voip.domains (name) VALUES ('a.test');
CREATE FUNCTION pg_temp.id(n integer) RETURNS uuid LANGUAGE sql AS
    $$SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid$$;
INSERT INTO voip.cdr (call_id, started_at, ended_at, duration_ms, billable_ms, domain, direction, caller, callee,
                      callee_reached, service, hangup_cause, hangup_side, node, source, sip_call_id, ivr_path,
                      queue, agent, wait_ms, talk_ms)
    SELECT pg_temp.id(n), now(), now(), 0, 0, 'a.test', 'internal', '1', '2', '3', 'ivr', 'NORMAL_CLEARING',
           'caller', 'one', 'freeswitch', 'x', path, queue, agent, wait, talk
    FROM (VALUES (1, '1:2>3', NULL, NULL, NULL::int, NULL::int), (2, NULL, '4', '5@a.test', 6, 7),
                 (3, '1:2>3', NULL, NULL, NULL, NULL), (4, NULL, '4', NULL, 6, NULL)) v(n, path, queue, agent, wait, talk);
INSERT INTO voip.cdr_legs (call_id, started_at, leg, side, node, source, stage, ivr_path, queue, agent, wait_ms, talk_ms)
    VALUES (pg_temp.id(1), now(), 'caller', 'caller', 'one', 'freeswitch', 1, '1:2>3:4>5', '5', '6@a.test', 8, 9),
           (pg_temp.id(2), now(), 'caller', 'caller', 'one', 'freeswitch', 1, '1:2', '8', NULL, 1, NULL),
           (pg_temp.id(3), now(), 'caller', 'caller', 'one', 'freeswitch', NULL, '1:2>3:4>5', NULL, NULL, NULL, NULL),
           (pg_temp.id(4), now(), 'caller', 'caller', 'one', 'freeswitch', 2, NULL, NULL, NULL, NULL, NULL);

SET LOCAL ROLE dialplane_cdr;
SELECT throws_ok($$UPDATE voip.cdr SET queue = ''$$, '42501', NULL, 'the writer changes no record');
SELECT lives_ok($$UPDATE voip.cdr_legs SET number = '1' WHERE leg = 'caller'$$, 'but completes legs');
SELECT lives_ok($$CALL voip.cdr_take_stages(ARRAY[pg_temp.id(1), pg_temp.id(2), pg_temp.id(3), pg_temp.id(4), pg_temp.id(5)],
                                            ARRAY[now(), now(), now(), now(), now()])$$, 'stages');
RESET ROLE;

PREPARE taken AS SELECT ivr_path, queue, agent, wait_ms, talk_ms FROM voip.cdr ORDER BY call_id;
SELECT results_eq('taken', $$VALUES ('1:2>3:4>5', '5', '6@a.test', 8, 9), ('1:2', '4', '5@a.test', 6, 7),
                                    ('1:2>3', NULL, NULL, NULL, NULL), (NULL, '4', NULL, 6, NULL)$$,
                  'the longer way, and the queue where somebody took the call');
CALL voip.cdr_take_stages(ARRAY[pg_temp.id(1)], ARRAY[now()]);
SELECT is((SELECT queue FROM voip.cdr WHERE call_id = pg_temp.id(1)), '5', 'once more is the same');
CALL voip.cdr_take_stages(ARRAY[pg_temp.id(3)], ARRAY[now() - interval '1 s']);
SELECT is((SELECT ivr_path FROM voip.cdr WHERE call_id = pg_temp.id(3)), '1:2>3', 'another start is another call');

SELECT throws_ok($$INSERT INTO voip.cdr_legs (call_id, started_at, leg, side, node, source, stage)
                   VALUES (pg_temp.id(9), now(), 'caller', 'caller', 'one', 'edge', 10)$$, '23514', NULL, 'no such stage');
SET LOCAL ROLE dialplane_tenant;
SELECT throws_ok($$CALL voip.cdr_take_stages('{}', '{}')$$, '42501', NULL, 'a tenant takes nothing');
SELECT throws_ok($$UPDATE voip.cdr_legs SET number = ''$$, '42501', NULL, 'and changes no leg');
SELECT * FROM finish();
ROLLBACK;

-- Webhooks: which events are made of what, by whom they are seen, when they are tried.
BEGIN;
SELECT plan(33);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.domains (name) VALUES ('b.test') RETURNING id AS b \gset

PREPARE call(uuid, bigint, text, text) AS
    INSERT INTO voip.cdr (call_id, started_at, ended_at, duration_ms, billable_ms, domain_id, domain,
                          direction, caller, callee, callee_reached, service, hangup_cause, hangup_side,
                          node, source, sip_call_id, reconciled)
    VALUES ($1, now(), now(), 0, 0, $2, 'a.test', 'internal', $3, '2', '2', 'user', 'NORMAL_CLEARING',
            'caller', 'one', 'edge', 'x', $4)
    ON CONFLICT DO NOTHING;
PREPARE recording(uuid, bigint) AS
    INSERT INTO voip.recordings (id, call_id, started_at, domain_id, domain, node, path, format, bytes,
                                 duration_ms, sha256)
    VALUES ($1, $1, now(), $2, 'a.test', 'one', 'recordings/2026/01/31/' || $1 || '.wav', 'wav', 1, 1,
            repeat('0', 64))
    ON CONFLICT DO NOTHING;
CREATE FUNCTION pg_temp.events(webhook bigint) RETURNS text LANGUAGE sql AS
    $$SELECT string_agg(event, ',' ORDER BY event) FROM voip.webhook_deliveries WHERE webhook_id = webhook$$;

-- ---- what is told, and what is not

SET LOCAL ROLE dialplane_cdr;
EXECUTE call('00000000-0000-4000-8000-000000000001', :a, '1', NULL);
RESET ROLE;
INSERT INTO voip.webhooks (domain_id, url, events) VALUES (:a, 'https://a.test/calls', '{call.ended}') RETURNING id AS calls \gset
INSERT INTO voip.webhooks (domain_id, url, events) VALUES (:a, 'https://a.test/both', '{call.ended,recording.ready}') RETURNING id AS both \gset
INSERT INTO voip.webhooks (domain_id, url, events, active) VALUES (:a, 'https://a.test/off', '{call.ended}', false) RETURNING id AS off \gset
INSERT INTO voip.webhooks (domain_id, url, events) VALUES (:b, 'https://b.test/', '{call.ended,recording.ready}') RETURNING id AS other \gset
SELECT is((SELECT count(*)::int FROM voip.webhook_deliveries), 0, 'what was before a webhook is not told');

SET LOCAL ROLE dialplane_cdr;
EXECUTE call('00000000-0000-4000-8000-000000000001', :a, '1', NULL);
EXECUTE call('00000000-0000-4000-8000-000000000002', :a, E'"<&\t\u00e9', NULL);
EXECUTE call('00000000-0000-4000-8000-000000000002', :a, '1', NULL);
EXECUTE call('00000000-0000-4000-8000-000000000003', NULL, '1', NULL);
EXECUTE recording('00000000-0000-4000-8000-000000000002', :a);
EXECUTE recording('00000000-0000-4000-8000-000000000002', :a);
SELECT throws_ok('SELECT * FROM voip.webhook_deliveries', '42501', NULL, 'the writer reads none');
RESET ROLE;
SELECT is(pg_temp.events(:calls), 'call.ended', 'once per record, not of one that was there');
SELECT is(pg_temp.events(:both), 'call.ended,recording.ready', 'both kinds, where both are wanted');
SELECT is(pg_temp.events(:off), NULL, 'nothing for one that is not active');
SELECT is(pg_temp.events(:other), NULL, 'nothing of another tenant');
SELECT is((SELECT payload -> 'call' ->> 'caller' FROM voip.webhook_deliveries WHERE webhook_id = :calls), E'"<&\t\u00e9',
          'whatever a caller is called');
SELECT ok((SELECT bool_and(payload ->> 'id' = id::text AND payload ->> 'event' = event
                           AND payload ->> 'domain' = 'a.test') FROM voip.webhook_deliveries),
          'a payload says which delivery it is, of which event and tenant');
SELECT ok((SELECT bool_and(payload ->> 'created_at' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$'
                           AND payload -> 'recording' ? 'sha256' AND NOT payload -> 'recording' ? 'path')
           FROM voip.webhook_deliveries WHERE event = 'recording.ready'),
          'of a recording all but where it is in the store');

SELECT is((SELECT array_agg(k ORDER BY k) FROM (SELECT DISTINCT jsonb_object_keys(payload -> 'call') FROM voip.webhook_deliveries
                                                 WHERE event = 'call.ended') p (k)),
          (SELECT array_agg(n ORDER BY n) FROM (SELECT CASE attname WHEN 'call_id' THEN 'id' ELSE attname::text END COLLATE "default"
                                               FROM pg_attribute WHERE attrelid = 'voip.cdr'::regclass AND attnum > 0 AND NOT attisdropped
                                                 AND attname NOT IN ('domain', 'domain_id', 'node', 'source', 'inserted_at')) a (n)),
          'of a call all that its record says, but what only the platform needs');

-- ---- a record that was made up, and the real one

EXECUTE call('00000000-0000-4000-8000-000000000004', :a, '1', 'media');
SELECT is((SELECT payload -> 'call' ->> 'reconciled' FROM voip.webhook_deliveries
           WHERE webhook_id = :calls AND call_id = '00000000-0000-4000-8000-000000000004'), 'media',
          'one that was made up says so');
SELECT voip.cdr_unmake('{00000000-0000-4000-8000-000000000004}', ARRAY[now()]) AS unmade \gset
EXECUTE call('00000000-0000-4000-8000-000000000004', :a, '1', NULL);
SELECT is((SELECT string_agg(event, ',' ORDER BY event) FROM voip.webhook_deliveries
           WHERE webhook_id = :calls AND call_id = '00000000-0000-4000-8000-000000000004'),
          'call.corrected,call.ended', 'the real one corrects it');

-- ---- a record that is completed by another one

CREATE FUNCTION pg_temp.told(webhook bigint) RETURNS text LANGUAGE sql AS
    $$SELECT string_agg(event || ' ' || coalesce(payload -> 'call' ->> 'queue', '-') || ' '
                        || coalesce(payload -> 'call' ->> 'agent', '-'), ',' ORDER BY event DESC)
      FROM voip.webhook_deliveries WHERE webhook_id = webhook AND call_id = '00000000-0000-4000-8000-000000000005'$$;
EXECUTE call('00000000-0000-4000-8000-000000000005', :a, '1', NULL);
UPDATE voip.cdr SET queue = '700' WHERE call_id = '00000000-0000-4000-8000-000000000005';
SELECT is(pg_temp.told(:calls), 'call.ended 700 -', 'before it was sent: one event, complete');
UPDATE voip.webhook_deliveries SET attempts = 1 WHERE webhook_id = :calls;
UPDATE voip.cdr SET queue = '700' WHERE call_id = '00000000-0000-4000-8000-000000000005';
SELECT is(pg_temp.told(:calls), 'call.ended 700 -', 'nothing new: nothing is told');
UPDATE voip.cdr SET agent = '1001@a.test' WHERE call_id = '00000000-0000-4000-8000-000000000005';
SELECT is(pg_temp.told(:calls) || ';' || pg_temp.told(:both),
          'call.ended 700 -,call.corrected 700 1001@a.test;call.ended 700 1001@a.test', 'after it was sent: corrected');

-- ---- what a webhook is

SELECT throws_ok(format('INSERT INTO voip.webhooks (domain_id, url, events) VALUES (%s, %L, %L)', :a, u, e), '23514', NULL, 'refused: ' || u || ' ' || e)
FROM (VALUES ('ftp://a.test/', '{call.ended}'), ('https://user:secret@a.test/', '{call.ended}'),
             (E'https://a.test/\r\nX: y', '{call.ended}'), ('https:///path', '{call.ended}'),
             ('https://a.test/', '{}'), ('https://a.test/', '{call.started}'),
             ('https://a.test/', '{call.ended,NULL}')) v (u, e);
SELECT ok((SELECT bool_and(secret ~ '^whsec_[0-9a-f]{64}$') AND count(DISTINCT secret) = 4 FROM voip.webhooks),
          'each has a secret of its own');

-- ---- when

SELECT ok((SELECT bool_and(voip.webhook_backoff(n, 5) BETWEEN least(5 * 2.0 ^ (n - 1), 3600) * 0.75
                                                          AND least(5 * 2.0 ^ (n - 1), 3600) * 1.25)
           FROM generate_series(1, 40) n), 'doubled each time, an hour at most, a quarter more or less');
SELECT ok((SELECT count(DISTINCT voip.webhook_backoff(5, 5)) > 15 FROM generate_series(1, 20)),
          'not all at once');

-- ---- who sees and does what

DO $$BEGIN PERFORM set_config('voip.domain_id', (SELECT id::text FROM voip.domains WHERE name = 'a.test'), true); END$$;
SET LOCAL ROLE dialplane_tenant;
SELECT is((SELECT count(*)::int FROM (SELECT id, url, events FROM voip.webhooks) w), 3, 'a tenant sees its own');
SELECT throws_ok('SELECT secret FROM voip.webhooks', '42501', NULL, 'but no secret');
SELECT throws_ok($$INSERT INTO voip.webhooks (domain_id, url, events, secret)
                   VALUES (voip.current_domain_id(), 'https://a.test', '{call.ended}', repeat('x', 64))$$,
                 '42501', NULL, 'and chooses none');
INSERT INTO voip.webhooks (domain_id, url, events) VALUES (voip.current_domain_id(), 'https://a.test', '{call.ended}');
SELECT throws_ok('UPDATE voip.webhook_deliveries SET attempts = 0', '42501', NULL, 'deliveries are the platform''s');
RESET ROLE;
SET LOCAL ROLE dialplane_control;
SELECT lives_ok('UPDATE voip.webhook_deliveries SET attempts = 1, delivered_at = now()', 'serve marks what it has delivered');
SELECT throws_ok($$UPDATE voip.webhook_deliveries SET payload = '{}'$$, '42501', NULL, 'and does not change what is sent');
SELECT throws_ok($$UPDATE voip.webhook_deliveries SET dead_at = now()$$, '23514', NULL, 'delivered or dead, not both');
RESET ROLE;
EXECUTE recording('00000000-0000-4000-8000-000000000009', :b);
DELETE FROM voip.webhooks WHERE id = :other;
SELECT is(pg_temp.events(:other), NULL, 'a webhook takes its deliveries with it');

SELECT * FROM finish();
ROLLBACK;

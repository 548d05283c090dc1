-- What the API needs: a number of every row; what a tenant may set of itself; secrets told once.
BEGIN;
SELECT plan(12);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.domains (name) VALUES ('b.test') RETURNING id AS b \gset
INSERT INTO voip.webhooks (domain_id, url, events) VALUES (:b, 'https://b.test/', '{call.ended}')
    RETURNING id AS theirs \gset

SELECT col_is_unique('voip', t, 'id', t || ' have a number')
FROM unnest(ARRAY['queue_members', 'ivr_entries', 'schedule_hours', 'schedule_holidays',
                  'outbound_route_trunks']) t;

SELECT set_config('voip.domain_id', :'a', true) \g /dev/null
SET LOCAL ROLE dialplane_tenant;
SELECT lives_ok('UPDATE voip.domains SET timezone = ''Europe/Berlin''', 'a tenant has its own clock');
SELECT is((SELECT array_agg(name::text) FROM voip.domains), ARRAY['a.test'], 'and sees itself');
SELECT throws_ok('UPDATE voip.domains SET allow_premium = true', '42501', NULL,
                 'what it may spend is not its own to say');
INSERT INTO voip.webhooks (domain_id, url, events) VALUES (:a, 'https://a.test/', '{call.ended}')
    RETURNING id AS own \gset
SELECT matches(voip.new_webhook_secret(:own), '^whsec_', 'who makes a webhook is told its secret');
SELECT is(voip.new_webhook_secret(:theirs), NULL, 'and of no other tenant''s');
SELECT throws_ok('SELECT secret FROM voip.webhooks', '42501', NULL, 'nobody reads one');
RESET ROLE;
-- As if it had been made by an earlier transaction: a subtransaction is another one.
SAVEPOINT later;
UPDATE voip.webhooks SET active = false WHERE id = :own;
SET LOCAL ROLE dialplane_tenant;
SELECT is(voip.new_webhook_secret(:own), NULL, 'nor is anybody told later');

SELECT * FROM finish();
ROLLBACK;

-- Recording policies: what a row may say, which one wins, what the edge reads, who is told of a change.
BEGIN;
SELECT plan(30);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.domains (name) VALUES ('b.test') RETURNING id AS b \gset
INSERT INTO voip.users (domain_id, username, ha1) VALUES (:a, '1001', md5('x')) RETURNING id AS user1 \gset
INSERT INTO voip.extensions (domain_id, number, type, user_id)
    VALUES (:a, '1001', 'user', :user1) RETURNING id AS n1001 \gset
INSERT INTO voip.extensions (domain_id, number, type, user_id)
    VALUES (:a, '1009', 'user', :user1) RETURNING id AS n1009 \gset
INSERT INTO voip.queues (domain_id, name) VALUES (:a, 'help') RETURNING id AS help \gset
INSERT INTO voip.extensions (domain_id, number, type, queue_id)
    VALUES (:a, '5000', 'queue', :help) RETURNING id AS n5000 \gset
INSERT INTO voip.trunks (domain_id, name) VALUES (:a, 'one') RETURNING id AS trunk \gset
INSERT INTO voip.outbound_routes (domain_id, name) VALUES (:a, 'world') RETURNING id AS world \gset
INSERT INTO voip.extensions (domain_id, number, type, outbound_route_id, is_prefix)
    VALUES (:a, '0', 'trunk_out', :world, true) RETURNING id AS n0 \gset

-- ---- what a row may say

SELECT throws_ok(format($$INSERT INTO voip.recording_policies (domain_id, extension_id, queue_id, mode)
                          VALUES (%s, %s, %s, 'always')$$, :a, :n1001, :help), '23514', NULL, 'of two things');
SELECT throws_ok(format($$INSERT INTO voip.recording_policies (domain_id, mode) VALUES (%s, 'sometimes')$$, :a),
                 '23514', NULL, 'no such mode');
SELECT throws_ok(format($$INSERT INTO voip.recording_policies (domain_id, mode, direction) VALUES (%s, 'always', 'up')$$, :a),
                 '23514', NULL, 'no such direction');
SELECT throws_ok(format($$INSERT INTO voip.recording_policies (domain_id, extension_id, mode) VALUES (%s, %s, 'always')$$,
                        :b, :n1001), '23503', NULL, 'of another tenant');
SELECT throws_ok(format($$INSERT INTO voip.recording_policies (domain_id, mode) VALUES (%s, 'always'), (%s, 'never')$$, :a, :a),
                 '23505', NULL, 'two of the tenant for the same direction');
SELECT throws_ok(format($$INSERT INTO voip.recording_policies (domain_id, trunk_id, direction, mode)
                          VALUES (%s, %s, 'inbound', 'always'), (%s, %s, 'inbound', 'never')$$, :a, :trunk, :a, :trunk),
                 '23505', NULL, 'two of a trunk for the same direction');

-- ---- which one wins

CREATE FUNCTION pg_temp.of(extensions bigint[], trunks bigint[], direction text) RETURNS text LANGUAGE sql AS $$
    SELECT mode || format(' %s %s', announce::int, allow_pause::int)
    FROM voip.recording_of((SELECT id FROM voip.domains WHERE name = 'a.test'), extensions, trunks, direction);
$$;
SELECT is(pg_temp.of(ARRAY[:n1001], ARRAY[:trunk], 'inbound'), NULL, 'nothing is said');
INSERT INTO voip.recording_policies (domain_id, mode, announce) VALUES (:a, 'always', true);
INSERT INTO voip.recording_policies (domain_id, mode) VALUES (:b, 'on_demand');
SELECT is(pg_temp.of(ARRAY[:n1001], NULL, 'internal'), 'always 1 0', 'the tenant');
INSERT INTO voip.recording_policies (domain_id, direction, mode) VALUES (:a, 'outbound', 'never');
SELECT is(pg_temp.of(ARRAY[:n1001], NULL, 'outbound'), 'never 0 0', 'a direction before any');
INSERT INTO voip.recording_policies (domain_id, trunk_id, mode) VALUES (:a, :trunk, 'on_demand');
SELECT is(pg_temp.of(ARRAY[:n1001], ARRAY[:trunk], 'outbound'), 'on_demand 0 0', 'the trunk before the tenant''s direction');
SELECT is(pg_temp.of(ARRAY[:n1001], NULL, 'internal'), 'always 1 0', 'a trunk is not everywhere');
INSERT INTO voip.recording_policies (domain_id, extension_id, mode, allow_pause) VALUES (:a, :n1001, 'never', false);
SELECT is(pg_temp.of(ARRAY[:n1001], ARRAY[:trunk], 'inbound'), 'never 0 0', 'an extension before the trunk');
INSERT INTO voip.recording_policies (domain_id, extension_id, mode, allow_pause) VALUES (:a, :n1009, 'always', true);
SELECT is(pg_temp.of(ARRAY[:n1001, :n1009], ARRAY[:trunk], 'inbound'), 'always 0 1', 'of two extensions the stricter');
INSERT INTO voip.recording_policies (domain_id, queue_id, direction, mode) VALUES (:a, :help, 'inbound', 'always');
SELECT is(pg_temp.of(ARRAY[:n5000], ARRAY[:trunk], 'inbound'), 'always 0 0', 'a queue by its number');
SELECT is(pg_temp.of(ARRAY[:n5000], NULL, 'internal'), 'always 1 0', 'in the other direction the tenant again');

-- ---- what the edge reads

SET LOCAL ROLE dialplane_edge;
SELECT set_eq($$SELECT domain, name, key_name, key_value FROM kamailio.htable_record$$,
              format($$VALUES ('a.test', 'd.all', 'a.test:d.all', '1210,1210,1000'),
                              ('b.test', 'd.all', 'b.test:d.all', '1100,1100,1100'),
                              ('a.test', 't.%1$s', 'a.test:t.%1$s', '2100,2100,2100'),
                              ('a.test', 'e.1001', 'a.test:e.1001', '3000,3000,3000'),
                              ('a.test', 'e.1009', 'a.test:e.1009', '3201,3201,3201'),
                              ('a.test', 'u.1001', 'a.test:u.1001', '3201,3201,3201'),
                              ('a.test', 'e.5000', 'a.test:e.5000', '0,3200,0')$$, :trunk), 'what the edge reads');
RESET ROLE;
SET LOCAL ROLE dialplane_tenant;
SELECT set_config('voip.domain_id', :'b', true);
SELECT is((SELECT count(*) FROM voip.recording_policies), 1::bigint, 'a tenant sees its own');
RESET ROLE;

SELECT is((SELECT count(*) FROM voip.vw_extensions WHERE domain = 'a.test' AND NOT need_media), 1::bigint,
          'all but the number that is never recorded need a media server');
DELETE FROM voip.recording_policies WHERE domain_id = :a AND scope = 'domain';
SELECT set_eq($$SELECT extension FROM voip.vw_extensions WHERE domain = 'a.test' AND need_media$$,
              $$VALUES ('1009'), ('5000')$$, 'those of which it is said');
INSERT INTO voip.recording_policies (domain_id, mode) VALUES (:a, 'always');

-- ---- whom a change is told: by what would be sent

CREATE TEMP TABLE told (channel text, payload text) ON COMMIT DROP;
CREATE OR REPLACE FUNCTION voip.notify_key(changed_table text, domain bigint, key text) RETURNS void
    LANGUAGE sql AS $$INSERT INTO told SELECT changed_table, key WHERE key IS NOT NULL AND changed_table = 'recordings'$$;
CREATE FUNCTION pg_temp.told() RETURNS text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM told RETURNING payload) SELECT string_agg(DISTINCT payload, ' ' ORDER BY payload) FROM gone;
$$;
UPDATE voip.recording_policies SET announce = false WHERE scope = 'domain' AND domain_id = :a;
SELECT is(pg_temp.told(), 'd.all', 'the tenant''s');
UPDATE voip.recording_policies SET announce = true WHERE trunk_id = :trunk;
SELECT is(pg_temp.told(), format('t.%s', :trunk), 'a trunk''s');
UPDATE voip.recording_policies SET announce = true WHERE queue_id = :help;
SELECT is(pg_temp.told(), 'e.5000', 'a queue''s');
UPDATE voip.recording_policies SET extension_id = :n5000 WHERE extension_id = :n1009;
SELECT is(pg_temp.told(), 'e.1009 e.5000 u.1001', 'from one number to another');
UPDATE voip.extensions SET number = '5001' WHERE id = :n5000;
SELECT is(pg_temp.told(), 'e.5000 e.5001', 'a number that is another now');
UPDATE voip.extensions SET number = '1008' WHERE id = :n1009;
SELECT is(pg_temp.told(), NULL, 'a number of which nothing is said');
UPDATE voip.users SET username = '1002' WHERE id = :user1;
SELECT is(pg_temp.told(), 'u.1001 u.1002', 'a user who is called otherwise');
UPDATE voip.users SET display_name = 'Somebody' WHERE id = :user1;
SELECT is(pg_temp.told(), NULL, 'a user who shows another name');
DELETE FROM voip.extensions WHERE id = :n1001;
SELECT is(pg_temp.told(), 'e.1001 u.1002', 'a number that is gone');
SELECT is((SELECT count(*) FROM voip.recording_policies WHERE extension_id = :n1001), 0::bigint, 'with its policies');
DELETE FROM voip.trunks WHERE id = :trunk;
SELECT is(pg_temp.told(), format('t.%s', :trunk), 'a trunk that is gone');

SELECT * FROM finish();
ROLLBACK;

-- Row-level security, references between tenants, and what the edge may see.
BEGIN;
SELECT plan(19);

INSERT INTO voip.domains (name) VALUES ('a.test'), ('b.test');
INSERT INTO voip.users (domain_id, username, ha1)
    SELECT id, '1001', md5('1001:' || name || ':x') FROM voip.domains;
INSERT INTO voip.voicemail_boxes (domain_id, mailbox, user_id, pin_ha1)
    SELECT domain_id, '1001', id, md5('pin') FROM voip.users;
INSERT INTO voip.extensions (domain_id, number, type, user_id)
    SELECT domain_id, '1001', 'user', id FROM voip.users;
INSERT INTO voip.cdr (call_id, started_at, ended_at, duration_ms, billable_ms, domain_id, domain,
                      direction, caller, callee, callee_reached, service, hangup_cause,
                      hangup_side, node, source, sip_call_id)
    SELECT gen_random_uuid(), now(), now(), 0, 0, id, name, 'internal', '1', '2', '2', 'user',
           'NORMAL_CLEARING', 'caller', 'one', 'edge', 'x' FROM voip.domains;

-- Every table of the schema is isolated; one that is forgotten later is named here.
SELECT is_empty(
    $$SELECT c.relname FROM pg_class c
      WHERE c.relnamespace = 'voip'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relname <> 'schema_migrations'
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                 AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant'))$$,
    'every table has row-level security, forced, and the tenant policy');

SELECT throws_ok(
    $$INSERT INTO voip.extensions (domain_id, number, type, user_id)
      SELECT a.id, '1', 'user', u.id FROM voip.domains a, voip.users u JOIN voip.domains b ON b.id = u.domain_id
      WHERE a.name = 'a.test' AND b.name = 'b.test'$$,
    '23503', NULL, 'an extension cannot lead to a user of another tenant');
SELECT throws_ok($$INSERT INTO voip.domains (name) VALUES ('Upper.test')$$, '23514', NULL, 'upper case domain');
SELECT throws_ok($$INSERT INTO voip.domains (name) VALUES ('a:b')$$, '23514', NULL, 'separator in a domain');
SELECT throws_ok($$INSERT INTO voip.users (domain_id, username, ha1) SELECT id, 'a;b', md5('') FROM voip.domains LIMIT 1$$,
                 '23514', NULL, 'separator in a user name');
SELECT throws_ok($$INSERT INTO voip.ivr_menus (domain_id, name, greeting) SELECT id, 'x', '../../etc/passwd' FROM voip.domains LIMIT 1$$,
                 '23514', NULL, 'a prompt outside the sounds folder');
SELECT throws_ok($$INSERT INTO voip.extensions (domain_id, number, type) SELECT id, '9', 'user' FROM voip.domains LIMIT 1$$,
                 '23514', NULL, 'an extension that refers to nothing');
SELECT throws_ok($$UPDATE voip.extensions SET always_to = id$$, '23514', NULL, 'a forward to itself');
SELECT throws_ok($$DELETE FROM voip.users$$, '23503', NULL, 'a user that is in use');

SET LOCAL ROLE dialplane_tenant;
SELECT is((SELECT count(*)::int FROM voip.users), 0, 'no tenant set: no rows');
RESET ROLE;
DO $$BEGIN PERFORM set_config('voip.domain_id', (SELECT id::text FROM voip.domains WHERE name = 'a.test'), true); END$$;
SET LOCAL ROLE dialplane_tenant;
SELECT is((SELECT array_agg(name::text) FROM voip.domains), ARRAY['a.test'], 'a tenant sees itself');
SELECT is((SELECT count(*)::int FROM voip.vw_extensions), 1, 'a tenant sees its own extensions');
SELECT is((SELECT count(*)::int FROM voip.cdr), 1, 'a tenant sees its own calls');
SELECT throws_ok($$INSERT INTO voip.users (domain_id, username, ha1) VALUES (voip.current_domain_id() + 1, '1002', md5(''))$$,
                 '42501', NULL, 'a tenant writes no other tenant''s rows');
SELECT throws_ok($$DELETE FROM voip.cdr$$, '42501', NULL, 'a tenant deletes no record');
RESET ROLE;

SET LOCAL ROLE dialplane_edge;
SELECT is((SELECT regexp_replace(key_value, '[0-9]+"$', '"') FROM kamailio.htable_user WHERE key_name = 'a.test:1001'),
          format('ha1="%s";box="1001";calls="10";cid="";hide="0";dnd="0";waiting="1";order="0";pick="";name="";id=""', md5('1001:a.test:x')), 'the edge reads users');
SELECT is((SELECT count(*)::int FROM kamailio.htable_ext WHERE key_name IN ('a.test:1001', 'b.test:1001')), 2,
          'the edge reads the numbers of every tenant');
SELECT throws_ok($$SELECT pin_ha1 FROM voip.voicemail_boxes$$, '42501', NULL, 'the edge sees no PIN');
SELECT throws_ok($$UPDATE voip.users SET ha1 = md5('')$$, '42501', NULL, 'the edge changes no user');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;

-- Who may use the API: what each role may see and do, keys and sessions, attempts to log in.
BEGIN;
SELECT plan(67);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.domains (name) VALUES ('b.test') RETURNING id AS b \gset
INSERT INTO voip.users (domain_id, username, ha1) VALUES (:a, '1001', md5('x')) RETURNING id AS user_a \gset
INSERT INTO voip.users (domain_id, username, ha1) VALUES (:b, '1001', md5('x')) RETURNING id AS user_b \gset

PREPARE key(bigint, text, text[]) AS
    INSERT INTO voip.api_keys (domain_id, name, public_id, secret_sha256, scopes)
    VALUES ($1, 'k', $2, sha256($2::bytea), $3);
PREPARE operator(bigint, text, text, bigint) AS
    INSERT INTO voip.operators (domain_id, name, role, user_id, password_hash) VALUES ($1, $2, $3, $4, '$argon2id$x');

-- ---- the role that logs in may do nothing by itself

SELECT is_empty(
    $$SELECT relname, p FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
      WHERE relnamespace = 'voip'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND relname <> 'schema_migrations'
        AND (has_table_privilege('dialplane_api', oid, p)
             OR p IN ('SELECT', 'INSERT', 'UPDATE') AND has_any_column_privilege('dialplane_api', oid, p))$$,
    'no table, no column');
SET LOCAL ROLE dialplane_api;
SELECT throws_ok('SELECT FROM voip.domains', '42501', NULL, 'not even the names of tenants');
SELECT throws_ok($$SELECT voip.login_attempt('{a}', 1)$$, '42501', NULL, 'nor count attempts');
SELECT lives_ok('SET LOCAL ROLE dialplane_tenant', 'it can act for a tenant');
RESET ROLE;
SELECT is_empty(
    $$SELECT r FROM unnest(ARRAY['dialplane_platform', 'dialplane_access', 'dialplane_tenant']) r
      WHERE NOT pg_has_role('dialplane_api', r, 'MEMBER') OR pg_has_role('dialplane_api', r, 'USAGE')$$,
    'or for the platform, each time by saying so');
SELECT is_empty(
    $$SELECT relname, r FROM pg_class, unnest(ARRAY['dialplane_control', 'dialplane_cdr', 'dialplane_edge']) r
      WHERE relname IN ('api_keys', 'operators', 'sessions', 'login_devices', 'login_failures', 'audit_log', 'idempotency_keys')
        AND relnamespace = 'voip'::regnamespace AND has_any_column_privilege(r, oid, 'SELECT, INSERT, UPDATE, REFERENCES')$$,
    'the daemons see nothing of it');
SELECT is_empty(
    $$SELECT c, r FROM unnest(ARRAY['dialplane_tenant', 'dialplane_platform']) r,
        (VALUES ('voip.api_keys', 'secret_sha256'), ('voip.operators', 'password_hash'), ('voip.operators', 'totp_secret'),
                ('voip.operators', 'recovery_codes'), ('voip.sessions', 'token_sha256')) c (t, c)
      WHERE has_column_privilege(r, c.t, c.c, 'SELECT')$$, 'secrets are written and not read');
SELECT is_empty(
    $$SELECT r FROM unnest(ARRAY['dialplane_tenant', 'dialplane_platform', 'dialplane_access']) r
      WHERE has_table_privilege(r, 'voip.audit_log', 'UPDATE, DELETE, TRUNCATE')$$, 'nobody changes what was logged');

-- ---- what may be stored

SELECT throws_ok(format('EXECUTE key(NULL, %L, %L)', '0123456789abcdef', s), '23514', NULL, 'scopes ' || s)
FROM (VALUES ('{}'), ('{config:read,NULL}'), ('{all}')) v (s);
SELECT throws_ok(format('EXECUTE operator(%s, %L, %L, %s)', coalesce(d, 'NULL'), n, r, coalesce(u, 'NULL')), e, NULL, t)
FROM (VALUES (NULL, 'x', 'tenant-admin', NULL, '23514', 'a tenant''s admin without a tenant'),
             (:'a', 'x', 'platform-admin', NULL, '23514', 'a platform''s admin in a tenant'),
             (:'a', 'x', 'agent', NULL, '23514', 'an agent who is no user'),
             (:'a', 'x', 'supervisor', :'user_a', '23514', 'a user who is no agent'),
             (:'a', 'x', 'agent', :'user_b', '23503', 'a user of another tenant'),
             (:'a', 'x@y', 'supervisor', NULL, '23514', 'a name with @'),
             (:'a', 'X', 'supervisor', NULL, '23514', 'a name in upper case')) v (d, n, r, u, e, t);
SELECT throws_ok($$INSERT INTO voip.operators (name, role, password_hash) VALUES ('x', 'platform-admin', 'plain')$$,
                 '23514', NULL, 'a password that is not hashed');
EXECUTE operator(NULL, 'root', 'platform-admin', NULL);
EXECUTE operator(:a, 'root', 'tenant-admin', NULL);
EXECUTE operator(:b, 'root', 'tenant-admin', NULL);
EXECUTE operator(:a, 'anna', 'agent', :user_a);
SELECT throws_ok('EXECUTE operator(NULL, ''root'', ''platform-admin'', NULL)', '23505', NULL, 'a name once per tenant, and once of the platform');

-- ---- keys

EXECUTE key(NULL, '0000000000000000', '{config:read,config:write}');
EXECUTE key(:a, '000000000000000a', '{cdr:read}');
EXECUTE key(:b, '000000000000000b', '{cdr:read}');
CREATE FUNCTION pg_temp.verdict(public text, secret text, address inet) RETURNS text LANGUAGE sql AS
    $$SELECT concat_ws(' ', verdict, key_domain, key_scopes::text) FROM voip.api_key_use(public, sha256(secret::bytea), address)$$;
SET LOCAL ROLE dialplane_api;
SELECT is(pg_temp.verdict('0000000000000000', '0000000000000000', '192.0.2.1'), 'ok {config:read,config:write}', 'a key of the platform');
SELECT is(pg_temp.verdict('000000000000000a', '000000000000000a', '192.0.2.1'), 'ok a.test {cdr:read}', 'a key of a tenant');
SELECT is(pg_temp.verdict('000000000000000a', '000000000000000b', '192.0.2.1'), NULL, 'another key''s secret');
SELECT is(pg_temp.verdict('000000000000000c', '000000000000000a', '192.0.2.1'), NULL, 'no such key');
RESET ROLE;
SELECT is((SELECT string_agg(host(last_used_from), ',') FROM voip.api_keys), '192.0.2.1,192.0.2.1', 'last use is noted, of right secrets');
UPDATE voip.api_keys SET last_used_at = now() - interval '59 s' WHERE domain_id = :a;
SELECT pg_temp.verdict('000000000000000a', '000000000000000a', '192.0.2.2') AS verdict \gset
SELECT is((SELECT host(last_used_from) FROM voip.api_keys WHERE domain_id = :a), '192.0.2.1', 'once a minute');
UPDATE voip.api_keys SET last_used_at = now() - interval '61 s' WHERE domain_id = :a;
SELECT pg_temp.verdict('000000000000000a', '000000000000000a', '192.0.2.2') AS verdict \gset
SELECT is((SELECT host(last_used_from) FROM voip.api_keys WHERE domain_id = :a), '192.0.2.2', 'and then again');

UPDATE voip.api_keys SET addresses = '{192.0.2.0/28,2001:db8::/32}' WHERE domain_id = :a;
SELECT is(pg_temp.verdict('000000000000000a', '000000000000000a', i), v || ' a.test {cdr:read}', 'from ' || coalesce(host(i), 'nowhere'))
FROM (VALUES ('192.0.2.15'::inet, 'ok'), ('192.0.2.16', 'address'), ('2001:db8:1::1', 'ok'), ('2001:db9::1', 'address'),
             (NULL, 'address')) x (i, v);
UPDATE voip.api_keys SET addresses = '{}', expires_at = now() WHERE domain_id = :a;
SELECT matches(pg_temp.verdict('000000000000000a', '000000000000000a', '192.0.2.1'), '^expired ', 'one that has expired');
UPDATE voip.domains SET enabled = false WHERE id = :b;
SELECT matches(pg_temp.verdict('000000000000000b', '000000000000000b', '192.0.2.1'), '^disabled ', 'of a tenant that is disabled');
UPDATE voip.domains SET enabled = true WHERE id = :b;

-- ---- sessions

CREATE FUNCTION pg_temp.log_in(operator text, domain bigint, token text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO voip.sessions (domain_id, operator_id, token_sha256, expires_at, idle_limit)
    SELECT o.domain_id, o.id, sha256(token::bytea), now() + interval '12 h', interval '30 min'
    FROM voip.operators o WHERE o.name = operator AND o.domain_id IS NOT DISTINCT FROM domain;
    INSERT INTO voip.login_devices (domain_id, operator_id, token_sha256, address)
    SELECT o.domain_id, o.id, sha256(token::bytea), '192.0.2.1'
    FROM voip.operators o WHERE o.name = operator AND o.domain_id IS NOT DISTINCT FROM domain$$;
CREATE FUNCTION pg_temp.session(token text) RETURNS text LANGUAGE sql AS
    $$SELECT concat_ws(' ', verdict, operator_name, operator_role, operator_domain, operator_username) FROM voip.session_use(sha256(token::bytea))$$;
SELECT pg_temp.log_in('root', NULL, 'p'), pg_temp.log_in('root', :a, 'a'), pg_temp.log_in('root', :b, 'b'), pg_temp.log_in('anna', :a, 'n') \gset
SET LOCAL ROLE dialplane_api;
SELECT is(pg_temp.session('p'), 'ok root platform-admin', 'of the platform');
SELECT is(pg_temp.session('n'), 'ok anna agent a.test 1001', 'of an agent, with the user he is');
SELECT is(pg_temp.session('x'), NULL, 'no such session');
RESET ROLE;
UPDATE voip.sessions SET last_used_at = now() - interval '29 min' WHERE token_sha256 = sha256('b');
SELECT is(pg_temp.session('b'), 'ok root tenant-admin b.test', 'idle for less than the limit');
SELECT is((SELECT last_used_at FROM voip.sessions WHERE token_sha256 = sha256('b')), now(), 'which begins anew');
UPDATE voip.sessions SET last_used_at = now() - interval '30 min' WHERE token_sha256 = sha256('b');
SELECT matches(pg_temp.session('b'), '^expired ', 'idle for too long');
UPDATE voip.sessions SET last_used_at = now(), expires_at = now() WHERE token_sha256 = sha256('b');
SELECT matches(pg_temp.session('b'), '^expired ', 'over, however busy');
SET LOCAL ROLE dialplane_access;
SELECT voip.access_upkeep() AS done \gset
RESET ROLE;
SELECT is((SELECT count(*)::int FROM voip.sessions), 3, 'and swept away');
UPDATE voip.operators SET role = 'supervisor' WHERE name = 'root' AND domain_id = :a;
SELECT is(pg_temp.session('a'), 'ok root supervisor a.test', 'a new role counts at once');
UPDATE voip.operators SET enabled = false WHERE name = 'root' AND domain_id = :a;
SELECT is(pg_temp.session('a'), NULL, 'who is disabled is out');
UPDATE voip.operators SET password_hash = '$argon2id$y' WHERE name = 'anna';
SELECT is(coalesce(pg_temp.session('n'), 'out') || (SELECT count(*) FROM voip.login_devices WHERE operator_id = (SELECT id FROM voip.operators WHERE name = 'anna')),
          'out0', 'who has a new password too');
DELETE FROM voip.users WHERE id = :user_a;
SELECT is((SELECT count(*)::int FROM voip.operators WHERE name = 'anna'), 0, 'an agent goes with his user');

-- ---- tenants apart

DO $$BEGIN PERFORM set_config('voip.domain_id', (SELECT id::text FROM voip.domains WHERE name = 'a.test'), true); END$$;
INSERT INTO voip.audit_log (domain_id, actor_kind, actor, method, resource) VALUES (NULL, 'shell', 'x', 'POST', 'domains'), (:b, 'shell', 'x', 'POST', 'users');
SET LOCAL ROLE dialplane_tenant;
SELECT is((SELECT array_agg(public_id) FROM voip.api_keys), ARRAY['000000000000000a'], 'a tenant sees its own keys');
SELECT is((SELECT array_agg(name) FROM voip.operators), ARRAY['root'], 'and operators');
SELECT is((SELECT count(*)::int FROM voip.audit_log), 0, 'and what was done to it');
SELECT throws_ok(format('EXECUTE key(%s, %L, %L)', coalesce(d, 'NULL'), '1111111111111111', '{cdr:read}'), '42501', NULL,
                 'it makes no key for ' || coalesce('tenant ' || d, 'the platform')) FROM (VALUES (:'b'), (NULL)) v (d);
SELECT throws_ok('UPDATE voip.operators SET domain_id = NULL', '42501', NULL, 'nor an operator of its own the platform''s');
RESET ROLE;

-- ---- the platform

SET LOCAL ROLE dialplane_platform;
INSERT INTO voip.domains (name) VALUES ('c.test');
UPDATE voip.domains SET timezone = 'Europe/Berlin' WHERE name = 'c.test';
DELETE FROM voip.domains WHERE name = 'c.test';
SELECT is((SELECT string_agg(name, ',') FROM voip.domains WHERE name IN ('a.test', 'c.test')), 'a.test', 'makes and removes tenants');
SELECT is((SELECT count(*)::int FROM (SELECT id, name FROM voip.api_keys) k), 3, 'and sees the keys of all');
SELECT throws_ok('SELECT id FROM voip.users', '42501', NULL, 'but nothing that is in a tenant');
RESET ROLE;

-- ---- the audit log over age

INSERT INTO voip.audit_log (at, actor_kind, actor, method, resource)
    SELECT now() - make_interval(days => age), 'shell', 'x', 'POST', 'age' FROM unnest(ARRAY[29, 31, 60]) age;
SET LOCAL ROLE dialplane_cdr;
SELECT is(voip.audit_expire(59), 1, 'what is older goes');
SELECT is(voip.audit_expire(30), 1, 'more, when less is kept');
SELECT throws_ok('SELECT voip.audit_expire(29)', '22023', NULL, 'never what is young');
SELECT throws_ok('DELETE FROM voip.audit_log', '42501', NULL, 'and not otherwise');
SET LOCAL ROLE dialplane_tenant;
SELECT throws_ok('SELECT voip.audit_expire(400)', '42501', NULL, 'by nobody else');
RESET ROLE;

-- ---- attempts to log in

SET LOCAL ROLE dialplane_access;
SELECT is((SELECT array_agg(voip.login_attempt('{a,b}', 2)) FROM generate_series(1, 4)), ARRAY[0, 0, 0, 2], 'two are free, then one waits');
SELECT is((SELECT max(failures) FROM voip.login_failures), 3, 'what was not tried is not counted');
SELECT is(voip.login_attempt('{b,c}', 2), 2, 'whatever else it would count for');
UPDATE voip.login_failures SET blocked_until = clock_timestamp() WHERE key = 'a';
SELECT is(ARRAY[voip.login_attempt('{a}', 2), voip.login_attempt('{a}', 2)], ARRAY[0, 4], 'longer each time');
UPDATE voip.login_failures SET blocked_until = clock_timestamp(), failures = 100000 WHERE key = 'a';
SELECT is(ARRAY[voip.login_attempt('{a}', 2), voip.login_attempt('{a}', 2)], ARRAY[0, 900], 'up to a quarter of an hour');
SELECT voip.login_success('{a}', false, 2), voip.login_success('{b}', true, 2) \gset
SELECT is(ARRAY[voip.login_attempt('{a}', 2), voip.login_attempt('{b}', 2)], ARRAY[900, 0],
          'who knows one password clears what was counted for him alone');
UPDATE voip.login_failures SET blocked_until = NULL, last_at = now() - interval '25 hours';
SELECT voip.login_attempt('{a}', 2) AS wait \gset
SELECT is((SELECT failures FROM voip.login_failures WHERE key = 'a'), 1, 'a day later it is forgotten');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;

-- What the edge reads of trunks, routes and numbers from outside, who is told of a change, and the
-- minutes that a tenant has used.
BEGIN;
SELECT plan(21);

INSERT INTO voip.domains (name, country_code, timezone, max_outbound_minutes)
    VALUES ('a.test', '49', 'Europe/Berlin', 2) RETURNING id AS a \gset
INSERT INTO voip.users (domain_id, username, ha1) VALUES (:a, '1001', md5('x')) RETURNING id AS user1 \gset
INSERT INTO voip.extensions (domain_id, number, type, user_id)
    VALUES (:a, '1001', 'user', :user1) RETURNING id AS n1001 \gset
INSERT INTO voip.trunks (domain_id, name, register, username, realm, ha1, max_calls, caller_id)
    VALUES (:a, 'No";rth=\1', true, 'u7', 'carrier.test', md5('u7:carrier.test:x'), 5, '+49301')
    RETURNING id AS north \gset
INSERT INTO voip.trunks (domain_id, name) VALUES (:a, 'south') RETURNING id AS south \gset
INSERT INTO voip.trunk_gateways (domain_id, trunk_id, priority, host, port, transport) VALUES
    (:a, :north, 2, 'GW.carrier.test', 5061, 'tls'), (:a, :north, 1, '192.0.2.1', 5060, 'udp'),
    (:a, :south, 1, '192.0.2.1', 5070, 'tcp');
INSERT INTO voip.outbound_routes (domain_id, name, strip, prepend)
    VALUES (:a, 'world', 1, '+49') RETURNING id AS world \gset
INSERT INTO voip.outbound_route_trunks (domain_id, route_id, trunk_id, priority)
    VALUES (:a, :world, :north, 2), (:a, :world, :south, 1);
INSERT INTO voip.inbound_numbers (domain_id, number, extension_id) VALUES (:a, '+4930777', :n1001);

SELECT is(key_value, format('min="3";max="32";strip="1";prepend="+49";trunks="%s,%s"', :south, :north), 'the trunks of a route, by priority')
FROM kamailio.htable_route WHERE domain = 'a.test' AND name = :'world';
SELECT is(key_value, format('user="u7";realm="carrier.test";ha1="%s";calls="5";cps="";cid="+49301";token="%s";gateways="192.0.2.1:5060/udp,gw.carrier.test:5061/tls";name="North1"',
                            md5('u7:carrier.test:x'), voip.trunk_token(:north, md5('u7:carrier.test:x'))), 'a trunk, its gateways by priority')
FROM kamailio.htable_trunk WHERE domain = 'a.test' AND name = :'north';
SELECT is(key_value, format('host="192.0.2.1";ports="5060/udp,5070/tcp";trunks="a.test:%s,a.test:%s";unverified=""', :north, :south), 'a host of two trunks')
FROM kamailio.htable_gateway WHERE name = '192.0.2.1';
SELECT is(key_value, 'domain="a.test";to="1001"', 'a number from outside') FROM kamailio.htable_did WHERE name = '+4930777';
SELECT is(key_value, 'cc="49";international="0";premium="0";calls="";spent="";music=""', 'nothing is spent')
FROM kamailio.htable_limit WHERE domain = 'a.test';
SELECT is(count(*), 1::bigint, 'premium prefixes') FROM kamailio.htable_premium WHERE key_name = '49900';
SELECT is(r_username || '@' || l_domain || ' ' || auth_proxy, 'u7@a.test sip:192.0.2.1:5060;transport=udp', 'the registration is at the first gateway')
FROM kamailio.trunk_registrations WHERE l_username = :'north';
SELECT is(count(*), 1::bigint, 'only of trunks that register') FROM kamailio.trunk_registrations WHERE l_domain = 'a.test';
SELECT matches(voip.trunk_token(:north, 'x'), '^[0-9a-f]{32}$', 'a token');
SELECT isnt(voip.trunk_token(:north, 'x'), voip.trunk_token(:north, 'y'), 'of the password');

UPDATE voip.trunks SET enabled = false WHERE id = :north;
SELECT is(count(*), 0::bigint, 'not of a trunk that is off') FROM kamailio.trunk_registrations WHERE l_domain = 'a.test';
SELECT is(key_value, format('host="192.0.2.1";ports="5070/tcp";trunks="a.test:%s";unverified=""', :south), 'nor its gateways') FROM kamailio.htable_gateway WHERE name = '192.0.2.1';

-- A partition for the day of the test.
SELECT voip.cdr_ensure_partitions();
PREPARE talked (integer, text) AS
    INSERT INTO voip.cdr (call_id, started_at, ended_at, duration_ms, billable_ms, domain_id, domain, direction, caller, callee,
                          callee_reached, service, hangup_cause, hangup_side, node, source, sip_call_id)
    SELECT gen_random_uuid(), now(), now(), $1 * 1000, $1 * 1000, id, name, 'outbound', '1', '2', '2', $2, 'x', 'caller', 'n', 'edge', 'x'
    FROM voip.domains, generate_series(1, 2) WHERE name = 'a.test';
EXECUTE talked(10, 'user');
SELECT is((SELECT count(*) FROM voip.outbound_usage), 0::bigint, 'calls within the tenant cost nothing');
EXECUTE talked(30, 'trunk_out');
SELECT is((SELECT used_ms FROM voip.outbound_usage WHERE domain_id = :a), 60000::bigint, 'a batch is counted');
SELECT matches(key_value, 'spent=""', 'and is not all') FROM kamailio.htable_limit WHERE domain = 'a.test';
EXECUTE talked(30, 'trunk_out');
SELECT is(substring(key_value FROM 'spent="(\d+)"')::bigint,
          extract(epoch FROM ((now() AT TIME ZONE 'Europe/Berlin')::date + 1)::timestamp AT TIME ZONE 'Europe/Berlin')::bigint,
          'until the tenant''s midnight')
FROM kamailio.htable_limit WHERE domain = 'a.test';
UPDATE voip.outbound_usage SET day = day - 1;
SELECT matches(key_value, 'spent=""', 'not of yesterday') FROM kamailio.htable_limit WHERE domain = 'a.test';
UPDATE voip.domains SET max_outbound_minutes = 0 WHERE id = :a;
SELECT matches(key_value, 'spent="2147483647"', 'no minutes at all') FROM kamailio.htable_limit WHERE domain = 'a.test';

SELECT has_trigger('voip', 'trunks', 'changed', 'trunks tell');
SELECT has_trigger('voip', 'trunk_gateways', 'changed', 'gateways tell');
SET ROLE dialplane_tenant;
SELECT throws_ok('INSERT INTO voip.outbound_usage VALUES (1, now(), 0)', '42501', NULL, 'a tenant does not count his own minutes');
SELECT * FROM finish();
ROLLBACK;

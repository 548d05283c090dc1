-- By what address a gateway is known, and whose wish counts over TLS.
BEGIN;
SELECT plan(12);

SELECT is(voip.gateway_host('[2001:DB8:0:0::1]'), '2001:db8::1', 'IPv6 is compressed, in lower case');
SELECT is(voip.gateway_host('SIP.Carrier.test'), 'sip.carrier.test', 'a name is in lower case');
SELECT is(voip.gateway_host('192.0.2.1'), '192.0.2.1', 'IPv4 stays');
SELECT is(voip.gateway_host('[:::]'), NULL, 'and what is no address is nothing');

INSERT INTO voip.domains (name) VALUES ('one.test'), ('two.test');
INSERT INTO voip.trunks (domain_id, name)
SELECT id, 'trunk' FROM voip.domains WHERE name IN ('one.test', 'two.test');
CREATE TEMP TABLE t AS
SELECT t.id, t.domain_id, d.name FROM voip.trunks t JOIN voip.domains d ON d.id = t.domain_id
WHERE d.name IN ('one.test', 'two.test');

PREPARE gateway(text, text, integer, text, boolean) AS
INSERT INTO voip.trunk_gateways (domain_id, trunk_id, host, port, transport, verify)
SELECT domain_id, id, $2, $3, $4, $5 FROM t WHERE name = $1;

SELECT throws_ok($$EXECUTE gateway('one.test', '[:::]', 5060, 'udp', true)$$, '23514', NULL,
                 'a gateway cannot have it');
EXECUTE gateway('one.test', '[2001:DB8::0:1]', 5060, 'udp', true);
SELECT matches((SELECT key_value FROM kamailio.htable_gateway WHERE name = '2001-db8--1'),
               '^host="\[2001:db8::0:1\]";ports="5060/udp";trunks="one.test:\d+";unverified=""$',
               'its key has no colon, its host is as in a URI');

EXECUTE gateway('one.test', '192.0.2.1', 5061, 'tls', false);
EXECUTE gateway('one.test', '192.0.2.1', 5071, 'tls', true);
EXECUTE gateway('one.test', '192.0.2.1', 5060, 'udp', false);
SELECT matches((SELECT key_value FROM kamailio.htable_gateway WHERE name = '192.0.2.1'),
               'unverified="5061"$', 'the port whose certificate nobody wants to see');
EXECUTE gateway('two.test', '192.0.2.1', 5061, 'tls', true);
SELECT matches((SELECT key_value FROM kamailio.htable_gateway WHERE name = '192.0.2.1'),
               'unverified=""$', 'another tenant wants to see it');
UPDATE voip.trunks SET enabled = false WHERE id = (SELECT id FROM t WHERE name = 'two.test');
SELECT matches((SELECT key_value FROM kamailio.htable_gateway WHERE name = '192.0.2.1'),
               'unverified="5061"$', 'but not when its trunk is off');
SELECT is((SELECT count(*)::integer FROM kamailio.htable_gateway WHERE name = '192.0.2.1'), 1,
          'one row for an address');
SELECT has_column('voip', 'trunk_gateways', 'verify', 'verify is a column');

-- The name of a caller, in the edge's memory.
INSERT INTO voip.users (domain_id, username, ha1, display_name)
SELECT id, '1001', md5('x'), 'A"; ha1="x\ <B>, $C% ' FROM voip.domains WHERE name = 'one.test';
SELECT matches((SELECT key_value FROM kamailio.htable_user WHERE key_name = 'one.test:1001'),
               ';name="A ha1x B C";id="[0-9]+"$', 'a name ends no parameter');

SELECT * FROM finish();
ROLLBACK;

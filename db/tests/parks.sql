-- Parking and pickup: what a row may say, where it leads, what the edge reads.
BEGIN;
SELECT plan(9);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.users (domain_id, username, ha1) VALUES (:a, '1001', md5('x')) RETURNING id AS user1 \gset
INSERT INTO voip.extensions (domain_id, number, type, user_id)
    VALUES (:a, '1001', 'user', :user1) RETURNING id AS n1001 \gset
INSERT INTO voip.extensions (domain_id, number, type, ring_timeout_s, no_answer_to)
    VALUES (:a, '701', 'park', 90, :n1001) RETURNING id AS n701 \gset
INSERT INTO voip.extensions (domain_id, number, type, is_prefix, no_answer_outside)
    VALUES (:a, '76', 'park', true, '0815') RETURNING id AS n76 \gset

SET LOCAL ROLE dialplane_edge;
SELECT set_eq($$SELECT name, key_value FROM kamailio.htable_ext WHERE name ~ '^7'$$, format(
              $$VALUES ('701', 'type="park";ref="";media="1";ring="90";always="";busy="";noanswer="1001";unreachable="";id="%s"'),
                       ('76!', 'type="park";ref="";media="1";ring="30";always="";busy="";noanswer="0815";unreachable="";id="%s"')$$,
              :n701, :n76),
              'what the edge reads of places');
RESET ROLE;
SELECT throws_ok(format($$UPDATE voip.extensions SET %I = %s WHERE number = '701'$$, c, :n1001), '23514', NULL, 'a place has no ' || c)
FROM unnest(ARRAY['always_to', 'busy_to', 'unreachable_to']) c;
SELECT throws_ok(format($$INSERT INTO voip.extensions (domain_id, number, type, no_answer_to) VALUES (%s, '*8', 'pickup', %s)$$, :a, :n1001),
                 '23514', NULL, 'pickup leads nowhere');
SELECT throws_ok(format($$UPDATE voip.extensions SET always_to = %s WHERE number = '1001'$$, :n701), '23514', NULL,
                 'parked and back again is a circle');
SELECT is((SELECT array_agg(used_by) FROM voip.vw_used_by WHERE used_table = 'extensions' AND used_id = :n1001),
          ARRAY['extension 701 (no answer)'], 'what leads to a number');

UPDATE voip.users SET pickup_group = 'Sales; "North"' WHERE username = '1001';
SET LOCAL ROLE dialplane_edge;
SELECT is((SELECT substring(key_value FROM ';pick="([^"]*)"') FROM kamailio.htable_user WHERE name = '1001'),
          md5('Sales; "North"'), 'a group is no text that could end a parameter');
RESET ROLE;
CREATE TEMP TABLE told (channel text, payload text) ON COMMIT DROP;
CREATE OR REPLACE FUNCTION voip.notify_key(changed_table text, domain bigint, key text) RETURNS void
    LANGUAGE sql AS $$INSERT INTO told SELECT changed_table, key WHERE key IS NOT NULL$$;
UPDATE voip.users SET pickup_group = NULL;
SELECT set_eq('SELECT channel, payload FROM told', $$VALUES ('users', '1001')$$, 'who is told of a group');

SELECT * FROM finish();
ROLLBACK;

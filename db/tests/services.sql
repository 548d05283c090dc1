-- Extensions of every type: what a row may say, what the edge reads of it, who is told of a change.
BEGIN;
SELECT plan(24);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.users (domain_id, username, ha1) VALUES (:a, '1001', md5('x')) RETURNING id AS user1 \gset
INSERT INTO voip.extensions (domain_id, number, type, user_id)
    VALUES (:a, '1001', 'user', :user1) RETURNING id AS n1001 \gset
INSERT INTO voip.ring_groups (domain_id, name) VALUES (:a, 'sales') RETURNING id AS sales \gset
INSERT INTO voip.announcements (domain_id, name, prompt, then_to)
    VALUES (:a, 'closed', 'closed', :n1001) RETURNING id AS closed \gset
INSERT INTO voip.schedules (domain_id, name, open_to, closed_to)
    VALUES (:a, 'office', :n1001, :n1001) RETURNING id AS office \gset
INSERT INTO voip.outbound_routes (domain_id, name) VALUES (:a, 'world') RETURNING id AS world \gset
INSERT INTO voip.extensions (domain_id, number, type, ring_group_id) VALUES
    (:a, '2000', 'ring_group', :sales), (:a, '*80', 'paging', :sales);
INSERT INTO voip.extensions (domain_id, number, type, announcement_id) VALUES (:a, '2001', 'announcement', :closed);
INSERT INTO voip.extensions (domain_id, number, type, schedule_id) VALUES (:a, '2002', 'schedule', :office)
    RETURNING id AS n2002 \gset
INSERT INTO voip.extensions (domain_id, number, type) VALUES (:a, '701', 'park'), (:a, '*8', 'pickup');
INSERT INTO voip.extensions (domain_id, number, type, is_prefix) VALUES (:a, '**', 'pickup', true);
INSERT INTO voip.extensions (domain_id, number, type, feature) VALUES (:a, '*78', 'feature', 'dnd_on');
INSERT INTO voip.extensions (domain_id, number, type, feature, is_prefix)
    VALUES (:a, '*72', 'feature', 'forward_always_on', true);
INSERT INTO voip.extensions (domain_id, number, type, outbound_route_id, is_prefix)
    VALUES (:a, '0', 'trunk_out', :world, true);

SELECT throws_ok(format($$INSERT INTO voip.extensions (domain_id, number, type) VALUES (%s, '1', '%s')$$, :a, t),
                 '23514', NULL, t || ' refers to nothing')
FROM unnest(ARRAY['user', 'ring_group', 'paging', 'schedule', 'announcement', 'feature', 'trunk_out']) t;
SELECT throws_ok(format($$INSERT INTO voip.extensions (domain_id, number, type, ring_group_id, announcement_id)
                          VALUES (%s, '1', 'ring_group', %s, %s)$$, :a, :sales, :closed),
                 '23514', NULL, 'refers to two things');
SELECT throws_ok(format($$UPDATE voip.extensions SET is_prefix = false WHERE number = '0'$$), '23514', NULL, 'a route is a prefix');
SELECT throws_ok($$UPDATE voip.extensions SET is_prefix = true WHERE number = '1001'$$, '23514', NULL, 'a user is none');
SELECT throws_ok(format($$UPDATE voip.extensions SET busy_to = %s, busy_outside = '0815' WHERE number = '2000'$$, :n1001),
                 '23514', NULL, 'two ways when busy');
SELECT throws_ok($$UPDATE voip.extensions SET always_outside = '0;ext' WHERE number = '1001'$$, '23514', NULL, 'no such number outside');
SELECT throws_ok($$UPDATE voip.extensions SET busy_outside = '0815' WHERE number = '701'$$, '23514', NULL, 'a parking place forwards nothing');

UPDATE voip.extensions SET busy_outside = '0815' WHERE number = '1001';
SET LOCAL ROLE dialplane_edge;
SELECT set_eq($$SELECT name, substring(key_value FROM 'type="(\w+)"') AS type, substring(key_value FROM 'media="(\d)"') AS media
                FROM kamailio.htable_ext$$,
              $$VALUES ('1001', 'user', '0'), ('2000', 'ring_group', '1'), ('*80', 'paging', '1'),
                       ('2001', 'announcement', '1'), ('2002', 'schedule', '0'), ('701', 'park', '1'),
                       ('*8', 'pickup', '1'), ('**!', 'pickup', '1'), ('*78', 'feature', '1'),
                       ('*72!', 'feature', '1'), ('0!', 'trunk_out', '0')$$, 'what the edge reads');
SELECT is((SELECT key_value FROM kamailio.htable_ext WHERE name = '1001'),
          format('type="user";ref="1001";media="0";ring="30";always="";busy="0815";noanswer="";unreachable="";'
                 'dnd="0";calls="10";waiting="1";order="0";id="%s"', :n1001), 'a user');
SELECT is((SELECT key_value FROM kamailio.htable_ext WHERE name = '2002'),
          format('type="schedule";ref="%s";media="0";ring="30";always="";busy="";noanswer="";unreachable="";'
                 'plan="%s=1001";id="%s"', :office, extract(epoch FROM date_trunc('minute', now()))::bigint, :n2002),
          'a schedule');
SELECT is((SELECT key_value FROM kamailio.htable_user WHERE name = '1001'),
          format('ha1="%s";box="";calls="10";cid="";hide="0";dnd="0";waiting="1";order="0";pick="";name="";id="%s"', md5('x'),
                 (SELECT id FROM voip.users WHERE username = '1001')), 'a caller');
SELECT throws_ok('SELECT ha1 FROM voip.trunks', '42501', NULL, 'not the secrets of trunks');
RESET ROLE;

-- Whom a change is told: by what would be sent.
CREATE TEMP TABLE told (channel text, payload text) ON COMMIT DROP;
CREATE OR REPLACE FUNCTION voip.notify_key(changed_table text, domain bigint, key text) RETURNS void
    LANGUAGE sql AS $$INSERT INTO told SELECT changed_table, key WHERE key IS NOT NULL$$;
UPDATE voip.schedules SET override = 'closed';
SELECT set_eq('SELECT channel, payload FROM told', format($$VALUES ('schedules', '%s'), ('extensions', '2002')$$, :office), 'a schedule');
DELETE FROM told;
INSERT INTO voip.schedule_hours (domain_id, schedule_id, weekday, opens, closes) VALUES (:a, :office, 1, '09:00', '17:00');
SELECT set_eq('SELECT channel, payload FROM told', format($$VALUES ('schedules', '%s'), ('extensions', '2002')$$, :office), 'its hours');
DELETE FROM told;
UPDATE voip.extensions SET number = '1002' WHERE number = '1001';
SELECT set_eq('SELECT channel, payload FROM told', $$VALUES ('extensions', '1001'), ('extensions', '1002'),
              ('extensions', '2001'), ('extensions', '2002')$$, 'a number and those that lead to it');
DELETE FROM told;
UPDATE voip.users SET do_not_disturb = true;
SELECT set_eq('SELECT channel, payload FROM told', $$VALUES ('users', '1001'), ('extensions', '1002')$$, 'do not disturb');
DELETE FROM told;
INSERT INTO voip.ring_group_members (domain_id, ring_group_id, user_id) VALUES (:a, :sales, :user1);
SELECT set_eq('SELECT channel, payload FROM told', format($$VALUES ('ring_groups', '%s')$$, :sales), 'a member of a ring group');
DELETE FROM told;
UPDATE voip.extensions SET number = '*73' WHERE number = '*72';
SELECT set_eq('SELECT channel, payload FROM told', $$VALUES ('extensions', '*72!'), ('extensions', '*73!')$$, 'a prefix');

SELECT * FROM finish();
ROLLBACK;

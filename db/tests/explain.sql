-- What `dialplane explain` asks.
BEGIN;
SELECT plan(22);

INSERT INTO voip.domains (name, timezone) VALUES ('a.test', 'Europe/Berlin') RETURNING id AS a \gset
INSERT INTO voip.domains (name) VALUES ('b.test') RETURNING id AS b \gset
INSERT INTO voip.users (domain_id, username, ha1, display_name)
    SELECT d.id, n, md5(''), 'of ' || d.name FROM voip.domains d, unnest(ARRAY['1001', '1002']) n;
INSERT INTO voip.extensions (domain_id, number, type, user_id)
    SELECT domain_id, username, 'user', id FROM voip.users;
SELECT id AS u FROM voip.users WHERE domain_id = :a AND username = '1001' \gset
SELECT id AS n1 FROM voip.extensions WHERE domain_id = :a AND number = '1001' \gset
SELECT id AS n2 FROM voip.extensions WHERE domain_id = :a AND number = '1002' \gset
INSERT INTO voip.extensions (domain_id, number, type, feature, is_prefix)
    VALUES (:a, '*78', 'feature', 'dnd_on', false), (:a, '*72', 'feature', 'forward_always_on', true);

-- ---- schedules
INSERT INTO voip.schedules (domain_id, name, open_to, closed_to)
    VALUES (:a, 'office', :n1, :n2) RETURNING id AS s \gset
INSERT INTO voip.extensions (domain_id, number, type, schedule_id) VALUES (:a, '7000', 'schedule', :s);
INSERT INTO voip.schedule_hours (domain_id, schedule_id, weekday, opens, closes)
    SELECT :a, :s, day, time '09:00', time '17:00' FROM generate_series(1, 7) day;
SELECT is(voip.schedule_target(:s, 'open'), '1001', 'when it is open');
SELECT is(voip.schedule_target(:s, 'closed'), '1002', 'when it is closed');
SELECT is(voip.schedule_target(:s, 'holiday'), '1002', 'on holidays as when it is closed');
UPDATE voip.schedules SET holiday_to = :n1 WHERE id = :s;
SELECT is(voip.schedule_target(:s, 'holiday'), '1001', 'on holidays');
-- What the edge does and what is explained of another time: one answer.
INSERT INTO voip.schedule_holidays (domain_id, schedule_id, day)
    VALUES (:a, :s, (now() AT TIME ZONE 'Europe/Berlin')::date + 2);
WITH plan AS (
    SELECT split_part(entry, '=', 1)::bigint AS at, split_part(entry, '=', 2) AS number
    FROM unnest(string_to_array(voip.schedule_plan(:s), ',')) entry
)
SELECT ok(count(*) > 20 AND bool_and(number = voip.schedule_target(
              :s, voip.schedule_state(:s, to_timestamp(at)))), 'the plan leads where the states do')
FROM plan;

-- ---- things
SELECT is(voip.explain_extension('a.test', '1001') ->> 'name', 'of a.test', 'a user');
SELECT is(voip.explain_extension('b.test', '1001') ->> 'name', 'of b.test', 'another tenant''s');
SELECT is(voip.explain_extension('a.test', '*72!') ->> 'name', 'forward_always_on', 'a prefix');
SELECT is(voip.explain_extension('a.test', '*72'), NULL, 'a prefix is no number');
INSERT INTO voip.ring_groups (domain_id, name) VALUES (:a, 'all') RETURNING id AS g \gset
INSERT INTO voip.ring_group_members (domain_id, ring_group_id, position, user_id, outside)
    VALUES (:a, :g, 2, :u, NULL), (:a, :g, 1, NULL, '030123');
INSERT INTO voip.extensions (domain_id, number, type, ring_group_id) VALUES (:a, '7100', 'ring_group', :g);
SELECT is(voip.explain_extension('a.test', '7100') -> 'members',
          '[{"outside": "030123"}, {"user": "1001"}]', 'members in their order');

SELECT ok(NOT voip.explain_extension('a.test', '7100') ? 'skip_busy', 'rings who is in a call');
UPDATE voip.ring_groups SET skip_busy = true WHERE id = :g;
SELECT is(voip.explain_extension('a.test', '7100') -> 'skip_busy', 'true', 'leaves out who is in a call');
INSERT INTO voip.queues (domain_id, name) VALUES (:a, 'sales') RETURNING id AS q \gset
INSERT INTO voip.extensions (domain_id, number, type, queue_id) VALUES (:a, '7200', 'queue', :q);
INSERT INTO voip.queue_members (domain_id, queue_id, user_id, position)
    SELECT domain_id, :q, id, username::int - 1000 FROM voip.users WHERE domain_id = :a;
INSERT INTO voip.queue_agents (domain_id, user_id, status)
    SELECT domain_id, id, CASE username WHEN '1001' THEN 'paused' ELSE 'available' END
    FROM voip.users WHERE domain_id = :a;
SELECT is(voip.explain_extension('a.test', '7200') -> 'members',
          '[{"user": "1001", "status": "paused"}, {"user": "1002"}]', 'agents, and who takes no calls now');

-- ---- feature codes
SELECT is(voip.try_feature('a.test', '1001', 'dnd_on', ''), 'activated', 'what it would do');
SELECT is(voip.try_feature('a.test', '1001', 'forward_always_on', '555'), 'refused', 'or not');
SELECT is((SELECT count(*)::int FROM voip.users WHERE do_not_disturb), 0, 'and has not done');

-- ---- a number outside that is one of the tenant
UPDATE voip.extensions SET always_outside = '1002', busy_outside = '030123' WHERE id = :n1;
SELECT is((SELECT always_to FROM voip.extensions WHERE id = :n1), :n2::bigint, 'leads there');
SELECT is((SELECT concat_ws('/', coalesce(always_outside, '-'), busy_outside) FROM voip.extensions WHERE id = :n1),
          '-/030123', 'and not outside');
SELECT throws_ok(format($$UPDATE voip.extensions SET busy_outside = '1001' WHERE id = %s$$, :n2), '23514',
                 'calls would go round in a circle: 1002 > 1001 > 1002', 'not in a circle either');
SELECT throws_ok(format($$UPDATE voip.extensions SET busy_outside = '1001' WHERE id = %s$$, :n1), '23514', NULL,
                 'nor to itself');

-- ---- rights
SET ROLE dialplane_control;
SELECT isnt((SELECT key_value FROM kamailio.htable_ext WHERE domain = 'a.test' AND name = '7000'), NULL,
            'the control plane asks what the edge asks');
RESET ROLE;
SET ROLE dialplane_tenant;
SELECT throws_ok($$SELECT voip.try_feature('a.test', '1001', 'dnd_on', '')$$, '42501', NULL, 'not for tenants');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;

-- Queues and conferences: what a row may say, what the edge reads, and who is told of a change.
BEGIN;
SELECT plan(37);

INSERT INTO voip.domains (name) VALUES ('a.test'), ('b.test');
INSERT INTO voip.users (domain_id, username, ha1)
    SELECT id, '1001', md5('1001:' || name || ':x') FROM voip.domains;
INSERT INTO voip.extensions (domain_id, number, type, user_id)
    SELECT domain_id, '1001', 'user', id FROM voip.users;
INSERT INTO voip.queues (domain_id, name) SELECT id, 'sales' FROM voip.domains;
INSERT INTO voip.conferences (domain_id, name) SELECT id, 'weekly' FROM voip.domains;
INSERT INTO voip.queue_members (domain_id, queue_id, user_id)
    SELECT q.domain_id, q.id, u.id FROM voip.queues q JOIN voip.users u USING (domain_id);
INSERT INTO voip.extensions (domain_id, number, type, queue_id)
    SELECT domain_id, '8001', 'queue', id FROM voip.queues;
INSERT INTO voip.extensions (domain_id, number, type, conference_id)
    SELECT domain_id, '8100', 'conference', id FROM voip.conferences;

-- ids of a.test and b.test, as variables of psql
SELECT d.id AS a, q.id AS a_queue, c.id AS a_room, u.id AS a_user, e.id AS a_number
FROM voip.domains d JOIN voip.queues q ON q.domain_id = d.id
JOIN voip.conferences c ON c.domain_id = d.id JOIN voip.users u ON u.domain_id = d.id
JOIN voip.extensions e ON e.user_id = u.id WHERE d.name = 'a.test' \gset
SELECT q.id AS b_queue, c.id AS b_room, u.id AS b_user, e.id AS b_number
FROM voip.domains d JOIN voip.queues q ON q.domain_id = d.id
JOIN voip.conferences c ON c.domain_id = d.id JOIN voip.users u ON u.domain_id = d.id
JOIN voip.extensions e ON e.user_id = u.id WHERE d.name = 'b.test' \gset

-- ---- what a row may say

SELECT throws_ok(format($$INSERT INTO voip.queue_members (domain_id, queue_id, user_id) VALUES (%s, %s, %s)$$, :a, :a_queue, :b_user),
                 '23503', NULL, 'a member of another tenant');
SELECT throws_ok(format($$INSERT INTO voip.extensions (domain_id, number, type, queue_id) VALUES (%s, '1', 'queue', %s)$$, :a, :b_queue),
                 '23503', NULL, 'a number cannot lead to a queue of another tenant');
SELECT throws_ok(format($$INSERT INTO voip.extensions (domain_id, number, type, conference_id) VALUES (%s, '1', 'conference', %s)$$, :a, :b_room),
                 '23503', NULL, 'a number cannot lead to a conference of another tenant');
SELECT throws_ok(format($$UPDATE voip.queues SET timeout_to = %s WHERE id = %s$$, :b_number, :a_queue),
                 '23503', NULL, 'callers who waited too long do not go to another tenant');
SELECT throws_ok(format($$UPDATE voip.queues SET no_agent_to = %s WHERE id = %s$$, :b_number, :a_queue),
                 '23503', NULL, 'callers whom nobody serves do not go to another tenant');
SELECT throws_ok(format($$INSERT INTO voip.queue_members (domain_id, queue_id, user_id) VALUES (%s, %s, %s)$$, :a, :a_queue, :a_user),
                 '23505', NULL, 'twice in the same queue');
SELECT throws_ok(format($$INSERT INTO voip.extensions (domain_id, number, type) VALUES (%s, '1', 'queue')$$, :a),
                 '23514', NULL, 'a queue''s number that refers to nothing');
SELECT throws_ok(format($$INSERT INTO voip.extensions (domain_id, number, type) VALUES (%s, '1', 'conference')$$, :a),
                 '23514', NULL, 'a conference''s number that refers to nothing');
SELECT throws_ok(format($$INSERT INTO voip.extensions (domain_id, number, type, user_id, queue_id) VALUES (%s, '1', 'user', %s, %s)$$, :a, :a_user, :a_queue),
                 '23514', NULL, 'a number of two things');
SELECT throws_ok($$UPDATE voip.extensions SET no_answer_to = 1 WHERE type = 'queue'$$, '23514', NULL,
                 'a queue''s number has no forwarding of its own');
SELECT throws_ok($$UPDATE voip.queues SET strategy = 'ring-all'$$, '23514', NULL, 'no such strategy');
SELECT throws_ok($$UPDATE voip.queues SET music = '../secret'$$, '23514', NULL, 'music outside the sounds folder');
SELECT throws_ok($$UPDATE voip.queues SET ring_s = 4$$, '23514', NULL, 'a phone has to ring for a moment');
SELECT throws_ok($$UPDATE voip.queues SET wrap_up_s = 0$$, '23514', NULL, 'a member without a pause');
SELECT throws_ok($$UPDATE voip.queues SET max_wait_s = -1$$, '23514', NULL, 'a wait of less than nothing');
SELECT throws_ok($$UPDATE voip.queue_members SET level = 0$$, '23514', NULL, 'levels count from 1');
SELECT throws_ok($$UPDATE voip.queue_members SET position = 0$$, '23514', NULL, 'positions count from 1');
SELECT throws_ok($$UPDATE voip.conferences SET pin = '123'$$, '23514', NULL, 'a PIN too short');
SELECT throws_ok($$UPDATE voip.conferences SET pin = '12345678901234567'$$, '23514', NULL, 'a PIN too long');
SELECT throws_ok($$UPDATE voip.conferences SET pin = '12 34'$$, '23514', NULL, 'a PIN that cannot be dialled');
SELECT throws_ok($$UPDATE voip.conferences SET pin = '1234', moderator_pin = '1234'$$, '23514', NULL, 'one PIN for both');
SELECT throws_ok($$UPDATE voip.conferences SET pin = NULL, moderator_pin = '1234'$$, '23514', NULL, 'a PIN for the moderator only');
SELECT throws_ok($$UPDATE voip.conferences SET wait_for_moderator = true$$, '23514', NULL, 'waits for nobody');
SELECT lives_ok($$UPDATE voip.conferences SET pin = '1234', moderator_pin = '12345', wait_for_moderator = true$$, 'waits for the moderator');
SELECT throws_ok($$UPDATE voip.conferences SET max_members = 1$$, '23514', NULL, 'a conference of one');
SELECT throws_ok($$DELETE FROM voip.queues$$, '23503', NULL, 'a queue that has a number');
SELECT throws_ok($$DELETE FROM voip.conferences$$, '23503', NULL, 'a conference that has a number');

-- ---- what the edge reads

UPDATE voip.queues SET timeout_to = :a_number WHERE id = :a_queue;
SELECT id AS queue_number FROM voip.extensions WHERE queue_id = :a_queue \gset
SELECT id AS room_number FROM voip.extensions WHERE conference_id = :a_room \gset
SET LOCAL ROLE dialplane_edge;
SELECT is((SELECT key_value FROM kamailio.htable_ext WHERE key_name = 'a.test:8001'),
          format('type="queue";ref="%s";media="1";ring="30";always="";busy="";noanswer="1001";unreachable="";id="%s"', :a_queue, :queue_number),
          'a queue, and where its callers go instead');
SELECT is((SELECT key_value FROM kamailio.htable_ext WHERE key_name = 'a.test:8100'),
          format('type="conference";ref="%s";media="1";ring="30";always="";busy="";noanswer="";unreachable="";id="%s"', :a_room, :room_number),
          'a conference');
SELECT throws_ok($$SELECT pin FROM voip.conferences$$, '42501', NULL, 'the edge sees no PIN');
RESET ROLE;

-- ---- who is told of a change

CREATE TEMP TABLE notices (said text) ON COMMIT DROP;
CREATE OR REPLACE FUNCTION voip.notify_key(changed_table text, domain bigint, key text) RETURNS void
    LANGUAGE sql AS $$
    INSERT INTO notices SELECT changed_table || ' ' || key WHERE domain IS NOT NULL;
$$;
-- What was said since the last time, sorted; the queue's and the conference's ids are Q and C.
CREATE FUNCTION pg_temp.said(queue bigint, room bigint) RETURNS text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM notices RETURNING said)
    SELECT string_agg(DISTINCT replace(replace(said, 'queues ' || queue, 'queues Q'),
                                       'conferences ' || room, 'conferences C'), ', ') FROM gone;
$$;

UPDATE voip.queues SET ring_s = 11 WHERE id = :a_queue;
SELECT is(pg_temp.said(:a_queue, :a_room), 'queues Q', 'a queue is changed');
UPDATE voip.queues SET timeout_to = NULL, no_agent_to = :a_number WHERE id = :a_queue;
SELECT is(pg_temp.said(:a_queue, :a_room), 'extensions 8001, queues Q', 'its callers go elsewhere');
UPDATE voip.extensions SET number = '2001' WHERE id = :a_number;
SELECT is(pg_temp.said(:a_queue, :a_room), 'extensions 1001, extensions 2001, extensions 8001, queues Q',
          'the number that they go to is changed');
UPDATE voip.users SET enabled = false WHERE id = :a_user;
SELECT is(pg_temp.said(:a_queue, :a_room), 'extensions 2001, queues Q, users 1001', 'a member is disabled');
UPDATE voip.users SET display_name = 'x' WHERE id = :a_user;
SELECT is(pg_temp.said(:a_queue, :a_room), 'users 1001', 'a member''s name is nothing to the queue');
DELETE FROM voip.queue_members WHERE queue_id = :a_queue;
SELECT is(pg_temp.said(:a_queue, :a_room), 'queues Q', 'a member leaves');
UPDATE voip.conferences SET pin = '4711' WHERE id = :a_room;
SELECT is(pg_temp.said(:a_queue, :a_room), 'conferences C', 'a PIN is changed');

SELECT * FROM finish();
ROLLBACK;

-- What users change by dialling.
BEGIN;
SELECT plan(34);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.domains (name) VALUES ('b.test') RETURNING id AS b \gset
INSERT INTO voip.users (domain_id, username, ha1)
    SELECT d.id, n, md5('') FROM voip.domains d, unnest(ARRAY['1001', '1002']) n;
INSERT INTO voip.extensions (domain_id, number, type, user_id)
    SELECT domain_id, username, 'user', id FROM voip.users;
SELECT id AS u FROM voip.users WHERE domain_id = :a AND username = '1001' \gset
INSERT INTO voip.voicemail_boxes (domain_id, mailbox, user_id, pin_ha1)
    VALUES (:a, '1001', :u, md5('')) RETURNING id AS box \gset
INSERT INTO voip.extensions (domain_id, number, type, voicemail_box_id)
    VALUES (:a, '*1001', 'voicemail', :box);
INSERT INTO voip.extensions (domain_id, number, type, feature, is_prefix)
    SELECT :a, '*' || n, 'feature', f, f ~ '_on$|schedule' AND f <> 'dnd_on'
    FROM unnest(ARRAY['dnd_on', 'dnd_off', 'forward_always_on', 'forward_busy_on',
                      'forward_no_answer_on', 'forward_unreachable_on', 'forward_off',
                      'queue_login', 'queue_logout', 'queue_pause', 'queue_unpause',
                      'schedule_closed', 'schedule_auto', 'record']) WITH ORDINALITY x (f, n);
INSERT INTO voip.outbound_routes (domain_id, name) VALUES (:a, 'out') RETURNING id AS route \gset
INSERT INTO voip.extensions (domain_id, number, type, outbound_route_id, is_prefix)
    VALUES (:a, '9', 'trunk_out', :route, true);
INSERT INTO voip.schedules (domain_id, name, open_to, closed_to)
    SELECT :a, 'office', id, id FROM voip.extensions WHERE domain_id = :a AND number = '1002'
    RETURNING id AS schedule \gset
INSERT INTO voip.extensions (domain_id, number, type, schedule_id)
    VALUES (:a, '7000', 'schedule', :schedule);

CREATE FUNCTION pg_temp.dial(feature text, argument text DEFAULT '', username text DEFAULT '1001',
                             domain text DEFAULT 'a.test') RETURNS text LANGUAGE sql AS
    $$SELECT voip.run_feature(domain, username, feature, argument)$$;
CREATE FUNCTION pg_temp.forwards() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws('/', coalesce(always_to, '-'), coalesce(busy_to, '-'),
                     coalesce(no_answer_to, '-'), coalesce(unreachable_to, '-'))
    FROM voip.vw_extensions WHERE domain = 'a.test' AND extension = '1001'$$;

SELECT is(pg_temp.dial('dnd_on'), 'activated', 'do not disturb');
SELECT results_eq('SELECT username::text FROM voip.users WHERE do_not_disturb', ARRAY['1001'], 'only his');
SELECT is(pg_temp.dial('dnd_off'), 'deactivated', 'and back');
SELECT is_empty('SELECT FROM voip.users WHERE do_not_disturb', 'nobody''s');
SELECT is(pg_temp.dial('dnd_on', '1002'), 'refused', 'takes no argument');
SELECT is(pg_temp.dial('dnd_on', '', '1003'), 'refused', 'no such user');
SELECT is(pg_temp.dial('dnd_on', '', '1001', 'b.test'), 'refused', 'a tenant without such a code');
SELECT is(pg_temp.dial('dnd_on', '', ''' OR true --'), 'refused', 'quotes are text');

SELECT is(pg_temp.dial('forward_always_on', '1002'), 'activated', 'to a colleague');
SELECT is(pg_temp.forwards(), '1002/-/-/-', 'always');
SELECT is(pg_temp.dial('forward_always_on', '90301234567'), 'activated', 'outside');
SELECT is(pg_temp.forwards(), '90301234567/-/-/-', 'instead');
SELECT is(pg_temp.dial('forward_always_on', '5555'), 'refused', 'no such number');
SELECT is(pg_temp.dial('forward_always_on', ''), 'refused', 'none at all');
SELECT is(pg_temp.dial('forward_always_on', '1001'), 'refused', 'to himself');
SELECT is(pg_temp.dial('forward_always_on', '9a'), 'refused', 'letters are no number outside');
SELECT is(pg_temp.dial('forward_busy_on', '1002') || pg_temp.dial('forward_unreachable_on', '1002'),
          'activatedactivated', 'busy, unreachable');
SELECT is(pg_temp.dial('forward_no_answer_on', '1002', '1001'), 'activated', 'no answer');
SELECT is(pg_temp.dial('forward_always_on', '1001', '1002'), 'refused', 'round in a circle');
SELECT is(pg_temp.forwards(), '90301234567/1002/1002/1002', 'nothing of that has changed anything');
SELECT is(pg_temp.dial('forward_off'), 'deactivated', 'off');
SELECT is(pg_temp.forwards(), '-/*1001/*1001/*1001', 'the mailbox is left');

SELECT is(pg_temp.dial('schedule_closed'), 'activated', 'the only schedule');
SELECT is(pg_temp.dial('schedule_closed', '7001'), 'refused', 'no such schedule');
SELECT is(pg_temp.dial('schedule_auto', '7000'), 'deactivated', 'by its number');
SELECT is(pg_temp.dial('queue_pause'), 'refused', 'an agent of no queue');
INSERT INTO voip.queues (domain_id, name) VALUES (:a, 'sales') RETURNING id AS queue \gset
INSERT INTO voip.queue_members (domain_id, queue_id, user_id) VALUES (:a, :queue, :u);
SELECT is(pg_temp.dial('queue_pause'), 'deactivated', 'paused');
-- The API gives a reason (0043), which is that of this pause and of no other one.
SELECT lives_ok($$ UPDATE voip.queue_agents SET reason = 'lunch' $$, 'a pause has a reason');
SELECT throws_ok($$ UPDATE voip.queue_agents SET status = 'logged_out' $$, '23514', NULL,
                 'nothing but a pause has one');
SELECT pg_temp.dial('queue_pause');
SELECT is((SELECT reason FROM voip.queue_agents), NULL, 'the next pause has its own');
SELECT is(pg_temp.dial('queue_logout') || pg_temp.dial('queue_unpause'), 'deactivatedrefused', 'logged out');
SELECT is((SELECT status FROM voip.queue_agents), 'logged_out', 'and stays so');

SET LOCAL ROLE dialplane_edge;
SELECT is(voip.run_feature('a.test', '1001', 'queue_login', ''), 'activated', 'the edge may');
SELECT throws_ok($$SELECT voip.set_agent(NULL, 'login')$$, '42501', NULL, 'but not what is below');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;

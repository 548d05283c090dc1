-- Circles, things in use and where they are used.
BEGIN;
SELECT plan(20);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.users (domain_id, username, ha1)
    SELECT :a, n::text, md5(n::text) FROM generate_series(1001, 1003) n;
INSERT INTO voip.extensions (domain_id, number, type, user_id)
    SELECT :a, username, 'user', id FROM voip.users;
INSERT INTO voip.ivr_menus (domain_id, name, greeting)
    VALUES (:a, 'main', 'welcome') RETURNING id AS main \gset
INSERT INTO voip.ivr_menus (domain_id, name, greeting)
    VALUES (:a, 'sub', 'welcome') RETURNING id AS sub \gset
INSERT INTO voip.extensions (domain_id, number, type, ivr_menu_id)
    VALUES (:a, '8000', 'ivr', :main) RETURNING id AS n8000 \gset
INSERT INTO voip.extensions (domain_id, number, type, ivr_menu_id)
    VALUES (:a, '8001', 'ivr', :sub) RETURNING id AS n8001 \gset
SELECT id AS n1001 FROM voip.extensions WHERE number = '1001' \gset
SELECT id AS n1002 FROM voip.extensions WHERE number = '1002' \gset
SELECT id AS n1003 FROM voip.extensions WHERE number = '1003' \gset

-- Circles.
SELECT lives_ok(format('UPDATE voip.extensions SET always_to = %s WHERE id = %s', :n1002, :n1001), '1001 > 1002');
SELECT lives_ok(format('UPDATE voip.extensions SET busy_to = %s WHERE id = %s', :n1003, :n1002), '1002 > 1003');
SELECT throws_ok(format('UPDATE voip.extensions SET no_answer_to = %s WHERE id = %s', :n1001, :n1003),
                 '23514', 'calls would go round in a circle: 1003 > 1001 > 1002 > 1003', 'a circle of three');
SELECT throws_ok(format('UPDATE voip.extensions SET no_answer_to = %s WHERE id = %s', :n1001, :n1002),
                 '23514', 'calls would go round in a circle: 1002 > 1001 > 1002', 'a circle of two');
SELECT lives_ok(format($$INSERT INTO voip.ivr_entries (domain_id, menu_id, digit, extension_id)
                         VALUES (%1$s, %2$s, '1', %4$s), (%1$s, %2$s, '9', %3$s)$$, :a, :main, :n8000, :n8001),
                'a menu leads to a menu, and says itself again');
SELECT throws_ok(format($$INSERT INTO voip.ivr_entries (domain_id, menu_id, digit, extension_id)
                          VALUES (%s, %s, '2', %s)$$, :a, :sub, :n8000),
                 '23514', 'calls would go round in a circle: 8001 > 8000 > 8001', 'a menu to itself through another');
SELECT throws_ok(format($$INSERT INTO voip.schedules (domain_id, name, open_to, closed_to)
                          VALUES (%s, 'x', %s, %s);
                          INSERT INTO voip.extensions (domain_id, number, type, schedule_id)
                          SELECT %1$s, '8100', 'schedule', id FROM voip.schedules;
                          UPDATE voip.schedules SET closed_to = e.id FROM voip.extensions e
                          WHERE e.number = '8100'$$, :a, :n1001, :n1002),
                 '23514', 'calls would go round in a circle: 8100 > 8100', 'a schedule to itself');
SELECT throws_ok(format($$INSERT INTO voip.queues (domain_id, name, timeout_to) VALUES (%s, 'q', %s);
                          INSERT INTO voip.extensions (domain_id, number, type, queue_id)
                          SELECT %1$s, '8200', 'queue', id FROM voip.queues;
                          UPDATE voip.extensions SET always_to = e.id FROM voip.extensions e
                          WHERE e.number = '8200' AND voip.extensions.number = '1003'$$, :a, :n1001, :n1002),
                 '23514', NULL, 'a queue whose callers come back to it');
SELECT throws_ok(format($$INSERT INTO voip.announcements (domain_id, name, prompt) VALUES (%s, 'a', 'x');
                          INSERT INTO voip.extensions (domain_id, number, type, announcement_id)
                          SELECT %1$s, '8300', 'announcement', id FROM voip.announcements;
                          UPDATE voip.announcements SET then_to = e.id FROM voip.extensions e
                          WHERE e.number = '8300'$$, :a),
                 '23514', NULL, 'an announcement that leads to itself');
SELECT is(voip.loop_of(:n8000), NULL, 'the way through menus ends');

-- In use.
SELECT throws_ok(format('DELETE FROM voip.extensions WHERE id = %s', :n1002), '23503',
                 'this is in use by extension 1001 (always)', 'an extension that is forwarded to');
SELECT throws_ok(format('DELETE FROM voip.extensions WHERE id = %s', :n8001), '23503',
                 'this is in use by extension 8000 (key 1)', 'an extension that a key leads to');
SELECT throws_ok('DELETE FROM voip.users WHERE username = ''1001''', '23503',
                 'this is in use by extension 1001', 'a user with a number');
SELECT throws_ok(format('DELETE FROM voip.ivr_menus WHERE id = %s', :sub), '23503',
                 'this is in use by extension 8001', 'a menu with a number');
SELECT lives_ok(format('DELETE FROM voip.ivr_entries WHERE extension_id = %s', :n8001), 'a key');
SELECT lives_ok(format('DELETE FROM voip.extensions WHERE id = %s', :n8001), 'and then the number');
INSERT INTO voip.inbound_numbers (domain_id, number, extension_id) VALUES (:a, '+15550001', :n1003);
SELECT throws_ok(format('UPDATE voip.extensions SET busy_to = NULL; DELETE FROM voip.extensions WHERE id = %s', :n1003),
                 '23503', 'this is in use by inbound number +15550001', 'an extension with a number outside');
SELECT set_eq(format('SELECT used_by FROM voip.vw_used_by WHERE used_table = ''extensions'' AND used_id = %s', :n1003),
              ARRAY['extension 1002 (busy)', 'inbound number +15550001'], 'where is this used');
SELECT throws_ok(format('DELETE FROM voip.domains WHERE id = %s', :a), '23503', NULL, 'a tenant that is not empty');
SELECT is((SELECT count(*)::int FROM voip.vw_leads WHERE domain_id = :a), 2, 'two steps are left');

SELECT * FROM finish();
ROLLBACK;

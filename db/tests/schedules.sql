-- What the clock of a tenant says about its schedules.
BEGIN;
SELECT plan(13);

INSERT INTO voip.domains (name, timezone) VALUES ('a.test', 'Europe/Berlin') RETURNING id AS a \gset
INSERT INTO voip.announcements (domain_id, name, prompt) VALUES (:a, 'x', 'x') RETURNING id AS said \gset
INSERT INTO voip.extensions (domain_id, number, type, announcement_id)
    VALUES (:a, '1', 'announcement', :said) RETURNING id AS n1 \gset
INSERT INTO voip.schedules (domain_id, name, open_to, closed_to)
    VALUES (:a, 'office', :n1, :n1) RETURNING id AS s \gset
INSERT INTO voip.schedule_hours (domain_id, schedule_id, weekday, opens, closes)
    SELECT :a, :s, day, time '09:00', time '17:00' FROM generate_series(1, 5) day
    UNION ALL SELECT :a, :s, 5, time '20:00', time '24:00' UNION ALL SELECT :a, :s, 6, time '00:00', time '02:00';
INSERT INTO voip.schedule_holidays (domain_id, schedule_id, day) VALUES (:a, :s, '2026-12-25');

-- Thursday 2026-12-24, UTC+1
SELECT is(voip.schedule_state(:s, '2026-12-24 07:59:59+00'), 'closed', 'a second before nine');
SELECT is(voip.schedule_state(:s, '2026-12-24 08:00:00+00'), 'open', 'nine');
SELECT is(voip.schedule_state(:s, '2026-12-24 15:59:59.9+00'), 'open', 'just before five');
SELECT is(voip.schedule_state(:s, '2026-12-24 16:00:00+00'), 'closed', 'five');
SELECT is(voip.schedule_state(:s, '2026-12-24 23:00:00+00'), 'holiday', 'it is the 25th there');
SELECT is(voip.schedule_state(:s, '2026-12-25 23:00:00+00'), 'open', 'over midnight, the holiday is over');
SELECT is(voip.schedule_state(:s, '2026-07-02 07:00:00+00'), 'open', 'nine in summer');
SELECT is(voip.schedule_state(:s, '2026-07-02 06:59:00+00'), 'closed', 'not yet nine in summer');
SELECT results_eq(
    format($$SELECT at, state FROM voip.schedule_changes(%s, '2026-12-24 12:00+00', 2)$$, :s),
    $$VALUES (timestamptz '2026-12-24 12:00+00', 'open'), ('2026-12-24 16:00+00', 'closed'),
             ('2026-12-24 23:00+00', 'holiday'), ('2026-12-25 23:00+00', 'open'),
             ('2026-12-26 01:00+00', 'closed')$$, 'the changes of two days');
UPDATE voip.schedules SET override = 'closed';
SELECT is(voip.schedule_state(:s, '2026-12-24 08:00:00+00'), 'closed', 'closed by hand');
SELECT is((SELECT count(*)::int FROM voip.schedule_changes(:s, '2026-12-24 12:00+00', 2)), 1, 'and nothing changes then');
SELECT throws_ok(format($$UPDATE voip.domains SET timezone = 'Mars/Base' WHERE id = %s$$, :a), '23514', NULL, 'no such clock');
SELECT throws_ok(format($$INSERT INTO voip.schedule_hours (domain_id, schedule_id, weekday, opens, closes)
                          VALUES (%s, %s, 1, '18:00', '17:00')$$, :a, :s), '23514', NULL, 'closes before it opens');

SELECT * FROM finish();
ROLLBACK;

-- Recordings: how long they are kept, what is held, what a tenant sees, what the keeper may do.
BEGIN;
SELECT plan(29);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.domains (name) VALUES ('b.test') RETURNING id AS b \gset

CREATE FUNCTION pg_temp.recording(domain bigint, days_ago integer) RETURNS uuid LANGUAGE sql AS $$
    INSERT INTO voip.recordings (id, call_id, started_at, domain_id, domain, node, path, format, bytes,
                                 duration_ms, sha256)
    SELECT id, gen_random_uuid(), now() - make_interval(days => days_ago), domain, 'x', 'one',
           'recordings/2026/01/31/' || id || '.wav', 'wav', 1, 1, repeat('0', 64)
    FROM gen_random_uuid() id RETURNING id;
$$;
CREATE FUNCTION pg_temp.days(recording uuid) RETURNS numeric LANGUAGE sql AS $$
    SELECT extract(day FROM delete_after - started_at) FROM voip.recordings WHERE id = recording;
$$;

-- ---- how long

SELECT pg_temp.recording(:a, 1) AS first \gset
SELECT is(pg_temp.days(:'first'), NULL::numeric, 'kept for ever, where nobody says anything');
UPDATE voip.recording_settings SET keep_days = 90 WHERE domain_id IS NULL;
SELECT is(pg_temp.days(:'first'), 90::numeric, 'what is said of all counts for what is there');
INSERT INTO voip.recording_settings (domain_id, keep_days) VALUES (:a, 30);
SELECT is(pg_temp.days(:'first'), 30::numeric, 'a tenant says something else');
SELECT is(pg_temp.days(pg_temp.recording(:a, 1)), 30::numeric, 'for what comes, too');
SELECT is(pg_temp.days(pg_temp.recording(:b, 1)), 90::numeric, 'it is no other tenant''s');
SELECT is(pg_temp.days(pg_temp.recording(NULL, 1)), 90::numeric, 'a tenant that is gone');
UPDATE voip.recording_settings SET keep_days = 0 WHERE domain_id = :a;
SELECT is(pg_temp.days(:'first'), NULL::numeric, '0 days: for ever');
DELETE FROM voip.recording_settings WHERE domain_id = :a;
SELECT is(pg_temp.days(:'first'), 90::numeric, 'says nothing any more');
SELECT throws_ok($$INSERT INTO voip.recording_settings (keep_days) VALUES (1)$$, '23505', NULL,
                 'one row says it of all');

SELECT ctid AS version FROM voip.recordings WHERE id = :'first' \gset
INSERT INTO voip.recording_settings (domain_id) VALUES (:a);
SELECT is((SELECT ctid::text FROM voip.recordings WHERE id = :'first'), :'version', 'a row that says nothing changes none');
DELETE FROM voip.recording_settings WHERE domain_id = :a;

-- ---- of very many

SELECT count(pg_temp.recording(:b, n)) AS many FROM generate_series(1, 7000) n \gset
INSERT INTO voip.recording_settings (domain_id, keep_days) VALUES (:b, 5);
SELECT is((SELECT count(*) FROM voip.recordings WHERE domain_id = :b AND pg_temp.days(id) = 5), 5000::bigint,
          'of many, the first have their end at once');
UPDATE voip.recording_settings SET format = 'opus' WHERE domain_id = :b;
SET LOCAL ROLE dialplane_cdr;
SELECT is((SELECT array_agg(domain_id) FROM voip.recording_recounts), ARRAY[:b]::bigint[], 'and the keeper knows of the rest');
SELECT is((SELECT array_agg(voip.recording_recount(1500)) FROM generate_series(1, 3)), ARRAY[1500, 501, 0], 'which it does');
RESET ROLE;
SELECT is((SELECT count(*) FROM voip.recordings WHERE domain_id = :b AND pg_temp.days(id) IS DISTINCT FROM 5), 0::bigint,
          'to the last one');
UPDATE voip.recording_settings SET keep_days = NULL WHERE domain_id = :b;
UPDATE voip.recording_settings SET keep_days = 91 WHERE domain_id IS NULL;
SELECT is((SELECT array_agg(domain_id ORDER BY domain_id) FROM voip.recording_recounts), ARRAY[:a, :b, NULL]::bigint[],
          'the platform''s is of all, also of tenants that are gone');
SELECT sum(voip.recording_recount(10000)) AS last FROM generate_series(1, 4) \gset
SELECT is((SELECT array_agg(DISTINCT pg_temp.days(id)) FROM voip.recordings), ARRAY[91::numeric], 'of every one');
UPDATE voip.recording_settings SET keep_days = 90 WHERE domain_id IS NULL;
SELECT sum(voip.recording_recount(10000)) AS last FROM generate_series(1, 4) \gset
DELETE FROM voip.recordings WHERE domain_id = :b AND started_at < now() - interval '2 days';
DELETE FROM voip.recording_settings WHERE domain_id = :b;

-- ---- the platform's callers of the API

INSERT INTO voip.recording_settings (domain_id, keep_days) VALUES (:b, 3);
SET LOCAL ROLE dialplane_platform;
SELECT is((SELECT array_agg(keep_days) FROM voip.recording_settings), ARRAY[90], 'see what is said of all');
UPDATE voip.recording_settings SET keep_days = 60;
RESET ROLE;
SELECT is((SELECT keep_days FROM voip.recording_settings WHERE domain_id = :b), 3, 'and change nothing of a tenant''s');
UPDATE voip.recording_settings SET keep_days = 90 WHERE domain_id IS NULL;
DELETE FROM voip.recording_settings WHERE domain_id = :b;

-- ---- held

UPDATE voip.recordings SET legal_hold = true WHERE id = :'first';
SELECT throws_ok(format($$UPDATE voip.recordings SET deleted_at = now() WHERE id = %L$$, :'first'), '23514', NULL,
                 'what is held is not deleted');
UPDATE voip.recordings SET legal_hold = false, deleted_at = now() WHERE id = :'first';
SELECT throws_ok(format($$UPDATE voip.recordings SET legal_hold = true WHERE id = %L$$, :'first'), '23514', NULL,
                 'what is deleted is not held');

-- ---- paths

SELECT throws_ok($$UPDATE voip.recordings SET path = 'recordings/2026/01/31/../../../../etc/passwd'$$, '23514', NULL,
                 'a path outside of the store');

-- ---- who sees what

INSERT INTO voip.recording_keys (domain_id, wrapped) VALUES (:a, decode(repeat('00', 72), 'hex'));
SELECT throws_ok(format($$INSERT INTO voip.recording_keys (domain_id, wrapped)
                          VALUES (%s, decode(repeat('00', 72), 'hex'))$$, :a), '23505', NULL, 'one key of a tenant at a time');
DO $$BEGIN PERFORM set_config('voip.domain_id', (SELECT id::text FROM voip.domains WHERE name = 'a.test'), true); END$$;
SET LOCAL ROLE dialplane_tenant;
SELECT is((SELECT count(*)::int FROM voip.recordings), 2, 'a tenant sees its own');
SELECT throws_ok($$UPDATE voip.recordings SET delete_after = NULL$$, '42501', NULL, 'and does not say how long it is kept');
SELECT throws_ok($$UPDATE voip.recordings SET deleted_at = now()$$, '42501', NULL, 'nor that it is gone');
SELECT throws_ok($$SELECT * FROM voip.recording_keys$$, '42501', NULL, 'no key');
INSERT INTO voip.recording_settings (domain_id, keep_days) VALUES (voip.current_domain_id(), 7);
RESET ROLE;
SELECT is((SELECT array_agg(DISTINCT pg_temp.days(id)) FROM voip.recordings WHERE domain_id = :a AND deleted_at IS NULL),
          ARRAY[7::numeric], 'a tenant says for how long');
SET LOCAL ROLE dialplane_cdr;
SELECT lives_ok($$UPDATE voip.recordings SET deleted_at = now()$$, 'the keeper marks what it has deleted');
SELECT throws_ok($$UPDATE voip.recordings SET legal_hold = false$$, '42501', NULL, 'and releases nothing');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;

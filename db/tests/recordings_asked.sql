-- Recordings that somebody deletes or holds, and the key that one is read with.
BEGIN;
SELECT plan(17);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.domains (name) VALUES ('b.test') RETURNING id AS b \gset
INSERT INTO voip.recording_keys (domain_id, wrapped) VALUES (:a, decode(repeat('0a', 72), 'hex')) RETURNING id AS key_a \gset
INSERT INTO voip.recording_keys (domain_id, wrapped) VALUES (:b, decode(repeat('0b', 72), 'hex')) RETURNING id AS key_b \gset

CREATE FUNCTION pg_temp.recording(domain bigint, key bigint) RETURNS uuid LANGUAGE sql AS $$
    INSERT INTO voip.recordings (id, call_id, started_at, domain_id, domain, node, path, format, bytes,
                                 duration_ms, sha256, key_id)
    SELECT id, gen_random_uuid(), now() - interval '1 day', domain, 'x', 'one',
           'recordings/2026/01/31/' || id || '.wav', 'wav', 1, 1, repeat('0', 64), key
    FROM gen_random_uuid() id RETURNING id;
$$;
SELECT pg_temp.recording(:a, :key_a) AS first \gset
SELECT pg_temp.recording(:a, NULL) AS plain \gset
SELECT pg_temp.recording(:b, :key_b) AS other \gset

DO $$BEGIN PERFORM set_config('voip.domain_id', (SELECT id::text FROM voip.domains WHERE name = 'a.test'), true); END$$;
SET LOCAL ROLE dialplane_tenant;

-- ---- held

UPDATE voip.recordings SET legal_hold = true WHERE id = :'first';
SELECT ok((SELECT legal_hold FROM voip.recordings WHERE id = :'first'), 'a tenant holds a recording');
SELECT throws_ok(format($$UPDATE voip.recordings SET delete_asked_at = now() WHERE id = %L$$, :'first'), '23514', NULL,
                 'what is held is not deleted');
UPDATE voip.recordings SET legal_hold = true WHERE id = :'other';
RESET ROLE;
SELECT ok((SELECT NOT legal_hold FROM voip.recordings WHERE id = :'other'), 'another tenant''s is not held');
SET LOCAL ROLE dialplane_tenant;

-- ---- deleted

UPDATE voip.recordings SET legal_hold = false WHERE id = :'first';
UPDATE voip.recordings SET delete_asked_at = now() WHERE id IN (:'first', :'other');
SELECT is((SELECT delete_after FROM voip.recordings WHERE id = :'first'), now(), 'it is due');
SELECT throws_ok(format($$UPDATE voip.recordings SET legal_hold = true WHERE id = %L$$, :'first'), '23514', NULL,
                 'what is deleted is not held');
UPDATE voip.recordings SET delete_asked_at = NULL WHERE id = :'first';
SELECT ok((SELECT delete_asked_at IS NOT NULL FROM voip.recordings WHERE id = :'first'), 'nobody takes it back');
INSERT INTO voip.recording_settings (domain_id, keep_days) VALUES (voip.current_domain_id(), 30);
SELECT is((SELECT delete_after FROM voip.recordings WHERE id = :'first'), now(), 'nor do new settings');
SELECT is((SELECT delete_after FROM voip.recordings WHERE id = :'plain'), now() + interval '29 days', 'which others have');
UPDATE voip.recordings SET delete_asked_at = '2001-01-01' WHERE id = :'plain';
SELECT is((SELECT (delete_asked_at, delete_after) FROM voip.recordings WHERE id = :'plain'), (now(), now()),
          'deleted now, whatever is said');
SELECT throws_ok($$DELETE FROM voip.recordings$$, '42501', NULL, 'the row stays');
RESET ROLE;
SELECT ok((SELECT delete_asked_at IS NULL FROM voip.recordings WHERE id = :'other'), 'another tenant''s is not deleted');
SET LOCAL ROLE dialplane_cdr;
SELECT lives_ok(format($$UPDATE voip.recordings SET deleted_at = now() WHERE id = %L$$, :'first'), 'the keeper says when it is gone');
SELECT throws_ok($$SELECT * FROM voip.recording_key('00000000-0000-4000-8000-000000000001')$$, '42501', NULL, 'he asks for no key so');

-- ---- keys

SET LOCAL ROLE dialplane_tenant;
SELECT results_eq(format($$SELECT * FROM voip.recording_key(%L)$$, :'first'),
                  format($$VALUES (decode(repeat('0a', 72), 'hex'), %s::bigint)$$, :a), 'the key of a recording');
SELECT is_empty(format($$SELECT * FROM voip.recording_key(%L)$$, :'plain'), 'one without a key');
SELECT is_empty(format($$SELECT * FROM voip.recording_key(%L)$$, :'other'), 'another tenant''s');
DO $$BEGIN PERFORM set_config('voip.domain_id', '', true); END$$;
SELECT is_empty(format($$SELECT * FROM voip.recording_key(%L)$$, :'first'), 'for nobody');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;

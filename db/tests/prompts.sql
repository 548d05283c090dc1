-- Prompts of a tenant's own: what is audio, who may name it, and who is told of a change.
BEGIN;
SELECT plan(22);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.domains (name) VALUES ('b.test') RETURNING id AS b \gset

-- 8 kHz, and the same with other bytes at one place.
CREATE FUNCTION pg_temp.wav(samples bytea DEFAULT '\x0102', rate text DEFAULT '401f0000803e0000')
    RETURNS bytea LANGUAGE sql AS $$
    SELECT 'RIFF'::bytea || '\x00000000' || 'WAVEfmt '::bytea || '\x1000000001000100'
           || decode(rate, 'hex') || '\x02001000' || 'data'::bytea
           || decode(lpad(to_hex(length(samples)), 2, '0') || '000000', 'hex') || samples;
$$;
CREATE FUNCTION pg_temp.add(audio bytea, name text DEFAULT 'x') RETURNS text LANGUAGE sql AS $$
    SELECT format('INSERT INTO voip.prompts (domain_id, name, audio) VALUES (%s, %L, %L)',
                  (SELECT id FROM voip.domains WHERE name = 'a.test'), name, audio);
$$;

SELECT throws_ok(pg_temp.add('\x00'), '23514', NULL, 'no audio');
SELECT throws_ok(pg_temp.add(''), '23514', NULL, 'nothing');
SELECT throws_ok(pg_temp.add(substr(pg_temp.wav(), 1, 44)), '23514', NULL, 'a head and no sound');
SELECT throws_ok(pg_temp.add(pg_temp.wav() || '\x00'), '23514', NULL, 'something behind the sound');
SELECT throws_ok(pg_temp.add(pg_temp.wav('\x010203')), '23514', NULL, 'half a sample');
SELECT throws_ok(pg_temp.add(pg_temp.wav('\x0102', '44ac000088580100')), '23514', NULL, '44,100 Hz');
SELECT throws_ok(pg_temp.add(overlay(pg_temp.wav() PLACING '\x02' FROM 23)), '23514', NULL, 'two channels');
SELECT throws_ok(pg_temp.add(overlay(pg_temp.wav() PLACING '\x07' FROM 21)), '23514', NULL, 'not PCM');
SELECT throws_ok(pg_temp.add(pg_temp.wav(), '../x'), '23514', NULL, 'a name with a path');
SELECT throws_ok(pg_temp.add(pg_temp.wav(), 'X'), '23514', NULL, 'a name in capitals');

INSERT INTO voip.prompts (domain_id, name, audio)
    VALUES (:a, 'welcome', pg_temp.wav()), (:a, 'wide', pg_temp.wav('\x0102', '803e0000007d0000')),
           (:b, 'theirs', pg_temp.wav());
SELECT results_eq('SELECT rate FROM voip.prompts ORDER BY id', ARRAY[8000, 16000, 8000], 'rates');

SELECT throws_ok(format($$INSERT INTO voip.ivr_menus (domain_id, name, greeting) VALUES (%s, 'm', 'custom/other')$$, :a),
                 '23503', NULL, 'no such prompt');
SELECT throws_ok(format($$INSERT INTO voip.ivr_menus (domain_id, name, greeting) VALUES (%s, 'm', 'custom/theirs')$$, :a),
                 '23503', NULL, 'the other tenant''s');
SELECT throws_ok(format($$INSERT INTO voip.queues (domain_id, name, announce_every_s) VALUES (%s, 'q', 4)$$, :a),
                 '23514', NULL, 'an announcement without a pause');
INSERT INTO voip.ivr_menus (domain_id, name, greeting) VALUES (:a, 'main', 'custom/welcome');
INSERT INTO voip.announcements (domain_id, name, prompt) VALUES (:a, 'closed', 'custom/welcome');
INSERT INTO voip.queues (domain_id, name, music, announcement)
    VALUES (:a, 'sales', 'custom/wide', 'custom/welcome') RETURNING id AS queue \gset
SELECT throws_ok($$DELETE FROM voip.prompts WHERE name = 'welcome'$$, '23503',
                 'this is in use by announcement "closed", menu "main" (greeting), queue "sales" (announcement)',
                 'in use, and by whom');
SELECT throws_ok($$UPDATE voip.prompts SET name = 'hello' WHERE name = 'welcome'$$, '23503', NULL,
                 'a name that is used stays');
SELECT lives_ok($$DELETE FROM voip.prompts WHERE name = 'theirs'$$, 'what nobody uses goes');

-- The rest of the view is as it was.
INSERT INTO voip.users (domain_id, username, ha1) VALUES (:a, '1001', md5('')) RETURNING id AS u \gset
INSERT INTO voip.extensions (domain_id, number, type, user_id) VALUES (:a, '1001', 'user', :u);
SELECT throws_ok($$DELETE FROM voip.users$$, '23503', 'this is in use by extension 1001', 'a user');

CREATE TEMP TABLE notices (said text) ON COMMIT DROP;
CREATE OR REPLACE FUNCTION voip.notify_key(changed_table text, domain bigint, key text) RETURNS void
    LANGUAGE sql AS $$
    INSERT INTO notices SELECT changed_table || ' ' || key WHERE domain IS NOT NULL;
$$;
UPDATE voip.prompts SET audio = pg_temp.wav('\x0304') WHERE name = 'welcome';
SELECT results_eq('SELECT DISTINCT replace(said, ''queues ' || :queue || ''', ''queues Q'') FROM notices ORDER BY 1',
                  ARRAY['prompts welcome', 'queues Q'], 'other audio: the queue that plays it is told');

SET LOCAL ROLE dialplane_tenant;
SELECT set_config('voip.domain_id', :'b', true) \gset
SELECT is_empty('SELECT FROM voip.prompts', 'the other tenant sees none');
SELECT throws_ok(format('INSERT INTO voip.prompts (domain_id, name, audio) VALUES (%s, ''y'', %L)', :a, pg_temp.wav()),
                 '42501', NULL, 'and adds none');
RESET ROLE;
SET LOCAL ROLE dialplane_control;
SELECT isnt_empty('SELECT audio FROM voip.prompts', 'serve reads them');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;

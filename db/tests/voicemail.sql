-- Messages waiting in mailboxes: who may write the counts, what the edge reads, who is told.
BEGIN;
SELECT plan(17);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.domains (name) VALUES ('b.test') RETURNING id AS b \gset
INSERT INTO voip.voicemail_boxes (domain_id, mailbox, pin_ha1) VALUES (:a, '1001', md5('x')), (:b, '1001', md5('x'));

CREATE TEMP TABLE told (channel text, domain bigint, payload text) ON COMMIT DROP;
CREATE OR REPLACE FUNCTION voip.notify_key(changed_table text, domain bigint, key text) RETURNS void
    LANGUAGE sql AS $$INSERT INTO pg_temp.told SELECT changed_table, domain, key WHERE key IS NOT NULL$$;
GRANT ALL ON told TO PUBLIC;

SET LOCAL ROLE dialplane_control;
SELECT lives_ok($$SELECT voip.set_voicemail_counts('a.test', '1001', 1, 2)$$, 'the control plane writes counts');
SELECT throws_ok($$UPDATE voip.voicemail_counts SET new_messages = 5$$, '42501', NULL, 'by the function only');
SELECT lives_ok($$SELECT voip.set_voicemail_counts('a.test', '1002', 1, 2)$$, 'a mailbox that is gone is none');
RESET ROLE;
SELECT set_eq('SELECT channel, domain, payload FROM told', format($$VALUES ('voicemail_counts', %s::bigint, '1001')$$, :a), 'who is told');
DELETE FROM told;
SELECT voip.set_voicemail_counts('a.test', '1001', 1, 2);
SELECT is_empty('SELECT FROM told', 'the same again is no news');
SET LOCAL ROLE dialplane_edge;
SELECT results_eq('SELECT key_name, key_value FROM kamailio.htable_mwi', $$VALUES ('a.test:1001', 'new="1";saved="2"')$$, 'what the edge reads');
SELECT throws_ok($$SELECT voip.set_voicemail_counts('a.test', '1001', 0, 0)$$, '42501', NULL, 'the edge counts nothing');
SET LOCAL ROLE dialplane_tenant;
SELECT throws_ok('DELETE FROM voip.voicemail_counts', '42501', NULL, 'nor does a tenant');
RESET ROLE;

-- Limits, and who is told that a mailbox is full.
SELECT throws_ok($$UPDATE voip.voicemail_boxes SET max_messages = 0$$, '23514', NULL, 'a mailbox of nothing');
SELECT throws_ok($$UPDATE voip.voicemail_boxes SET max_message_s = 45$$, '23514', NULL, 'a length that is none');
SELECT throws_ok($$UPDATE voip.voicemail_boxes SET min_message_s = 4$$, '23514', NULL, 'nor is this');
SELECT throws_ok($$UPDATE voip.voicemail_boxes SET delete_mailed = true, mail_audio = false$$, '23514', NULL, 'audio that would be lost');
UPDATE voip.voicemail_boxes SET max_messages = 3;
SELECT voip.set_voicemail_counts('a.test', '1001', 0, 1);
DELETE FROM told;
SELECT voip.set_voicemail_counts('a.test', '1001', 0, 2);
SELECT set_eq('SELECT channel FROM told', ARRAY['voicemail_counts'], 'not full');
DELETE FROM told;
SELECT voip.set_voicemail_counts('a.test', '1001', 1, 2);
SELECT set_eq('SELECT channel, payload FROM told', $$VALUES ('voicemail_counts', '1001'), ('voicemail_boxes', '1001')$$, 'full');
DELETE FROM told;
SELECT voip.set_voicemail_counts('a.test', '1001', 2, 2);
SELECT set_eq('SELECT channel FROM told', ARRAY['voicemail_counts'], 'full before');
DELETE FROM told;
SELECT voip.set_voicemail_counts('a.test', '1001', 0, 0);
SELECT set_eq('SELECT channel FROM told', ARRAY['voicemail_counts', 'voicemail_boxes'], 'full no more');
DELETE FROM voip.voicemail_boxes;
SELECT is_empty('SELECT FROM voip.voicemail_counts', 'gone with their mailbox');

SELECT * FROM finish();
ROLLBACK;

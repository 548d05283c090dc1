-- Music on hold: whose it is, who is told of a change, what the edge reads.
BEGIN;
SELECT plan(11);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.domains (name) VALUES ('b.test') RETURNING id AS b \gset
CREATE FUNCTION pg_temp.wav(samples bytea) RETURNS bytea LANGUAGE sql AS $$
    SELECT 'RIFF'::bytea || '\x00000000' || 'WAVEfmt '::bytea || '\x1000000001000100'
           || '\x401f0000803e0000' || '\x02001000' || 'data'::bytea || '\x02000000' || samples;
$$;
INSERT INTO voip.prompts (domain_id, name, audio) VALUES (:a, 'hold', pg_temp.wav('\x0102'));

CREATE TEMP TABLE told (changed text, domain bigint, key text) ON COMMIT DROP;
CREATE OR REPLACE FUNCTION voip.notify_key(changed_table text, domain bigint, key text) RETURNS void
    LANGUAGE sql AS $$INSERT INTO pg_temp.told SELECT changed_table, domain, key WHERE key IS NOT NULL$$;

SELECT throws_ok($$UPDATE voip.domains SET music = 'vm-goodbye' WHERE name = 'a.test'$$, '23514', NULL,
                 'a prompt of its own');
SELECT throws_ok($$UPDATE voip.domains SET music = 'custom/other' WHERE name = 'a.test'$$, '23503', NULL,
                 'one that is there');
SELECT throws_ok($$UPDATE voip.domains SET music = 'custom/hold' WHERE name = 'b.test'$$, '23503', NULL,
                 'not the other tenant''s');
DELETE FROM told;
UPDATE voip.domains SET music = 'custom/hold' WHERE name = 'a.test';
SELECT results_eq('SELECT * FROM told', format($$VALUES ('limits', %s::bigint, 'limits')$$, :a), 'the edge is told');
SELECT results_eq($$SELECT substring(key_value FROM 'music="(.*)"') FROM kamailio.htable_limit WHERE domain IN ('a.test', 'b.test') ORDER BY domain$$,
                  $$SELECT sha256 FROM voip.prompts UNION ALL SELECT ''$$, 'and reads which file it is');
SELECT throws_ok($$DELETE FROM voip.prompts$$, '23503', 'this is in use by music on hold', 'in use');
DELETE FROM told;
UPDATE voip.domains SET created_at = created_at, music = 'custom/hold' WHERE name = 'a.test';
SELECT is_empty('SELECT * FROM told', 'the same is no other music');
UPDATE voip.prompts SET audio = pg_temp.wav('\x0304');
SELECT results_eq('SELECT DISTINCT changed, key FROM told ORDER BY 1',
                  $$VALUES ('limits', 'limits'), ('prompts', 'hold')$$, 'other audio is another file');

SET LOCAL ROLE dialplane_tenant;
SELECT set_config('voip.domain_id', :'b', true) \gset
SELECT is_empty($$SELECT FROM voip.vw_used_by WHERE used_table = 'prompts'$$, 'the other tenant does not see it');
RESET ROLE;
UPDATE voip.domains SET music = NULL;
SELECT lives_ok('DELETE FROM voip.prompts', 'what is no longer music goes');
SELECT lives_ok('DELETE FROM voip.domains', 'and so do tenants');

SELECT * FROM finish();
ROLLBACK;

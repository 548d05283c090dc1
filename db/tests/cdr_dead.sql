-- Dead letters: no tenant sees them, doctor counts them, the same bytes are one.
BEGIN;
SELECT plan(8);

INSERT INTO voip.domains (name) VALUES ('a.test');
SET LOCAL ROLE dialplane_cdr;
PREPARE bury(text, bytea, int) AS
    INSERT INTO voip.cdr_dead AS d (source, node, body, reason, deliveries) VALUES ($1, 'one', $2, 'x', $3)
    ON CONFLICT (digest, source, node) DO UPDATE SET deliveries = greatest(d.deliveries, excluded.deliveries);
EXECUTE bury('edge', '\x00ff', 1);
EXECUTE bury('edge', '\x00ff', 5);
EXECUTE bury('asterisk', '\x00ff', 1);
EXECUTE bury('edge', '', 1);
SELECT results_eq($$SELECT source, body, deliveries FROM voip.cdr_dead ORDER BY source, body$$,
                  $$VALUES ('asterisk', '\x00ff'::bytea, 1), ('edge', '', 1), ('edge', '\x00ff', 5)$$,
                  'one row for the same bytes of the same source');
SELECT throws_ok($$EXECUTE bury('edge', '\x01', 0)$$, '23514', NULL, 'what nobody had in hand is not dead');
DELETE FROM voip.cdr_dead WHERE source = 'asterisk';
RESET ROLE;
SELECT is((SELECT count(*)::int FROM voip.cdr_dead), 2, 'the writer takes away what has become a row');

DO $$BEGIN PERFORM set_config('voip.domain_id', (SELECT id::text FROM voip.domains WHERE name = 'a.test'), true); END$$;
SET LOCAL ROLE dialplane_tenant;
SELECT throws_ok($$SELECT count(*) FROM voip.cdr_dead$$, '42501', NULL, 'no tenant sees one');
SELECT throws_ok($$DELETE FROM voip.cdr_dead$$, '42501', NULL, 'nor deletes one');
RESET ROLE;

SET LOCAL ROLE dialplane_control;
SELECT is((SELECT count(*)::int FROM voip.cdr_dead), 2, 'doctor counts them');
SELECT throws_ok($$SELECT body FROM voip.cdr_dead$$, '42501', NULL, 'and does not see what is in them');
SELECT throws_ok($$UPDATE voip.cdr_dead SET reason = ''$$, '42501', NULL, 'nor changes one');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;

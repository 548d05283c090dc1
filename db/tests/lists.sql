-- Lists of a tenant with many rows are answered by an index, whatever row-level security has to be
-- asked first: conditions that are not leakproof (LIKE) would look at every row.
BEGIN;
SELECT plan(14);

INSERT INTO voip.domains (name) VALUES ('a.test') RETURNING id AS a \gset
INSERT INTO voip.domains (name) VALUES ('b.test') RETURNING id AS b \gset
SET LOCAL session_replication_role = replica;
INSERT INTO voip.users (domain_id, username, display_name, ha1)
SELECT d, n::text, 'User ' || n, md5(n::text)
FROM generate_series(10000, 14999) n, unnest(ARRAY[:a, :b]::bigint[]) d;
INSERT INTO voip.extensions (domain_id, number, type, user_id)
SELECT domain_id, username, 'user', id FROM voip.users;
SET LOCAL session_replication_role = origin;
ANALYZE voip.users, voip.extensions;

CREATE FUNCTION pg_temp.explained(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN lines;
END
$$;

SELECT set_config('voip.domain_id', :'a', true) \g /dev/null
SET LOCAL ROLE dialplane_tenant;
SELECT matches(pg_temp.explained(format('SELECT FROM voip.%s t WHERE %s ORDER BY t.%s, t.id LIMIT 51',
                                        t, condition, sort)),
               'Index Cond: [^\n]*' || found, t || ' where ' || condition)
FROM (VALUES ('users', 'starts_with(t.username::text, ''1234'')', 'username', '~>=~ ''1234'''),
             ('users', 't.username::text = ''12345''', 'username', 'username'),
             ('users', 'starts_with(t.display_name::text, ''User 1234'')', 'username', '~>=~ ''User'),
             ('users', 't.display_name = ''User 12345''', 'username', 'display_name'),
             ('users', 't.created_at >= ''2100-01-01''', 'username', 'created_at'),
             ('users', 't.username > ''12345''', 'username', 'username'),
             ('extensions', 'starts_with(t.number::text, ''1234'')', 'number', '~>=~ ''1234'''),
             ('extensions', 't.type = ''queue''', 'number', 'type'),
             ('extensions', 't.always_outside = ''030123''', 'number', 'always_outside'),
             ('extensions', 't.user_id = 1', 'number', 'user_id'),
             ('extensions', 't.queue_id = 1', 'number', 'queue_id')) c (t, condition, sort, found);
SELECT matches(pg_temp.explained(format('SELECT FROM voip.%s t WHERE %s LIMIT 51', t, condition)),
               'Scan using ' || found, t || ' where ' || condition)
FROM (VALUES ('users', 't.enabled = false', 'users_disabled'),
             ('users', 't.do_not_disturb = true', 'users_undisturbed'),
             ('extensions', 't.is_prefix = true', 'extensions_prefixes'))
    c (t, condition, found);

SELECT * FROM finish();
ROLLBACK;

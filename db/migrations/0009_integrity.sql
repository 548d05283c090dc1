-- What leads where: no way round in a circle, nothing deleted that something leads to, and one place
-- to see both. The foreign keys would refuse as well, but name a constraint, not who is in the way.

-- Every step from one extension to another that a call can take by itself or by a key.
CREATE VIEW voip.vw_leads WITH (security_invoker = true) AS
SELECT e.domain_id, e.id AS from_id, l.to_id, l.how
FROM voip.extensions e,
LATERAL (VALUES (e.always_to, 'always'), (e.busy_to, 'busy'), (e.no_answer_to, 'no answer'),
                (e.unreachable_to, 'unreachable')) l (to_id, how)
WHERE l.to_id IS NOT NULL
UNION ALL
SELECT e.domain_id, e.id, l.to_id, l.how
FROM voip.extensions e
JOIN voip.queues q ON q.id = e.queue_id,
LATERAL (VALUES (q.timeout_to, 'waited too long'), (q.no_agent_to, 'no agent')) l (to_id, how)
WHERE l.to_id IS NOT NULL
UNION ALL
SELECT e.domain_id, e.id, l.to_id, l.how
FROM voip.extensions e
JOIN voip.schedules s ON s.id = e.schedule_id,
LATERAL (VALUES (s.open_to, 'open'), (s.closed_to, 'closed'), (s.holiday_to, 'holiday'))
    l (to_id, how)
WHERE l.to_id IS NOT NULL
UNION ALL
SELECT e.domain_id, e.id, a.then_to, 'afterwards'
FROM voip.extensions e
JOIN voip.announcements a ON a.id = e.announcement_id
WHERE a.then_to IS NOT NULL
UNION ALL
-- To itself is "say it again", and asks the caller each time.
SELECT e.domain_id, e.id, i.extension_id, 'key ' || i.digit
FROM voip.extensions e
JOIN voip.ivr_entries i ON i.menu_id = e.ivr_menu_id
WHERE i.extension_id <> e.id;

-- The numbers on a way from this extension back to itself; null when there is none.
CREATE FUNCTION voip.loop_of(extension bigint) RETURNS text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE way (id, path, is_loop) AS (
        SELECT l.to_id, ARRAY[l.from_id, l.to_id], l.to_id = l.from_id
        FROM voip.vw_leads l WHERE l.from_id = extension
        UNION ALL
        SELECT l.to_id, w.path || l.to_id, l.to_id = extension
        FROM way w
        JOIN voip.vw_leads l ON l.from_id = w.id
        WHERE NOT w.is_loop AND (l.to_id = extension OR l.to_id <> ALL (w.path))
    )
    SELECT string_agg(e.number, ' > ' ORDER BY n)
    FROM (SELECT path FROM way WHERE is_loop ORDER BY cardinality(path) LIMIT 1) shortest,
         unnest(path) WITH ORDINALITY p (id, n)
    JOIN voip.extensions e ON e.id = p.id
    HAVING count(*) > 0;
$$;

CREATE FUNCTION voip.refuse_loops(extensions bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    way text;
BEGIN
    SELECT voip.loop_of(id) INTO way FROM unnest(extensions) id
    WHERE voip.loop_of(id) IS NOT NULL LIMIT 1;
    IF way IS NOT NULL THEN
        RAISE EXCEPTION 'calls would go round in a circle: %', way
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_loops',
                  HINT = 'Let one of these numbers lead somewhere else.';
    END IF;
END
$$;

-- Of the extensions whose column TG_ARGV[0] is the column TG_ARGV[1] of the row that was written. Two
-- transactions could each close one half of a circle: those of a tenant go one after the other.
CREATE FUNCTION voip.check_loops() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    extensions bigint[];
BEGIN
    -- Most extensions lead nowhere, and many may be written at once.
    EXECUTE format('SELECT array_agg(id) FROM voip.extensions e WHERE %I = $1 '
                   'AND EXISTS (SELECT FROM voip.vw_leads WHERE from_id = e.id)', TG_ARGV[0])
        INTO extensions USING (to_jsonb(NEW) ->> TG_ARGV[1])::bigint;
    IF extensions IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('voip.no_loops', NEW.domain_id));
        PERFORM voip.refuse_loops(extensions);
    END IF;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    t text[];
BEGIN
    FOREACH t SLICE 1 IN ARRAY ARRAY[
        ['extensions', 'id', 'id'], ['queues', 'queue_id', 'id'], ['schedules', 'schedule_id', 'id'],
        ['announcements', 'announcement_id', 'id'], ['ivr_entries', 'ivr_menu_id', 'menu_id']]
    LOOP
        EXECUTE format('CREATE TRIGGER no_loops AFTER INSERT OR UPDATE ON voip.%I '
                       'FOR EACH ROW EXECUTE FUNCTION voip.check_loops(%L, %L)', t[1], t[2], t[3]);
    END LOOP;
END
$$;

-- ---------------------------------------------------------------- where is this used

-- One row per use of a thing: what it is (table and id), and by what, in words.
CREATE VIEW voip.vw_used_by WITH (security_invoker = true) AS
SELECT l.domain_id, 'extensions' AS used_table, l.to_id AS used_id,
       format('extension %s (%s)', e.number, l.how) AS used_by
FROM voip.vw_leads l JOIN voip.extensions e ON e.id = l.from_id
UNION ALL
-- Things that lead somewhere although no number leads to them.
SELECT q.domain_id, 'extensions', l.to_id, format('queue "%s" (%s)', q.name, l.how)
FROM voip.queues q,
LATERAL (VALUES (q.timeout_to, 'waited too long'), (q.no_agent_to, 'no agent')) l (to_id, how)
WHERE l.to_id IS NOT NULL AND NOT EXISTS (SELECT FROM voip.extensions WHERE queue_id = q.id)
UNION ALL
SELECT s.domain_id, 'extensions', l.to_id, format('schedule "%s" (%s)', s.name, l.how)
FROM voip.schedules s,
LATERAL (VALUES (s.open_to, 'open'), (s.closed_to, 'closed'), (s.holiday_to, 'holiday'))
    l (to_id, how)
WHERE l.to_id IS NOT NULL AND NOT EXISTS (SELECT FROM voip.extensions WHERE schedule_id = s.id)
UNION ALL
SELECT a.domain_id, 'extensions', a.then_to, format('announcement "%s"', a.name)
FROM voip.announcements a
WHERE a.then_to IS NOT NULL
  AND NOT EXISTS (SELECT FROM voip.extensions WHERE announcement_id = a.id)
UNION ALL
SELECT i.domain_id, 'extensions', i.extension_id, format('menu "%s" (key %s)', m.name, i.digit)
FROM voip.ivr_entries i
JOIN voip.ivr_menus m ON m.id = i.menu_id
WHERE NOT EXISTS (SELECT FROM voip.extensions WHERE ivr_menu_id = m.id AND id <> i.extension_id)
UNION ALL
SELECT n.domain_id, 'extensions', n.extension_id, format('inbound number %s', n.number)
FROM voip.inbound_numbers n
UNION ALL
SELECT e.domain_id, u.used_table, u.used_id, format('extension %s', e.number)
FROM voip.extensions e,
LATERAL (VALUES ('users', e.user_id), ('ring_groups', e.ring_group_id), ('queues', e.queue_id),
                ('ivr_menus', e.ivr_menu_id), ('voicemail_boxes', e.voicemail_box_id),
                ('conferences', e.conference_id), ('schedules', e.schedule_id),
                ('announcements', e.announcement_id)) u (used_table, used_id)
WHERE u.used_id IS NOT NULL
UNION ALL
SELECT m.domain_id, 'users', m.user_id, format('queue "%s"', q.name)
FROM voip.queue_members m JOIN voip.queues q ON q.id = m.queue_id
UNION ALL
SELECT m.domain_id, 'users', m.user_id, format('ring group "%s"', g.name)
FROM voip.ring_group_members m JOIN voip.ring_groups g ON g.id = m.ring_group_id
WHERE m.user_id IS NOT NULL
UNION ALL
SELECT b.domain_id, 'users', b.user_id, format('mailbox %s', b.mailbox)
FROM voip.voicemail_boxes b WHERE b.user_id IS NOT NULL
UNION ALL
SELECT t.domain_id, 'trunks', t.trunk_id, format('outbound route "%s"', r.name)
FROM voip.outbound_route_trunks t JOIN voip.outbound_routes r ON r.id = t.route_id;

GRANT SELECT ON voip.vw_leads, voip.vw_used_by TO dialplane_tenant, dialplane_control;

-- Refuses to delete what is in use, and says by whom (the first twenty).
CREATE FUNCTION voip.refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    users text[];
BEGIN
    SELECT array_agg(used_by ORDER BY used_by) INTO users
    FROM voip.vw_used_by WHERE used_table = TG_TABLE_NAME AND used_id = OLD.id;
    IF users IS NOT NULL THEN
        RAISE EXCEPTION 'this is in use by %', array_to_string(users[1:20], ', ')
                        || CASE WHEN cardinality(users) > 20
                                THEN format(' and %s more', cardinality(users) - 20) ELSE '' END
            USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME, SCHEMA = 'voip',
                  CONSTRAINT = 'in_use';
    END IF;
    RETURN OLD;
END
$$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['extensions', 'users', 'ring_groups', 'queues', 'ivr_menus',
                             'voicemail_boxes', 'conferences', 'schedules', 'announcements',
                             'trunks']
    LOOP
        EXECUTE format('CREATE TRIGGER in_use BEFORE DELETE ON voip.%I '
                       'FOR EACH ROW EXECUTE FUNCTION voip.refuse_delete()', t);
    END LOOP;
END
$$;

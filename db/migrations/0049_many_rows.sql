-- What a row costs beside itself, when ten thousand of them are written at once.

-- As before, in PL/pgSQL: its plans are kept, and SQL's are made anew for every row of a trigger.
CREATE OR REPLACE FUNCTION voip.notify_key(changed_table text, domain bigint, key text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF key IS NOT NULL THEN
        PERFORM pg_notify('dialplane', json_build_object(
                    'table', changed_table, 'domain', d.name, 'key', key)::text)
        FROM voip.domains d WHERE d.id = domain;
    END IF;
END
$$;

-- As before, and each way is looked for once.
CREATE OR REPLACE FUNCTION voip.refuse_loops(extensions bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    extension bigint;
    way text;
BEGIN
    FOREACH extension IN ARRAY extensions LOOP
        way := voip.loop_of(extension);
        IF way IS NOT NULL THEN
            RAISE EXCEPTION 'calls would go round in a circle: %', way
                USING ERRCODE = 'check_violation', CONSTRAINT = 'no_loops',
                      HINT = 'Let one of these numbers lead somewhere else.';
        END IF;
    END LOOP;
END
$$;

-- As before, with statements whose plans are kept. Whole ways are followed only from extensions that
-- lead where it goes on: most lead nowhere, and most of the others to a phone or a mailbox. Two
-- transactions could each close one half of a circle: those of a tenant that lead anywhere go one after
-- the other, and what is read after the lock is what the other one has left.
CREATE OR REPLACE FUNCTION voip.check_loops() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    extensions bigint[];
    extension bigint;
    target bigint;
    targets bigint[];
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'extensions' THEN
            extensions := ARRAY[NEW.id];
        WHEN 'queues' THEN
            extensions := ARRAY(SELECT id FROM voip.extensions WHERE queue_id = NEW.id);
        WHEN 'schedules' THEN
            extensions := ARRAY(SELECT id FROM voip.extensions WHERE schedule_id = NEW.id);
        WHEN 'announcements' THEN
            extensions := ARRAY(SELECT id FROM voip.extensions WHERE announcement_id = NEW.id);
        WHEN 'ivr_entries' THEN
            extensions := ARRAY(SELECT id FROM voip.extensions WHERE ivr_menu_id = NEW.menu_id);
    END CASE;
    FOREACH extension IN ARRAY extensions LOOP
        targets := ARRAY(SELECT to_id FROM voip.vw_leads WHERE from_id = extension);
        CONTINUE WHEN targets = '{}';
        PERFORM pg_advisory_xact_lock(hashtextextended('voip.no_loops', NEW.domain_id));
        FOREACH target IN ARRAY targets LOOP
            IF EXISTS (SELECT FROM voip.vw_leads WHERE from_id = target) THEN
                PERFORM voip.refuse_loops(ARRAY[extension]);
                EXIT;
            END IF;
        END LOOP;
    END LOOP;
    RETURN NULL;
END
$$;

DROP TRIGGER no_loops ON voip.extensions;
CREATE TRIGGER no_loops AFTER INSERT OR UPDATE ON voip.extensions
    FOR EACH ROW WHEN (num_nonnulls(NEW.always_to, NEW.busy_to, NEW.no_answer_to, NEW.unreachable_to,
                                    NEW.queue_id, NEW.schedule_id, NEW.announcement_id,
                                    NEW.ivr_menu_id) > 0)
    EXECUTE FUNCTION voip.check_loops();
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['queues', 'schedules', 'announcements', 'ivr_entries']
    LOOP
        EXECUTE format('DROP TRIGGER no_loops ON voip.%I', t);
        EXECUTE format('CREATE TRIGGER no_loops AFTER INSERT OR UPDATE ON voip.%I '
                       'FOR EACH ROW EXECUTE FUNCTION voip.check_loops()', t);
    END LOOP;
END
$$;

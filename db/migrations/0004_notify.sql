-- Every change to voip.* says so on channel `dialplane`: the table, the tenant and the key, never
-- the value. `dialplane serve` listens and deletes exactly those keys in the edge's memory. A row
-- whose resolved value depends on another one is named too, so the listener needs no knowledge of
-- the model. PostgreSQL folds equal notifications of one transaction into one.

CREATE FUNCTION voip.notify_key(changed_table text, domain bigint, key text) RETURNS void
    LANGUAGE sql AS $$
    SELECT pg_notify('dialplane', json_build_object(
               'table', changed_table, 'domain', d.name, 'key', key)::text)
    FROM voip.domains d
    WHERE d.id = domain AND key IS NOT NULL;
$$;

CREATE FUNCTION voip.notify_users(user_ids bigint[]) RETURNS void LANGUAGE sql AS $$
    SELECT voip.notify_key('users', u.domain_id, u.username) FROM voip.users u
    WHERE u.id = ANY (user_ids);
$$;

-- The extensions that lead to these things, and those that forward to such an extension's number.
CREATE FUNCTION voip.notify_extensions(users bigint[], boxes bigint[], targets bigint[])
    RETURNS void LANGUAGE sql AS $$
    SELECT voip.notify_key('extensions', e.domain_id, e.number)
    FROM (SELECT domain_id, number FROM voip.extensions WHERE user_id = ANY (users)
          UNION SELECT domain_id, number FROM voip.extensions WHERE voicemail_box_id = ANY (boxes)
          UNION SELECT domain_id, number FROM voip.extensions WHERE always_to = ANY (targets)
          UNION SELECT domain_id, number FROM voip.extensions WHERE busy_to = ANY (targets)
          UNION SELECT domain_id, number FROM voip.extensions WHERE no_answer_to = ANY (targets)
          UNION SELECT domain_id, number FROM voip.extensions WHERE unreachable_to = ANY (targets)
         ) e;
$$;

-- In all of these OLD is null after INSERT and NEW after DELETE.

CREATE FUNCTION voip.domains_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('dialplane', json_build_object(
        'table', 'domains', 'domain', d, 'key', d)::text)
    FROM unnest(ARRAY[OLD.name, NEW.name]) d WHERE d IS NOT NULL;
    RETURN NULL;
END
$$;

CREATE FUNCTION voip.users_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('users', OLD.domain_id, OLD.username);
    PERFORM voip.notify_key('users', NEW.domain_id, NEW.username);
    IF TG_OP = 'UPDATE'
       AND (OLD.username, OLD.enabled) IS DISTINCT FROM (NEW.username, NEW.enabled) THEN
        PERFORM voip.notify_extensions(ARRAY[NEW.id], NULL, NULL);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION voip.extensions_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('extensions', OLD.domain_id, OLD.number);
    PERFORM voip.notify_key('extensions', NEW.domain_id, NEW.number);
    IF TG_OP = 'UPDATE' AND OLD.number <> NEW.number THEN
        PERFORM voip.notify_extensions(NULL, NULL, ARRAY[NEW.id]);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION voip.voicemail_boxes_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('voicemail_boxes', OLD.domain_id, OLD.mailbox);
    PERFORM voip.notify_key('voicemail_boxes', NEW.domain_id, NEW.mailbox);
    PERFORM voip.notify_users(ARRAY[OLD.user_id, NEW.user_id]);
    IF TG_OP = 'UPDATE' AND OLD.mailbox <> NEW.mailbox THEN
        PERFORM voip.notify_extensions(NULL, ARRAY[NEW.id], NULL);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION voip.ivr_menus_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('ivr_menus', OLD.domain_id, OLD.id::text);
    PERFORM voip.notify_key('ivr_menus', NEW.domain_id, NEW.id::text);
    RETURN NULL;
END
$$;

CREATE FUNCTION voip.ivr_entries_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('ivr_menus', OLD.domain_id, OLD.menu_id::text);
    PERFORM voip.notify_key('ivr_menus', NEW.domain_id, NEW.menu_id::text);
    RETURN NULL;
END
$$;

-- TRUNCATE names no row: the tenant '*' stands for all of them.
CREATE FUNCTION voip.truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('dialplane', json_build_object(
        'table', 'domains', 'domain', '*', 'key', '*')::text);
    RETURN NULL;
END
$$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['domains', 'users', 'extensions', 'voicemail_boxes', 'ivr_menus',
                             'ivr_entries']
    LOOP
        EXECUTE format('CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON voip.%I '
                       'FOR EACH ROW EXECUTE FUNCTION voip.%I()', t, t || '_changed');
        EXECUTE format('CREATE TRIGGER truncated AFTER TRUNCATE ON voip.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION voip.truncated()', t);
    END LOOP;
END
$$;

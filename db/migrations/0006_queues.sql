-- Queues, whose callers wait for one of several users, and conferences.

CREATE TABLE voip.queues (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id   bigint NOT NULL REFERENCES voip.domains,
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100 AND name !~ '[[:cntrl:]]'),
    -- Whom of the free members of the lowest level a caller gets.
    strategy    text NOT NULL DEFAULT 'longest_idle' CHECK (strategy IN (
                    'ring_all', 'longest_idle', 'round_robin', 'top_down', 'random',
                    'fewest_calls', 'least_talk')),
    -- Null: the platform's own.
    music       voip.prompt,
    -- Seconds a member's phone rings before the next member is tried.
    ring_s      integer NOT NULL DEFAULT 20 CHECK (ring_s BETWEEN 5 AND 300),
    -- Seconds a member has to himself after a call, and after one that he did not take: never none,
    -- or a phone that is not there would be called without a pause.
    wrap_up_s   integer NOT NULL DEFAULT 10 CHECK (wrap_up_s BETWEEN 1 AND 3600),
    -- Seconds a caller waits; 0: for ever.
    max_wait_s  integer NOT NULL DEFAULT 0 CHECK (max_wait_s BETWEEN 0 AND 86400),
    -- Where a caller goes who has waited that long, and where when no member is logged in. Null: the
    -- former ends the call, the latter waits on.
    timeout_to  bigint,
    no_agent_to bigint,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (domain_id, name),
    UNIQUE (domain_id, id),
    FOREIGN KEY (domain_id, timeout_to) REFERENCES voip.extensions (domain_id, id),
    FOREIGN KEY (domain_id, no_agent_to) REFERENCES voip.extensions (domain_id, id)
);
CREATE INDEX queues_timeout ON voip.queues (timeout_to) WHERE timeout_to IS NOT NULL;
CREATE INDEX queues_no_agent ON voip.queues (no_agent_to) WHERE no_agent_to IS NOT NULL;

-- Who answers a queue's calls. A higher level is asked when nobody of the lower ones is free.
CREATE TABLE voip.queue_members (
    domain_id bigint NOT NULL REFERENCES voip.domains,
    queue_id  bigint NOT NULL,
    user_id   bigint NOT NULL,
    level     integer NOT NULL DEFAULT 1 CHECK (level BETWEEN 1 AND 100),
    position  integer NOT NULL DEFAULT 1 CHECK (position BETWEEN 1 AND 1000),
    PRIMARY KEY (queue_id, user_id),
    FOREIGN KEY (domain_id, queue_id) REFERENCES voip.queues (domain_id, id) ON DELETE CASCADE,
    FOREIGN KEY (domain_id, user_id) REFERENCES voip.users (domain_id, id)
);
CREATE INDEX queue_members_user ON voip.queue_members (user_id);

-- PINs are told to everybody who is invited, so they are kept as they are. A moderator's PIN is
-- asked for together with the other one, hence never alone.
CREATE DOMAIN voip.conference_pin AS text CHECK (VALUE ~ '^[0-9]{4,16}$');

CREATE TABLE voip.conferences (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id     bigint NOT NULL REFERENCES voip.domains,
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 100 AND name !~ '[[:cntrl:]]'),
    pin           voip.conference_pin,
    moderator_pin voip.conference_pin,
    max_members   integer NOT NULL DEFAULT 20 CHECK (max_members BETWEEN 2 AND 500),
    -- A tone when somebody comes or goes.
    announce      boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (domain_id, name),
    UNIQUE (domain_id, id),
    CONSTRAINT moderator_has_another_pin CHECK (
        moderator_pin IS NULL OR (pin IS NOT NULL AND moderator_pin <> pin))
);

CALL voip.isolate('voip.queues');
CALL voip.isolate('voip.queue_members');
CALL voip.isolate('voip.conferences');

ALTER TABLE voip.extensions
    ADD queue_id bigint,
    ADD conference_id bigint,
    ADD FOREIGN KEY (domain_id, queue_id) REFERENCES voip.queues (domain_id, id),
    ADD FOREIGN KEY (domain_id, conference_id) REFERENCES voip.conferences (domain_id, id),
    DROP CONSTRAINT extensions_type_check,
    ADD CONSTRAINT extensions_type_check CHECK (
        type IN ('user', 'ivr', 'voicemail', 'queue', 'conference')),
    DROP CONSTRAINT refers_to_its_type,
    ADD CONSTRAINT refers_to_its_type CHECK (
        (type = 'user') = (user_id IS NOT NULL)
        AND (type = 'ivr') = (ivr_menu_id IS NOT NULL)
        AND (type = 'queue') = (queue_id IS NOT NULL)
        AND (type = 'conference') = (conference_id IS NOT NULL)
        AND (type = 'voicemail' OR voicemail_box_id IS NULL));
CREATE INDEX extensions_queue ON voip.extensions (queue_id) WHERE queue_id IS NOT NULL;
CREATE INDEX extensions_conference ON voip.extensions (conference_id)
    WHERE conference_id IS NOT NULL;

-- Where a queue's callers go instead is said as for users: `no_answer_to` after too long a wait,
-- `unreachable_to` when nobody is there.
CREATE OR REPLACE VIEW voip.vw_extensions WITH (security_invoker = true) AS
SELECT d.name   AS domain,
       e.number AS extension,
       e.type,
       jsonb_strip_nulls(jsonb_build_object(
           'user', u.username, 'ivr_menu', e.ivr_menu_id, 'mailbox', b.mailbox,
           'queue', e.queue_id, 'conference', e.conference_id)) AS service_ref,
       e.type <> 'user' AS need_media,
       e.ring_timeout_s,
       always.number      AS always_to,
       busy.number        AS busy_to,
       no_answer.number   AS no_answer_to,
       unreachable.number AS unreachable_to,
       e.id             AS extension_id,
       d.id             AS domain_id
FROM voip.extensions e
JOIN voip.domains d ON d.id = e.domain_id AND d.enabled
LEFT JOIN voip.users u ON u.id = e.user_id
LEFT JOIN voip.voicemail_boxes b ON b.id = e.voicemail_box_id
LEFT JOIN voip.queues q ON q.id = e.queue_id
LEFT JOIN voip.extensions always ON always.id = e.always_to
LEFT JOIN voip.extensions busy ON busy.id = e.busy_to
LEFT JOIN voip.extensions no_answer ON no_answer.id = coalesce(q.timeout_to, e.no_answer_to)
LEFT JOIN voip.extensions unreachable
    ON unreachable.id = coalesce(q.no_agent_to, e.unreachable_to)
WHERE u.id IS NULL OR u.enabled;

CREATE OR REPLACE VIEW kamailio.htable_ext AS
SELECT x.domain::text,
       x.extension::text AS name,
       x.domain || ':' || x.extension AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('type="%s";ref="%s";media="%s";ring="%s";'
              'always="%s";busy="%s";noanswer="%s";unreachable="%s"',
              x.type,
              coalesce(x.service_ref ->> 'user', x.service_ref ->> 'ivr_menu',
                       x.service_ref ->> 'mailbox', x.service_ref ->> 'queue',
                       x.service_ref ->> 'conference'),
              x.need_media::int, x.ring_timeout_s,
              x.always_to, x.busy_to, x.no_answer_to, x.unreachable_to) AS key_value,
       0 AS expires
FROM voip.vw_extensions x;

GRANT SELECT (queue_id, conference_id) ON voip.extensions TO dialplane_edge;
GRANT SELECT (id, timeout_to, no_agent_to) ON voip.queues TO dialplane_edge;

-- Notices, as in 0004_notify.sql.

CREATE FUNCTION voip.notify_queues(queue_ids bigint[]) RETURNS void LANGUAGE sql AS $$
    SELECT voip.notify_key('queues', q.domain_id, q.id::text) FROM voip.queues q
    WHERE q.id = ANY (queue_ids);
$$;

-- A number that leads to a queue also says where its callers go instead.
CREATE FUNCTION voip.notify_overflow(queue_ids bigint[]) RETURNS void LANGUAGE sql AS $$
    SELECT voip.notify_queues(queue_ids);
    SELECT voip.notify_key('extensions', e.domain_id, e.number) FROM voip.extensions e
    WHERE e.queue_id = ANY (queue_ids);
$$;

CREATE FUNCTION voip.queues_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('queues', OLD.domain_id, OLD.id::text);
    PERFORM voip.notify_key('queues', NEW.domain_id, NEW.id::text);
    IF TG_OP = 'UPDATE' AND (OLD.timeout_to, OLD.no_agent_to)
                            IS DISTINCT FROM (NEW.timeout_to, NEW.no_agent_to) THEN
        PERFORM voip.notify_overflow(ARRAY[NEW.id]);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION voip.queue_members_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('queues', OLD.domain_id, OLD.queue_id::text);
    PERFORM voip.notify_key('queues', NEW.domain_id, NEW.queue_id::text);
    RETURN NULL;
END
$$;

CREATE FUNCTION voip.conferences_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('conferences', OLD.domain_id, OLD.id::text);
    PERFORM voip.notify_key('conferences', NEW.domain_id, NEW.id::text);
    RETURN NULL;
END
$$;

-- A user who is renamed or disabled changes the queues he answers.
CREATE OR REPLACE FUNCTION voip.users_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('users', OLD.domain_id, OLD.username);
    PERFORM voip.notify_key('users', NEW.domain_id, NEW.username);
    IF TG_OP = 'UPDATE'
       AND (OLD.username, OLD.enabled) IS DISTINCT FROM (NEW.username, NEW.enabled) THEN
        PERFORM voip.notify_extensions(ARRAY[NEW.id], NULL, NULL);
        PERFORM voip.notify_queues(ARRAY(SELECT queue_id FROM voip.queue_members
                                         WHERE user_id = NEW.id));
    END IF;
    RETURN NULL;
END
$$;

-- A number that is changed changes those that lead to it, and the queues that do.
CREATE OR REPLACE FUNCTION voip.extensions_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('extensions', OLD.domain_id, OLD.number);
    PERFORM voip.notify_key('extensions', NEW.domain_id, NEW.number);
    IF TG_OP = 'UPDATE' AND OLD.number <> NEW.number THEN
        PERFORM voip.notify_extensions(NULL, NULL, ARRAY[NEW.id]);
        PERFORM voip.notify_overflow(ARRAY(SELECT id FROM voip.queues
                                           WHERE NEW.id IN (timeout_to, no_agent_to)));
    END IF;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['queues', 'queue_members', 'conferences']
    LOOP
        EXECUTE format('CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON voip.%I '
                       'FOR EACH ROW EXECUTE FUNCTION voip.%I()', t, t || '_changed');
        EXECUTE format('CREATE TRIGGER truncated AFTER TRUNCATE ON voip.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION voip.truncated()', t);
    END LOOP;
END
$$;

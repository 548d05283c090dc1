-- Which calls are recorded. A policy is said of the whole tenant, an extension, a queue or a trunk, and
-- of calls in one direction or of all; the edge carries it out from memory.

CREATE TABLE voip.recording_policies (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id    bigint NOT NULL REFERENCES voip.domains,
    -- Of what; none of them: of every call of the tenant.
    extension_id bigint,
    queue_id     bigint,
    trunk_id     bigint,
    scope        text NOT NULL GENERATED ALWAYS AS (
                     CASE WHEN extension_id IS NOT NULL THEN 'extension'
                          WHEN queue_id IS NOT NULL THEN 'queue'
                          WHEN trunk_id IS NOT NULL THEN 'trunk' ELSE 'domain' END) STORED,
    direction    text NOT NULL DEFAULT 'any'
                 CHECK (direction IN ('internal', 'inbound', 'outbound', 'any')),
    -- on_demand: from when somebody of the tenant dials the star code in the call.
    mode         text NOT NULL CHECK (mode IN ('never', 'always', 'on_demand')),
    -- The caller is told when he is answered.
    announce     boolean NOT NULL DEFAULT false,
    -- The star code interrupts a recording that is always made, as for card numbers.
    allow_pause  boolean NOT NULL DEFAULT false,
    CONSTRAINT is_of_one_thing CHECK (num_nonnulls(extension_id, queue_id, trunk_id) <= 1),
    CONSTRAINT one_per_direction
        UNIQUE NULLS NOT DISTINCT (domain_id, extension_id, queue_id, trunk_id, direction),
    FOREIGN KEY (domain_id, extension_id) REFERENCES voip.extensions (domain_id, id)
        ON DELETE CASCADE,
    FOREIGN KEY (domain_id, queue_id) REFERENCES voip.queues (domain_id, id) ON DELETE CASCADE,
    FOREIGN KEY (domain_id, trunk_id) REFERENCES voip.trunks (domain_id, id) ON DELETE CASCADE
);
CREATE INDEX recording_policies_extension ON voip.recording_policies (extension_id)
    WHERE extension_id IS NOT NULL;
CREATE INDEX recording_policies_queue ON voip.recording_policies (queue_id)
    WHERE queue_id IS NOT NULL;
CREATE INDEX recording_policies_trunk ON voip.recording_policies (trunk_id)
    WHERE trunk_id IS NOT NULL;
CALL voip.isolate('voip.recording_policies');

-- ---------------------------------------------------------------- which policy wins

-- What is said of these things for calls in this direction, as a number: of several, the highest counts,
-- whoever compares them. 0: nothing is said. Its digits:
--   thousands  3 of an extension or a queue, 2 of a trunk, 1 of the tenant
--   hundreds   2 always, 1 on demand, 0 never
--   tens       1 with an announcement
--   units      1 may be paused
-- What is said of one thing for the direction itself hides what is said of it for any.
CREATE FUNCTION voip.recording_weight(domain bigint, extensions bigint[], queues bigint[],
                                      trunks bigint[], direction text) RETURNS integer
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(weight), 0) FROM (
        SELECT DISTINCT ON (p.extension_id, p.queue_id, p.trunk_id)
               CASE p.scope WHEN 'domain' THEN 1000 WHEN 'trunk' THEN 2000 ELSE 3000 END
               + CASE p.mode WHEN 'always' THEN 200 WHEN 'on_demand' THEN 100 ELSE 0 END
               + 10 * p.announce::int + p.allow_pause::int AS weight
        FROM voip.recording_policies p
        WHERE p.domain_id = recording_weight.domain
          AND (p.scope = 'domain' AND coalesce(extensions, queues, trunks) IS NULL
               OR p.extension_id = ANY (extensions) OR p.queue_id = ANY (queues)
               OR p.trunk_id = ANY (trunks))
          AND p.direction IN (recording_weight.direction, 'any')
        ORDER BY p.extension_id, p.queue_id, p.trunk_id, p.direction = 'any') applying;
$$;

-- "<internal>,<inbound>,<outbound>", as the edge has it in memory; empty where nothing is said.
CREATE FUNCTION voip.recording_weights(domain bigint, extensions bigint[], queues bigint[],
                                       trunks bigint[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN max(weight) > 0 THEN string_agg(weight::text, ',' ORDER BY n) ELSE '' END
    FROM unnest(ARRAY['internal', 'inbound', 'outbound']) WITH ORDINALITY d (direction, n),
         voip.recording_weight(domain, extensions, queues, trunks, d.direction) weight;
$$;

-- What becomes of a call in this direction from and to extensions, by trunks; null: nothing is said.
CREATE FUNCTION voip.recording_of(domain bigint, extensions bigint[], trunks bigint[],
                                  direction text,
                                  OUT mode text, OUT announce boolean, OUT allow_pause boolean)
    LANGUAGE sql STABLE AS $$
    SELECT (ARRAY['never', 'on_demand', 'always'])[w / 100 % 10 + 1], w / 10 % 10 = 1, w % 10 = 1
    FROM (SELECT max(weight) AS w FROM (
              VALUES (voip.recording_weight(domain, coalesce(extensions, '{}'),
                          ARRAY(SELECT queue_id FROM voip.extensions WHERE id = ANY (recording_of.extensions)),
                          coalesce(trunks, '{}'), direction)),
                     (voip.recording_weight(domain, NULL, NULL, NULL, direction))) said (weight)) t
    WHERE w > 0;
$$;

-- ---------------------------------------------------------------- what the edge reads

-- htable `record`: what is said of a number (e.<number>), of who calls by all his numbers
-- (u.<username>), of a trunk (t.<id>) and of the tenant (d.all). Only where something is said.
CREATE VIEW kamailio.htable_record AS
SELECT d.name::text AS domain,
       s.name,
       d.name || ':' || s.name AS key_name,
       0 AS key_type,
       0 AS value_type,
       voip.recording_weights(d.id, s.extensions, s.queues, s.trunks) AS key_value,
       0 AS expires
FROM (SELECT e.domain_id, 'e.' || e.number AS name, ARRAY[e.id] AS extensions,
             ARRAY[e.queue_id] AS queues, '{}'::bigint[] AS trunks
      FROM voip.extensions e
      WHERE EXISTS (SELECT FROM voip.recording_policies p
                    WHERE p.extension_id = e.id OR p.queue_id = e.queue_id)
      UNION ALL
      SELECT u.domain_id, 'u.' || u.username, array_agg(e.id), '{}', '{}'
      FROM voip.users u
      JOIN voip.extensions e ON e.user_id = u.id
      WHERE EXISTS (SELECT FROM voip.recording_policies p WHERE p.extension_id = e.id)
      GROUP BY u.domain_id, u.username
      UNION ALL
      SELECT p.domain_id, 't.' || p.trunk_id, '{}', '{}', ARRAY[p.trunk_id]
      FROM voip.recording_policies p WHERE p.trunk_id IS NOT NULL
      GROUP BY p.domain_id, p.trunk_id
      UNION ALL
      SELECT p.domain_id, 'd.all', NULL, NULL, NULL
      FROM voip.recording_policies p WHERE p.scope = 'domain'
      GROUP BY p.domain_id) s
JOIN voip.domains d ON d.id = s.domain_id AND d.enabled;

INSERT INTO kamailio.version (table_name, table_version) VALUES ('htable_record', 2);
GRANT SELECT ON kamailio.htable_record TO dialplane_edge;
GRANT SELECT ON voip.recording_policies TO dialplane_edge;

-- ---------------------------------------------------------------- notices

-- What is said of these numbers, and of whose they are, is to be read again.
CREATE FUNCTION voip.notify_recording(ids bigint[]) RETURNS void LANGUAGE sql AS $$
    SELECT voip.notify_key('recordings', e.domain_id, 'e.' || e.number)
    FROM voip.extensions e WHERE e.id = ANY (ids);
    SELECT voip.notify_key('recordings', e.domain_id, 'u.' || u.username)
    FROM voip.extensions e JOIN voip.users u ON u.id = e.user_id WHERE e.id = ANY (ids);
$$;

CREATE FUNCTION voip.recording_policies_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    domain bigint := coalesce(NEW.domain_id, OLD.domain_id);
BEGIN
    PERFORM voip.notify_recording(
        ARRAY[OLD.extension_id, NEW.extension_id]
        || ARRAY(SELECT id FROM voip.extensions WHERE queue_id IN (OLD.queue_id, NEW.queue_id)));
    PERFORM voip.notify_key('recordings', domain, 't.' || trunk)
    FROM unnest(ARRAY[OLD.trunk_id, NEW.trunk_id]) trunk;
    IF 'domain' IN (OLD.scope, NEW.scope) THEN
        PERFORM voip.notify_key('recordings', domain, 'd.all');
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON voip.recording_policies
    FOR EACH ROW EXECUTE FUNCTION voip.recording_policies_changed();
CREATE TRIGGER truncated AFTER TRUNCATE ON voip.recording_policies
    FOR EACH STATEMENT EXECUTE FUNCTION voip.truncated();

-- Another number, another owner or another queue; or the number goes, and its policies with it.
CREATE FUNCTION voip.recorded_extension_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM voip.recording_policies p
               WHERE p.extension_id = OLD.id OR p.queue_id IN (OLD.queue_id, NEW.queue_id)) THEN
        PERFORM voip.notify_key('recordings', OLD.domain_id, 'e.' || number)
        FROM unnest(ARRAY[OLD.number, NEW.number]::text[]) number;
        PERFORM voip.notify_key('recordings', u.domain_id, 'u.' || u.username)
        FROM voip.users u WHERE u.id IN (OLD.user_id, NEW.user_id);
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER recorded AFTER UPDATE OF number, user_id, queue_id ON voip.extensions
    FOR EACH ROW EXECUTE FUNCTION voip.recorded_extension_changed();
CREATE TRIGGER recorded_until_now BEFORE DELETE ON voip.extensions
    FOR EACH ROW EXECUTE FUNCTION voip.recorded_extension_changed();

CREATE FUNCTION voip.recorded_user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM voip.recording_policies p
               JOIN voip.extensions e ON e.id = p.extension_id WHERE e.user_id = NEW.id) THEN
        PERFORM voip.notify_key('recordings', NEW.domain_id, 'u.' || username)
        FROM unnest(ARRAY[OLD.username, NEW.username]::text[]) username;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER recorded AFTER UPDATE OF username ON voip.users
    FOR EACH ROW EXECUTE FUNCTION voip.recorded_user_changed();

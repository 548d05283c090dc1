-- Music on hold of a tenant's own: what those hear who are parked, or put on hold in a call that runs
-- through a media server, or wait in a queue that has no music of its own. Null: the platform's.

ALTER TABLE voip.domains
    ADD music voip.prompt CHECK (starts_with(music, 'custom/')),
    ADD own_music text GENERATED ALWAYS AS (voip.own_prompt(music)) STORED,
    ADD FOREIGN KEY (id, own_music) REFERENCES voip.prompts (domain_id, name);

DO $$
BEGIN
    -- One more kind of use, whatever the view knows by now.
    EXECUTE format('CREATE OR REPLACE VIEW voip.vw_used_by WITH (security_invoker = true) AS '
                   '%s UNION ALL %s', rtrim(pg_get_viewdef('voip.vw_used_by'), ';'), $view$
        SELECT d.id, 'prompts', p.id, 'music on hold'
        FROM voip.domains d
        JOIN voip.prompts p ON p.domain_id = d.id AND p.name = d.own_music$view$);
END
$$;

-- The edge hands it on with each call that goes to a media server (X-VOIP-Music), as the digest that
-- names its file: no media server asks anybody.
CREATE OR REPLACE VIEW kamailio.htable_limit AS
SELECT d.name::text AS domain,
       'limits' AS name,
       d.name || ':limits' AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('cc="%s";international="%s";premium="%s";calls="%s";spent="%s";music="%s"',
              d.country_code, d.allow_international::int, d.allow_premium::int, d.max_calls,
              CASE WHEN d.max_outbound_minutes = 0 THEN 2147483647
                   WHEN u.used_ms >= d.max_outbound_minutes * 60000::bigint
                   THEN extract(epoch FROM (u.day + 1)::timestamp AT TIME ZONE d.timezone)::bigint
              END,
              p.sha256) AS key_value,
       0 AS expires
FROM voip.domains d
LEFT JOIN voip.outbound_usage u
    ON u.domain_id = d.id AND u.day = (now() AT TIME ZONE d.timezone)::date
LEFT JOIN voip.prompts p ON p.domain_id = d.id AND p.name = d.own_music
WHERE d.enabled;

-- Other music is no other tenant: the edge reads one row again, and not everything.
CREATE OR REPLACE FUNCTION voip.domains_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    columns text[] := ARRAY['music', 'own_music'];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.music IS DISTINCT FROM NEW.music
       AND to_jsonb(OLD) - columns = to_jsonb(NEW) - columns THEN
        PERFORM voip.notify_key('limits', NEW.id, 'limits');
        RETURN NULL;
    END IF;
    PERFORM pg_notify('dialplane', json_build_object(
        'table', 'domains', 'domain', d, 'key', d)::text)
    FROM unnest(ARRAY[OLD.name, NEW.name]) d WHERE d IS NOT NULL;
    RETURN NULL;
END
$$;

-- The file has another name when the audio is another: who has loaded it is told, or hands it on.
CREATE OR REPLACE FUNCTION voip.prompts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('prompts', OLD.domain_id, OLD.name);
    PERFORM voip.notify_key('prompts', NEW.domain_id, NEW.name);
    PERFORM voip.notify_queues(ARRAY(SELECT id FROM voip.queues
                                     WHERE domain_id = NEW.domain_id
                                       AND NEW.name IN (own_music, own_announcement)));
    PERFORM voip.notify_key('limits', id, 'limits') FROM voip.domains
    WHERE id = NEW.domain_id AND own_music = NEW.name;
    RETURN NULL;
END
$$;

-- Trunks as the edge has them in memory, the notices of their changes, and the minutes that a tenant
-- has used outside. Like kamailio.htable_ext: each view is loaded whole, and read back by domain and
-- name when a row behind it changes.

-- ---------------------------------------------------------------- for outbound calls

-- htable `route`: an outbound route and its trunks, first choice first.
CREATE VIEW kamailio.htable_route AS
SELECT d.name::text AS domain,
       r.id::text AS name,
       d.name || ':' || r.id AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('min="%s";max="%s";strip="%s";prepend="%s";trunks="%s"',
              r.min_length, r.max_length, r.strip, r.prepend,
              (SELECT string_agg(t.trunk_id::text, ',' ORDER BY t.priority)
               FROM voip.outbound_route_trunks t WHERE t.route_id = r.id)) AS key_value,
       0 AS expires
FROM voip.outbound_routes r
JOIN voip.domains d ON d.id = r.domain_id AND d.enabled;

-- The secret name under which a registered trunk is called by its carrier (the user of the Contact).
-- It is the same on every edge, and changes with the password.
CREATE FUNCTION voip.trunk_token(id bigint, ha1 text) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN left(encode(sha256(convert_to('trunk:' || id || ':' || ha1, 'UTF8')), 'hex'), 32);

-- htable `trunk`: a trunk and its gateways, <host>:<port>/<transport>, first choice first. Its name is
-- for call records, and comes there by way of headers: letters, digits and these few others only.
CREATE VIEW kamailio.htable_trunk AS
SELECT d.name::text AS domain,
       t.id::text AS name,
       d.name || ':' || t.id AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('user="%s";realm="%s";ha1="%s";calls="%s";cps="%s";cid="%s";token="%s";gateways="%s";'
              'name="%s"',
              t.username, t.realm, t.ha1, t.max_calls, t.max_cps, t.caller_id,
              CASE WHEN t.register THEN voip.trunk_token(t.id, t.ha1) END,
              (SELECT string_agg(format('%s:%s/%s', lower(g.host), g.port, g.transport), ','
                                 ORDER BY g.priority, g.id)
               FROM voip.trunk_gateways g WHERE g.trunk_id = t.id),
              regexp_replace(t.name, '[^[:alnum:] ._-]', '', 'g')) AS key_value,
       0 AS expires
FROM voip.trunks t
JOIN voip.domains d ON d.id = t.domain_id AND d.enabled
WHERE t.enabled;

-- htable `gateway`: a host where gateways are, their ports, and the trunks whose calls come from it.
-- Carriers serve many tenants from one address.
CREATE VIEW kamailio.htable_gateway AS
SELECT 'gateway' AS domain,
       lower(g.host) AS name,
       'gateway:' || lower(g.host) AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('ports="%s";trunks="%s"',
              string_agg(DISTINCT g.port || '/' || g.transport, ','),
              string_agg(DISTINCT d.name || ':' || t.id, ',')) AS key_value,
       0 AS expires
FROM voip.trunk_gateways g
JOIN voip.trunks t ON t.id = g.trunk_id AND t.enabled
JOIN voip.domains d ON d.id = g.domain_id AND d.enabled
GROUP BY lower(g.host);
CREATE INDEX trunk_gateways_host ON voip.trunk_gateways (lower(host));

-- htable `premium`.
CREATE VIEW kamailio.htable_premium AS
SELECT prefix AS key_name, 0 AS key_type, 1 AS value_type, '1' AS key_value, 0 AS expires
FROM voip.premium_prefixes;

-- ---------------------------------------------------------------- for inbound calls

-- htable `did`: whose a number is, and what it leads to.
CREATE VIEW kamailio.htable_did AS
SELECT 'did' AS domain,
       n.number AS name,
       'did:' || n.number AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('domain="%s";to="%s"', d.name, e.number) AS key_value,
       0 AS expires
FROM voip.inbound_numbers n
JOIN voip.domains d ON d.id = n.domain_id AND d.enabled
JOIN voip.extensions e ON e.id = n.extension_id;

-- The uac module's registrations (uacreg, version 5). The first gateway is the registrar.
CREATE VIEW kamailio.trunk_registrations AS
SELECT t.id::integer AS id,
       voip.trunk_token(t.id, t.ha1) AS l_uuid,
       t.id::text AS l_username,
       d.name::text AS l_domain,
       t.username::text AS r_username,
       t.realm AS r_domain,
       t.realm AS realm,
       t.username::text AS auth_username,
       ''::text AS auth_password,
       t.ha1::text AS auth_ha1,
       format('sip:%s:%s;transport=%s', g.host, g.port, g.transport) AS auth_proxy,
       300 AS expires,
       0 AS flags,
       0 AS reg_delay,
       ''::text AS contact_addr,
       ''::text AS socket
FROM voip.trunks t
JOIN voip.domains d ON d.id = t.domain_id AND d.enabled
JOIN LATERAL (SELECT host, port, transport FROM voip.trunk_gateways
              WHERE trunk_id = t.id ORDER BY priority, id LIMIT 1) g ON true
WHERE t.enabled AND t.register;

-- ---------------------------------------------------------------- what a tenant may spend

-- Time of answered calls to the outside, by day of the tenant's clock.
CREATE TABLE voip.outbound_usage (
    domain_id bigint NOT NULL REFERENCES voip.domains ON DELETE CASCADE,
    day       date NOT NULL,
    used_ms   bigint NOT NULL CHECK (used_ms >= 0),
    PRIMARY KEY (domain_id, day)
);
CALL voip.isolate('voip.outbound_usage');
-- Counted, not written.
REVOKE INSERT, UPDATE, DELETE ON voip.outbound_usage FROM dialplane_tenant;

-- htable `limit`. `spent` is the second at which calls outside are possible again: the tenant's next
-- midnight, so that the limit is gone then without anybody's doing.
CREATE VIEW kamailio.htable_limit AS
SELECT d.name::text AS domain,
       'limits' AS name,
       d.name || ':limits' AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('cc="%s";international="%s";premium="%s";calls="%s";spent="%s"',
              d.country_code, d.allow_international::int, d.allow_premium::int, d.max_calls,
              CASE WHEN d.max_outbound_minutes = 0 THEN 2147483647
                   WHEN u.used_ms >= d.max_outbound_minutes * 60000::bigint
                   THEN extract(epoch FROM (u.day + 1)::timestamp AT TIME ZONE d.timezone)::bigint
              END) AS key_value,
       0 AS expires
FROM voip.domains d
LEFT JOIN voip.outbound_usage u
    ON u.domain_id = d.id AND u.day = (now() AT TIME ZONE d.timezone)::date
WHERE d.enabled;

-- Counts a batch of records. A record that comes twice is no new row, so it is not counted twice.
-- The edge is told when a limit is reached, not of every call: NOTIFY takes a lock of the cluster.
CREATE FUNCTION voip.count_outbound() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    reached bigint;
BEGIN
    FOR reached IN
        WITH batch AS (
            SELECT n.domain_id, (n.ended_at AT TIME ZONE d.timezone)::date AS day,
                   sum(n.billable_ms) AS ms
            FROM new_rows n
            JOIN voip.domains d ON d.id = n.domain_id
            WHERE n.service = 'trunk_out' AND n.billable_ms > 0
            GROUP BY 1, 2
        ), counted AS (
            -- In one order, or two writers could wait for each other.
            INSERT INTO voip.outbound_usage AS u (domain_id, day, used_ms)
            SELECT domain_id, day, ms FROM batch ORDER BY domain_id, day
            ON CONFLICT (domain_id, day) DO UPDATE SET used_ms = u.used_ms + excluded.used_ms
            RETURNING u.domain_id, u.day, u.used_ms
        )
        SELECT c.domain_id
        FROM counted c
        JOIN batch b USING (domain_id, day)
        JOIN voip.domains d ON d.id = c.domain_id
        WHERE c.used_ms >= d.max_outbound_minutes * 60000::bigint
          AND c.used_ms - b.ms < d.max_outbound_minutes * 60000::bigint
    LOOP
        PERFORM voip.notify_key('limits', reached, 'limits');
    END LOOP;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION voip.count_outbound FROM PUBLIC;
CREATE TRIGGER count_outbound AFTER INSERT ON voip.cdr
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION voip.count_outbound();

-- The trunk that a call came from, or the last one that was tried for it.
ALTER TABLE voip.cdr ADD trunk text;

-- ---------------------------------------------------------------- rights and notices

INSERT INTO kamailio.version (table_name, table_version)
VALUES ('htable_route', 2), ('htable_trunk', 2), ('htable_gateway', 2), ('htable_premium', 2),
       ('htable_did', 2), ('htable_limit', 2), ('trunk_registrations', 5);
GRANT SELECT ON kamailio.htable_route, kamailio.htable_trunk, kamailio.htable_gateway,
                kamailio.htable_premium, kamailio.htable_did, kamailio.htable_limit,
                kamailio.trunk_registrations TO dialplane_edge;

-- A host that the edge cannot be told by name (IPv6): it reads all of them again.
CREATE FUNCTION voip.notify_gateways(domain bigint, hosts text[]) RETURNS void LANGUAGE sql AS $$
    SELECT CASE WHEN host ~ '^[a-z0-9.-]{1,64}$' THEN voip.notify_key('gateways', domain, host)
                ELSE voip.notify_key('domains', domain, 'gateways') END
    FROM (SELECT DISTINCT lower(h) AS host FROM unnest(hosts) h WHERE h IS NOT NULL) named;
$$;

CREATE FUNCTION voip.trunks_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    domain bigint := coalesce(NEW.domain_id, OLD.domain_id);
    trunk bigint := coalesce(NEW.id, OLD.id);
BEGIN
    PERFORM voip.notify_key('trunks', domain, trunk::text);
    PERFORM voip.notify_gateways(domain, ARRAY(SELECT host FROM voip.trunk_gateways
                                               WHERE trunk_id = trunk));
    RETURN NULL;
END
$$;

CREATE FUNCTION voip.trunk_gateways_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    domain bigint := coalesce(NEW.domain_id, OLD.domain_id);
BEGIN
    PERFORM voip.notify_key('trunks', domain, id::text)
    FROM unnest(ARRAY[OLD.trunk_id, NEW.trunk_id]) id;
    PERFORM voip.notify_gateways(domain, ARRAY[OLD.host, NEW.host]);
    RETURN NULL;
END
$$;

-- An inbound number names its extension by number.
CREATE FUNCTION voip.did_target_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('inbound_numbers', n.domain_id, n.number)
    FROM voip.inbound_numbers n WHERE n.extension_id = NEW.id;
    RETURN NULL;
END
$$;

DROP TRIGGER changed ON voip.trunks;
DROP TRIGGER changed ON voip.trunk_gateways;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON voip.trunks
    FOR EACH ROW EXECUTE FUNCTION voip.trunks_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON voip.trunk_gateways
    FOR EACH ROW EXECUTE FUNCTION voip.trunk_gateways_changed();
CREATE TRIGGER renumbered AFTER UPDATE OF number ON voip.extensions
    FOR EACH ROW EXECUTE FUNCTION voip.did_target_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON voip.premium_prefixes
    FOR EACH STATEMENT EXECUTE FUNCTION voip.truncated();

-- Gateways over TLS, and by what address a gateway is known.

-- Over TLS a gateway has to show a certificate that the edge's CA list vouches for. Off, the call is
-- encrypted for whoever answers there.
ALTER TABLE voip.trunk_gateways ADD verify boolean NOT NULL DEFAULT true;

-- The address as the edge writes it: IPv6 without brackets and compressed (RFC 5952), anything else in
-- lower case. Null for what is in brackets and no address.
CREATE FUNCTION voip.gateway_host(host text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF host !~ '^\[' THEN
        RETURN lower(host);
    END IF;
    RETURN pg_catalog.host(btrim(host, '[]')::inet);
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END
$$;
ALTER TABLE voip.trunk_gateways
    ADD CONSTRAINT host_is_an_address CHECK (voip.gateway_host(host) IS NOT NULL);
DROP INDEX voip.trunk_gateways_host;
CREATE INDEX trunk_gateways_host ON voip.trunk_gateways (voip.gateway_host(host));

-- htable `gateway`, as before (0012). Its name is the address with - for every : , which separates the
-- parts of a key; `host` is how it is written in a URI. `unverified` are the TLS ports whose
-- certificate nobody wants to see: one connection carries the calls of all tenants, so who wants to
-- see it decides for everybody.
CREATE OR REPLACE VIEW kamailio.htable_gateway AS
WITH live AS (
    SELECT voip.gateway_host(g.host) AS at, lower(g.host) AS host, g.port, g.transport, g.verify,
           d.name || ':' || t.id AS trunk
    FROM voip.trunk_gateways g
    JOIN voip.trunks t ON t.id = g.trunk_id AND t.enabled
    JOIN voip.domains d ON d.id = g.domain_id AND d.enabled
)
SELECT 'gateway' AS domain,
       replace(at, ':', '-') AS name,
       'gateway:' || replace(at, ':', '-') AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('host="%s";ports="%s";trunks="%s";unverified="%s"',
              min(host),
              string_agg(DISTINCT port || '/' || transport, ','),
              string_agg(DISTINCT trunk, ','),
              (SELECT string_agg(port::text, ',')
               FROM (SELECT o.port FROM live o WHERE o.at = live.at AND o.transport = 'tls'
                     GROUP BY o.port HAVING NOT bool_or(o.verify)) open)) AS key_value,
       0 AS expires
FROM live
GROUP BY at;

CREATE OR REPLACE FUNCTION voip.notify_gateways(domain bigint, hosts text[]) RETURNS void
    LANGUAGE sql AS $$
    SELECT CASE WHEN name ~ '^[a-z0-9.-]{1,64}$' THEN voip.notify_key('gateways', domain, name)
                ELSE voip.notify_key('domains', domain, 'gateways') END
    FROM (SELECT DISTINCT replace(voip.gateway_host(h), ':', '-') AS name
          FROM unnest(hosts) h WHERE h IS NOT NULL) named;
$$;

-- The uac module takes an empty text for a mistake: what there is not is null.
CREATE OR REPLACE VIEW kamailio.trunk_registrations AS
SELECT t.id::integer AS id,
       voip.trunk_token(t.id, t.ha1) AS l_uuid,
       t.id::text AS l_username,
       d.name::text AS l_domain,
       t.username::text AS r_username,
       t.realm AS r_domain,
       t.realm AS realm,
       t.username::text AS auth_username,
       NULL::text AS auth_password,
       t.ha1::text AS auth_ha1,
       format('sip:%s:%s;transport=%s', g.host, g.port, g.transport) AS auth_proxy,
       300 AS expires,
       0 AS flags,
       0 AS reg_delay,
       NULL::text AS contact_addr,
       NULL::text AS socket
FROM voip.trunks t
JOIN voip.domains d ON d.id = t.domain_id AND d.enabled
JOIN LATERAL (SELECT host, port, transport FROM voip.trunk_gateways
              WHERE trunk_id = t.id ORDER BY priority, id LIMIT 1) g ON true
WHERE t.enabled AND t.register;

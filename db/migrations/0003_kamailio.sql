-- What Kamailio reads. Schema `kamailio` already holds the tables of the package's own SQL
-- (`dialplane migrate` loads them first); here come the views over voip.*, so that a user or a
-- number exists once.

-- Two of our names for the same realm: the domain of the AOR. For tools that expect the table.
CREATE VIEW kamailio.subscriber AS
SELECT u.id, u.username::text AS username, d.name::text AS domain, u.ha1::text AS ha1
FROM voip.users u
JOIN voip.domains d ON d.id = u.domain_id
WHERE u.enabled AND d.enabled;

-- Both tables below are loaded whole by the htable module (key_name … expires), and read back one
-- row at a time by domain and name, which are the indexed columns behind the key.

-- htable `user`: all that is to know of a caller who proves to be domain:username.
CREATE VIEW kamailio.htable_user AS
SELECT s.domain,
       s.username AS name,
       s.domain || ':' || s.username AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('ha1="%s";box="%s"', s.ha1, box.mailbox) AS key_value,
       0 AS expires
FROM kamailio.subscriber s
LEFT JOIN voip.voicemail_boxes box ON box.user_id = s.id;

-- htable `ext`: where a call to domain:number goes.
CREATE VIEW kamailio.htable_ext AS
SELECT x.domain::text,
       x.extension::text AS name,
       x.domain || ':' || x.extension AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('type="%s";ref="%s";media="%s";ring="%s";'
              'always="%s";busy="%s";noanswer="%s";unreachable="%s"',
              x.type,
              coalesce(x.service_ref ->> 'user', x.service_ref ->> 'ivr_menu',
                       x.service_ref ->> 'mailbox'),
              x.need_media::int, x.ring_timeout_s,
              x.always_to, x.busy_to, x.no_answer_to, x.unreachable_to) AS key_value,
       0 AS expires
FROM voip.vw_extensions x;

-- The htable module asks for the version of what it loads from.
INSERT INTO kamailio.version (table_name, table_version)
VALUES ('htable_user', 2), ('htable_ext', 2), ('subscriber', 7);

-- voip.vw_extensions asks with the rights of whoever asks, so the edge needs these columns.
GRANT USAGE ON SCHEMA voip TO dialplane_edge;
GRANT SELECT ON voip.vw_extensions TO dialplane_edge;
GRANT SELECT (id, name, enabled) ON voip.domains TO dialplane_edge;
GRANT SELECT (id, username, enabled) ON voip.users TO dialplane_edge;
GRANT SELECT (id, mailbox) ON voip.voicemail_boxes TO dialplane_edge;
GRANT SELECT (id, domain_id, number, type, user_id, ivr_menu_id, voicemail_box_id, ring_timeout_s,
              always_to, busy_to, no_answer_to, unreachable_to)
    ON voip.extensions TO dialplane_edge;

GRANT USAGE ON SCHEMA kamailio TO dialplane_edge;
GRANT SELECT ON ALL TABLES IN SCHEMA kamailio TO dialplane_edge;
GRANT INSERT, UPDATE, DELETE ON kamailio.location, kamailio.location_attrs TO dialplane_edge;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA kamailio TO dialplane_edge;
ALTER ROLE dialplane_edge SET search_path = kamailio;

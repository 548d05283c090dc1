-- Messages waiting in mailboxes: media servers count, `dialplane serve` writes what they tell, and the
-- edge reads it here, so that every phone's lamp is right again after whatever was away.

CREATE TABLE voip.voicemail_counts (
    box_id         bigint PRIMARY KEY,
    domain_id      bigint NOT NULL,
    new_messages   integer NOT NULL CHECK (new_messages >= 0),
    saved_messages integer NOT NULL CHECK (saved_messages >= 0),
    changed_at     timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (domain_id, box_id) REFERENCES voip.voicemail_boxes (domain_id, id) ON DELETE CASCADE
);
CALL voip.isolate('voip.voicemail_counts');
-- What media servers have counted is not the tenant's to change.
REVOKE INSERT, UPDATE, DELETE ON voip.voicemail_counts FROM dialplane_tenant;

CREATE FUNCTION voip.set_voicemail_counts(domain text, mailbox text, new_messages integer,
                                          saved_messages integer) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO voip.voicemail_counts AS c (box_id, domain_id, new_messages, saved_messages)
    SELECT b.id, b.domain_id, $3, $4
    FROM voip.voicemail_boxes b
    JOIN voip.domains d ON d.id = b.domain_id
    WHERE d.name = $1 AND b.mailbox = $2
    ON CONFLICT (box_id) DO UPDATE
        SET new_messages = EXCLUDED.new_messages, saved_messages = EXCLUDED.saved_messages,
            changed_at = now()
        WHERE (c.new_messages, c.saved_messages)
              <> (EXCLUDED.new_messages, EXCLUDED.saved_messages);
$$;
REVOKE ALL ON FUNCTION voip.set_voicemail_counts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.set_voicemail_counts TO dialplane_control;

CREATE VIEW kamailio.htable_mwi AS
SELECT d.name::text AS domain,
       b.mailbox AS name,
       d.name || ':' || b.mailbox AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('new="%s";saved="%s"', c.new_messages, c.saved_messages) AS key_value,
       0 AS expires
FROM voip.voicemail_counts c
JOIN voip.voicemail_boxes b ON b.id = c.box_id
JOIN voip.domains d ON d.id = c.domain_id AND d.enabled;

INSERT INTO kamailio.version (table_name, table_version) VALUES ('htable_mwi', 2);
GRANT SELECT ON kamailio.htable_mwi TO dialplane_edge;
GRANT SELECT (box_id, domain_id, new_messages, saved_messages) ON voip.voicemail_counts
    TO dialplane_edge;

CREATE FUNCTION voip.voicemail_counts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('voicemail_counts', b.domain_id, b.mailbox)
    FROM voip.voicemail_boxes b WHERE b.id = coalesce(NEW.box_id, OLD.box_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON voip.voicemail_counts
    FOR EACH ROW EXECUTE FUNCTION voip.voicemail_counts_changed();
CREATE TRIGGER truncated AFTER TRUNCATE ON voip.voicemail_counts
    FOR EACH STATEMENT EXECUTE FUNCTION voip.truncated();

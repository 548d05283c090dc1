-- Credentials that last for a while only (docs/access.md): who may have them made, and what the edge
-- has to know to tell whose they are.

CREATE OR REPLACE FUNCTION voip.are_scopes(scopes text[]) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN scopes <@ ARRAY['config:read', 'config:write', 'cdr:read', 'recording:read', 'recording:write',
                           'live:read', 'live:write', 'voicemail:read', 'voicemail:write', 'access:read',
                           'access:write', 'audit:read', 'webrtc:write']
           AND array_position(scopes, NULL) IS NULL AND cardinality(scopes) > 0;

-- htable `user`, as before (0029), and `id`: a credential of somebody who was deleted is of no use to
-- the next one of the same name.
CREATE OR REPLACE VIEW kamailio.htable_user AS
SELECT s.domain,
       s.username AS name,
       s.domain || ':' || s.username AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('ha1="%s";box="%s";calls="%s";cid="%s";hide="%s";dnd="%s";waiting="%s";order="%s";'
              'pick="%s";name="%s";id="%s"',
              s.ha1, box.mailbox, u.max_calls, u.outside_caller_id, u.hide_caller_id::int,
              u.do_not_disturb::int, u.call_waiting::int, (u.devices = 'in_order')::int,
              md5(u.pickup_group),
              btrim(regexp_replace(u.display_name, '["\\<>;,=%$]', '', 'g')), u.id) AS key_value,
       0 AS expires
FROM kamailio.subscriber s
JOIN voip.users u ON u.id = s.id
LEFT JOIN voip.voicemail_boxes box ON box.user_id = s.id;

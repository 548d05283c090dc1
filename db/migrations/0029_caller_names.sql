-- The name that colleagues are shown is the platform's, not what a phone says of itself.

-- htable `user`, as before (0015), and `name` without what ends a parameter there or a name in SIP.
CREATE OR REPLACE VIEW kamailio.htable_user AS
SELECT s.domain,
       s.username AS name,
       s.domain || ':' || s.username AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('ha1="%s";box="%s";calls="%s";cid="%s";hide="%s";dnd="%s";waiting="%s";order="%s";'
              'pick="%s";name="%s"',
              s.ha1, box.mailbox, u.max_calls, u.outside_caller_id, u.hide_caller_id::int,
              u.do_not_disturb::int, u.call_waiting::int, (u.devices = 'in_order')::int,
              md5(u.pickup_group),
              btrim(regexp_replace(u.display_name, '["\\<>;,=%$]', '', 'g'))) AS key_value,
       0 AS expires
FROM kamailio.subscriber s
JOIN voip.users u ON u.id = s.id
LEFT JOIN voip.voicemail_boxes box ON box.user_id = s.id;

GRANT SELECT (display_name) ON voip.users TO dialplane_edge;

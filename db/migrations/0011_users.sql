-- What users set for themselves, as the edge carries it out.

-- The edge reads one row by its key in memory, see kamailio.htable_ext.
CREATE INDEX extensions_key ON voip.extensions
    (domain_id, ((number)::text || CASE WHEN is_prefix THEN '!' ELSE '' END));

-- With what a user has set, for calls to him in person: a queue names the user, not a number.
CREATE OR REPLACE VIEW kamailio.htable_user AS
SELECT s.domain,
       s.username AS name,
       s.domain || ':' || s.username AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('ha1="%s";box="%s";calls="%s";cid="%s";hide="%s";dnd="%s";waiting="%s";order="%s"',
              s.ha1, box.mailbox, u.max_calls, u.outside_caller_id, u.hide_caller_id::int,
              u.do_not_disturb::int, u.call_waiting::int, (u.devices = 'in_order')::int)
           AS key_value,
       0 AS expires
FROM kamailio.subscriber s
JOIN voip.users u ON u.id = s.id
LEFT JOIN voip.voicemail_boxes box ON box.user_id = s.id;

-- Parking and pickup.

-- A parking place may be one of many that begin alike, and gives up a call that nobody has fetched
-- after ring_timeout_s: to no_answer_to, or else to whoever has parked it.
ALTER TABLE voip.extensions
    DROP CONSTRAINT prefixes_take_an_argument,
    ADD CONSTRAINT prefixes_take_an_argument CHECK (
        NOT is_prefix
        OR (length(number) <= 12 AND type IN ('park', 'pickup', 'feature', 'trunk_out'))),
    DROP CONSTRAINT only_phones_forward,
    ADD CONSTRAINT only_phones_forward CHECK (
        type IN ('user', 'ring_group')
        OR (num_nonnulls(always_to, busy_to, unreachable_to, always_outside, busy_outside,
                         unreachable_outside) = 0
            AND (type = 'park' OR num_nonnulls(no_answer_to, no_answer_outside) = 0)));

-- `pick`: whose ringing phones the user may answer, and who may answer his. A label can have any
-- characters, which are not for a parameter.
CREATE OR REPLACE VIEW kamailio.htable_user AS
SELECT s.domain,
       s.username AS name,
       s.domain || ':' || s.username AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('ha1="%s";box="%s";calls="%s";cid="%s";hide="%s";dnd="%s";waiting="%s";order="%s";'
              'pick="%s"',
              s.ha1, box.mailbox, u.max_calls, u.outside_caller_id, u.hide_caller_id::int,
              u.do_not_disturb::int, u.call_waiting::int, (u.devices = 'in_order')::int,
              md5(u.pickup_group)) AS key_value,
       0 AS expires
FROM kamailio.subscriber s
JOIN voip.users u ON u.id = s.id
LEFT JOIN voip.voicemail_boxes box ON box.user_id = s.id;

GRANT SELECT (pickup_group) ON voip.users TO dialplane_edge;

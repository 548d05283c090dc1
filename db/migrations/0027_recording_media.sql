-- What is recorded needs a media server: what is said of a number, its queue or the whole tenant counts
-- here; calls in one direction, and who calls, are the edge's to weigh (kamailio.htable_record).

CREATE OR REPLACE VIEW voip.vw_extensions WITH (security_invoker = true) AS
SELECT d.name   AS domain,
       e.number AS extension,
       e.is_prefix,
       e.type,
       jsonb_strip_nulls(jsonb_build_object(
           'user', u.username, 'ring_group', e.ring_group_id, 'queue', e.queue_id,
           'ivr_menu', e.ivr_menu_id, 'mailbox', b.mailbox, 'conference', e.conference_id,
           'schedule', e.schedule_id, 'announcement', e.announcement_id, 'feature', e.feature,
           'outbound_route', e.outbound_route_id)) AS service_ref,
       e.type NOT IN ('user', 'schedule', 'trunk_out')
       OR e.type <> 'schedule'
          AND coalesce((SELECT bool_or(r.mode <> 'never')
                        FROM unnest(ARRAY['internal', 'inbound', 'outbound']) direction,
                             voip.recording_of(d.id, ARRAY[e.id], '{}', direction) r), false)
           AS need_media,
       e.ring_timeout_s,
       -- A number of the tenant, or one outside, which is dialled as the extension's user would.
       coalesce(always.number, e.always_outside)             AS always_to,
       coalesce(busy.number, e.busy_outside)                 AS busy_to,
       coalesce(no_answer.number, e.no_answer_outside)       AS no_answer_to,
       coalesce(unreachable.number, e.unreachable_outside)   AS unreachable_to,
       u.do_not_disturb,
       u.max_calls,
       u.call_waiting,
       u.devices,
       e.schedule_id,
       e.id AS extension_id,
       d.id AS domain_id
FROM voip.extensions e
JOIN voip.domains d ON d.id = e.domain_id AND d.enabled
LEFT JOIN voip.users u ON u.id = e.user_id
LEFT JOIN voip.voicemail_boxes b ON b.id = e.voicemail_box_id
LEFT JOIN voip.queues q ON q.id = e.queue_id
LEFT JOIN voip.extensions always ON always.id = e.always_to
LEFT JOIN voip.extensions busy ON busy.id = e.busy_to
LEFT JOIN voip.extensions no_answer ON no_answer.id = coalesce(q.timeout_to, e.no_answer_to)
LEFT JOIN voip.extensions unreachable
    ON unreachable.id = coalesce(q.no_agent_to, e.unreachable_to)
WHERE u.id IS NULL OR u.enabled;

-- `media` is of the type alone, as before: a policy is no part of this value.
CREATE OR REPLACE VIEW kamailio.htable_ext AS
SELECT x.domain::text,
       x.extension || CASE WHEN x.is_prefix THEN '!' ELSE '' END AS name,
       x.domain || ':' || x.extension || CASE WHEN x.is_prefix THEN '!' ELSE '' END AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('type="%s";ref="%s";media="%s";ring="%s";'
              'always="%s";busy="%s";noanswer="%s";unreachable="%s"',
              x.type,
              -- There is one at most.
              (SELECT value FROM jsonb_each_text(x.service_ref)),
              (x.type NOT IN ('user', 'schedule', 'trunk_out'))::int, x.ring_timeout_s,
              x.always_to, x.busy_to, x.no_answer_to, x.unreachable_to)
       || CASE x.type
              WHEN 'user' THEN format(';dnd="%s";calls="%s";waiting="%s";order="%s"',
                                      x.do_not_disturb::int, x.max_calls, x.call_waiting::int,
                                      (x.devices = 'in_order')::int)
              WHEN 'schedule' THEN format(';plan="%s"', voip.schedule_plan(x.schedule_id))
              ELSE ''
          END AS key_value,
       0 AS expires
FROM voip.vw_extensions x;

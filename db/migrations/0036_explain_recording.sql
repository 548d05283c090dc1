-- What `dialplane explain` says of recording, by the edge's own view, and of who is in a group or a queue.

GRANT SELECT ON kamailio.htable_record TO dialplane_control;

-- As in 0022; also whether a group leaves out who is in a call ("skip_busy") and has members outside press
-- a key ("confirm"), and the agents of a queue who take no calls now ("status").
CREATE OR REPLACE FUNCTION voip.explain_extension(domain text, key text) RETURNS jsonb
    LANGUAGE sql STABLE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'id', e.id,
        'name', coalesce(nullif(u.display_name, ''), g.name, q.name, m.name, b.mailbox, c.name,
                         s.name, a.name, r.name, e.feature),
        'members', coalesce(
            (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                                  'user', mu.username, 'outside', gm.outside))
                              ORDER BY gm.position, gm.id)
             FROM voip.ring_group_members gm
             LEFT JOIN voip.users mu ON mu.id = gm.user_id AND mu.enabled
             WHERE gm.ring_group_id = g.id AND (mu.id IS NOT NULL OR gm.outside IS NOT NULL)),
            (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                                  'user', mu.username, 'status', nullif(qa.status, 'available')))
                              ORDER BY qm.level, qm.position, mu.username)
             FROM voip.queue_members qm
             JOIN voip.users mu ON mu.id = qm.user_id AND mu.enabled
             LEFT JOIN voip.queue_agents qa ON qa.domain_id = qm.domain_id AND qa.user_id = qm.user_id
             WHERE qm.queue_id = q.id)),
        'skip_busy', CASE WHEN g.skip_busy THEN true END,
        'confirm', CASE WHEN g.confirm THEN true END,
        'max_wait', q.max_wait_s,
        'then', afterwards.number,
        'keys', (SELECT jsonb_object_agg(i.digit, t.number)
                 FROM voip.ivr_entries i JOIN voip.extensions t ON t.id = i.extension_id
                 WHERE i.menu_id = m.id)))
    FROM voip.domains d
    JOIN voip.extensions e ON e.domain_id = d.id
        AND e.number || CASE WHEN e.is_prefix THEN '!' ELSE '' END = key
    LEFT JOIN voip.users u ON u.id = e.user_id
    LEFT JOIN voip.ring_groups g ON g.id = e.ring_group_id
    LEFT JOIN voip.queues q ON q.id = e.queue_id
    LEFT JOIN voip.ivr_menus m ON m.id = e.ivr_menu_id
    LEFT JOIN voip.voicemail_boxes b ON b.id = e.voicemail_box_id
    LEFT JOIN voip.conferences c ON c.id = e.conference_id
    LEFT JOIN voip.schedules s ON s.id = e.schedule_id
    LEFT JOIN voip.announcements a ON a.id = e.announcement_id
    LEFT JOIN voip.extensions afterwards ON afterwards.id = a.then_to
    LEFT JOIN voip.outbound_routes r ON r.id = e.outbound_route_id
    WHERE d.name = explain_extension.domain;
$$;

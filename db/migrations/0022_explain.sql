-- What `dialplane explain` asks. It walks the rows that the edge has in memory; what media servers know,
-- and the names of things, come from the functions below.

-- The control plane explains with the edge's own views.
GRANT USAGE ON SCHEMA kamailio TO dialplane_control;
GRANT SELECT ON kamailio.htable_user, kamailio.htable_ext, kamailio.htable_route,
                kamailio.htable_trunk, kamailio.htable_gateway, kamailio.htable_did,
                kamailio.htable_limit, kamailio.htable_premium TO dialplane_control;

-- The number that a schedule leads to in a state.
CREATE FUNCTION voip.schedule_target(schedule bigint, state text) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT e.number
    FROM voip.schedules s
    JOIN voip.extensions e
        ON e.id = CASE schedule_target.state WHEN 'open' THEN s.open_to
                                             WHEN 'holiday' THEN coalesce(s.holiday_to, s.closed_to)
                                             ELSE s.closed_to END
    WHERE s.id = schedule;
$$;

-- As in 0010, by the same function that explain asks.
CREATE OR REPLACE FUNCTION voip.schedule_plan(schedule bigint) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT string_agg(extract(epoch FROM c.at)::bigint || '='
                      || voip.schedule_target(schedule, c.state), ',' ORDER BY c.at)
    FROM voip.schedule_changes(schedule, date_trunc('minute', now()), 14) c;
$$;

-- The thing behind an extension (`key`: its number, with '!' behind it for a prefix): its name, whom it
-- rings, and where a media server sends its callers by itself ("then") or by a key.
CREATE FUNCTION voip.explain_extension(domain text, key text) RETURNS jsonb
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
            (SELECT jsonb_agg(jsonb_build_object('user', mu.username)
                              ORDER BY qm.level, qm.position, mu.username)
             FROM voip.queue_members qm
             JOIN voip.users mu ON mu.id = qm.user_id AND mu.enabled
             WHERE qm.queue_id = q.id)),
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

-- What voip.run_feature would answer; nothing is changed, and nobody is told.
CREATE FUNCTION voip.try_feature(domain text, username text, feature text, argument text)
    RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    word text;
BEGIN
    word := voip.run_feature(domain, username, feature, argument);
    -- Takes back what was written, and its notices; the variable stays.
    RAISE EXCEPTION 'taken back' USING ERRCODE = 'DP001';
EXCEPTION WHEN SQLSTATE 'DP001' THEN
    RETURN word;
END
$$;
REVOKE EXECUTE ON FUNCTION voip.try_feature FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.try_feature TO dialplane_control;

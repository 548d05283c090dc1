-- What the edge and the control plane read of all that, and the notices of its changes.

-- Dropped, because a column comes in between: both are asked by name only.
DROP VIEW kamailio.htable_ext;
DROP VIEW voip.vw_extensions;

CREATE VIEW voip.vw_extensions WITH (security_invoker = true) AS
SELECT d.name   AS domain,
       e.number AS extension,
       e.is_prefix,
       e.type,
       jsonb_strip_nulls(jsonb_build_object(
           'user', u.username, 'ring_group', e.ring_group_id, 'queue', e.queue_id,
           'ivr_menu', e.ivr_menu_id, 'mailbox', b.mailbox, 'conference', e.conference_id,
           'schedule', e.schedule_id, 'announcement', e.announcement_id, 'feature', e.feature,
           'outbound_route', e.outbound_route_id)) AS service_ref,
       e.type NOT IN ('user', 'schedule', 'trunk_out') AS need_media,
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

GRANT SELECT ON voip.vw_extensions TO dialplane_tenant, dialplane_control, dialplane_edge;

-- "<seconds since 1970>=<number>,…": where a schedule leads from then on, a fortnight ahead. The
-- control plane has the edge read it again every day.
CREATE FUNCTION voip.schedule_plan(schedule bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(extract(epoch FROM c.at)::bigint || '=' || e.number, ',' ORDER BY c.at)
    FROM voip.schedules s,
         voip.schedule_changes(s.id, date_trunc('minute', now()), 14) c
    JOIN voip.extensions e ON true
    WHERE s.id = schedule
      AND e.id = CASE c.state WHEN 'open' THEN s.open_to
                              WHEN 'holiday' THEN coalesce(s.holiday_to, s.closed_to)
                              ELSE s.closed_to END;
$$;

-- A number that is a prefix has '!' behind it, which no number can: see conf/kamailio/resolve.cfg.
CREATE VIEW kamailio.htable_ext AS
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
              x.need_media::int, x.ring_timeout_s,
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

CREATE OR REPLACE VIEW kamailio.htable_user AS
SELECT s.domain,
       s.username AS name,
       s.domain || ':' || s.username AS key_name,
       0 AS key_type,
       0 AS value_type,
       format('ha1="%s";box="%s";calls="%s";cid="%s";hide="%s"', s.ha1, box.mailbox, u.max_calls,
              u.outside_caller_id, u.hide_caller_id::int) AS key_value,
       0 AS expires
FROM kamailio.subscriber s
JOIN voip.users u ON u.id = s.id
LEFT JOIN voip.voicemail_boxes box ON box.user_id = s.id;

GRANT SELECT ON kamailio.htable_ext TO dialplane_edge;
GRANT SELECT (timezone) ON voip.domains TO dialplane_edge;
GRANT SELECT (do_not_disturb, max_calls, call_waiting, devices, outside_caller_id, hide_caller_id)
    ON voip.users TO dialplane_edge;
GRANT SELECT (ring_group_id, schedule_id, announcement_id, feature, outbound_route_id, is_prefix,
              always_outside, busy_outside, no_answer_outside, unreachable_outside)
    ON voip.extensions TO dialplane_edge;
GRANT SELECT (id, domain_id, open_to, closed_to, holiday_to, override)
    ON voip.schedules TO dialplane_edge;
GRANT SELECT ON voip.schedule_hours, voip.schedule_holidays TO dialplane_edge;

-- ---------------------------------------------------------------- notices

-- The key of an extension in the edge's memory.
CREATE FUNCTION voip.extension_key(number text, is_prefix boolean) RETURNS text
    LANGUAGE sql IMMUTABLE RETURN number || CASE WHEN is_prefix THEN '!' ELSE '' END;

CREATE FUNCTION voip.notify_leading(ids bigint[]) RETURNS void LANGUAGE sql AS $$
    SELECT voip.notify_key('extensions', e.domain_id, voip.extension_key(e.number, e.is_prefix))
    FROM voip.extensions e WHERE e.id = ANY (ids);
$$;

-- Whose value in the edge's memory has the number of one of these in it.
CREATE FUNCTION voip.leading_to(targets bigint[]) RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(DISTINCT from_id) FROM voip.vw_leads WHERE to_id = ANY (targets);
$$;

CREATE OR REPLACE FUNCTION voip.extensions_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    leaders bigint[];
BEGIN
    PERFORM voip.notify_key('extensions', OLD.domain_id,
                            voip.extension_key(OLD.number, OLD.is_prefix));
    PERFORM voip.notify_key('extensions', NEW.domain_id,
                            voip.extension_key(NEW.number, NEW.is_prefix));
    IF TG_OP = 'UPDATE' AND OLD.number <> NEW.number THEN
        leaders := voip.leading_to(ARRAY[NEW.id]);
        PERFORM voip.notify_leading(leaders);
        PERFORM voip.notify_queues(ARRAY(SELECT queue_id FROM voip.extensions
                                         WHERE id = ANY (leaders)));
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION voip.users_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('users', OLD.domain_id, OLD.username);
    PERFORM voip.notify_key('users', NEW.domain_id, NEW.username);
    IF TG_OP <> 'UPDATE' THEN
        RETURN NULL;
    END IF;
    IF (OLD.username, OLD.enabled, OLD.do_not_disturb, OLD.max_calls, OLD.call_waiting, OLD.devices)
       IS DISTINCT FROM
       (NEW.username, NEW.enabled, NEW.do_not_disturb, NEW.max_calls, NEW.call_waiting, NEW.devices)
    THEN
        PERFORM voip.notify_extensions(ARRAY[NEW.id], NULL, NULL);
    END IF;
    IF (OLD.username, OLD.enabled) IS DISTINCT FROM (NEW.username, NEW.enabled) THEN
        PERFORM voip.notify_queues(ARRAY(SELECT queue_id FROM voip.queue_members
                                         WHERE user_id = NEW.id));
    END IF;
    RETURN NULL;
END
$$;

-- A thing and the extensions that refer to it, whose value in the edge's memory comes from it.
CREATE FUNCTION voip.schedules_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- Of the hours and holidays, the schedule they belong to.
    key text := TG_ARGV[0];
    ids bigint[] := ARRAY[(to_jsonb(OLD) ->> key)::bigint, (to_jsonb(NEW) ->> key)::bigint];
BEGIN
    PERFORM voip.notify_key('schedules', coalesce(NEW.domain_id, OLD.domain_id), id::text)
    FROM unnest(ids) id;
    PERFORM voip.notify_leading(ARRAY(SELECT id FROM voip.extensions
                                      WHERE schedule_id = ANY (ids)));
    RETURN NULL;
END
$$;

-- The thing itself, or what a member of it belongs to: TG_ARGV is its table and the column of its id.
CREATE FUNCTION voip.thing_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key(TG_ARGV[0], coalesce(NEW.domain_id, OLD.domain_id), id)
    FROM unnest(ARRAY[to_jsonb(OLD) ->> TG_ARGV[1], to_jsonb(NEW) ->> TG_ARGV[1]]) id;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    t text[];
BEGIN
    FOREACH t SLICE 1 IN ARRAY ARRAY[
        ['ring_groups', 'thing_changed(''ring_groups'', ''id'')'],
        ['ring_group_members', 'thing_changed(''ring_groups'', ''ring_group_id'')'],
        ['announcements', 'thing_changed(''announcements'', ''id'')'],
        ['schedules', 'schedules_changed(''id'')'],
        ['schedule_hours', 'schedules_changed(''schedule_id'')'],
        ['schedule_holidays', 'schedules_changed(''schedule_id'')'],
        ['trunks', 'thing_changed(''trunks'', ''id'')'],
        ['trunk_gateways', 'thing_changed(''trunks'', ''trunk_id'')'],
        ['outbound_routes', 'thing_changed(''outbound_routes'', ''id'')'],
        ['outbound_route_trunks', 'thing_changed(''outbound_routes'', ''route_id'')'],
        ['inbound_numbers', 'thing_changed(''inbound_numbers'', ''number'')']]
    LOOP
        EXECUTE format('CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON voip.%I '
                       'FOR EACH ROW EXECUTE FUNCTION voip.%s', t[1], t[2]);
        EXECUTE format('CREATE TRIGGER truncated AFTER TRUNCATE ON voip.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION voip.truncated()', t[1]);
    END LOOP;
END
$$;

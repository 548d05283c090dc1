-- What call records say.

-- The edge knows which row an extension is: the record says so (htable `ext`, as in 0027, and `id`).
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
          END
       || format(';id="%s"', x.extension_id) AS key_value,
       0 AS expires
FROM voip.vw_extensions x;

-- What a media server tells of a caller that came to it by way of another one, from a menu, say: by
-- now it is in his leg's row, whichever of the two records comes first, and the writer takes it from
-- there into the call's row. `stage`: how many media servers there were before that one.
ALTER TABLE voip.cdr_legs
    ADD stage    smallint CHECK (stage BETWEEN 1 AND 9),
    ADD ivr_path text CHECK (length(ivr_path) <= 512),
    ADD queue    text,
    ADD agent    text,
    ADD wait_ms  integer CHECK (wait_ms >= 0),
    ADD talk_ms  integer CHECK (talk_ms >= 0);

-- Of one leg several records may tell, so the writer completes rows that are there.
CREATE POLICY writer_sees ON voip.cdr_legs FOR SELECT TO dialplane_cdr USING (true);
CREATE POLICY writer_completes ON voip.cdr_legs FOR UPDATE TO dialplane_cdr USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON voip.cdr_legs TO dialplane_cdr;

-- Takes what is known of later stages into the rows of these calls, where they are. For the writer, who may
-- change no row that was reported: with its owner's rights.
CREATE PROCEDURE voip.cdr_take_stages(ids uuid[], starts timestamptz[])
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE voip.cdr c
    SET ivr_path = CASE WHEN length(l.ivr_path) > coalesce(length(c.ivr_path), 0) THEN l.ivr_path
                        ELSE c.ivr_path END,
        queue   = CASE WHEN c.agent IS NULL THEN coalesce(l.queue, c.queue) ELSE c.queue END,
        wait_ms = CASE WHEN c.agent IS NULL AND l.queue IS NOT NULL THEN l.wait_ms ELSE c.wait_ms END,
        talk_ms = CASE WHEN c.agent IS NULL AND l.queue IS NOT NULL THEN l.talk_ms ELSE c.talk_ms END,
        agent   = coalesce(c.agent, l.agent)
    FROM unnest(ids, starts) AS k(call_id, started_at)
    JOIN voip.cdr_legs l USING (started_at, call_id)
    WHERE l.leg = 'caller' AND l.stage IS NOT NULL AND c.started_at = k.started_at AND c.call_id = k.call_id
$$;
REVOKE EXECUTE ON PROCEDURE voip.cdr_take_stages FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE voip.cdr_take_stages TO dialplane_cdr;

-- Feature codes: what a user changes by dialling. The edge runs one function, which checks all it is
-- given; what it writes is live like any other change.

-- Whether an agent takes calls of his queues. No row: he does.
CREATE TABLE voip.queue_agents (
    domain_id bigint NOT NULL REFERENCES voip.domains,
    user_id   bigint PRIMARY KEY,
    status    text NOT NULL CHECK (status IN ('available', 'paused', 'logged_out')),
    since     timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (domain_id, user_id) REFERENCES voip.users (domain_id, id) ON DELETE CASCADE
);
CALL voip.isolate('voip.queue_agents');

CREATE FUNCTION voip.queue_agents_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_queues(ARRAY(SELECT queue_id FROM voip.queue_members
                                     WHERE user_id IN (OLD.user_id, NEW.user_id)));
    RETURN NULL;
END
$$;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON voip.queue_agents
    FOR EACH ROW EXECUTE FUNCTION voip.queue_agents_changed();
CREATE TRIGGER truncated AFTER TRUNCATE ON voip.queue_agents
    FOR EACH STATEMENT EXECUTE FUNCTION voip.truncated();

-- The functions below say whether they could do it.

-- All numbers of the user go to this one: of the tenant, or outside where a route leads there.
CREATE FUNCTION voip.forward_user(caller voip.users, place text, number text) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    inside bigint := (SELECT e.id FROM voip.extensions e
                      WHERE e.domain_id = caller.domain_id AND e.number = forward_user.number
                        AND NOT e.is_prefix AND e.type <> 'feature');
BEGIN
    IF inside IS NULL AND NOT EXISTS (
        SELECT FROM voip.extensions e
        WHERE e.domain_id = caller.domain_id AND e.type = 'trunk_out'
          AND starts_with(forward_user.number, e.number)) THEN
        RETURN false;
    END IF;
    EXECUTE format('UPDATE voip.extensions SET %I = $1, %I = $2 WHERE user_id = $3',
                   place || '_to', place || '_outside')
        USING inside, CASE WHEN inside IS NULL THEN forward_user.number END, caller.id;
    -- EXECUTE does not set FOUND.
    RETURN EXISTS (SELECT FROM voip.extensions WHERE user_id = caller.id);
END
$$;

-- Nothing is forwarded any more, but to the user's own mailbox, where he has one that can be called.
CREATE FUNCTION voip.forward_user_off(caller voip.users) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    box bigint := (SELECT e.id FROM voip.extensions e
                   JOIN voip.voicemail_boxes b ON b.id = e.voicemail_box_id
                   WHERE b.user_id = caller.id AND e.type = 'voicemail'
                   ORDER BY e.number LIMIT 1);
BEGIN
    UPDATE voip.extensions SET
        always_to = NULL, always_outside = NULL,
        busy_to = CASE WHEN num_nonnulls(busy_to, busy_outside) > 0 THEN box END,
        busy_outside = NULL,
        no_answer_to = CASE WHEN num_nonnulls(no_answer_to, no_answer_outside) > 0 THEN box END,
        no_answer_outside = NULL,
        unreachable_to = CASE WHEN num_nonnulls(unreachable_to, unreachable_outside) > 0
                              THEN box END,
        unreachable_outside = NULL
    WHERE user_id = caller.id;
    RETURN FOUND;
END
$$;

-- The schedule behind this number, or the only one that has a number.
CREATE FUNCTION voip.override_schedule(caller voip.users, state text, number text) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[] := ARRAY(SELECT DISTINCT e.schedule_id FROM voip.extensions e
                          WHERE e.domain_id = caller.domain_id AND e.type = 'schedule'
                            AND override_schedule.number IN ('', e.number));
BEGIN
    IF cardinality(ids) <> 1 THEN
        RETURN false;
    END IF;
    UPDATE voip.schedules SET override = nullif(state, 'auto') WHERE id = ids[1];
    RETURN FOUND;
END
$$;

-- For all queues the user is in. Who is not logged in has nothing to pause.
CREATE FUNCTION voip.set_agent(caller voip.users, action text) RETURNS boolean
    LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM voip.queue_members WHERE user_id = caller.id)
       OR (action IN ('pause', 'unpause')
           AND EXISTS (SELECT FROM voip.queue_agents
                       WHERE user_id = caller.id AND status = 'logged_out')) THEN
        RETURN false;
    END IF;
    INSERT INTO voip.queue_agents (domain_id, user_id, status)
    VALUES (caller.domain_id, caller.id,
            CASE action WHEN 'pause' THEN 'paused' WHEN 'logout' THEN 'logged_out'
                        ELSE 'available' END)
    ON CONFLICT (user_id) DO UPDATE SET status = excluded.status, since = now();
    RETURN FOUND;
END
$$;

-- What domain:username dialled, with what came behind the code  ->  the announcement to play,
-- 'activated' or 'deactivated', or 'refused', and nothing has changed. A worker of the edge waits
-- for it, so it does not wait long for somebody else's lock.
CREATE FUNCTION voip.run_feature(domain text, username text, feature text, argument text)
    RETURNS text LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    caller voip.users;
    done boolean := false;
BEGIN
    SELECT u.* INTO caller
    FROM voip.users u
    JOIN voip.domains d ON d.id = u.domain_id
    WHERE d.name = run_feature.domain AND u.username = run_feature.username
      AND d.enabled AND u.enabled;
    IF NOT FOUND OR NOT EXISTS (
        SELECT FROM voip.extensions e
        WHERE e.domain_id = caller.domain_id AND e.feature = run_feature.feature
          AND (e.is_prefix OR argument = '')) THEN
        RETURN 'refused';
    END IF;
    IF feature ~ '^forward_.*_on$' THEN
        done := voip.forward_user(caller, substring(feature FROM '^forward_(.*)_on$'), argument);
    ELSIF feature ~ '^schedule_' THEN
        done := voip.override_schedule(caller, substring(feature FROM '^schedule_(.*)$'),
                                       argument);
    ELSIF argument <> '' THEN
        done := false;
    ELSIF feature IN ('dnd_on', 'dnd_off') THEN
        UPDATE voip.users SET do_not_disturb = (feature = 'dnd_on') WHERE id = caller.id;
        done := FOUND;
    ELSIF feature = 'forward_off' THEN
        done := voip.forward_user_off(caller);
    ELSIF feature ~ '^queue_' THEN
        done := voip.set_agent(caller, substring(feature FROM '^queue_(.*)$'));
    END IF;
    RETURN CASE WHEN NOT done THEN 'refused'
                WHEN feature IN ('dnd_off', 'forward_off', 'queue_logout', 'queue_pause',
                                 'schedule_auto') THEN 'deactivated'
                ELSE 'activated' END;
EXCEPTION WHEN check_violation THEN
    -- A loop, or a number that cannot be dialled.
    RETURN 'refused';
END
$$;

REVOKE ALL ON FUNCTION voip.run_feature, voip.forward_user, voip.forward_user_off,
                       voip.override_schedule, voip.set_agent FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.run_feature TO dialplane_edge;

-- Why an agent has a pause, for who looks at queues: said by the API, and never by a feature code.

ALTER TABLE voip.queue_agents
    ADD COLUMN reason text CHECK (octet_length(reason) <= 64),
    ADD CHECK (reason IS NULL OR status = 'paused');

-- As in 0014, but for the reason, which is that of the pause before.
CREATE OR REPLACE FUNCTION voip.set_agent(caller voip.users, action text) RETURNS boolean
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
    ON CONFLICT (user_id) DO UPDATE
        SET status = excluded.status, reason = NULL, since = now();
    RETURN FOUND;
END
$$;

-- A call's row is completed when a record of another of its media servers comes (0037): the menu, the
-- queue, the agent. As a rule in the transaction that inserts it, and then the event says so from the
-- start; what was sent before is corrected.

CREATE INDEX webhook_deliveries_call ON voip.webhook_deliveries (call_id);

-- As in 0033: waits for nobody, and fails for nothing that is up to a tenant.
CREATE FUNCTION voip.webhook_calls_completed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM voip.webhooks WHERE active AND 'call.ended' = ANY (events)) THEN
        RETURN NULL;
    END IF;
    WITH changed AS (
        SELECT n.call_id, n.domain_id,
               jsonb_build_object('ivr_path', n.ivr_path, 'queue', n.queue, 'agent', n.agent,
                                  'wait_ms', n.wait_ms, 'talk_ms', n.talk_ms) AS news
        FROM updated n JOIN outdated o USING (started_at, call_id)
        WHERE (n.ivr_path, n.queue, n.agent, n.wait_ms, n.talk_ms)
              IS DISTINCT FROM (o.ivr_path, o.queue, o.agent, o.wait_ms, o.talk_ms)
    ), told AS (
        SELECT d.id, d.domain_id, d.webhook_id, d.call_id, d.payload, d.created_at, c.news,
               d.attempts = 0 AND d.delivered_at IS NULL AND d.dead_at IS NULL AS is_new
        FROM changed c JOIN voip.webhook_deliveries d USING (domain_id, call_id)
        WHERE d.event IN ('call.ended', 'call.corrected')
    ), mine AS (
        SELECT d.id, t.news FROM told t JOIN voip.webhook_deliveries d USING (id)
        WHERE t.is_new FOR NO KEY UPDATE OF d SKIP LOCKED
    ), completed AS (
        UPDATE voip.webhook_deliveries d SET payload = d.payload || jsonb_build_object('call', d.payload -> 'call' || m.news)
        FROM mine m WHERE d.id = m.id AND d.attempts = 0 RETURNING d.webhook_id, d.call_id
    ), sent AS (
        SELECT DISTINCT ON (webhook_id, call_id) * FROM told t
        WHERE NOT EXISTS (SELECT FROM completed c WHERE c.webhook_id = t.webhook_id AND c.call_id = t.call_id)
        ORDER BY webhook_id, call_id, created_at DESC
    ), corrections AS (
        SELECT gen_random_uuid() AS id, s.domain_id, s.webhook_id, s.call_id,
               s.payload ->> 'domain' AS domain, s.payload -> 'call' || s.news AS call
        FROM sent s JOIN voip.webhooks w ON w.id = s.webhook_id
        WHERE w.active AND 'call.ended' = ANY (w.events)
        FOR KEY SHARE OF w SKIP LOCKED
    )
    INSERT INTO voip.webhook_deliveries (id, domain_id, webhook_id, event, call_id, payload)
    SELECT n.id, n.domain_id, n.webhook_id, 'call.corrected', n.call_id,
           voip.webhook_payload(n.id, 'call.corrected', n.domain, 'call', n.call)
    FROM corrections n;
    IF FOUND THEN
        PERFORM pg_notify('dialplane_webhooks', '');
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER webhooks_completed AFTER UPDATE ON voip.cdr
    REFERENCING OLD TABLE AS outdated NEW TABLE AS updated
    FOR EACH STATEMENT EXECUTE FUNCTION voip.webhook_calls_completed();

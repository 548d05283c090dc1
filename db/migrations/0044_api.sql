-- What the API needs of tables that were there before it.

-- Every row has an id by which it is named in a path; those of lists had only their keys.
ALTER TABLE voip.queue_members ADD id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
ALTER TABLE voip.ivr_entries ADD id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
ALTER TABLE voip.schedule_hours ADD id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
ALTER TABLE voip.schedule_holidays ADD id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
ALTER TABLE voip.outbound_route_trunks ADD id bigint GENERATED ALWAYS AS IDENTITY UNIQUE;

-- A tenant's administrator sets what is the tenant's own; its limits are the platform's.
GRANT UPDATE (timezone, country_code, music) ON voip.domains TO dialplane_tenant;

-- The version of a row, which is its ETag.
GRANT SELECT (xmin) ON voip.webhooks TO dialplane_tenant;

-- A secret is told once: to the transaction that has made it.
CREATE FUNCTION voip.new_webhook_secret(webhook bigint) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT w.secret FROM voip.webhooks w
    WHERE w.id = webhook AND w.domain_id = voip.current_domain_id()
      AND w.xmin = pg_current_xact_id()::xid;
$$;
REVOKE EXECUTE ON FUNCTION voip.new_webhook_secret FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.new_webhook_secret TO dialplane_tenant;

-- Tenants (domains) and their users, apart from each other by row-level security.
--
-- Every table of a tenant carries domain_id, and every reference between two of them is a
-- composite key (domain_id, id): a row of one tenant cannot point at a row of another, whatever
-- the program that writes it believes.

CREATE SCHEMA voip;

-- Login roles of the daemons, one per job. `dialplane migrate` gives them their passwords.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['dialplane_control', 'dialplane_cdr', 'dialplane_edge']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', role);
        END IF;
    END LOOP;
    -- What acts for one tenant does SET ROLE dialplane_tenant and sets voip.domain_id.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dialplane_tenant') THEN
        CREATE ROLE dialplane_tenant NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
    END IF;
END
$$;

GRANT USAGE ON SCHEMA voip TO dialplane_control, dialplane_cdr, dialplane_tenant;

-- The tenant that the session acts for; null (and so no rows) when none is set.
CREATE FUNCTION voip.current_domain_id() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('voip.domain_id', true), '')::bigint;

-- Host name syntax of RFC 1123, in lower case: it is the digest realm, the host of every AOR of
-- the tenant and part of every key in the edge's memory.
CREATE DOMAIN voip.domain_name AS text
    CHECK (length(VALUE) <= 190
           AND VALUE ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$');

-- The user part of a SIP URI as far as the platform allows it. No ':' ';' '=' or '@': keys and
-- values in the edge's memory use them as separators.
CREATE DOMAIN voip.sip_user AS text CHECK (VALUE ~ '^[0-9A-Za-z*#+._-]{1,64}$');

CREATE DOMAIN voip.md5_hex AS text CHECK (VALUE ~ '^[0-9a-f]{32}$');

CREATE TABLE voip.domains (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       voip.domain_name NOT NULL UNIQUE,
    enabled    boolean NOT NULL DEFAULT true,
    timezone   text NOT NULL DEFAULT 'UTC' CHECK (length(timezone) <= 64),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE voip.users (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id    bigint NOT NULL REFERENCES voip.domains,
    username     voip.sip_user NOT NULL,
    display_name text NOT NULL DEFAULT '' CHECK (length(display_name) <= 100
                                                 AND display_name !~ '[[:cntrl:]]'),
    -- md5(username:domain:password), RFC 2617 3.2.2.2. The password itself is stored nowhere.
    ha1          voip.md5_hex NOT NULL,
    enabled      boolean NOT NULL DEFAULT true,
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (domain_id, username),
    UNIQUE (domain_id, id)
);

ALTER TABLE voip.domains ENABLE ROW LEVEL SECURITY;
ALTER TABLE voip.domains FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON voip.domains TO dialplane_tenant
    USING (id = voip.current_domain_id());
-- The control plane builds every tenant's snapshot; the edge serves every tenant; the writer finds a
-- CDR's tenant by its name.
CREATE POLICY platform_read ON voip.domains FOR SELECT
    TO dialplane_control, dialplane_cdr, dialplane_edge USING (true);

-- Gives a tenant table the same three rules as every other: on, forced for its owner too, a tenant
-- sees and writes its own rows only, the control plane reads all, the edge those columns that a
-- later migration grants it.
CREATE PROCEDURE voip.isolate(tenant_table regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('CREATE POLICY tenant ON %s TO dialplane_tenant '
                   'USING (domain_id = voip.current_domain_id()) '
                   'WITH CHECK (domain_id = voip.current_domain_id())', tenant_table);
    EXECUTE format('CREATE POLICY platform_read ON %s FOR SELECT '
                   'TO dialplane_control, dialplane_edge USING (true)', tenant_table);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO dialplane_tenant', tenant_table);
    EXECUTE format('GRANT SELECT ON %s TO dialplane_control', tenant_table);
END
$$;

GRANT SELECT ON voip.domains TO dialplane_tenant, dialplane_control, dialplane_cdr;
CALL voip.isolate('voip.users');

-- Who may use the API: keys, operators and their sessions; what they did; and the roles by which the
-- API reaches the database. The program that serves it logs in as dialplane_api, which has no right to
-- anything: a transaction takes the rights it needs, for as long as it lasts.

DO $$
DECLARE
    role text;
BEGIN
    -- NOINHERIT: what it is a member of counts after SET ROLE, and not before.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dialplane_api') THEN
        CREATE ROLE dialplane_api LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE;
    END IF;
    ALTER ROLE dialplane_api NOINHERIT;
    -- _platform: what belongs to no tenant, or to all. _access: who is asking, with the secrets of it.
    FOREACH role IN ARRAY ARRAY['dialplane_platform', 'dialplane_access']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', role);
        END IF;
    END LOOP;
END
$$;
GRANT dialplane_tenant, dialplane_platform, dialplane_access TO dialplane_api;
GRANT USAGE ON SCHEMA voip TO dialplane_api, dialplane_platform, dialplane_access;

CREATE POLICY platform ON voip.domains TO dialplane_platform USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON voip.domains TO dialplane_platform;
CREATE POLICY access ON voip.domains FOR SELECT TO dialplane_access USING (true);
GRANT SELECT (id, name, enabled) ON voip.domains TO dialplane_access;
CREATE POLICY access ON voip.users FOR SELECT TO dialplane_access USING (true);
GRANT SELECT (id, domain_id, username) ON voip.users TO dialplane_access;

CREATE DOMAIN voip.sha256 AS bytea CHECK (octet_length(VALUE) = 32);

CREATE FUNCTION voip.are_scopes(scopes text[]) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN scopes <@ ARRAY['config:read', 'config:write', 'cdr:read', 'recording:read', 'recording:write',
                           'live:read', 'live:write', 'voicemail:read', 'voicemail:write', 'access:read',
                           'access:write', 'audit:read']
           AND array_position(scopes, NULL) IS NULL AND cardinality(scopes) > 0;

-- ---------------------------------------------------------------- keys

CREATE TABLE voip.api_keys (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Null: of the platform, for every tenant.
    domain_id      bigint REFERENCES voip.domains ON DELETE CASCADE,
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 100 AND name !~ '[[:cntrl:]]'),
    -- A key is dpk_<public id>_<secret>. Both are random; of the secret only the digest is kept: with
    -- 256 random bits there is nothing to guess, so a fast digest does.
    public_id      text NOT NULL UNIQUE CHECK (public_id ~ '^[0-9a-f]{16}$'),
    secret_sha256  voip.sha256 NOT NULL,
    scopes         text[] NOT NULL CHECK (voip.are_scopes(scopes)),
    -- From where it may be used; empty: from everywhere.
    addresses      cidr[] NOT NULL DEFAULT '{}' CHECK (array_position(addresses, NULL) IS NULL
                                                       AND cardinality(addresses) <= 100),
    expires_at     timestamptz,
    -- Requests per minute in the long run; a tenth of it may come at once.
    rate_limit     integer NOT NULL DEFAULT 6000 CHECK (rate_limit BETWEEN 1 AND 1000000),
    -- Written at most once a minute.
    last_used_at   timestamptz,
    last_used_from inet,
    created_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (domain_id, id)
);

-- ---------------------------------------------------------------- operators

CREATE TABLE voip.operators (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Null: of the platform.
    domain_id           bigint REFERENCES voip.domains ON DELETE CASCADE,
    -- Logs in as name@domain, of the platform as name.
    name                text NOT NULL CHECK (name ~ '^[0-9a-z][0-9a-z._-]{0,63}$'),
    role                text NOT NULL CHECK (role IN ('platform-admin', 'tenant-admin', 'supervisor', 'agent')),
    -- Whose calls and messages an agent sees. He goes with that user.
    user_id             bigint,
    enabled             boolean NOT NULL DEFAULT true,
    -- Argon2id, with its salt and cost.
    password_hash       text NOT NULL CHECK (password_hash ~ '^\$argon2id\$'),
    password_changed_at timestamptz NOT NULL DEFAULT now(),
    -- RFC 6238. Not asked for until a first code has confirmed it.
    totp_secret         bytea CHECK (octet_length(totp_secret) = 20),
    totp_confirmed_at   timestamptz,
    -- The time step of the last code that was taken: no code is taken twice.
    totp_last_step      bigint NOT NULL DEFAULT 0,
    -- Digests of those that are left: each is good once.
    recovery_codes      bytea[] NOT NULL DEFAULT '{}',
    last_login_at       timestamptz,
    created_at          timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (domain_id, name),
    FOREIGN KEY (domain_id, user_id) REFERENCES voip.users (domain_id, id) ON DELETE CASCADE,
    CONSTRAINT platform_admin CHECK ((role = 'platform-admin') = (domain_id IS NULL)),
    CONSTRAINT agent_is_user CHECK ((role = 'agent') = (user_id IS NOT NULL)),
    CONSTRAINT totp_to_confirm CHECK (totp_confirmed_at IS NULL OR totp_secret IS NOT NULL)
);
CREATE INDEX operators_user ON voip.operators (domain_id, user_id) WHERE user_id IS NOT NULL;

CREATE TABLE voip.sessions (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id    bigint REFERENCES voip.domains ON DELETE CASCADE,
    operator_id  bigint NOT NULL REFERENCES voip.operators ON DELETE CASCADE,
    token_sha256 voip.sha256 NOT NULL UNIQUE,
    -- Ends then at the latest, and before when nobody uses it for so long.
    expires_at   timestamptz NOT NULL,
    idle_limit   interval NOT NULL CHECK (idle_limit > '0'),
    -- Written at most once a minute.
    last_used_at timestamptz NOT NULL DEFAULT now(),
    address      inet,
    user_agent   text NOT NULL DEFAULT '' CHECK (length(user_agent) <= 300),
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_operator ON voip.sessions (operator_id);
CREATE INDEX sessions_domain ON voip.sessions (domain_id);

-- Browsers in which, and addresses from which, an operator has logged in: guesses that come from
-- elsewhere cannot lock him out there.
CREATE TABLE voip.login_devices (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id     bigint REFERENCES voip.domains ON DELETE CASCADE,
    operator_id   bigint NOT NULL REFERENCES voip.operators ON DELETE CASCADE,
    token_sha256  voip.sha256 NOT NULL UNIQUE,
    address       inet,
    last_login_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX login_devices_operator ON voip.login_devices (operator_id, address);
CREATE INDEX login_devices_domain ON voip.login_devices (domain_id);

-- What has failed, by whatever it is counted for: an address, a name, a browser.
CREATE TABLE voip.login_failures (
    key           text PRIMARY KEY CHECK (length(key) <= 200),
    failures      integer NOT NULL DEFAULT 0,
    last_at       timestamptz NOT NULL DEFAULT now(),
    -- Until then nothing is tried.
    blocked_until timestamptz
);
CREATE INDEX login_failures_last ON voip.login_failures (last_at);

-- Who has a new password or is not to come in any more is out everywhere.
CREATE FUNCTION voip.end_sessions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM voip.sessions WHERE operator_id = NEW.id;
    IF NEW.password_hash <> OLD.password_hash THEN
        DELETE FROM voip.login_devices WHERE operator_id = NEW.id;
        UPDATE voip.operators SET password_changed_at = now() WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER end_sessions AFTER UPDATE ON voip.operators FOR EACH ROW
    WHEN (NEW.password_hash <> OLD.password_hash OR (OLD.enabled AND NOT NEW.enabled))
    EXECUTE FUNCTION voip.end_sessions();

-- ---------------------------------------------------------------- what was done

CREATE TABLE voip.audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    -- No references: what was done stays when whom it was done to, or who did it, is gone.
    domain_id  bigint,
    domain     text,
    actor_kind text NOT NULL CHECK (actor_kind IN ('key', 'operator', 'shell')),
    actor_id   bigint,
    actor      text NOT NULL,
    address    inet,
    method     text NOT NULL,
    resource   text NOT NULL,
    object_id  text,
    -- The row, without secrets: null before what was created and after what was deleted.
    before     jsonb,
    after      jsonb,
    request_id text,
    -- The entry that this one takes back.
    reverts    bigint
);
CREATE INDEX audit_log_domain ON voip.audit_log (domain_id, id);
CREATE INDEX audit_log_object ON voip.audit_log (resource, object_id, id);

-- What was answered to a POST with an Idempotency-Key: kept for a day.
CREATE TABLE voip.idempotency_keys (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id  bigint REFERENCES voip.domains ON DELETE CASCADE,
    -- 'key:<id>' or 'operator:<id>'.
    caller     text NOT NULL CHECK (length(caller) <= 100),
    key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    method     text NOT NULL,
    path       text NOT NULL,
    -- Of the body: the same key with another one is a mistake.
    sha256     voip.sha256 NOT NULL,
    status     integer,
    headers    jsonb,
    body       text,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (domain_id, caller, key)
);
CREATE INDEX idempotency_keys_created ON voip.idempotency_keys (created_at);

-- ---------------------------------------------------------------- rights

CALL voip.isolate('voip.api_keys');
CALL voip.isolate('voip.operators');
CALL voip.isolate('voip.sessions');
CALL voip.isolate('voip.login_devices');
CALL voip.isolate('voip.audit_log');
CALL voip.isolate('voip.idempotency_keys');
ALTER TABLE voip.login_failures ENABLE ROW LEVEL SECURITY;
ALTER TABLE voip.login_failures FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON voip.login_failures TO dialplane_tenant USING (false) WITH CHECK (false);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['api_keys', 'operators', 'sessions', 'login_devices', 'login_failures',
                             'audit_log', 'idempotency_keys']
    LOOP
        -- Nothing of it is the media servers' or the edge's.
        EXECUTE format('REVOKE ALL ON voip.%I FROM dialplane_control, dialplane_tenant', t);
        EXECUTE format('DROP POLICY IF EXISTS platform_read ON voip.%I', t);
        EXECUTE format('CREATE POLICY platform ON voip.%I TO dialplane_platform USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY access ON voip.%I TO dialplane_access USING (true) WITH CHECK (true)', t);
    END LOOP;
    -- The same columns for tenant and platform: which rows is what the policies say. Secrets are
    -- written and never read.
    FOREACH t IN ARRAY ARRAY['dialplane_tenant', 'dialplane_platform']
    LOOP
        EXECUTE format($f$
            GRANT SELECT (id, domain_id, name, public_id, scopes, addresses, expires_at, rate_limit,
                          last_used_at, last_used_from, created_at),
                  INSERT (domain_id, name, public_id, secret_sha256, scopes, addresses, expires_at, rate_limit),
                  UPDATE (name, scopes, addresses, expires_at, rate_limit), DELETE
                ON voip.api_keys TO %1$I;
            GRANT SELECT (id, domain_id, name, role, user_id, enabled, password_changed_at,
                          totp_confirmed_at, last_login_at, created_at),
                  INSERT (domain_id, name, role, user_id, enabled, password_hash),
                  UPDATE (role, user_id, enabled, password_hash), DELETE
                ON voip.operators TO %1$I;
            GRANT SELECT (id, domain_id, operator_id, expires_at, last_used_at, address, user_agent, created_at),
                  DELETE ON voip.sessions TO %1$I;
            GRANT SELECT, INSERT ON voip.audit_log TO %1$I;
            GRANT SELECT, INSERT, UPDATE, DELETE ON voip.idempotency_keys TO %1$I$f$, t);
    END LOOP;
END
$$;
GRANT SELECT, UPDATE (totp_secret, totp_confirmed_at, totp_last_step, recovery_codes, last_login_at, password_hash)
    ON voip.operators TO dialplane_access;
GRANT SELECT, INSERT, UPDATE, DELETE ON voip.sessions, voip.login_devices, voip.login_failures TO dialplane_access;
GRANT INSERT ON voip.audit_log TO dialplane_access;
GRANT SELECT (created_at), DELETE ON voip.idempotency_keys TO dialplane_access;

-- ---------------------------------------------------------------- who is asking

-- Called with every request, and the one thing that dialplane_api may do as itself. No row: there is no
-- such key. `verdict` is 'ok', or why this key is of no use here and now; only who has the secret is
-- told.
CREATE FUNCTION voip.api_key_use(public text, secret bytea, from_address inet)
    RETURNS TABLE (verdict text, key_id bigint, key_name text, key_domain_id bigint, key_domain text,
                   key_scopes text[], key_rate_limit integer)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    used timestamptz;
BEGIN
    SELECT CASE WHEN k.expires_at <= now() THEN 'expired'
                WHEN NOT coalesce(d.enabled, true) THEN 'disabled'
                WHEN cardinality(k.addresses) > 0
                     AND NOT coalesce(from_address <<= ANY (k.addresses), false) THEN 'address'
                ELSE 'ok' END,
           k.id, k.name, k.domain_id, d.name, k.scopes, k.rate_limit, k.last_used_at
    INTO verdict, key_id, key_name, key_domain_id, key_domain, key_scopes, key_rate_limit, used
    FROM voip.api_keys k LEFT JOIN voip.domains d ON d.id = k.domain_id
    WHERE k.public_id = public AND k.secret_sha256 = secret;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- Nobody waits for a row that somebody else is changing right now.
    IF verdict = 'ok' AND (used IS NULL OR used < now() - interval '1 minute') THEN
        UPDATE voip.api_keys SET last_used_at = now(), last_used_from = from_address
        WHERE id = (SELECT id FROM voip.api_keys WHERE id = key_id FOR NO KEY UPDATE SKIP LOCKED);
    END IF;
    RETURN NEXT;
END
$$;

-- The same for the token of a session. 'expired' by its end or by nobody having used it.
CREATE FUNCTION voip.session_use(token bytea)
    RETURNS TABLE (verdict text, session_id bigint, operator_id bigint, operator_name text,
                   operator_role text, operator_domain_id bigint, operator_domain text,
                   operator_user_id bigint, operator_username text, session_expires_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    used timestamptz;
BEGIN
    SELECT CASE WHEN s.expires_at <= now() OR s.last_used_at + s.idle_limit <= now() THEN 'expired'
                WHEN NOT o.enabled OR NOT coalesce(d.enabled, true) THEN 'disabled'
                ELSE 'ok' END,
           s.id, o.id, o.name, o.role, o.domain_id, d.name, o.user_id, u.username,
           least(s.expires_at, now() + s.idle_limit), s.last_used_at
    INTO verdict, session_id, operator_id, operator_name, operator_role, operator_domain_id,
         operator_domain, operator_user_id, operator_username, session_expires_at, used
    FROM voip.sessions s
    JOIN voip.operators o ON o.id = s.operator_id
    LEFT JOIN voip.domains d ON d.id = o.domain_id
    LEFT JOIN voip.users u ON u.id = o.user_id
    WHERE s.token_sha256 = token;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF verdict = 'ok' AND used < now() - interval '1 minute' THEN
        UPDATE voip.sessions SET last_used_at = now()
        WHERE id = (SELECT id FROM voip.sessions WHERE id = session_id FOR NO KEY UPDATE SKIP LOCKED);
    END IF;
    RETURN NEXT;
END
$$;

-- ---------------------------------------------------------------- logging in

-- Counts an attempt as failed, in advance, for each of these keys: many at once do not slip through.
-- Returns 0, or for how many seconds nothing is tried with one of the keys (and counts nothing then).
-- Beyond `free` failures each one doubles the wait, up to a quarter of an hour.
CREATE FUNCTION voip.login_attempt(keys text[], free integer) RETURNS integer
    LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wait integer;
BEGIN
    INSERT INTO voip.login_failures (key) SELECT DISTINCT k FROM unnest(keys) k ORDER BY k
        ON CONFLICT DO NOTHING;
    -- In one order, so that two attempts do not wait for each other.
    PERFORM FROM voip.login_failures WHERE key = ANY (keys) ORDER BY key FOR UPDATE;
    SELECT max(ceil(extract(epoch FROM blocked_until - clock_timestamp()))) INTO wait
    FROM voip.login_failures WHERE key = ANY (keys) AND blocked_until > clock_timestamp();
    IF wait IS NOT NULL THEN
        RETURN greatest(wait, 1);
    END IF;
    UPDATE voip.login_failures f
    SET failures = n.failures, last_at = clock_timestamp(),
        blocked_until = CASE WHEN n.failures > free THEN clock_timestamp()
            + least(2.0 ^ least(n.failures - free, 20), 900) * interval '1 second' END
    FROM (SELECT key, CASE WHEN last_at < clock_timestamp() - interval '1 day' THEN 1 ELSE failures + 1 END AS failures
          FROM voip.login_failures WHERE key = ANY (keys)) n
    WHERE f.key = n.key;
    RETURN 0;
END
$$;

-- The attempt was none that failed. `own`: keys that are this operator's alone, which start anew. Of
-- the others only this attempt is taken back: who has a password of his own could otherwise clear, again
-- and again, what his guesses at others have added up.
CREATE FUNCTION voip.login_success(keys text[], own boolean, free integer) RETURNS void
    LANGUAGE sql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE voip.login_failures
    SET failures = CASE WHEN own THEN 0 ELSE greatest(failures - 1, 0) END,
        blocked_until = CASE WHEN own OR failures - 1 <= free THEN NULL ELSE blocked_until END
    WHERE key = ANY (keys);
$$;

-- What is of no use any more.
CREATE FUNCTION voip.access_upkeep() RETURNS void LANGUAGE sql SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM voip.sessions WHERE expires_at <= now() OR last_used_at + idle_limit <= now();
    DELETE FROM voip.login_devices WHERE last_login_at < now() - interval '180 days';
    DELETE FROM voip.login_failures WHERE last_at < now() - interval '1 day';
    DELETE FROM voip.idempotency_keys WHERE created_at < now() - interval '24 hours';
$$;

REVOKE EXECUTE ON FUNCTION voip.api_key_use, voip.session_use, voip.login_attempt, voip.login_success,
    voip.access_upkeep FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voip.api_key_use, voip.session_use TO dialplane_api;
GRANT EXECUTE ON FUNCTION voip.login_attempt, voip.login_success, voip.access_upkeep TO dialplane_access;

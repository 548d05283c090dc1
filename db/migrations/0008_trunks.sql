-- Ways outside: trunks and their gateways, the routes to them, the numbers that come in by them, and
-- what a tenant may spend.

-- ---------------------------------------------------------------- the tenant's limits

ALTER TABLE voip.domains
    -- E.164 country code (without +). Numbers of other countries are international.
    ADD country_code text NOT NULL DEFAULT '1' CHECK (country_code ~ '^[1-9][0-9]{0,2}$'),
    -- What a stolen password can cost is closed until somebody opens it.
    ADD allow_international boolean NOT NULL DEFAULT false,
    ADD allow_premium boolean NOT NULL DEFAULT false,
    -- Simultaneous calls of the tenant, and minutes to the outside in a day of its own clock; the
    -- limit is gone with the next day. Null: none.
    ADD max_calls integer CHECK (max_calls BETWEEN 1 AND 100000),
    ADD max_outbound_minutes integer CHECK (max_outbound_minutes BETWEEN 0 AND 1000000);

-- Beginnings of E.164 numbers that cost more than a call: the same for every tenant.
CREATE TABLE voip.premium_prefixes (
    prefix text PRIMARY KEY CHECK (prefix ~ '^[1-9][0-9]{1,11}$'),
    name   voip.label
);
INSERT INTO voip.premium_prefixes (prefix, name) VALUES
    ('1900', 'North America: premium rate'), ('1976', 'North America: premium rate'),
    ('4487', 'United Kingdom: special rate'), ('449', 'United Kingdom: premium rate'),
    ('49900', 'Germany: premium rate'), ('49137', 'Germany: mass calling'),
    ('3389', 'France: special rate'), ('39899', 'Italy: premium rate'),
    ('34803', 'Spain: premium rate'), ('34806', 'Spain: premium rate'),
    ('34807', 'Spain: premium rate'), ('31900', 'Netherlands: premium rate'),
    ('31906', 'Netherlands: premium rate'), ('31909', 'Netherlands: premium rate'),
    ('41900', 'Switzerland: premium rate'), ('41901', 'Switzerland: premium rate'),
    ('43900', 'Austria: premium rate'), ('43930', 'Austria: premium rate'),
    ('881', 'satellite networks'), ('882', 'international networks'),
    ('883', 'international networks'), ('979', 'international premium rate');

-- ---------------------------------------------------------------- trunks

CREATE TABLE voip.trunks (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id  bigint NOT NULL REFERENCES voip.domains,
    name       voip.label NOT NULL,
    enabled    boolean NOT NULL DEFAULT true,
    -- Registration (RFC 3261 10) at the first gateway, and digest credentials for its challenges.
    -- md5(username:realm:password): the password itself is stored nowhere.
    register   boolean NOT NULL DEFAULT false,
    username   voip.sip_user,
    realm      text CHECK (length(realm) <= 190 AND realm ~ '^[A-Za-z0-9._-]+$'),
    ha1        voip.md5_hex,
    -- Simultaneous calls, and new calls per second. Null: no limit.
    max_calls  integer CHECK (max_calls BETWEEN 1 AND 100000),
    max_cps    integer CHECK (max_cps BETWEEN 1 AND 1000),
    -- Shown outside for who has no number of his own.
    caller_id  voip.outside_number,
    UNIQUE (domain_id, name),
    UNIQUE (domain_id, id),
    CONSTRAINT credentials_are_whole CHECK (num_nonnulls(username, realm, ha1) IN (0, 3)),
    CONSTRAINT registers_with_credentials CHECK (NOT register OR ha1 IS NOT NULL)
);

-- Where a trunk's calls go, and come from: lower priority first.
CREATE TABLE voip.trunk_gateways (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id bigint NOT NULL REFERENCES voip.domains,
    trunk_id  bigint NOT NULL,
    priority  integer NOT NULL DEFAULT 1 CHECK (priority BETWEEN 1 AND 1000),
    -- Numeric, or a name that the edge looks up.
    host      text NOT NULL CHECK (length(host) <= 190
                  AND host ~ '^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])$'),
    port      integer NOT NULL DEFAULT 5060 CHECK (port BETWEEN 1 AND 65535),
    transport text NOT NULL DEFAULT 'udp' CHECK (transport IN ('udp', 'tcp', 'tls')),
    UNIQUE (trunk_id, host, port, transport),
    FOREIGN KEY (domain_id, trunk_id) REFERENCES voip.trunks (domain_id, id) ON DELETE CASCADE
);

-- ---------------------------------------------------------------- outbound

-- What is dialled (the extension's prefix, see below) becomes an E.164 number: `strip` characters
-- off, `prepend` in front.
CREATE TABLE voip.outbound_routes (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id  bigint NOT NULL REFERENCES voip.domains,
    name       voip.label NOT NULL,
    -- Length of the whole number as dialled.
    min_length integer NOT NULL DEFAULT 3 CHECK (min_length BETWEEN 1 AND 40),
    max_length integer NOT NULL DEFAULT 32 CHECK (max_length BETWEEN 1 AND 40),
    strip      integer NOT NULL DEFAULT 0 CHECK (strip BETWEEN 0 AND 20),
    prepend    text NOT NULL DEFAULT '' CHECK (prepend ~ '^\+?[0-9]{0,16}$'),
    UNIQUE (domain_id, name),
    UNIQUE (domain_id, id),
    CHECK (min_length <= max_length)
);

-- The trunks of a route, lower priority first; the next is tried when one refuses or is silent.
CREATE TABLE voip.outbound_route_trunks (
    domain_id bigint NOT NULL REFERENCES voip.domains,
    route_id  bigint NOT NULL,
    trunk_id  bigint NOT NULL,
    priority  integer NOT NULL DEFAULT 1 CHECK (priority BETWEEN 1 AND 1000),
    PRIMARY KEY (route_id, trunk_id),
    UNIQUE (route_id, priority),
    FOREIGN KEY (domain_id, route_id) REFERENCES voip.outbound_routes (domain_id, id)
        ON DELETE CASCADE,
    FOREIGN KEY (domain_id, trunk_id) REFERENCES voip.trunks (domain_id, id)
);
CREATE INDEX outbound_route_trunks_trunk ON voip.outbound_route_trunks (trunk_id);

-- ---------------------------------------------------------------- inbound

-- One number leads to one tenant, on the whole platform.
CREATE TABLE voip.inbound_numbers (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id    bigint NOT NULL REFERENCES voip.domains,
    number       text NOT NULL UNIQUE CHECK (number ~ '^\+[1-9][0-9]{2,14}$'),
    extension_id bigint NOT NULL,
    FOREIGN KEY (domain_id, extension_id) REFERENCES voip.extensions (domain_id, id)
);
CREATE INDEX inbound_numbers_extension ON voip.inbound_numbers (extension_id);

CALL voip.isolate('voip.trunks');
CALL voip.isolate('voip.trunk_gateways');
CALL voip.isolate('voip.outbound_routes');
CALL voip.isolate('voip.outbound_route_trunks');
CALL voip.isolate('voip.inbound_numbers');

-- Everybody may read it, and only the platform writes it.
ALTER TABLE voip.premium_prefixes ENABLE ROW LEVEL SECURITY;
ALTER TABLE voip.premium_prefixes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON voip.premium_prefixes FOR SELECT TO dialplane_tenant USING (true);
CREATE POLICY platform_read ON voip.premium_prefixes FOR SELECT
    TO dialplane_control, dialplane_edge USING (true);
GRANT SELECT ON voip.premium_prefixes TO dialplane_tenant, dialplane_control, dialplane_edge;

-- ---------------------------------------------------------------- extensions

-- All types there are, now that what they refer to is there.

ALTER TABLE voip.extensions
    ADD outbound_route_id bigint,
    ADD FOREIGN KEY (domain_id, outbound_route_id) REFERENCES voip.outbound_routes (domain_id, id),
    DROP CONSTRAINT extensions_type_check,
    DROP CONSTRAINT refers_to_its_type,
    ADD CONSTRAINT extensions_type_check CHECK (type IN (
        'user', 'ring_group', 'paging', 'queue', 'ivr', 'voicemail', 'conference', 'schedule',
        'announcement', 'park', 'pickup', 'feature', 'trunk_out')),
    -- A mailbox may be left out: it is then that of whoever calls. A parking place is its number;
    -- pickup takes its argument, or means the caller's group.
    ADD CONSTRAINT refers_to_its_type CHECK (
        num_nonnulls(user_id, ring_group_id, queue_id, ivr_menu_id, voicemail_box_id,
                     conference_id, schedule_id, announcement_id, feature, outbound_route_id)
        = CASE WHEN type IN ('park', 'pickup')
                    OR (type = 'voicemail' AND voicemail_box_id IS NULL) THEN 0 ELSE 1 END
        AND CASE type WHEN 'user' THEN user_id IS NOT NULL
                      WHEN 'ring_group' THEN ring_group_id IS NOT NULL
                      WHEN 'paging' THEN ring_group_id IS NOT NULL
                      WHEN 'queue' THEN queue_id IS NOT NULL
                      WHEN 'ivr' THEN ivr_menu_id IS NOT NULL
                      WHEN 'conference' THEN conference_id IS NOT NULL
                      WHEN 'schedule' THEN schedule_id IS NOT NULL
                      WHEN 'announcement' THEN announcement_id IS NOT NULL
                      WHEN 'feature' THEN feature IS NOT NULL
                      WHEN 'trunk_out' THEN outbound_route_id IS NOT NULL
                      ELSE true END),
    ADD CONSTRAINT prefixes_take_an_argument CHECK (
        NOT is_prefix OR (length(number) <= 12 AND type IN ('pickup', 'feature', 'trunk_out'))),
    ADD CONSTRAINT routes_are_prefixes CHECK (type <> 'trunk_out' OR is_prefix);
CREATE INDEX extensions_outbound_route ON voip.extensions (outbound_route_id)
    WHERE outbound_route_id IS NOT NULL;

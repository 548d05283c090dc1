-- Dead letters: records that can be no row of voip.cdr, as they came, until somebody has looked at
-- them (`dialplane cdr dead`). One that is here is confirmed to the spool that it came from: this is
-- the only place where it is.

CREATE TABLE voip.cdr_dead (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Who made it ('edge', 'freeswitch', 'asterisk', or what was said), and where it was taken in.
    source      text NOT NULL,
    node        text NOT NULL,
    -- Any bytes.
    body        bytea NOT NULL,
    reason      text NOT NULL,
    -- How often a writer had it in hand before it was given up.
    deliveries  integer NOT NULL CHECK (deliveries > 0),
    first_seen  timestamptz NOT NULL DEFAULT now(),
    last_seen   timestamptz NOT NULL DEFAULT now(),
    -- Somebody has sent it once more. It goes when it has become a row; when it has not, this is null
    -- again.
    requeued_at timestamptz,
    -- The same record twice is one dead letter.
    digest      bytea GENERATED ALWAYS AS (sha256(body)) STORED,
    UNIQUE (digest, source, node)
);

CREATE INDEX cdr_dead_first_seen ON voip.cdr_dead (first_seen);

-- Of what cannot be read nobody knows whose it is: no tenant sees any of it.
ALTER TABLE voip.cdr_dead ENABLE ROW LEVEL SECURITY;
ALTER TABLE voip.cdr_dead FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON voip.cdr_dead TO dialplane_tenant USING (false) WITH CHECK (false);
CREATE POLICY platform_read ON voip.cdr_dead FOR SELECT TO dialplane_control USING (true);
CREATE POLICY writer ON voip.cdr_dead TO dialplane_cdr USING (true) WITH CHECK (true);
-- How many there are, for `dialplane doctor`; not what is in them.
GRANT SELECT (id, source, node, reason, deliveries, first_seen, last_seen, requeued_at)
    ON voip.cdr_dead TO dialplane_control;
GRANT SELECT, INSERT, UPDATE, DELETE ON voip.cdr_dead TO dialplane_cdr;

-- Every other callable thing of a tenant: ring groups, paging, schedules, announcements, parking
-- places, pickup and feature codes; and what a user can set for himself.

-- Where a number leads outside: digits as somebody would dial them, with + in front for E.164.
CREATE DOMAIN voip.outside_number AS text CHECK (VALUE ~ '^\+?[0-9*#]{2,32}$');

CREATE DOMAIN voip.label AS text
    CHECK (length(VALUE) BETWEEN 1 AND 100 AND VALUE !~ '[[:cntrl:]]');

-- ---------------------------------------------------------------- users

ALTER TABLE voip.users
    ADD do_not_disturb boolean NOT NULL DEFAULT false,
    -- Simultaneous calls, in either direction.
    ADD max_calls integer NOT NULL DEFAULT 10 CHECK (max_calls BETWEEN 1 AND 100),
    -- Off: a user who is in a call is busy.
    ADD call_waiting boolean NOT NULL DEFAULT true,
    -- His phones ring together, or one after the other in the order of their q (RFC 3261 20.10).
    ADD devices text NOT NULL DEFAULT 'together' CHECK (devices IN ('together', 'in_order')),
    -- What is shown outside instead of the number, and whether anything is (RFC 3323).
    ADD outside_caller_id voip.outside_number,
    ADD hide_caller_id boolean NOT NULL DEFAULT false,
    -- Whose ringing phones he may answer: those of the same group. Null: of nobody.
    ADD pickup_group voip.label;
CREATE INDEX users_pickup_group ON voip.users (domain_id, pickup_group)
    WHERE pickup_group IS NOT NULL;

-- ---------------------------------------------------------------- ring groups, paging

CREATE TABLE voip.ring_groups (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id   bigint NOT NULL REFERENCES voip.domains,
    name        voip.label NOT NULL,
    strategy    text NOT NULL DEFAULT 'all'
                CHECK (strategy IN ('all', 'in_order', 'random', 'longest_idle')),
    -- Members who are in a call are not rung.
    skip_busy   boolean NOT NULL DEFAULT false,
    -- A member outside has the call when he has pressed 1: it may be his own voicemail that answers.
    confirm     boolean NOT NULL DEFAULT true,
    UNIQUE (domain_id, name),
    UNIQUE (domain_id, id)
);

-- A member is a user of the tenant, or a number outside.
CREATE TABLE voip.ring_group_members (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id     bigint NOT NULL REFERENCES voip.domains,
    ring_group_id bigint NOT NULL,
    position      integer NOT NULL DEFAULT 1 CHECK (position BETWEEN 1 AND 1000),
    user_id       bigint,
    outside       voip.outside_number,
    -- Seconds after which this member starts to ring, and for how long.
    delay_s       integer NOT NULL DEFAULT 0 CHECK (delay_s BETWEEN 0 AND 120),
    ring_s        integer NOT NULL DEFAULT 20 CHECK (ring_s BETWEEN 1 AND 300),
    FOREIGN KEY (domain_id, ring_group_id) REFERENCES voip.ring_groups (domain_id, id)
        ON DELETE CASCADE,
    FOREIGN KEY (domain_id, user_id) REFERENCES voip.users (domain_id, id),
    CHECK (num_nonnulls(user_id, outside) = 1),
    UNIQUE (ring_group_id, user_id),
    UNIQUE (ring_group_id, outside)
);
CREATE INDEX ring_group_members_user ON voip.ring_group_members (user_id)
    WHERE user_id IS NOT NULL;

-- ---------------------------------------------------------------- announcements

CREATE TABLE voip.announcements (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id bigint NOT NULL REFERENCES voip.domains,
    name      voip.label NOT NULL,
    prompt    voip.prompt NOT NULL,
    -- Where the call goes when it was played. Null: it ends.
    then_to   bigint,
    UNIQUE (domain_id, name),
    UNIQUE (domain_id, id),
    FOREIGN KEY (domain_id, then_to) REFERENCES voip.extensions (domain_id, id)
);
CREATE INDEX announcements_then ON voip.announcements (then_to) WHERE then_to IS NOT NULL;

-- ---------------------------------------------------------------- schedules

-- By the clock of the tenant (voip.domains.timezone).
CREATE TABLE voip.schedules (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id  bigint NOT NULL REFERENCES voip.domains,
    name       voip.label NOT NULL,
    open_to    bigint NOT NULL,
    closed_to  bigint NOT NULL,
    -- Null: as when it is closed.
    holiday_to bigint,
    -- Set by star code, until it is taken back.
    override   text CHECK (override IN ('open', 'closed', 'holiday')),
    UNIQUE (domain_id, name),
    UNIQUE (domain_id, id),
    FOREIGN KEY (domain_id, open_to) REFERENCES voip.extensions (domain_id, id),
    FOREIGN KEY (domain_id, closed_to) REFERENCES voip.extensions (domain_id, id),
    FOREIGN KEY (domain_id, holiday_to) REFERENCES voip.extensions (domain_id, id)
);
CREATE INDEX schedules_open ON voip.schedules (open_to);
CREATE INDEX schedules_closed ON voip.schedules (closed_to);
CREATE INDEX schedules_holiday ON voip.schedules (holiday_to) WHERE holiday_to IS NOT NULL;

-- Open on this day of the week (ISO 8601: 1 is Monday) from … to; 24:00 is the end of the day. Hours
-- over midnight are two rows.
CREATE TABLE voip.schedule_hours (
    domain_id   bigint NOT NULL REFERENCES voip.domains,
    schedule_id bigint NOT NULL,
    weekday     integer NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    opens       time NOT NULL,
    closes      time NOT NULL,
    PRIMARY KEY (schedule_id, weekday, opens),
    FOREIGN KEY (domain_id, schedule_id) REFERENCES voip.schedules (domain_id, id)
        ON DELETE CASCADE,
    CHECK (opens < closes)
);

CREATE TABLE voip.schedule_holidays (
    domain_id   bigint NOT NULL REFERENCES voip.domains,
    schedule_id bigint NOT NULL,
    day         date NOT NULL,
    name        voip.label,
    PRIMARY KEY (schedule_id, day),
    FOREIGN KEY (domain_id, schedule_id) REFERENCES voip.schedules (domain_id, id)
        ON DELETE CASCADE
);

-- 'open', 'closed' or 'holiday' at that moment. The only place that knows; the edge, `explain` and
-- the API all ask it.
CREATE FUNCTION voip.schedule_state(schedule bigint, at timestamptz) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(s.override,
                    CASE WHEN EXISTS (SELECT FROM voip.schedule_holidays h
                                      WHERE h.schedule_id = s.id AND h.day = l.local::date)
                         THEN 'holiday'
                         WHEN EXISTS (SELECT FROM voip.schedule_hours h
                                      WHERE h.schedule_id = s.id
                                        AND h.weekday = extract(isodow FROM l.local)
                                        AND l.local::time >= h.opens AND l.local::time < h.closes)
                         THEN 'open' ELSE 'closed' END)
    FROM voip.schedules s
    JOIN voip.domains d ON d.id = s.domain_id,
    LATERAL (SELECT at AT TIME ZONE d.timezone AS local) l
    WHERE s.id = schedule;
$$;

-- When the state changes within the days to come: the edge carries these with the number, so that
-- it needs nobody to tell it that it is five o'clock.
CREATE FUNCTION voip.schedule_changes(schedule bigint, since timestamptz, days integer)
    RETURNS TABLE (at timestamptz, state text) LANGUAGE sql STABLE AS $$
    SELECT c.at, c.state
    FROM (SELECT m.at, voip.schedule_state(schedule, m.at) AS state,
                 lag(voip.schedule_state(schedule, m.at)) OVER (ORDER BY m.at) AS before
          FROM (SELECT since AS at
                UNION
                SELECT (day + border) AT TIME ZONE d.timezone
                FROM voip.schedules s
                JOIN voip.domains d ON d.id = s.domain_id,
                LATERAL (SELECT (since AT TIME ZONE d.timezone)::date + n AS day
                         FROM generate_series(0, days) n) days_to_come,
                LATERAL (SELECT opens AS border FROM voip.schedule_hours WHERE schedule_id = s.id
                         UNION SELECT closes FROM voip.schedule_hours WHERE schedule_id = s.id
                         UNION SELECT time '00:00') borders
                WHERE s.id = schedule) m
          WHERE m.at >= since) c
    WHERE c.before IS DISTINCT FROM c.state
    ORDER BY c.at;
$$;

-- A name that PostgreSQL does not know would be an error in everything that asks for the hour.
CREATE FUNCTION voip.is_timezone(name text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM now() AT TIME ZONE name;
    RETURN name ~ '^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$';
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END
$$;
ALTER TABLE voip.domains ADD CONSTRAINT timezone_is_known CHECK (voip.is_timezone(timezone));

-- ---------------------------------------------------------------- feature codes

-- What a feature code does; its number takes what is dialled behind it as an argument where it says
-- so. `dialplane` has the same list (src/tenant/feature.c); a test compares them.
CREATE DOMAIN voip.feature AS text CHECK (VALUE IN (
    'dnd_on', 'dnd_off',
    'forward_always_on', 'forward_busy_on', 'forward_no_answer_on', 'forward_unreachable_on',
    'forward_off',
    'queue_login', 'queue_logout', 'queue_pause', 'queue_unpause',
    'schedule_open', 'schedule_closed', 'schedule_holiday', 'schedule_auto',
    'record'));

-- ---------------------------------------------------------------- extensions

ALTER TABLE voip.extensions
    ADD ring_group_id bigint,
    ADD schedule_id bigint,
    ADD announcement_id bigint,
    ADD feature voip.feature,
    -- The number is the beginning of what is dialled; the rest is an argument. The longest one wins,
    -- and a whole number wins over all of them.
    ADD is_prefix boolean NOT NULL DEFAULT false,
    -- Forwarding outside; of each pair at most one is set.
    ADD always_outside voip.outside_number,
    ADD busy_outside voip.outside_number,
    ADD no_answer_outside voip.outside_number,
    ADD unreachable_outside voip.outside_number,
    ADD CONSTRAINT one_forward_each CHECK (
        num_nonnulls(always_to, always_outside) <= 1
        AND num_nonnulls(busy_to, busy_outside) <= 1
        AND num_nonnulls(no_answer_to, no_answer_outside) <= 1
        AND num_nonnulls(unreachable_to, unreachable_outside) <= 1),
    ADD FOREIGN KEY (domain_id, ring_group_id) REFERENCES voip.ring_groups (domain_id, id),
    ADD FOREIGN KEY (domain_id, schedule_id) REFERENCES voip.schedules (domain_id, id),
    ADD FOREIGN KEY (domain_id, announcement_id) REFERENCES voip.announcements (domain_id, id),
    DROP CONSTRAINT only_users_forward,
    ADD CONSTRAINT only_phones_forward CHECK (
        type IN ('user', 'ring_group')
        OR num_nonnulls(always_to, busy_to, no_answer_to, unreachable_to, always_outside,
                        busy_outside, no_answer_outside, unreachable_outside) = 0);
CREATE INDEX extensions_ring_group ON voip.extensions (ring_group_id)
    WHERE ring_group_id IS NOT NULL;
CREATE INDEX extensions_schedule ON voip.extensions (schedule_id) WHERE schedule_id IS NOT NULL;
CREATE INDEX extensions_announcement ON voip.extensions (announcement_id)
    WHERE announcement_id IS NOT NULL;

CALL voip.isolate('voip.ring_groups');
CALL voip.isolate('voip.ring_group_members');
CALL voip.isolate('voip.announcements');
CALL voip.isolate('voip.schedules');
CALL voip.isolate('voip.schedule_hours');
CALL voip.isolate('voip.schedule_holidays');

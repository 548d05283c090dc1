-- The unified extension model: every callable thing is one row of voip.extensions.

CREATE TABLE voip.voicemail_boxes (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id  bigint NOT NULL REFERENCES voip.domains,
    mailbox    text NOT NULL CHECK (mailbox ~ '^[0-9]{1,32}$'),
    -- The owner, who listens without naming the mailbox; null for a shared one.
    user_id    bigint,
    -- md5(mailbox:domain:pin), the form mod_voicemail compares with.
    pin_ha1    voip.md5_hex NOT NULL,
    email      text CHECK (length(email) <= 254 AND email ~ '^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+$'),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (domain_id, mailbox),
    UNIQUE (user_id),
    UNIQUE (domain_id, id),
    FOREIGN KEY (domain_id, user_id) REFERENCES voip.users (domain_id, id)
);

-- Prompts are named relative to the sounds folder; the pattern admits no "..", no absolute path
-- and nothing that a dialplan would expand.
CREATE DOMAIN voip.prompt AS text
    CHECK (length(VALUE) <= 128 AND VALUE ~ '^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$');

CREATE TABLE voip.ivr_menus (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id   bigint NOT NULL REFERENCES voip.domains,
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100 AND name !~ '[[:cntrl:]]'),
    greeting    voip.prompt NOT NULL,
    invalid     voip.prompt NOT NULL DEFAULT 'pm-invalid-option',
    timeout_ms  integer NOT NULL DEFAULT 5000 CHECK (timeout_ms BETWEEN 500 AND 60000),
    tries       integer NOT NULL DEFAULT 3 CHECK (tries BETWEEN 1 AND 10),
    UNIQUE (domain_id, name),
    UNIQUE (domain_id, id)
);

CREATE TABLE voip.extensions (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id        bigint NOT NULL REFERENCES voip.domains,
    number           voip.sip_user NOT NULL,
    type             text NOT NULL CHECK (type IN ('user', 'ivr', 'voicemail')),
    user_id          bigint,
    ivr_menu_id      bigint,
    -- Null: the mailbox of whoever calls.
    voicemail_box_id bigint,
    ring_timeout_s   integer NOT NULL DEFAULT 30 CHECK (ring_timeout_s BETWEEN 1 AND 300),
    -- Where the call goes instead: at once, or when the user is busy, silent or not registered.
    always_to        bigint CHECK (always_to <> id),
    busy_to          bigint CHECK (busy_to <> id),
    no_answer_to     bigint CHECK (no_answer_to <> id),
    unreachable_to   bigint CHECK (unreachable_to <> id),
    created_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (domain_id, number),
    UNIQUE (domain_id, id),
    FOREIGN KEY (domain_id, user_id) REFERENCES voip.users (domain_id, id),
    FOREIGN KEY (domain_id, ivr_menu_id) REFERENCES voip.ivr_menus (domain_id, id),
    FOREIGN KEY (domain_id, voicemail_box_id) REFERENCES voip.voicemail_boxes (domain_id, id),
    FOREIGN KEY (domain_id, always_to) REFERENCES voip.extensions (domain_id, id),
    FOREIGN KEY (domain_id, busy_to) REFERENCES voip.extensions (domain_id, id),
    FOREIGN KEY (domain_id, no_answer_to) REFERENCES voip.extensions (domain_id, id),
    FOREIGN KEY (domain_id, unreachable_to) REFERENCES voip.extensions (domain_id, id),
    CONSTRAINT refers_to_its_type CHECK (
        (type = 'user') = (user_id IS NOT NULL)
        AND (type = 'ivr') = (ivr_menu_id IS NOT NULL)
        AND (type = 'voicemail' OR voicemail_box_id IS NULL)),
    CONSTRAINT only_users_forward CHECK (
        type = 'user' OR (always_to IS NULL AND busy_to IS NULL
                          AND no_answer_to IS NULL AND unreachable_to IS NULL))
);
CREATE INDEX extensions_user ON voip.extensions (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX extensions_box ON voip.extensions (voicemail_box_id) WHERE voicemail_box_id IS NOT NULL;
CREATE INDEX extensions_menu ON voip.extensions (ivr_menu_id) WHERE ivr_menu_id IS NOT NULL;
CREATE INDEX extensions_always ON voip.extensions (always_to) WHERE always_to IS NOT NULL;
CREATE INDEX extensions_busy ON voip.extensions (busy_to) WHERE busy_to IS NOT NULL;
CREATE INDEX extensions_no_answer ON voip.extensions (no_answer_to) WHERE no_answer_to IS NOT NULL;
CREATE INDEX extensions_unreachable ON voip.extensions (unreachable_to)
    WHERE unreachable_to IS NOT NULL;

CREATE TABLE voip.ivr_entries (
    domain_id    bigint NOT NULL REFERENCES voip.domains,
    menu_id      bigint NOT NULL,
    digit        text NOT NULL CHECK (digit ~ '^[0-9*#]$'),
    extension_id bigint NOT NULL,
    PRIMARY KEY (menu_id, digit),
    FOREIGN KEY (domain_id, menu_id) REFERENCES voip.ivr_menus (domain_id, id) ON DELETE CASCADE,
    FOREIGN KEY (domain_id, extension_id) REFERENCES voip.extensions (domain_id, id)
);
CREATE INDEX ivr_entries_extension ON voip.ivr_entries (extension_id);

CALL voip.isolate('voip.voicemail_boxes');
CALL voip.isolate('voip.ivr_menus');
CALL voip.isolate('voip.extensions');
CALL voip.isolate('voip.ivr_entries');

-- One row says everything about a number. Asked with the rights of whoever asks, so that a tenant
-- sees its own numbers only.
CREATE VIEW voip.vw_extensions WITH (security_invoker = true) AS
SELECT d.name   AS domain,
       e.number AS extension,
       e.type,
       jsonb_strip_nulls(jsonb_build_object(
           'user', u.username, 'ivr_menu', e.ivr_menu_id, 'mailbox', b.mailbox)) AS service_ref,
       e.type <> 'user' AS need_media,
       e.ring_timeout_s,
       always.number      AS always_to,
       busy.number        AS busy_to,
       no_answer.number   AS no_answer_to,
       unreachable.number AS unreachable_to,
       e.id             AS extension_id,
       d.id             AS domain_id
FROM voip.extensions e
JOIN voip.domains d ON d.id = e.domain_id AND d.enabled
LEFT JOIN voip.users u ON u.id = e.user_id
LEFT JOIN voip.voicemail_boxes b ON b.id = e.voicemail_box_id
LEFT JOIN voip.extensions always ON always.id = e.always_to
LEFT JOIN voip.extensions busy ON busy.id = e.busy_to
LEFT JOIN voip.extensions no_answer ON no_answer.id = e.no_answer_to
LEFT JOIN voip.extensions unreachable ON unreachable.id = e.unreachable_to
WHERE u.id IS NULL OR u.enabled;

GRANT SELECT ON voip.vw_extensions TO dialplane_tenant, dialplane_control;

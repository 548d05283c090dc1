-- Prompts of a tenant's own: audio that its menus, announcements and queues name as custom/<name>.
-- Beside them are the built-in ones, by their plain names.

-- RIFF, WAVE, one chunk `fmt ` of PCM, one of data, and nothing else: mono, 16 bits, 8 or 16 kHz. What
-- a media server is given to read has no field that could surprise it.
CREATE FUNCTION voip.is_wav(audio bytea) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(
        length(audio) > 44
        AND substr(audio, 1, 4) = 'RIFF' AND substr(audio, 9, 8) = 'WAVEfmt '
        AND substr(audio, 17, 8) = '\x1000000001000100'
        -- Samples and bytes a second, bytes and bits a sample.
        AND substr(audio, 25, 12) IN ('\x401f0000803e000002001000', '\x803e0000007d000002001000')
        AND substr(audio, 37, 4) = 'data'
        AND get_byte(audio, 40) + get_byte(audio, 41) * 256 + get_byte(audio, 42) * 65536
            + get_byte(audio, 43)::bigint * 16777216 = length(audio) - 44
        AND (length(audio) - 44) % 2 = 0, false);
$$;

CREATE TABLE voip.prompts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    domain_id  bigint NOT NULL REFERENCES voip.domains,
    name       text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,59}$'),
    -- Ten minutes at 8 kHz.
    audio      bytea NOT NULL CHECK (length(audio) <= 9600044),
    sha256     text NOT NULL GENERATED ALWAYS AS (encode(sha256(audio), 'hex')) STORED,
    rate       integer NOT NULL GENERATED ALWAYS AS
               (CASE substr(audio, 25, 1) WHEN '\x40' THEN 8000 ELSE 16000 END) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT is_wav CHECK (voip.is_wav(audio)),
    UNIQUE (domain_id, name),
    UNIQUE (domain_id, id)
);
CALL voip.isolate('voip.prompts');

-- The name of a prompt that is the tenant's own, for the foreign keys below.
CREATE FUNCTION voip.own_prompt(prompt text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN starts_with(prompt, 'custom/') THEN substr(prompt, 8) END;
$$;

ALTER TABLE voip.queues
    -- What those who wait hear, and where they stand, every so many seconds.
    ADD announcement voip.prompt,
    ADD announce_position boolean NOT NULL DEFAULT false,
    ADD announce_every_s integer NOT NULL DEFAULT 30 CHECK (announce_every_s BETWEEN 5 AND 3600);

DO $$
DECLARE
    t text[];
BEGIN
    FOREACH t SLICE 1 IN ARRAY ARRAY[
        ['ivr_menus', 'greeting'], ['ivr_menus', 'invalid'], ['announcements', 'prompt'],
        ['queues', 'music'], ['queues', 'announcement']]
    LOOP
        EXECUTE format('ALTER TABLE voip.%1$I ADD own_%2$s text '
                       'GENERATED ALWAYS AS (voip.own_prompt(%2$I)) STORED, '
                       'ADD FOREIGN KEY (domain_id, own_%2$s) '
                       'REFERENCES voip.prompts (domain_id, name)', t[1], t[2]);
        EXECUTE format('CREATE INDEX %1$s_own_%2$s ON voip.%1$I (domain_id, own_%2$s) '
                       'WHERE own_%2$s IS NOT NULL', t[1], t[2]);
    END LOOP;
    -- One more kind of use, whatever the view knows by now.
    EXECUTE format('CREATE OR REPLACE VIEW voip.vw_used_by WITH (security_invoker = true) AS '
                   '%s UNION ALL %s', rtrim(pg_get_viewdef('voip.vw_used_by'), ';'), $view$
        SELECT p.domain_id, 'prompts', p.id, u.used_by
        FROM voip.prompts p
        JOIN (SELECT domain_id, own_greeting AS name, format('menu "%s" (greeting)', name) AS used_by
              FROM voip.ivr_menus
              UNION ALL SELECT domain_id, own_invalid, format('menu "%s" (invalid)', name)
              FROM voip.ivr_menus
              UNION ALL SELECT domain_id, own_prompt, format('announcement "%s"', name)
              FROM voip.announcements
              UNION ALL SELECT domain_id, own_music, format('queue "%s" (music)', name)
              FROM voip.queues
              UNION ALL SELECT domain_id, own_announcement, format('queue "%s" (announcement)', name)
              FROM voip.queues) u USING (domain_id, name)$view$);
END
$$;
CREATE TRIGGER in_use BEFORE DELETE ON voip.prompts
    FOR EACH ROW EXECUTE FUNCTION voip.refuse_delete();

-- The file has another name when the audio is another: who has loaded it is told.
CREATE FUNCTION voip.prompts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('prompts', OLD.domain_id, OLD.name);
    PERFORM voip.notify_key('prompts', NEW.domain_id, NEW.name);
    PERFORM voip.notify_queues(ARRAY(SELECT id FROM voip.queues
                                     WHERE domain_id = NEW.domain_id
                                       AND NEW.name IN (own_music, own_announcement)));
    RETURN NULL;
END
$$;
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON voip.prompts
    FOR EACH ROW EXECUTE FUNCTION voip.prompts_changed();
CREATE TRIGGER truncated AFTER TRUNCATE ON voip.prompts
    FOR EACH STATEMENT EXECUTE FUNCTION voip.truncated();

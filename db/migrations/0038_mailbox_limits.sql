-- What a mailbox takes, and what becomes of it by mail.

ALTER TABLE voip.voicemail_boxes
    -- New and saved ones together; a full mailbox says so and takes no more.
    ADD max_messages integer NOT NULL DEFAULT 100 CHECK (max_messages BETWEEN 1 AND 1000),
    -- Seconds of one message. (mod_voicemail knows no lengths of a mailbox, so there is a profile for each
    -- of these pairs: conf/freeswitch/autoload_configs/voicemail.conf.xml.)
    ADD max_message_s integer NOT NULL DEFAULT 180
        CHECK (max_message_s IN (10, 30, 60, 120, 180, 300, 600)),
    -- Shorter ones are dropped: somebody has hung up at the tone.
    ADD min_message_s integer NOT NULL DEFAULT 1 CHECK (min_message_s IN (1, 2, 3, 5)),
    -- The audio goes along; the message is deleted when the mail is safe, `dialplane collector`'s to send.
    ADD mail_audio boolean NOT NULL DEFAULT true,
    ADD delete_mailed boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT deleted_audio_is_mailed CHECK (mail_audio OR NOT delete_mailed);

-- `dialplane serve` has to know of a mailbox that has become full, or is no longer, and of no other count.
CREATE OR REPLACE FUNCTION voip.voicemail_counts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM voip.notify_key('voicemail_counts', b.domain_id, b.mailbox)
    FROM voip.voicemail_boxes b WHERE b.id = coalesce(NEW.box_id, OLD.box_id);
    PERFORM voip.notify_key('voicemail_boxes', b.domain_id, b.mailbox)
    FROM voip.voicemail_boxes b
    WHERE b.id = NEW.box_id
      AND (coalesce(OLD.new_messages + OLD.saved_messages, 0) >= b.max_messages)
          <> (NEW.new_messages + NEW.saved_messages >= b.max_messages);
    RETURN NULL;
END
$$;

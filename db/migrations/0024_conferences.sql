-- A conference may begin with its moderator: until then its members hear music, and not each other.
ALTER TABLE voip.conferences
    ADD wait_for_moderator boolean NOT NULL DEFAULT false,
    -- Only the PIN tells who is one.
    ADD CONSTRAINT somebody_is_moderator CHECK (
        NOT wait_for_moderator OR moderator_pin IS NOT NULL);

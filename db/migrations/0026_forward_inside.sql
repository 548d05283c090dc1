-- A forwarding to a number outside that is a number of the tenant leads there: by reference, so that it
-- follows when the number changes, cannot dangle, and is seen when calls would go round in a circle. (What
-- becomes a number of the tenant only later is found out by the edge, which counts.)
CREATE FUNCTION voip.forward_inside() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place text;
    inside bigint;
    row_now jsonb := to_jsonb(NEW);
BEGIN
    FOREACH place IN ARRAY ARRAY['always', 'busy', 'no_answer', 'unreachable']
    LOOP
        SELECT e.id INTO inside FROM voip.extensions e
        WHERE e.domain_id = NEW.domain_id AND NOT e.is_prefix
          AND e.number = row_now ->> (place || '_outside');
        IF FOUND THEN
            row_now := row_now || jsonb_build_object(place || '_to', inside, place || '_outside', NULL);
        END IF;
    END LOOP;
    RETURN jsonb_populate_record(NEW, row_now);
END
$$;
CREATE TRIGGER forward_inside BEFORE INSERT OR UPDATE ON voip.extensions
    FOR EACH ROW WHEN (num_nonnulls(NEW.always_outside, NEW.busy_outside, NEW.no_answer_outside,
                                    NEW.unreachable_outside) > 0)
    EXECUTE FUNCTION voip.forward_inside();

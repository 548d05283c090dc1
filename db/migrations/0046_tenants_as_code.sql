-- A file may exchange the priorities of two trunks of a route: one after the other, and checked when
-- both have theirs.
ALTER TABLE voip.outbound_route_trunks
    DROP CONSTRAINT outbound_route_trunks_route_id_priority_key,
    ADD CONSTRAINT outbound_route_trunks_route_id_priority_key UNIQUE (route_id, priority) DEFERRABLE;

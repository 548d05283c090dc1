-- A copy of every recording at the peer, seconds after it is in the store.
--
-- node.lua is written by `dialplane render`: source, target, status.
dofile("node.lua")

settings {
    nodaemon = true,
    statusFile = dialplane.status,
    -- A peer that is away at the start is tried until it is there.
    insist = true,
}

sync {
    default.rsync,
    source = dialplane.source,
    target = dialplane.target,
    -- Whoever empties the store by mistake does not empty the copy. What was deleted because it is old
    -- enough, the peer's own collector deletes, which has the same rows.
    delete = false,
    delay = 1,
    -- Copies that are not whole yet.
    exclude = { "/.unfinished" },
    rsync = {
        archive = true,
        _extra = { "--fsync" },
    },
}

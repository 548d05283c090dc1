-- append_record(path, line): appends one call record to the file that `dialplane collector` follows.
-- Opened for each record, so that the collector may rename the file at any time; written and closed
-- at once, so that the line is with the kernel (and outlives this process) when this returns.

function append_record(path, line)
    local file, reason = io.open(path, "a")
    if not file then
        KSR.err("cannot write a call record to " .. path .. ": " .. reason .. ": " .. line .. "\n")
        return -1
    end
    file:write(line, "\n")
    file:close()
    return 1
end

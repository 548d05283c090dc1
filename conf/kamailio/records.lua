-- append_records(path, node, note): appends what there is to say of the call in hand to the file that
-- `dialplane collector` follows: its record, when $var(json) has one, and a note of the edge's own
-- (records.cfg) when `note` is not "". Returns 1, and -1 when the file takes nothing.
--
-- Both are written at once, by one write(2): who is killed has written both or none of them, and lines
-- of several workers cannot mix. Only a kill within that call, or a disk that is full, can leave the
-- beginning of a line, so each write begins with a newline, too: the next line stays whole. The file is
-- opened for each, so that the collector may rename it at any time; what was written is with the kernel
-- (and outlives this process) when this returns.

-- Any bytes as a string of JSON. What is no UTF-8 the writer makes some.
local function quoted(text)
    return '"' .. text:gsub('[%c"\\]', function(char)
        return string.format("\\u%04x", char:byte())
    end) .. '"'
end

local function value(name)
    local found = KSR.pv.get(name)
    return found and tostring(found) or ""
end

-- Names of the note, and where Kamailio has what they mean.
local says = {
    {"id", "$dlg_var(id)"}, {"start", "$dlg_var(start)"}, {"answer", "$dlg_var(answer)"},
    {"from", "$dlg_var(from)"}, {"to", "$dlg_var(to)"}, {"reached", "$dlg_var(reached)"},
    {"domain", "$dlg_var(domain)"}, {"dir", "$dlg_var(dir)"}, {"ext", "$dlg_var(ext)"},
    {"media", "$dlg_var(media)"}, {"trunk", "$dlg_var(trunk)"},
    {"sip_call_id", "$dlg_var(call)"}, {"genesys_call_uuid", "$dlg_var(genesys)"},
    {"code", "$dlg_var(code)"},
}
local says_at_end = {
    {"end", "$TV(Sn)"}, {"by", "$dlg_var(by)"}, {"cause", "$dlg_var(cause)"},
}

local function add(fields, names)
    for _, name in ipairs(names) do
        local text = value(name[2])
        if text ~= "" then
            fields[#fields + 1] = '"' .. name[1] .. '":' .. quoted(text)
        end
    end
end

-- The run of Kamailio that says it is known by when it began.
local function note_line(note, node)
    local fields = {
        '"v":1', '"note":' .. quoted(note), '"node":' .. quoted(node),
        '"boot":' .. quoted(value("$Tb")),
    }
    if note ~= "boot" then
        add(fields, says)
    end
    if note == "end" then
        add(fields, says_at_end)
    end
    return "{" .. table.concat(fields, ",") .. "}\n"
end

-- Without a buffer, of which glibc would write each time that it is full.
local function write(path, text)
    local file, reason = io.open(path, "a")
    if not file then
        return reason
    end
    file:setvbuf("no")
    local done
    done, reason = file:write(text)
    file:close()
    return not done and reason
end

function append_records(path, node, note)
    local text = "\n"
    local record = value("$var(json)")
    if record ~= "" then
        text = text .. record .. "\n"
    end
    if note ~= "" then
        text = text .. note_line(note, node)
    end
    local reason = write(path, text)
    if reason then
        KSR.err("cannot write call records to " .. path .. ": " .. reason .. ": " .. text)
        return -1
    end
    return 1
end

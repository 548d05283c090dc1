-- limit_expires(left, default): of the REGISTER in hand no contact asks for more than `left` seconds. One
-- that says nothing gets `default` of them. What is not changed is left as it came; the script has to
-- apply what is (msg_apply_changes).

local EXPIRES = "(;%s*[eE][xX][pP][iI][rR][eE][sS]%s*=%s*)([^;,>%s]*)"

-- What is no number the registrar takes for its own default.
local function limited(text, left, default)
    local seconds = tonumber(text:match('^"?(%d+)"?$')) or default
    return seconds > left and tostring(left) or nil
end

local function limit_contacts(left, default)
    local contacts, has_changed = {}, false
    for i = 1, tonumber(KSR.pv.get("$hdrc(Contact)")) or 0 do
        local contact = tostring(KSR.pv.get("$(hdr(Contact)[" .. i - 1 .. "])"))
        contacts[i] = contact:gsub(EXPIRES, function(name, value)
            local fewer = limited(value, left, default)
            return fewer and name .. fewer
        end)
        has_changed = has_changed or contacts[i] ~= contact
    end
    if has_changed then
        KSR.hdr.remove("Contact")
        for _, contact in ipairs(contacts) do
            KSR.hdr.append("Contact: " .. contact .. "\r\n")
        end
    end
end

function limit_expires(left, default)
    left, default = tonumber(left), tonumber(default)
    limit_contacts(left, default)
    local fewer = limited(tostring(KSR.pv.get("$hdr(Expires)")), left, default)
    if fewer then
        KSR.hdr.remove("Expires")
        KSR.hdr.append("Expires: " .. fewer .. "\r\n")
    end
    return 1
end

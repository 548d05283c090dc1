-- A caller in the menu may dial a number of the tenant: whatever answers calls there, but nothing
-- that leads outside or changes anything (src/tenant/direct.h).
ALTER TABLE voip.ivr_menus ADD direct_dial boolean NOT NULL DEFAULT false;

-- The version of a row, which is its ETag, of the tables of which not every column may be read.
GRANT SELECT (xmin) ON voip.api_keys, voip.operators TO dialplane_tenant, dialplane_platform;

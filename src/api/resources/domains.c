/* Tenants. What a tenant may spend is the platform's to say. */
#include "api/resources/resources.h"

static const struct api_column columns[] = {
    API_ROW_ID,
    {"name", API_TEXT, API_REQUIRED | API_IMMUTABLE | API_FILTER | API_SORT,
     .about = "The tenant's domain: what its phones register at, and the realm of its passwords.",
     .min = 1, .max = 190,
     .pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$",
     .meaning = "is a host name in lower case"},
    {"enabled", API_BOOLEAN, API_FILTER | API_PLATFORM_WRITES, .about = "Off: nobody can call.",
     .initial = "true"},
    {"timezone", API_TEXT, API_FILTER, .about = "By whose clock schedules go: Europe/Berlin.",
     .min = 1, .max = 64, .initial = "\"UTC\""},
    {"country_code", API_TEXT, API_FILTER, .about = "Numbers of other countries are international.",
     .max = 3, .pattern = "^[1-9][0-9]{0,2}$", .meaning = "is an E.164 country code without +",
     .initial = "\"1\""},
    {"allow_international", API_BOOLEAN, API_FILTER | API_PLATFORM_WRITES,
     .about = "Whether calls to other countries are let out.", .initial = "false"},
    {"allow_premium", API_BOOLEAN, API_FILTER | API_PLATFORM_WRITES,
     .about = "Whether calls to premium-rate numbers are let out.", .initial = "false"},
    {"max_calls", API_INTEGER, API_NULLABLE | API_FILTER | API_PLATFORM_WRITES,
     .about = "Simultaneous calls; null: any number.", .min = 1, .max = 100000},
    {"max_outbound_minutes", API_INTEGER, API_NULLABLE | API_FILTER | API_PLATFORM_WRITES,
     .about = "Minutes to the outside in a day; null: any number.", .min = 0, .max = 1000000},
    {"music", API_TEXT, API_NULLABLE, .about = "Music on hold of its own; null: the platform's.",
     .max = 128, .pattern = "^custom/[a-z0-9][a-z0-9_-]{0,59}$",
     .meaning = "is custom/ and the name of a prompt of the tenant's own"},
    API_CREATED,
    {NULL},
};

static const struct api_rule rules[] = {
    {"timezone_is_known", "timezone",
     "timezone: there is no such time zone. Use a name like Europe/Berlin or UTC."},
    {NULL},
};

const struct api_resource api_domains = {
    .name = "domains",
    .one = "domain",
    .tag = "Domains",
    .table = "voip.domains",
    .is_platform = true,
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .key = "name",
    .label = "name",
    .order = "name",
    .columns = columns,
    .rules = rules,
};

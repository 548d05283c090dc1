/* Webhooks: who is told of calls and recordings (docs/webhooks.md). */
#include "api/resources/resources.h"

static const char *const events[] = {"call.ended", "recording.ready", NULL};

static const struct api_column columns[] = {
    API_ROW_ID,
    {"url", API_TEXT, API_REQUIRED | API_FILTER, .about = "Where it is told.", .min = 8,
     .max = 2048, .pattern = "^https?://[^/?#@[:space:]]+([/?#][!-~]*)?$",
     .meaning = "is a URL of http or https, without a name and a password in it"},
    {"events", API_ARRAY, API_REQUIRED, .about = "Of what.", .words = events},
    {"active", API_BOOLEAN, API_FILTER,
     .about = "Off: nothing is delivered, and nothing kept for it.", .initial = "true"},
    API_CREATED,
    {NULL},
};

static const struct api_rule rules[] = {
    {"webhooks_events_check", "events",
     "events: is a list of call.ended, recording.ready or both."},
    {NULL},
};

const struct api_resource api_webhooks = {
    .name = "webhooks",
    .one = "webhook",
    .tag = "Webhooks",
    .table = "voip.webhooks",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "url",
    .order = "id",
    .columns = columns,
    .rules = rules,
    .told_once = "secret",
    .told_sql = "SELECT voip.new_webhook_secret($1)",
};

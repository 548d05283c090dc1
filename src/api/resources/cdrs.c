/* What the API says of a call; docs/cdr.md has the meaning of each column. */
#include "api/cdr_search.h"

static const char *const directions[] = {"internal", "inbound", "outbound", NULL};
static const char *const sides[] = {"caller", "callee", "system", NULL};
static const char *const sources[] = {"edge", "freeswitch", "asterisk", NULL};
static const char *const reasons[] = {"media", "edge", NULL};

enum {
    SEEN = API_READ_ONLY | API_FILTER,
    MAYBE = SEEN | API_NULLABLE,
    NO_VERB = API_LIST | API_GET | API_CREATE | API_PATCH | API_DELETE | API_BATCH,
};

static const struct api_column columns[] = {
    {"call_id", API_UUID, SEEN, .about = "The call."},
    {"started_at", API_TIMESTAMP, SEEN | API_SORT, .about = "When the INVITE reached the edge."},
    {"rang_at", API_TIMESTAMP, MAYBE, .about = "The first 180 or 183."},
    {"answered_at", API_TIMESTAMP, MAYBE, .about = "The 200."},
    {"ended_at", API_TIMESTAMP, SEEN, .about = "BYE, or the final failure."},
    {"duration_ms", API_INTEGER, SEEN, .max = INT32_MAX, .about = "From start to end."},
    {"billable_ms", API_INTEGER, SEEN, .max = INT32_MAX, .about = "From answer to end."},
    {"pdd_ms", API_INTEGER, MAYBE, .max = INT32_MAX,
     .about = "From the INVITE to ringing, or to the answer."},
    {"direction", API_ENUM, SEEN, .about = "Between whom.", .words = directions},
    {"caller", API_TEXT, SEEN, .about = "The user part of From."},
    {"callee", API_TEXT, SEEN, .about = "The number as dialled."},
    {"callee_reached", API_TEXT, SEEN, .about = "Where the call came to in the end."},
    {"service", API_TEXT, SEEN, .about = "Type of the extension that was reached."},
    {"extension_id", API_ID, MAYBE, .about = "Id of that extension, at that time."},
    {"queue", API_TEXT, MAYBE, .about = "Number of the queue."},
    {"agent", API_TEXT, MAYBE, .about = "Who of the queue took the call."},
    {"wait_ms", API_INTEGER, MAYBE, .max = INT32_MAX,
     .about = "In the queue, until somebody took the call."},
    {"talk_ms", API_INTEGER, MAYBE, .max = INT32_MAX, .about = "With whoever took it."},
    {"ivr_path", API_TEXT, MAYBE, .about = "The way through menus."},
    {"sip_code", API_INTEGER, MAYBE, .max = INT32_MAX, .about = "The final status."},
    {"hangup_cause", API_TEXT, SEEN, .about = "The Q.850 cause, by name."},
    {"hangup_side", API_ENUM, SEEN, .about = "Who ended it.", .words = sides},
    {"trunk", API_TEXT, MAYBE, .about = "Name of the trunk."},
    {"codec", API_TEXT, MAYBE, .about = "The first codec of the answer."},
    {"sip_call_id", API_TEXT, SEEN, .about = "Call-ID of the caller's leg."},
    {"sip_call_id_callee", API_TEXT, MAYBE, .about = "Call-ID of the callee's leg."},
    {"genesys_call_uuid", API_TEXT, MAYBE, .about = "X-Genesys-CallUUID of the INVITE."},
    {"node", API_TEXT, SEEN, .about = "The node whose record it is."},
    {"source", API_ENUM, SEEN, .about = "The program whose record it is.", .words = sources},
    {"reconciled", API_ENUM, MAYBE, .about = "Why the record was made up; null: it was reported.",
     .words = reasons},
    {0},
};

const struct api_resource api_cdrs = {
    .name = "cdrs",
    .one = "call record",
    .tag = "Calls",
    .table = "voip.cdr",
    .reads = API_CDR_READ,
    .writes = API_CDR_READ,
    .key = "call_id",
    .id = "call_id",
    .label = "callee",
    .order = "-started_at",
    .columns = columns,
    .without = NO_VERB,
    .outlived = true,
};

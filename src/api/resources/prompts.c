/* Prompts of a tenant's own: their names. Their audio is not JSON: api/prompts.c. */
#include "api/resources/resources.h"

/* They are used by their names, not by their ids. */
#define USE(resource, table, column)                                                               \
    "SELECT '" resource "', u.id, u.name::text FROM voip." table " u JOIN voip.prompts p "         \
    "ON p.id = $1::bigint AND u.domain_id = p.domain_id AND u." column " = p.name"

static const struct api_column columns[] = {
    API_ROW_ID,
    {"name", API_TEXT, API_REQUIRED | API_FILTER | API_SORT,
     .about = "Menus, announcements and queues name it custom/<name>.", .max = 60,
     .pattern = "^[a-z0-9][a-z0-9_-]{0,59}$", .meaning = "has 1 to 60 of a-z 0-9 _ -"},
    {"rate", API_INTEGER, API_READ_ONLY | API_FILTER, .about = "Samples a second.", .max = 16000},
    {"sha256", API_TEXT, API_READ_ONLY | API_FILTER, .about = "The digest of its audio."},
    {"bytes", API_INTEGER, API_READ_ONLY, .about = "The size of its audio.", .max = 9600044,
     .sql = "length(t.audio)"},
    API_CREATED,
    {NULL},
};

static const struct api_rule rules[] = {
    {"prompts_name_check", "name", "name: has 1 to 60 of a-z 0-9 _ -."},
    {NULL},
};

const struct api_resource api_prompts = {
    .name = "prompts",
    .one = "prompt",
    .tag = "Prompts",
    .table = "voip.prompts",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "name",
    .order = "name",
    .columns = columns,
    .rules = rules,
    .without = API_CREATE | API_BATCH,
    .used_sql = USE("ivr-menus", "ivr_menus", "own_greeting") " UNION " USE(
        "ivr-menus", "ivr_menus",
        "own_invalid") " UNION " USE("announcements", "announcements",
                                     "own_prompt") " UNION " USE("queues", "queues",
                                                                 "own_music") " UNION " USE("queue"
                                                                                            "s",
                                                                                            "queue"
                                                                                            "s",
                                                                                            "own_"
                                                                                            "announ"
                                                                                            "cemen"
                                                                                            "t") " "
                                                                                                 "U"
                                                                                                 "N"
                                                                                                 "I"
                                                                                                 "O"
                                                                                                 "N"
                                                                                                 " "
                                                                                                 "S"
                                                                                                 "E"
                                                                                                 "L"
                                                                                                 "E"
                                                                                                 "C"
                                                                                                 "T"
                                                                                                 " "
                                                                                                 "'"
                                                                                                 "d"
                                                                                                 "o"
                                                                                                 "m"
                                                                                                 "a"
                                                                                                 "i"
                                                                                                 "n"
                                                                                                 "s"
                                                                                                 "'"
                                                                                                 ","
                                                                                                 " "
                                                                                                 "d"
                                                                                                 "."
                                                                                                 "i"
                                                                                                 "d"
                                                                                                 ","
                                                                                                 " "
                                                                                                 "d"
                                                                                                 "."
                                                                                                 "n"
                                                                                                 "a"
                                                                                                 "m"
                                                                                                 "e"
                                                                                                 ":"
                                                                                                 ":"
                                                                                                 "t"
                                                                                                 "e"
                                                                                                 "x"
                                                                                                 "t"
                                                                                                 " "
                                                                                                 "F"
                                                                                                 "R"
                                                                                                 "O"
                                                                                                 "M"
                                                                                                 " "
                                                                                                 "v"
                                                                                                 "o"
                                                                                                 "i"
                                                                                                 "p"
                                                                                                 "."
                                                                                                 "d"
                                                                                                 "o"
                                                                                                 "m"
                                                                                                 "a"
                                                                                                 "i"
                                                                                                 "n"
                                                                                                 "s"
                                                                                                 " "
                                                                                                 "d"
                                                                                                 " "
                                                                                                 "J"
                                                                                                 "O"
                                                                                                 "I"
                                                                                                 "N"
                                                                                                 " "
                                                                                                 "v"
                                                                                                 "o"
                                                                                                 "i"
                                                                                                 "p"
                                                                                                 "."
                                                                                                 "p"
                                                                                                 "r"
                                                                                                 "o"
                                                                                                 "m"
                                                                                                 "p"
                                                                                                 "t"
                                                                                                 "s"
                                                                                                 " "
                                                                                                 "p"
                                                                                                 " "
                                                                                                 "O"
                                                                                                 "N"
                                                                                                 " "
                                                                                                 "p"
                                                                                                 "."
                                                                                                 "i"
                                                                                                 "d"
                                                                                                 " "
                                                                                                 "="
                                                                                                 " "
                                                                                                 "$"
                                                                                                 "1"
                                                                                                 ":"
                                                                                                 ":"
                                                                                                 "b"
                                                                                                 "i"
                                                                                                 "g"
                                                                                                 "i"
                                                                                                 "n"
                                                                                                 "t"
                                                                                                 " "
                                                                                                 "A"
                                                                                                 "N"
                                                                                                 "D"
                                                                                                 " "
                                                                                                 "d"
                                                                                                 "."
                                                                                                 "i"
                                                                                                 "d"
                                                                                                 " "
                                                                                                 "="
                                                                                                 " "
                                                                                                 "p"
                                                                                                 "."
                                                                                                 "d"
                                                                                                 "o"
                                                                                                 "m"
                                                                                                 "a"
                                                                                                 "i"
                                                                                                 "n"
                                                                                                 "_"
                                                                                                 "i"
                                                                                                 "d"
                                                                                                 " "
                                                                                                 "A"
                                                                                                 "N"
                                                                                                 "D"
                                                                                                 " "
                                                                                                 "d"
                                                                                                 "."
                                                                                                 "o"
                                                                                                 "w"
                                                                                                 "n"
                                                                                                 "_"
                                                                                                 "m"
                                                                                                 "u"
                                                                                                 "s"
                                                                                                 "i"
                                                                                                 "c"
                                                                                                 " "
                                                                                                 "="
                                                                                                 " "
                                                                                                 "p"
                                                                                                 "."
                                                                                                 "n"
                                                                                                 "a"
                                                                                                 "m"
                                                                                                 "e",
};

/* Menus, and what their keys do. */
#include "api/resources/resources.h"

static const struct api_column columns[] = {
    API_ROW_ID,
    API_NAME,
    {"greeting", API_TEXT, API_REQUIRED, .about = "What callers hear first.", .min = 1, API_PROMPT},
    {"invalid", API_TEXT, 0, .about = "What they hear after a key that does nothing.", .min = 1,
     API_PROMPT, .initial = "\"pm-invalid-option\""},
    {"timeout_ms", API_INTEGER, 0, .about = "Milliseconds to wait for a key.", .min = 500,
     .max = 60000, .initial = "5000"},
    {"tries", API_INTEGER, 0, .about = "How often the menu is played.", .min = 1, .max = 10,
     .initial = "3"},
    {"direct_dial", API_BOOLEAN, API_FILTER, .about = "Numbers of the tenant can be dialled, too.",
     .initial = "false"},
    {NULL},
};

const struct api_resource api_ivr_menus = {
    .name = "ivr-menus",
    .one = "IVR menu",
    .tag = "IVR menus",
    .table = "voip.ivr_menus",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "name",
    .order = "name",
    .columns = columns,
};

static const struct api_column entry_columns[] = {
    API_ROW_ID,
    {"menu_id", API_REFERENCE, API_READ_ONLY | API_PARENT, .about = "Of which menu.",
     .refers_to = &api_ivr_menus},
    {"digit", API_TEXT, API_REQUIRED | API_FILTER | API_SORT, .about = "The key.", .min = 1,
     .max = 1, .pattern = "^[0-9*#]$", .meaning = "is one of 0-9 * #"},
    {"extension_id", API_REFERENCE, API_REQUIRED | API_FILTER, .about = "Where it leads.",
     .refers_to = &api_extensions},
    {NULL},
};

static const char *const ivr_entries_known_by[] = {"digit", NULL};

const struct api_resource api_ivr_entries = {
    .known_by = ivr_entries_known_by,
    .name = "entries",
    .one = "IVR entry",
    .tag = "IVR menus",
    .table = "voip.ivr_entries",
    .parent = &api_ivr_menus,
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .order = "digit",
    .columns = entry_columns,
};

/* What is said of recordings: by a tenant of its own, by the platform for all who say nothing. */
#include "api/resources/resources.h"

static const char *const formats[] = {"wav", "opus", NULL};

/* `more`: flags. */
#define COLUMNS(more, wav, forever, plain)                                                         \
    {"format", API_ENUM, more, .about = "What they are kept as, from now on" wav,                  \
     .words = formats},                                                                            \
        {"keep_days",                                                                              \
         API_INTEGER,                                                                              \
         more,                                                                                     \
         .about = "Days after the call that they are kept, those that are there, too; 0: for "     \
                  "ever" forever,                                                                  \
         .min = 0,                                                                                 \
         .max = 36500},                                                                            \
        {"encrypt", API_BOOLEAN, more, .about = "Of what is recorded from now on" plain},          \
    {                                                                                              \
        NULL                                                                                       \
    }

#define OR_PLATFORM "; null: as the platform says."

static const struct api_column of_tenant[] = {
    COLUMNS(API_NULLABLE, OR_PLATFORM, OR_PLATFORM, OR_PLATFORM)};

static const struct api_column of_platform[] = {COLUMNS(0, ".", ".", ".")};

/* A shorter time deletes what is there. */
static int prepare(struct api_write *write)
{
    json_t *given = json_object_get(write->given, "keep_days");

    if (!given || json_equal(given, json_object_get(write->before, "keep_days")) ||
        api_caller_may(&write->request->caller, API_RECORDING_WRITE))
        return 0;
    return api_write_problem(write, 403, "/keep_days",
                             "keep_days: this deletes recordings, which needs the scope %s, too.",
                             api_scope_name(API_RECORDING_WRITE));
}

#define SETTINGS                                                                                   \
    .name = "recording-settings", .tag = "Recording settings", .table = "voip.recording_settings", \
    .reads = API_CONFIG_READ, .writes = API_CONFIG_WRITE, .is_single = true, .outlived = true,     \
    .prepare = prepare

const struct api_resource api_recording_settings = {SETTINGS, .one = "recording settings",
                                                    .columns = of_tenant,
                                                    .without = API_LIST | API_CREATE | API_BATCH};

const struct api_resource api_recording_defaults = {
    SETTINGS, .one = "recording defaults", .columns = of_platform, .is_platform = true,
    .without = API_LIST | API_CREATE | API_BATCH | API_DELETE};

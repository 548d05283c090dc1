/* Schedules, by the clock of the tenant: opening hours and holidays. */
#include "api/resources/resources.h"

static const char *const states[] = {"open", "closed", "holiday", NULL};

static const struct api_column columns[] = {
    API_ROW_ID,
    API_NAME,
    {"open_to", API_REFERENCE, API_REQUIRED | API_FILTER,
     .about = "The extension where calls go while it is open.", .refers_to = &api_extensions,
     .embed = "open"},
    {"closed_to", API_REFERENCE, API_REQUIRED | API_FILTER,
     .about = "The extension where calls go while it is closed.", .refers_to = &api_extensions,
     .embed = "closed"},
    {"holiday_to", API_REFERENCE, API_NULLABLE | API_FILTER,
     .about = "The extension where calls go on holidays; null: as when it is closed.",
     .refers_to = &api_extensions, .embed = "holiday"},
    {"override", API_ENUM, API_NULLABLE | API_FILTER,
     .about = "What it is whatever the clock says, until it is taken back.", .words = states},
    {NULL},
};

const struct api_resource api_schedules = {
    .name = "schedules",
    .one = "schedule",
    .tag = "Schedules",
    .table = "voip.schedules",
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .label = "name",
    .order = "name",
    .columns = columns,
};

#define OF_SCHEDULE                                                                                \
    {"schedule_id", API_REFERENCE, API_READ_ONLY | API_PARENT, .about = "Of which schedule.",      \
     .refers_to = &api_schedules}

static const struct api_column hour_columns[] = {
    API_ROW_ID,
    OF_SCHEDULE,
    {"weekday", API_INTEGER, API_REQUIRED | API_FILTER | API_SORT,
     .about = "ISO 8601: 1 is Monday, 7 is Sunday.", .min = 1, .max = 7},
    {"opens", API_TIME, API_REQUIRED, .about = "From then on it is open.",
     .sql = "left(t.opens::text, 5)"},
    {"closes", API_TIME, API_REQUIRED,
     .about = "Until then; 24:00 is the end of the day. Hours over midnight are two rows.",
     .sql = "left(t.closes::text, 5)"},
    {NULL},
};

static const struct api_rule hour_rules[] = {
    {"schedule_hours_check", "closes", "closes: is later than opens."},
    {NULL},
};

static const char *const schedule_hours_known_by[] = {"weekday", "opens", NULL};

const struct api_resource api_schedule_hours = {
    .known_by = schedule_hours_known_by,
    .name = "hours",
    .one = "schedule hour",
    .tag = "Schedules",
    .table = "voip.schedule_hours",
    .parent = &api_schedules,
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .order = "weekday",
    .columns = hour_columns,
    .rules = hour_rules,
};

static const struct api_column holiday_columns[] = {
    API_ROW_ID,
    OF_SCHEDULE,
    {"day", API_DATE, API_REQUIRED | API_FILTER | API_SORT, .about = "The day."},
    {"name", API_TEXT, API_NULLABLE | API_FILTER, .about = "What it is called.", API_LABEL},
    {NULL},
};

static const char *const schedule_holidays_known_by[] = {"day", NULL};

const struct api_resource api_schedule_holidays = {
    .known_by = schedule_holidays_known_by,
    .name = "holidays",
    .one = "schedule holiday",
    .tag = "Schedules",
    .table = "voip.schedule_holidays",
    .parent = &api_schedules,
    .reads = API_CONFIG_READ,
    .writes = API_CONFIG_WRITE,
    .order = "day",
    .columns = holiday_columns,
};

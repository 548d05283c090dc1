/* The table that `dialplane channels` prints. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/channels.h"

enum { CELL_SIZE = 256 };

enum column { NODE, UUID, DIRECTION, AGE, CALLER, CALLEE, DOMAIN, STATE, COLUMNS };

static const char *const titles[COLUMNS] = {"NODE",   "UUID",   "DIRECTION", "AGE",
                                            "CALLER", "CALLEE", "DOMAIN",    "STATE"};

static void write_cell(const json_t *channel, enum column column, char out[CELL_SIZE])
{
    static const char *const names[COLUMNS] = {
        [NODE] = "node",     [UUID] = "uuid",     [DIRECTION] = "direction", [CALLER] = "caller",
        [CALLEE] = "callee", [DOMAIN] = "domain", [STATE] = "state",
    };
    const char *name = channels_text(channel, "caller_name");
    long long age = json_integer_value(json_object_get(channel, "seconds"));
    char text[CELL_SIZE];

    if (column == AGE)
        snprintf(text, sizeof(text), "%lld:%02lld:%02lld", age / 3600, age / 60 % 60, age % 60);
    else if (column == CALLER && *name && strcmp(name, channels_text(channel, "caller")) != 0)
        snprintf(text, sizeof(text), "%s %s", channels_text(channel, "caller"), name);
    else
        snprintf(text, sizeof(text), "%s", channels_text(channel, names[column]));
    log_escape(out, CELL_SIZE, text);
}

/* In characters: bytes of UTF-8 that do not go on with one. */
static int width_of(const char *text)
{
    int width = 0;

    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

static void print_row(const json_t *channel, const int widths[COLUMNS])
{
    char cell[CELL_SIZE];

    for (enum column i = 0; i < COLUMNS; i++) {
        const char *text = channel ? cell : titles[i];

        if (channel)
            write_cell(channel, i, cell);
        printf("%s%*s", text, i + 1 < COLUMNS ? widths[i] - width_of(text) + 2 : 1,
               i + 1 < COLUMNS ? "" : "\n");
    }
}

void channels_print(const json_t *channels)
{
    int widths[COLUMNS];
    char cell[CELL_SIZE];

    for (enum column i = 0; i < COLUMNS; i++) {
        widths[i] = width_of(titles[i]);
        for (size_t row = 0; row < json_array_size(channels); row++) {
            write_cell(json_array_get(channels, row), i, cell);
            if (width_of(cell) > widths[i])
                widths[i] = width_of(cell);
        }
    }
    print_row(NULL, widths);
    for (size_t row = 0; row < json_array_size(channels); row++)
        print_row(json_array_get(channels, row), widths);
}

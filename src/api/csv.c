#include "api/csv.h"

#include <string.h>

void csv_add(struct buf *out, bool is_first, const char *value)
{
    if (!is_first)
        buf_add_char(out, ',');
    if (!value)
        return;
    buf_add_char(out, '"');
    for (const char *quote; (quote = strchr(value, '"')); value = quote + 1) {
        buf_add(out, value, (size_t)(quote - value));
        buf_add_str(out, "\"\"");
    }
    buf_add_str(out, value);
    buf_add_char(out, '"');
}

void csv_end(struct buf *out)
{
    buf_add_str(out, "\r\n");
}

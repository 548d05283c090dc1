#include "cdr/csv.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/*
 * Takes one field out of the line in place: from *at to the comma or the end. Within quotes a
 * doubled quote is one quote. *more tells whether a comma ended it. NULL when a quote is not
 * closed, or something follows it.
 */
static char *take_field(char **at, bool *more)
{
    char *from = *at, *to = *at, *field = *at;

    if (*from != '"') {
        from += strcspn(from, ",");
        to = from;
    } else {
        for (from++; *from && (*from != '"' || from[1] == '"'); *to++ = *from++)
            from += *from == '"';
        if (*from++ != '"')
            return NULL;
    }
    if (*from && *from != ',')
        return NULL;
    *more = *from == ',';
    *at = from + *more;
    *to = '\0';
    return field;
}

int csv_split(char *line, char **fields, int count, int optional, struct err *err)
{
    bool more = true;

    for (int i = 0; i < count; i++) {
        if (!more && i < count - optional)
            return err_set(err, -EINVAL, "%d columns instead of %d", i, count);
        fields[i] = take_field(&line, &more);
        if (!fields[i])
            return err_set(err, -EINVAL, "column %d is quoted wrong", i + 1);
    }
    return more ? err_set(err, -EINVAL, "more than %d columns", count) : 0;
}

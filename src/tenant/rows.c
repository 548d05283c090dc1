#include "tenant/rows.h"

#include <errno.h>
#include <stdlib.h>

int rows_of_result(struct rows *rows, const PGresult *result, size_t columns, size_t required)
{
    if ((size_t)PQnfields(result) != columns || columns > ROWS_COLUMNS_MAX)
        return -EBADMSG;
    *rows = (struct rows){
        .count = (size_t)PQntuples(result),
        .columns = columns,
        .required = required,
        .result = result,
    };
    return 0;
}

int rows_of_copy(struct rows *rows, struct copy *copy, size_t columns, size_t required)
{
    *rows = (struct rows){.columns = columns, .required = required, .copy = copy};
    return columns > ROWS_COLUMNS_MAX ? -EBADMSG : copy_table(copy, columns, &rows->count);
}

static int read_value(struct rows *rows, int row, int column)
{
    const char **value = &rows->values[column];

    if (!rows->result)
        return copy_value(rows->copy, value);
    *value = PQgetisnull(rows->result, row, column) ? NULL : PQgetvalue(rows->result, row, column);
    return 0;
}

int rows_next(struct rows *rows)
{
    if (rows->next == rows->count)
        return 0;
    for (size_t i = 0; i < rows->columns; i++) {
        if (read_value(rows, (int)rows->next, (int)i))
            return -EBADMSG;
        if (!rows->values[i] && i < rows->required)
            return -EBADMSG;
    }
    rows->next++;
    return 1;
}

const char *rows_text(const struct rows *rows, size_t column)
{
    return rows->values[column];
}

long long rows_int(const struct rows *rows, size_t column)
{
    return rows->values[column] ? strtoll(rows->values[column], NULL, 10) : 0;
}

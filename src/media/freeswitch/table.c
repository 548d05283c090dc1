#include "media/freeswitch/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How often the character is there. */
static size_t count_of(const char *text, char character)
{
    size_t count = 0;

    for (; *text; text++)
        count += *text == character;
    return count;
}

/* Cuts one line into `columns` cells. */
static void cut(char *line, const char **cells, size_t columns)
{
    for (size_t i = 0; i < columns; i++)
        cells[i] = strsep(&line, "|");
}

int fs_table_parse(struct fs_table *out, char *text)
{
    size_t lines = count_of(text, '\n') + 1;
    struct fs_table table = {0};
    char *line = strsep(&text, "\n");

    table.columns = count_of(line, '|') + 1;
    table.cells = calloc(lines, table.columns * sizeof(*table.cells));
    if (!table.cells)
        return -ENOMEM;
    cut(line, table.cells, table.columns);
    while ((line = strsep(&text, "\n"))) {
        if (!*line || strcmp(line, "+OK") == 0 || count_of(line, '|') + 1 != table.columns)
            continue;
        table.rows++;
        cut(line, table.cells + table.rows * table.columns, table.columns);
    }
    *out = table;
    return 0;
}

void fs_table_free(struct fs_table *table)
{
    free(table->cells);
    *table = (struct fs_table){0};
}

const char *fs_table_get(const struct fs_table *table, size_t row, const char *column)
{
    for (size_t i = 0; row < table->rows && i < table->columns; i++)
        if (strcmp(table->cells[i], column) == 0)
            return table->cells[(row + 1) * table->columns + i];
    return "";
}

size_t fs_table_find(const struct fs_table *table, const char *column, const char *value)
{
    size_t row = 0;

    while (row < table->rows && strcmp(fs_table_get(table, row, column), value) != 0)
        row++;
    return row;
}

/* Everything that is wrong with a file, in the order of its lines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/code_private.h"

enum { TOLD_MAX = 50, KEPT_MAX = 10000 };

void code_fault_add(struct code_faults *faults, unsigned int line, unsigned int column,
                    const char *text)
{
    struct code_fault *more;

    /* Whoever has so many mends some and asks again. */
    if (faults->count == KEPT_MAX)
        return;
    more = reallocarray(faults->list, faults->count + 1, sizeof(*more));
    if (!more)
        return;
    faults->list = more;
    more[faults->count] = (struct code_fault){line, column, strdup(text)};
    faults->count += more[faults->count].text != NULL;
}

static int compare(const void *left, const void *right)
{
    const struct code_fault *a = left, *b = right;

    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

void code_faults_tell(struct code_faults *faults, struct buf *out)
{
    if (!faults->count)
        return;
    qsort(faults->list, faults->count, sizeof(*faults->list), compare);
    for (size_t i = 0; i < faults->count && i < TOLD_MAX; i++)
        buf_printf(out, "%s\n", faults->list[i].text);
    if (faults->count > TOLD_MAX)
        buf_printf(out, "and %zu more\n", faults->count - TOLD_MAX);
}

void code_faults_free(struct code_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        free(faults->list[i].text);
    free(faults->list);
    *faults = (struct code_faults){0};
}

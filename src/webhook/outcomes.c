#include "webhook/outcomes.h"

#include "base/clock.h"

enum {
    HELD_MS = 100, /* until the next try */
    /* What is held for longer is somebody's again when its lease ends. */
    HELD_TIMES = OUTCOMES_S * 1000 / HELD_MS - 5,
};

static void push(struct transfer **list, struct transfer *transfer)
{
    transfer->next = *list;
    *list = transfer;
}

static struct transfer *pop(struct transfer **list)
{
    struct transfer *transfer = *list;

    if (transfer)
        *list = transfer->next;
    return transfer;
}

void outcomes_add(struct outcomes *outcomes, struct transfer *transfer)
{
    push(&outcomes->done, transfer);
}

/* The others the database knows, or never will. */
static void keep_held(struct outcomes *outcomes)
{
    struct transfer *transfer;

    while ((transfer = pop(&outcomes->done))) {
        if (transfer->held && transfer->held_times < HELD_TIMES)
            push(&outcomes->held, transfer);
        else
            transfer_free(transfer);
    }
    outcomes->held_ms = clock_mono_ms() + HELD_MS;
}

int outcomes_mark(struct outcomes *outcomes, struct ledger *ledger, uint64_t *dead, struct err *err)
{
    struct transfer *transfer;
    int res;

    if (clock_mono_ms() >= outcomes->held_ms)
        while ((transfer = pop(&outcomes->held)))
            push(&outcomes->done, transfer);
    if (!outcomes->done)
        return 0;
    res = ledger_mark(ledger, outcomes->done, dead, err);
    if (res)
        return res;
    keep_held(outcomes);
    return 1;
}

bool outcomes_are_new(const struct outcomes *outcomes)
{
    return outcomes->done;
}

int64_t outcomes_due_ms(const struct outcomes *outcomes, int64_t latest)
{
    return outcomes->held && outcomes->held_ms < latest ? outcomes->held_ms : latest;
}

void outcomes_free(struct outcomes *outcomes)
{
    struct transfer *transfer;

    while ((transfer = pop(&outcomes->done)) || (transfer = pop(&outcomes->held)))
        transfer_free(transfer);
}

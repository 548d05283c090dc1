#include "cdr/window.h"

#include <errno.h>
#include <stdlib.h>

int window_init(struct window *window, size_t records, uint64_t bytes)
{
    *window = (struct window){
        .slots = calloc(records, sizeof(*window->slots)), .room = records, .bytes_max = bytes};
    return window->slots ? 0 : -ENOMEM;
}

void window_free(struct window *window)
{
    free(window->slots);
    *window = (struct window){0};
}

size_t window_room(const struct window *window)
{
    return window->bytes < window->bytes_max ? window->room - window->count : 0;
}

/* The n-th from the oldest on. */
static struct window_slot *slot_at(const struct window *window, size_t n)
{
    return &window->slots[(window->first + n) % window->room];
}

static void change(struct window *window, struct window_slot *slot, enum window_state state)
{
    if (slot->state == WINDOW_DONE || slot->state == state)
        return;
    if (slot->state == WINDOW_WAITING) {
        window->waiting--;
        window->waiting_bytes -= slot->at.len;
    }
    if (state == WINDOW_WAITING) {
        window->waiting++;
        window->waiting_bytes += slot->at.len;
    }
    slot->state = state;
}

void window_push(struct window *window, struct spool_extent at)
{
    *slot_at(window, window->count++) = (struct window_slot){at, WINDOW_WAITING};
    window->bytes += at.len;
    window->waiting++;
    window->waiting_bytes += at.len;
}

void window_set(struct window *window, struct spool_place place, enum window_state state)
{
    size_t low = 0, high = window->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (spool_is_before(slot_at(window, middle)->at.place, place))
            low = middle + 1;
        else
            high = middle;
    }
    if (low < window->count && !spool_is_before(place, slot_at(window, low)->at.place))
        change(window, slot_at(window, low), state);
}

size_t window_waiting(const struct window *window, struct spool_extent *out, size_t records,
                      size_t bytes)
{
    size_t found = 0, total = 0;

    for (size_t n = 0; n < window->count && found < records && found < window->waiting; n++) {
        const struct window_slot *slot = slot_at(window, n);

        if (slot->state != WINDOW_WAITING)
            continue;
        total += slot->at.len;
        if (found && total > bytes)
            break;
        out[found++] = slot->at;
    }
    return found;
}

void window_doubt(struct window *window)
{
    for (size_t n = 0; n < window->count; n++)
        if (slot_at(window, n)->state == WINDOW_SENT)
            change(window, slot_at(window, n), WINDOW_DOUBT);
}

size_t window_settle(struct window *window)
{
    size_t count = 0;

    for (size_t n = 0; n < window->count; n++)
        if (slot_at(window, n)->state == WINDOW_DOUBT) {
            change(window, slot_at(window, n), WINDOW_WAITING);
            count++;
        }
    return count;
}

size_t window_pop(struct window *window)
{
    size_t count = 0;

    while (window->count && slot_at(window, 0)->state == WINDOW_DONE) {
        window->bytes -= slot_at(window, 0)->at.len;
        window->first = (window->first + 1) % window->room;
        window->count--;
        count++;
    }
    return count;
}

const struct window_slot *window_oldest(const struct window *window)
{
    return window->count ? slot_at(window, 0) : NULL;
}

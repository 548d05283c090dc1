#include "media/freeswitch/positions.h"

#include <errno.h>
#include <string.h>

#include "media/freeswitch/callcenter.h"

/* The caller of the list that is looked at. */
struct place {
    const char *queue;
    size_t position; /* within it */
    struct snapshot *snapshot;
    const struct snapshot_queue *wanted; /* NULL: it tells nobody */
};

int fs_positions_words(size_t position, char out[POSITIONS_WORDS_SIZE])
{
    size_t rest = position % 10;

    if (position == 1)
        return str_copy(out, POSITIONS_WORDS_SIZE, "queue-youarenext.wav");
    if (position < 1 || position > 99)
        return -ERANGE;
    if (position <= 20 || !rest)
        return str_printf(out, POSITIONS_WORDS_SIZE,
                          "file_string://queue-thereare.wav!digits/%zu.wav!queue-callswaiting.wav",
                          position);
    return str_printf(
        out, POSITIONS_WORDS_SIZE,
        "file_string://queue-thereare.wav!digits/%zu.wav!digits/%zu.wav!queue-callswaiting.wav",
        position - rest, rest);
}

bool fs_positions_due(int64_t joined_s, int every_s, int64_t since_s, int64_t now_s)
{
    int64_t before = since_s - joined_s;

    if (every_s < SNAPSHOT_POSITION_MIN_S)
        every_s = SNAPSHOT_POSITION_MIN_S;
    if (now_s - joined_s < every_s)
        return false;
    return (now_s - joined_s) / every_s > (before > 0 ? before / every_s : 0);
}

/* The rows are by queue, and those of a queue by place. */
static void enter_queue(const struct fs_sync *sync, struct place *place, const char *queue)
{
    const char *domain;
    struct err ignored;
    int64_t id;

    snapshot_unref(place->snapshot);
    *place = (struct place){.queue = queue};
    if (fs_queue_parse(queue, &id, &domain) ||
        cc_tenant(sync, domain, &place->snapshot, &ignored) || !place->snapshot)
        return;
    place->wanted = snapshot_queue(place->snapshot, id);
    if (place->wanted && !place->wanted->announce_position)
        place->wanted = NULL;
}

static bool is_waiting(const char *state)
{
    return strcmp(state, "Waiting") == 0 || strcmp(state, "Trying") == 0;
}

static int tell(const struct fs_sync *sync, const struct place *place, const char *uuid,
                struct err *err)
{
    char words[POSITIONS_WORDS_SIZE];

    if (fs_positions_words(place->position, words))
        return 0;
    return ESL_API(sync->esl, NULL, err, "uuid_broadcast", uuid, words, "aleg");
}

int fs_positions_tell(const struct fs_sync *sync, int64_t since_s, int64_t now_s, struct err *err)
{
    struct place place = {.queue = ""};
    struct cc_list members;
    uint64_t joined;
    int res = CC_LIST(&members, sync, err, "queue", "list", "members");

    if (res)
        return cc_unless("Command not found", res, err);
    for (size_t row = 0; !res && row < members.table.rows; row++) {
        const char *queue = fs_table_get(&members.table, row, "queue");

        if (strcmp(queue, place.queue) != 0)
            enter_queue(sync, &place, queue);
        if (!place.wanted || !is_waiting(fs_table_get(&members.table, row, "state")))
            continue;
        place.position++;
        if (str_to_u64(fs_table_get(&members.table, row, "joined_epoch"), 1, INT64_MAX, &joined) ||
            !fs_positions_due((int64_t)joined, place.wanted->announce_every_s, since_s, now_s))
            continue;
        res = tell(sync, &place, fs_table_get(&members.table, row, "session_uuid"), err);
        if (res == -EREMOTEIO || res == -EINVAL)
            res = 0;
    }
    snapshot_unref(place.snapshot);
    cc_list_free(&members);
    return res;
}

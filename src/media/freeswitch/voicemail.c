/*
 * Messages of mod_voicemail. `vm_list` tells all of a mailbox in lines that nobody has escaped, so
 * of these only what stands before the first thing that a caller has said is read; the rest comes
 * from `vm_fsdb_msg_get`, one message at a time, as JSON. Both are asked of the mailbox: vm_read
 * and vm_delete take any uuid of the node, so it is looked up in the mailbox before.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "media/freeswitch/live.h"
#include "media/voicemail_private.h"

/* All profiles of conf/freeswitch/voicemail have the same messages. */
#define PROFILE "default"

enum { BOX_SIZE = STR_EXTENSION_MAX + STR_DOMAIN_MAX + 32 };

static int name_box(const struct media_box *box, char out[BOX_SIZE])
{
    return str_printf(out, BOX_SIZE, "%s@%s/" PROFILE, box->mailbox, box->domain);
}

/* ---------------------------------------------------------------- all */

/* "<received>:<read, or 0>:<mailbox>:<domain>:inbox:<path>.wav:<uuid>:…"; -EINVAL: none. */
static int parse_line(const char *line, const struct media_box *box, struct media_message *out)
{
    static const char ending[] = ".wav:";
    long long received, read;
    char prefix[BOX_SIZE];
    const char *at;
    int used = 0;

    if (sscanf(line, "%lld:%lld:%n", &received, &read, &used) != 2 || !used ||
        str_printf(prefix, sizeof(prefix), "%s:%s:inbox:", box->mailbox, box->domain) ||
        !str_starts_with(line + used, prefix))
        return -EINVAL;
    at = strstr(line + used + strlen(prefix), ending);
    if (!at || str_printf(out->id, sizeof(out->id), "%.*s", STR_UUID_LENGTH, at + strlen(ending)) ||
        !str_is_uuid(out->id))
        return -EINVAL;
    out->received_s = received;
    out->is_read = read != 0;
    return 0;
}

static int add_lines(char *text, const struct media_box *box, struct media_messages *out,
                     struct err *err)
{
    char *line;
    int res = 0;

    while (!res && (line = strsep(&text, "\n"))) {
        struct media_message message = {0};

        if (!parse_line(line, box, &message))
            res = media_messages_add(out, &message, err);
    }
    return res;
}

static int fs_list(const struct media_place *place, const struct media_box *box,
                   struct media_messages *out, struct err *err)
{
    char name[BOX_SIZE];
    struct esl *esl = NULL;
    struct buf reply;
    int res;

    if (name_box(box, name))
        return err_set(err, -EINVAL, "no name of a mailbox");
    buf_init(&reply, ESL_BODY_MAX);
    res = freeswitch_connect(&esl, place, err);
    if (!res)
        res = ESL_API(esl, &reply, err, "vm_list", name);
    /* That is what the event socket makes of an answer without a byte. */
    if (res == -EREMOTEIO && str_starts_with(reply.data, "-ERR no reply"))
        res = 0;
    else if (!res)
        res = add_lines(reply.data, box, out, err);
    esl_close(esl);
    buf_free(&reply);
    return res;
}

/* ---------------------------------------------------------------- one */

static const char *get(const json_t *said, const char *name)
{
    const char *text = json_string_value(json_object_get(said, name));

    return text ? text : "";
}

static uint64_t get_number(const json_t *said, const char *name)
{
    uint64_t number = 0;

    return str_to_u64(get(said, name), 0, INT64_MAX, &number) ? 0 : number;
}

/* What the module says of the message; the caller's. -ENOENT. */
static int ask(struct esl *esl, const struct media_box *box, const char *id, json_t **out,
               struct err *err)
{
    struct buf reply;
    json_t *said;
    int res;

    if (!str_is_uuid(id))
        return err_set(err, -ENOENT, "no message");
    buf_init(&reply, ESL_BODY_MAX);
    res = ESL_API(esl, &reply, err, "vm_fsdb_msg_get", "json", PROFILE, box->domain, box->mailbox,
                  id);
    if (!res) {
        media_repair_utf8(reply.data);
        said = json_loads(reply.data, 0, NULL);
        if (strcmp(get(said, "VM-Message-UUID"), id) == 0)
            *out = json_incref(said);
        else
            res = err_set(err, -ENOENT, "no message");
        json_decref(said);
    }
    buf_free(&reply);
    return res;
}

static int fill(struct media_message *out, const json_t *said, struct err *err)
{
    const struct media_message_more more = {
        .caller = get(said, "VM-Message-Caller-Number"),
        .caller_name = get(said, "VM-Message-Caller-Name"),
        .length_s = get_number(said, "VM-Message-Duration"),
        .is_urgent = strcmp(get(said, "VM-Message-Read-Flags"), "A_URGENT") == 0,
    };

    out->received_s = (int64_t)get_number(said, "VM-Message-Received-Epoch");
    out->is_read = get_number(said, "VM-Message-Read-Epoch") != 0;
    return media_message_about(out, &more, err);
}

static int fs_tell(const struct media_place *place, const struct media_box *box,
                   struct media_message *const of[], size_t count, struct err *err)
{
    struct esl *esl = NULL;
    int res = freeswitch_connect(&esl, place, err);

    for (size_t i = 0; i < count && !res; i++) {
        json_t *said = NULL;

        res = of[i]->place == place ? ask(esl, box, of[i]->id, &said, err) : -ENOENT;
        if (!res)
            res = fill(of[i], said, err);
        json_decref(said);
        if (res == -ENOENT)
            res = 0;
    }
    esl_close(esl);
    return res;
}

/* Connects, and asks for the message. Both are the caller's when it succeeds. */
static int open_message(struct esl **out, const struct media_place *place,
                        const struct media_box *box, const char *id, json_t **said, struct err *err)
{
    struct esl *esl = NULL;
    int res = freeswitch_connect(&esl, place, err);

    if (!res)
        res = ask(esl, box, id, said, err);
    if (res)
        esl_close(esl);
    else
        *out = esl;
    return res;
}

static int fs_find(const struct media_place *place, const struct media_box *box, const char *id,
                   struct media_message *out, struct err *err)
{
    struct esl *esl = NULL;
    json_t *said = NULL;
    int res = open_message(&esl, place, box, id, &said, err);

    if (!res)
        res = str_copy(out->id, sizeof(out->id), id);
    if (!res)
        res = fill(out, said, err);
    json_decref(said);
    esl_close(esl);
    return res;
}

static int fs_mark(const struct media_place *place, const struct media_box *box, const char *id,
                   bool is_read, struct err *err)
{
    char name[BOX_SIZE];
    struct esl *esl = NULL;
    json_t *said = NULL;
    int res = open_message(&esl, place, box, id, &said, err);

    if (!res)
        res = name_box(box, name);
    if (!res)
        res = ESL_API(esl, NULL, err, "vm_read", name, is_read ? "read" : "unread", id);
    json_decref(said);
    esl_close(esl);
    return res;
}

static int fs_remove(const struct media_place *place, const struct media_box *box, const char *id,
                     struct err *err)
{
    char name[BOX_SIZE];
    struct esl *esl = NULL;
    json_t *said = NULL;
    int res = open_message(&esl, place, box, id, &said, err);

    if (!res)
        res = name_box(box, name);
    if (!res)
        res = ESL_API(esl, NULL, err, "vm_delete", name, id);
    json_decref(said);
    esl_close(esl);
    return res;
}

/* ---------------------------------------------------------------- audio */

/* The name of the file, "msg_<uuid>.wav" with a uuid of its own: whatever the path says, it is
 * looked for in the mailbox's folder. */
static int name_file(const json_t *said, char out[64], struct err *err)
{
    const char *path = get(said, "VM-Message-File-Path"), *slash = strrchr(path, '/');
    char uuid[STR_UUID_LENGTH + 1];

    if (!slash || !str_starts_with(slash + 1, "msg_") ||
        str_printf(uuid, sizeof(uuid), "%.*s", STR_UUID_LENGTH, slash + 1 + strlen("msg_")) ||
        !str_is_uuid(uuid))
        return err_set(err, -EPROTO, "%s is no file of a message", path);
    return str_printf(out, 64, "msg_%s.wav", uuid);
}

static int fs_open(const struct media_place *place, const char *state, const struct media_box *box,
                   const char *id, int *fd, struct err *err)
{
    char folder[PATH_MAX], name[64];
    struct esl *esl = NULL;
    json_t *said = NULL;
    int res = open_message(&esl, place, box, id, &said, err);

    if (!res)
        res = name_file(said, name, err);
    json_decref(said);
    esl_close(esl);
    if (res)
        return res;
    res = str_printf(folder, sizeof(folder),
                     "%s/media/freeswitch/storage/voicemail/" PROFILE "/%s/%s", state, box->domain,
                     box->mailbox);
    if (!res)
        res = media_open_file(folder, name, fd);
    return res ? err_sys(err, res, "%s", name) : 0;
}

const struct media_voicemail media_freeswitch_voicemail = {
    .list = fs_list,
    .tell = fs_tell,
    .find = fs_find,
    .mark = fs_mark,
    .remove = fs_remove,
    .open = fs_open,
};

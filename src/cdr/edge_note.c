#include "cdr/edge_note.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "cdr/cause.h"
#include "cdr/fields.h"
#include "cdr/text.h"

/* As conf/kamailio/records.lua begins them. */
#define BEGINNING "{\"v\":1,\"note\":"

bool edge_note_is(const char *body, size_t len)
{
    return len >= strlen(BEGINNING) && memcmp(body, BEGINNING, strlen(BEGINNING)) == 0;
}

static int read_kind(struct edge_note *out, const struct field *note, struct err *err)
{
    static const char *const names[] = {
        [EDGE_NOTE_BOOT] = "boot", [EDGE_NOTE_ANSWER] = "answer", [EDGE_NOTE_END] = "end"};
    const char *name = fields_text(note, "note");

    for (size_t i = 0; i < DP_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0) {
            out->kind = (enum edge_note_kind)i;
            return 0;
        }
    return err_set(err, -EINVAL, "a note that does not exist");
}

static int read_times(struct edge_note *out, const struct field *note, struct err *err)
{
    struct cdr *cdr = &out->cdr;
    int res = fields_time(&cdr->started_us, note, "start", err);

    if (!res)
        res = fields_time(&cdr->answered_us, note, "answer", err);
    if (!res && out->kind == EDGE_NOTE_END)
        res = fields_time(&cdr->ended_us, note, "end", err);
    if (!res && !cdr->started_us)
        res = err_set(err, -EINVAL, "no start");
    if (!res && !cdr->answered_us)
        res = err_set(err, -EINVAL, "no answer");
    if (!res && out->kind == EDGE_NOTE_END && !cdr->ended_us)
        res = err_set(err, -EINVAL, "no end");
    return res;
}

static unsigned int read_code(const struct field *note)
{
    uint64_t code = 0;

    return str_to_u64(fields_text(note, "code"), 100, 699, &code) ? 0 : (unsigned int)code;
}

static void read_call(struct cdr *cdr, const struct field *note)
{
    fields_copy(cdr->call_id, sizeof(cdr->call_id), note, "id");
    fields_copy(cdr->direction, sizeof(cdr->direction), note, "dir");
    fields_copy(cdr->side, sizeof(cdr->side), note, "by");
    fields_copy(cdr->cause, sizeof(cdr->cause), note, "cause");
    fields_copy(cdr->domain, sizeof(cdr->domain), note, "domain");
    fields_copy(cdr->caller, sizeof(cdr->caller), note, "from");
    fields_copy(cdr->callee, sizeof(cdr->callee), note, "to");
    fields_copy(cdr->reached, sizeof(cdr->reached), note, "reached");
    fields_copy(cdr->service, sizeof(cdr->service), note, "ext");
    fields_copy(cdr->trunk, sizeof(cdr->trunk), note, "trunk");
    fields_copy(cdr->sip_call_id, sizeof(cdr->sip_call_id), note, "sip_call_id");
    fields_copy(cdr->genesys_call_uuid, sizeof(cdr->genesys_call_uuid), note, "genesys_call_uuid");
}

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

static int check_call(struct cdr *cdr, struct err *err)
{
    if (!str_is_uuid(cdr->call_id))
        return err_set(err, -EINVAL, "the call's id is no uuid");
    if (!is_one_of(cdr->direction, "internal", "inbound", "outbound"))
        return err_set(err, -EINVAL, "a direction that does not exist");
    /* A clock that was set back. */
    if (cdr->answered_us < cdr->started_us)
        cdr->answered_us = cdr->started_us;
    if (cdr->ended_us && cdr->ended_us < cdr->answered_us)
        cdr->ended_us = cdr->answered_us;
    if (!is_one_of(cdr->side, "caller", "callee", "system"))
        strcpy(cdr->side, "system");
    if (!cdr->service[0])
        strcpy(cdr->service, "none");
    if (!cause_is_name(cdr->cause))
        strcpy(cdr->cause, cause_of_sip(cdr->sip_code));
    return 0;
}

static int read_note(struct edge_note *out, const struct field *note, struct err *err)
{
    struct cdr *cdr = &out->cdr;
    int res = read_kind(out, note, err);

    if (!res)
        res = fields_time(&out->booted_us, note, "boot", err);
    if (!res && !out->booted_us)
        res = err_set(err, -EINVAL, "no start of Kamailio");
    if (*fields_text(note, "node"))
        fields_copy(cdr->node, sizeof(cdr->node), note, "node");
    if (res || out->kind == EDGE_NOTE_BOOT)
        return res;
    res = read_times(out, note, err);
    if (res)
        return res;
    cdr->sip_code = read_code(note);
    out->media = strcmp(fields_text(note, "media"), "1") == 0;
    read_call(cdr, note);
    return check_call(cdr, err);
}

int edge_note_parse(struct edge_note *out, const char *node, const char *body, size_t len,
                    struct err *err)
{
    FIELDS_AUTO struct field *json = NULL;
    struct edge_note note = {0};
    int res = fields_read(&json, body, len, err);

    if (res)
        return res;
    text_copy(note.cdr.node, sizeof(note.cdr.node), node, strlen(node));
    strcpy(note.cdr.source, "edge");
    res = read_note(&note, json, err);
    if (!res)
        *out = note;
    return res;
}

static bool is_same_call(const struct edge_note *a, const struct edge_note *b)
{
    return a->kind != EDGE_NOTE_BOOT && b->kind != EDGE_NOTE_BOOT &&
           a->cdr.started_us == b->cdr.started_us && strcmp(a->cdr.call_id, b->cdr.call_id) == 0;
}

size_t edge_notes_add(struct edge_note *notes, size_t count, const struct edge_note *note)
{
    /* A batch has some hundred. */
    for (size_t i = 0; i < count; i++) {
        if (!is_same_call(&notes[i], note))
            continue;
        if (notes[i].kind == EDGE_NOTE_ANSWER)
            notes[i] = *note;
        return count;
    }
    notes[count] = *note;
    return count + 1;
}

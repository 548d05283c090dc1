#include "cdr/about.h"

#include <errno.h>
#include <string.h>

#include "cdr/text.h"

/* Copies the parameter `name` of a header "value;name=…;name=…"; "" when there is none. */
static void copy_param(char *out, size_t size, const char *header, const char *name)
{
    size_t len = strlen(name);

    out[0] = '\0';
    while ((header = strchr(header, ';'))) {
        header++;
        if (strncmp(header, name, len) != 0 || header[len] != '=')
            continue;
        header += len + 1;
        text_copy(out, size, header, strcspn(header, ";"));
        return;
    }
}

#define PARAM(to, header, name) copy_param(to, sizeof(to), header, name)

static uint64_t number_of(const char *header, const char *name, uint64_t max)
{
    uint64_t number = 0;
    char text[24];

    PARAM(text, header, name);
    return str_to_u64(text, 0, max, &number) ? 0 : number;
}

int about_take(struct about *about, struct cdr *out, const char *call, const char *service,
               struct err *err)
{
    char start[32];

    *about = (struct about){.stage = (unsigned int)number_of(call, "leg", 9)};
    text_copy(about->kind, sizeof(about->kind), service, strcspn(service, ";"));
    PARAM(about->number, call, "reached");
    PARAM(about->path, call, "path");
    text_copy(out->call_id, sizeof(out->call_id), call, strcspn(call, ";"));
    PARAM(start, call, "start");
    if (text_to_us(start, &out->started_us))
        return err_set(err, -EINVAL, "X-VOIP-Call has no start");
    PARAM(out->caller, call, "from");
    PARAM(out->callee, call, "to");
    PARAM(out->reached, call, "reached");
    PARAM(out->direction, call, "dir");
    PARAM(out->service, call, "ext");
    PARAM(out->trunk, call, "trunk");
    PARAM(out->genesys_call_uuid, call, "genesys");
    PARAM(out->domain, service, "domain");
    out->extension_id = (int64_t)number_of(call, "eid", INT64_MAX);
    return 0;
}

/* Appends what of `text` a number or a key may have; what does not fit is left out. */
static void append(struct cdr *out, const char *before, const char *text)
{
    size_t len = strlen(out->ivr_path);

    for (; *before && len + 1 < sizeof(out->ivr_path); before++)
        out->ivr_path[len++] = *before;
    for (; *text && len + 1 < sizeof(out->ivr_path); text++)
        if (str_is_extension((char[]){*text, '\0'}) || *text == '#')
            out->ivr_path[len++] = *text;
    out->ivr_path[len] = '\0';
}

void about_path(struct cdr *out, const struct about *about, const char *key, const char *next)
{
    bool is_menu = strcmp(about->kind, "ivr") == 0;

    out->ivr_path[0] = '\0';
    if (!is_menu && !*about->path)
        return;
    text_copy(out->ivr_path, sizeof(out->ivr_path), about->path, strlen(about->path));
    append(out, *about->path ? ">" : "", about->number);
    if (is_menu && *key)
        append(out, ":", key);
    if (*next)
        append(out, ">", next);
}

int about_stage(struct cdr_record *out, const struct about *about, struct err *err)
{
    out->is_call = false;
    out->stage = about->stage;
    if (!*out->cdr.ivr_path && !*out->cdr.queue)
        return err_set(err, -ENOMSG, "a leg of a call that has its own record");
    return 0;
}

#include "media/asterisk/agi_protocol.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

#define SCRIPT_LINE   "agi_network_script: "
#define ARGUMENT_LINE "agi_arg_1: "

size_t agi_request_length(const char *data, size_t length)
{
    const char *end = memmem(data, length, "\n\n", 2);

    return end ? (size_t)(end - data) + 2 : 0;
}

/* Copies `length` bytes as a string. Only what our domains, numbers and prompts consist of passes:
 * no escape, no separator. */
static int take(char *out, size_t size, const char *from, size_t length)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_+*#";

    if (length >= size)
        return -EINVAL;
    for (size_t i = 0; i < length; i++) {
        if (!from[i] || !strchr(allowed, from[i]))
            return -EINVAL;
    }
    memcpy(out, from, length);
    out[length] = '\0';
    return 0;
}

static int add_argument(struct agi_request *request, const char *text, size_t length)
{
    const char *equals = memchr(text, '=', length);
    struct agi_argument *argument;
    size_t name_length;

    if (!equals || request->count == AGI_ARGUMENTS_MAX)
        return -EINVAL;
    argument = &request->arguments[request->count];
    name_length = (size_t)(equals - text);
    if (take(argument->name, sizeof(argument->name), text, name_length) ||
        take(argument->value, sizeof(argument->value), equals + 1, length - name_length - 1) ||
        agi_argument(request, argument->name))
        return -EINVAL;
    request->count++;
    return 0;
}

/* NAME[?ARGUMENT[&ARGUMENT…]] */
static int parse_script(struct agi_request *request, const char *text, size_t length)
{
    const char *end = text + length, *next;
    const char *question = memchr(text, '?', length);

    next = question ? question : end;
    if (next == text || take(request->script, sizeof(request->script), text, (size_t)(next - text)))
        return -EINVAL;
    while (next < end) {
        text = next + 1;
        next = memchr(text, '&', (size_t)(end - text));
        if (!next)
            next = end;
        if (add_argument(request, text, (size_t)(next - text)))
            return -EINVAL;
    }
    return 0;
}

/* One line; those that say nothing of use are fine. */
static int parse_line(struct agi_request *request, const char *line, size_t length)
{
    const size_t script = strlen(SCRIPT_LINE), argument = strlen(ARGUMENT_LINE);

    if (length >= argument && memcmp(line, ARGUMENT_LINE, argument) == 0)
        return add_argument(request, line + argument, length - argument);
    if (length < script || memcmp(line, SCRIPT_LINE, script) != 0)
        return 0;
    return request->script[0] ? -EINVAL : parse_script(request, line + script, length - script);
}

int agi_request_parse(const char *data, size_t length, struct agi_request *out)
{
    struct agi_request request = {0};
    const char *end = data + length, *line_end;

    for (; data < end; data = line_end + 1) {
        line_end = memchr(data, '\n', (size_t)(end - data));
        if (!line_end || parse_line(&request, data, (size_t)(line_end - data)))
            return -EINVAL;
    }
    if (!request.script[0])
        return -EINVAL;
    *out = request;
    return 0;
}

const char *agi_argument(const struct agi_request *request, const char *name)
{
    for (size_t i = 0; i < request->count; i++) {
        if (strcmp(request->arguments[i].name, name) == 0)
            return request->arguments[i].value;
    }
    return NULL;
}

void agi_set_variable(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "SET VARIABLE %s \"", name);
    for (; *value; value++) {
        if ((unsigned char)*value < 0x20 && !out->error)
            out->error = -EINVAL;
        if (*value == '"' || *value == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *value);
    }
    buf_add_str(out, "\"\n");
}

enum agi_reply agi_reply_parse(const char *line)
{
    if (str_starts_with(line, "200 "))
        return AGI_REPLY_OK;
    if (strcmp(line, "HANGUP") == 0)
        return AGI_REPLY_HANGUP;
    /* 510, 511, and 520 with its lines of usage. */
    return line[0] == '1' ? AGI_REPLY_MORE : AGI_REPLY_REFUSED;
}

#include "http/form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* Decodes [text, text + *len) in place, which can only get shorter, and terminates it. */
static int decode(char *text, size_t *len)
{
    size_t to = 0;

    for (size_t from = 0; from < *len; from++) {
        char byte = text[from];

        if (byte == '+') {
            byte = ' ';
        } else if (byte == '%') {
            int high = from + 2 < *len ? hex_value(text[from + 1]) : -1;
            int low = high >= 0 ? hex_value(text[from + 2]) : -1;

            if (low < 0)
                return -EINVAL;
            byte = (char)(high * 16 + low);
            from += 2;
        }
        if (byte == '\0')
            return -EINVAL;
        text[to++] = byte;
    }
    text[to] = '\0';
    *len = to;
    return 0;
}

/* One "name=value" piece of the copy; `piece[len]` is a byte of the copy that may be overwritten.
 */
static int add_pair(struct form *form, char *piece, size_t len)
{
    struct form_pair *pair = &form->pairs[form->count];
    char *equals = memchr(piece, '=', len);
    int res;

    pair->name = piece;
    pair->name_len = equals ? (size_t)(equals - piece) : len;
    pair->value = equals ? equals + 1 : piece + len;
    pair->value_len = equals ? len - pair->name_len - 1 : 0;
    /* The value first: ending the name overwrites the '='. */
    res = decode(pair->value, &pair->value_len);
    if (!res)
        res = decode(pair->name, &pair->name_len);
    if (!res)
        form->count++;
    return res;
}

static size_t count_pieces(const char *body, size_t len)
{
    size_t count = 0;
    char before = '&';

    for (size_t i = 0; i < len; i++) {
        count += body[i] != '&' && before == '&';
        before = body[i];
    }
    return count;
}

static int parse_pieces(struct form *form, size_t len)
{
    char *piece = form->memory;
    char *end = form->memory + len;

    while (piece < end) {
        char *stop = memchr(piece, '&', (size_t)(end - piece));
        int res = 0;

        if (!stop)
            stop = end;
        if (stop > piece)
            res = add_pair(form, piece, (size_t)(stop - piece));
        if (res)
            return res;
        piece = stop + 1;
    }
    return 0;
}

int form_parse(struct form *out, const char *body, size_t len, size_t pairs_max)
{
    struct form form = {0};
    size_t pieces = count_pieces(body, len);
    int res = -ENOMEM;

    if (pieces > pairs_max)
        return -E2BIG;
    form.memory = malloc(len + 1);
    form.pairs = calloc(pieces + 1, sizeof(*form.pairs));
    if (!form.memory || !form.pairs)
        goto out;
    if (len > 0)
        memcpy(form.memory, body, len);
    form.memory[len] = '\0';
    res = parse_pieces(&form, len);
    if (res)
        goto out;
    *out = form;
    return 0;
out:
    form_free(&form);
    return res;
}

void form_free(struct form *form)
{
    free(form->pairs);
    free(form->memory);
    *form = (struct form){0};
}

const char *form_get(const struct form *form, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < form->count; i++) {
        if (strcmp(form->pairs[i].name, name) != 0)
            continue;
        if (value)
            return NULL;
        value = form->pairs[i].value;
    }
    return value;
}

/*
 * JSON from text into jansson's objects, by YAJL: a record of FreeSWITCH has 8 KB, and jansson's own
 * reader, which goes byte by byte through three layers, takes ten times as long for it.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/str.h"
#include "cdr/fields.h"

enum {
    DEPTH_MAX = 64, /* of a record: six */
    KEY_MAX = 4096, /* bytes of a name; a variable of FreeSWITCH is at most as long as a header's */
    NUMBER_MAX = 64,
};

/* What is open, outermost first: each value goes into the last one. */
struct reader {
    json_t *open[DEPTH_MAX];
    int depth;
    json_t *root;
    char key[KEY_MAX]; /* of the next value in an object */
    size_t key_len;
    bool no_memory;
    const char *wrong; /* what YAJL does not say */
};

static int refuse(struct reader *reader, const char *reason)
{
    reader->wrong = reason;
    return 0;
}

/* Takes `value` over. 0 ends the reading. */
static int put(struct reader *reader, json_t *value)
{
    json_t *into = reader->depth ? reader->open[reader->depth - 1] : NULL;
    int res = 0;

    if (!value) {
        reader->no_memory = true;
        return 0;
    }
    if (!into)
        reader->root = value;
    else if (json_is_array(into))
        res = json_array_append_new(into, value);
    else
        res = json_object_setn_new_nocheck(into, reader->key, reader->key_len, value);
    reader->no_memory = res != 0;
    return res == 0;
}

static int begin(struct reader *reader, json_t *value)
{
    if (reader->depth == DEPTH_MAX) {
        json_decref(value);
        return refuse(reader, "nested too deep");
    }
    if (!put(reader, value))
        return 0;
    reader->open[reader->depth++] = value;
    return 1;
}

static int take_null(void *arg)
{
    return put(arg, json_null());
}

static int take_boolean(void *arg, int value)
{
    return put(arg, json_boolean(value));
}

static int take_number(void *arg, const char *text, size_t len)
{
    char copy[NUMBER_MAX];
    char *end;
    long long whole;
    double real;

    if (len >= sizeof(copy))
        return refuse(arg, "a number of too many digits");
    memcpy(copy, text, len);
    copy[len] = '\0';
    errno = 0;
    whole = strtoll(copy, &end, 10);
    if (*end == '\0' && errno == 0)
        return put(arg, json_integer(whole));
    real = strtod(copy, NULL);
    return put(arg, isfinite(real) ? json_real(real) : json_null());
}

static int take_string(void *arg, const unsigned char *text, size_t len)
{
    return put(arg, json_stringn_nocheck((const char *)text, len));
}

static int take_key(void *arg, const unsigned char *text, size_t len)
{
    struct reader *reader = arg;

    if (len > sizeof(reader->key))
        return refuse(reader, "a name that is too long");
    memcpy(reader->key, text, len);
    reader->key_len = len;
    return 1;
}

static int begin_object(void *arg)
{
    return begin(arg, json_object());
}

static int begin_array(void *arg)
{
    return begin(arg, json_array());
}

static int end_value(void *arg)
{
    struct reader *reader = arg;

    reader->depth--;
    return 1;
}

static int complain(const struct reader *reader, yajl_handle yajl, struct err *err)
{
    unsigned char *text;
    int res;

    if (reader->no_memory)
        return err_set(err, -ENOMEM, "out of memory");
    if (reader->wrong)
        return err_set(err, -EINVAL, "%s", reader->wrong);
    text = yajl_get_error(yajl, 0, NULL, 0);
    res = err_set(err, -EINVAL, "%.*s", text ? (int)strcspn((char *)text, "\n") : 0, (char *)text);
    yajl_free_error(yajl, text);
    return res;
}

int fields_read_good(json_t **out, const char *text, size_t len, struct err *err)
{
    static const yajl_callbacks callbacks = {
        .yajl_null = take_null,
        .yajl_boolean = take_boolean,
        .yajl_number = take_number,
        .yajl_string = take_string,
        .yajl_start_map = begin_object,
        .yajl_map_key = take_key,
        .yajl_end_map = end_value,
        .yajl_start_array = begin_array,
        .yajl_end_array = end_value,
    };
    struct reader reader = {0};
    yajl_handle yajl = yajl_alloc(&callbacks, NULL, &reader);
    int res = 0;

    if (!yajl)
        return err_set(err, -ENOMEM, "out of memory");
    yajl_config(yajl, yajl_dont_validate_strings, 1);
    if (yajl_parse(yajl, (const unsigned char *)text, len) != yajl_status_ok ||
        yajl_complete_parse(yajl) != yajl_status_ok)
        res = complain(&reader, yajl, err);
    else if (!json_is_object(reader.root))
        res = err_set(err, -EINVAL, "JSON, but no object");
    yajl_free(yajl);
    if (res)
        json_decref(reader.root);
    else
        *out = reader.root;
    return res;
}

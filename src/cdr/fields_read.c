/* JSON into fields: YAJL reads, what it finds is noted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "cdr/fields.h"

enum {
    DEPTH_MAX = 64,   /* of a record: six */
    FIRST_ROOM = 512, /* fields; a record of FreeSWITCH has some 350 */
    INDEX_FROM = 32,  /* names; of fewer, making an index costs more than it saves */
    INDEX_TO = 4096,  /* names; of more, whoever chose them may have chosen them all of one hash */
    INDEX_ROOM =
        4, /* bytes for indexes per byte of JSON: where they do not suffice, there is none */
};

struct reader {
    struct field *list;
    size_t count, room;
    /* Names and texts with a NUL behind each: no more than the JSON, where quotes or what ends a
     * number stand around them, and escaped characters are longer. */
    char *text, *end;
    char *floor, *limit;      /* behind the texts: room for indexes, taken from its end */
    uint32_t open[DEPTH_MAX]; /* objects and arrays that are not complete, outermost first */
    int depth;
    const char *name; /* of the next value in an object */
    size_t name_len;
    bool no_memory, too_deep;
};

static char *keep(struct reader *reader, const void *text, size_t len)
{
    char *kept = reader->end;

    memcpy(kept, text, len);
    kept[len] = '\0';
    reader->end += len + 1;
    return kept;
}

/* Room for one more; the fields move. */
static int make_room(struct reader *reader)
{
    size_t room = reader->room ? 2 * reader->room : FIRST_ROOM;
    struct field *list = reallocarray(reader->list, room, sizeof(*list));

    reader->no_memory = !list;
    if (!list)
        return 0;
    reader->list = list;
    reader->room = room;
    return 1;
}

/* A further field. 0 ends the reading. */
static int add(struct reader *reader, enum field_type type, char *text, size_t len)
{
    if (reader->count == reader->room && !make_room(reader))
        return 0;
    reader->list[reader->count++] = (struct field){
        .type = type,
        .span = 1,
        .name = reader->name,
        .name_len = (uint32_t)reader->name_len,
        .text = text,
        .len = (uint32_t)len,
    };
    reader->name = NULL;
    reader->name_len = 0;
    return 1;
}

static int begin(struct reader *reader, enum field_type type)
{
    reader->too_deep = reader->depth == DEPTH_MAX;
    if (reader->too_deep || !add(reader, type, NULL, 0))
        return 0;
    reader->open[reader->depth++] = (uint32_t)(reader->count - 1);
    return 1;
}

static int take_null(void *arg)
{
    return add(arg, FIELD_OTHER, NULL, 0);
}

static int take_boolean(void *arg, int value)
{
    (void)value;
    return add(arg, FIELD_OTHER, NULL, 0);
}

static int take_number(void *arg, const char *text, size_t len)
{
    return add(arg, FIELD_NUMBER, keep(arg, text, len), len);
}

static int take_string(void *arg, const unsigned char *text, size_t len)
{
    return add(arg, FIELD_STRING, keep(arg, text, len), len);
}

static int take_name(void *arg, const unsigned char *text, size_t len)
{
    struct reader *reader = arg;

    reader->name = keep(reader, text, len);
    reader->name_len = len;
    return 1;
}

static int begin_object(void *arg)
{
    return begin(arg, FIELD_OBJECT);
}

static int begin_array(void *arg)
{
    return begin(arg, FIELD_ARRAY);
}

static uint32_t count_names(const struct field *object)
{
    uint32_t count = 0;

    for (const struct field *at = fields_first(object); at; at = fields_next(object, at))
        count++;
    return count;
}

/* Of an object that is complete. The later of two of one name takes the place of the other. */
static void make_index(struct reader *reader, struct field *object)
{
    uint32_t names = count_names(object), size = 2 * INDEX_FROM;
    uint32_t *index;

    while (size < 2 * names)
        size *= 2;
    if (names < INDEX_FROM || names > INDEX_TO ||
        (size_t)(reader->limit - reader->floor) < size * sizeof(*index))
        return;
    reader->limit -= size * sizeof(*index);
    index = (uint32_t *)(void *)reader->limit;
    memset(index, 0, size * sizeof(*index));
    for (const struct field *at = fields_first(object); at; at = fields_next(object, at))
        index[fields_place(object, index, size, at->name, at->name_len)] = (uint32_t)(at - object);
    object->index = index;
    object->index_size = size;
}

static int end_value(void *arg)
{
    struct reader *reader = arg;
    uint32_t place = reader->open[--reader->depth];
    struct field *value = &reader->list[place];

    value->span = (uint32_t)reader->count - place;
    if (value->type == FIELD_OBJECT)
        make_index(reader, value);
    return 1;
}

static int complain(const struct reader *reader, yajl_handle yajl, struct err *err)
{
    unsigned char *text;
    int res;

    if (reader->no_memory)
        return err_set(err, -ENOMEM, "out of memory");
    if (reader->too_deep)
        return err_set(err, -EINVAL, "JSON, but nested more than %d deep", DEPTH_MAX);
    text = yajl_get_error(yajl, 0, NULL, 0);
    res = err_set(err, -EINVAL, "%.*s", text ? (int)strcspn((char *)text, "\n") : 0, (char *)text);
    yajl_free_error(yajl, text);
    return res;
}

static int parse(struct reader *reader, const char *text, size_t len, struct err *err)
{
    static const yajl_callbacks callbacks = {
        .yajl_null = take_null,
        .yajl_boolean = take_boolean,
        .yajl_number = take_number,
        .yajl_string = take_string,
        .yajl_start_map = begin_object,
        .yajl_map_key = take_name,
        .yajl_end_map = end_value,
        .yajl_start_array = begin_array,
        .yajl_end_array = end_value,
    };
    yajl_handle yajl = yajl_alloc(&callbacks, NULL, reader);
    int res = 0;

    if (!yajl)
        return err_set(err, -ENOMEM, "out of memory");
    yajl_config(yajl, yajl_dont_validate_strings, 1);
    if (yajl_parse(yajl, (const unsigned char *)text, len) != yajl_status_ok ||
        yajl_complete_parse(yajl) != yajl_status_ok)
        res = complain(reader, yajl, err);
    else if (reader->count == 0 || !fields_is_object(reader->list))
        res = err_set(err, -EINVAL, "JSON, but no object");
    yajl_free(yajl);
    return res;
}

int fields_read_good(struct field **out, const char *text, size_t len, struct err *err)
{
    size_t room = (len + 1 + sizeof(uint32_t)) / sizeof(uint32_t) * sizeof(uint32_t);
    struct reader reader = {.text = malloc(room + INDEX_ROOM * room)};
    int res;

    if (!reader.text)
        return err_set(err, -ENOMEM, "out of memory");
    reader.end = reader.text;
    reader.floor = reader.text + room;
    reader.limit = reader.floor + INDEX_ROOM * room;
    res = parse(&reader, text, len, err);
    if (res) {
        free(reader.text);
        free(reader.list);
        return res;
    }
    reader.list->text = reader.text;
    *out = reader.list;
    return 0;
}

/* From a JSON value to the text that PostgreSQL gets, checked against the column's description. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_private.h"

enum { TEXT_MAX = 16 * 1024, JSON_MAX = 256 * 1024, WORDS_MAX = 100 };

static int refuse(struct api_write *write, const struct api_column *column, const char *sentence)
{
    char pointer[96];

    (void)!str_printf(pointer, sizeof(pointer), "/%s", column->name);
    return api_write_problem(write, 422, pointer, "%s: %s.", column->name, sentence);
}

/* Characters of UTF-8 text. */
static int64_t length_of(const char *text)
{
    int64_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

static bool is_word(const char *const *words, const char *text)
{
    for (; *words; words++)
        if (strcmp(*words, text) == 0)
            return true;
    return false;
}

static int refuse_word(struct api_write *write, const struct api_column *column)
{
    struct buf sentence;
    int res;

    buf_init(&sentence, 1024);
    buf_add_str(&sentence, "is one of ");
    for (size_t i = 0; column->words[i]; i++)
        buf_printf(&sentence, "%s%s", i ? ", " : "", column->words[i]);
    res = refuse(write, column, sentence.data);
    buf_free(&sentence);
    return res;
}

static int check_text(struct api_write *write, const struct api_column *column, const char *text)
{
    int64_t length = length_of(text), max = column->max ? column->max : TEXT_MAX;
    char sentence[128];

    if (length < column->min || length > max) {
        (void)!str_printf(sentence, sizeof(sentence), "has %lld to %lld characters",
                          (long long)column->min, (long long)max);
        return refuse(write, column, sentence);
    }
    if (column->words)
        return is_word(column->words, text) ? 0 : refuse_word(write, column);
    if (column->pattern && !api_matches(column->pattern, text))
        return refuse(write, column, column->meaning);
    if (has_control(text))
        return refuse(write, column, "has no line breaks and other control characters");
    return 0;
}

/* What a text of these types looks like; whether there is such a day PostgreSQL knows. */
static const struct {
    enum api_type type;
    const char *pattern, *meaning;
} shapes[] = {
    {API_TIMESTAMP,
     "^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9](:[0-6][0-9](\\.[0-9]{1,6})?)?"
     "(Z|[+-][01][0-9]:[0-5][0-9])$",
     "is a time as RFC 3339 writes it: 2026-12-24T18:00:00Z"},
    {API_DATE, "^[0-9]{4}-[01][0-9]-[0-3][0-9]$", "is a day: 2026-12-24"},
    {API_TIME, "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", "is a time of the day: 09:30, to 24:00"},
};

static int check_shape(struct api_write *write, const struct api_column *column, const char *text)
{
    for (size_t i = 0; i < DP_COUNT(shapes); i++)
        if (shapes[i].type == column->type && !api_matches(shapes[i].pattern, text))
            return refuse(write, column, shapes[i].meaning);
    return check_text(write, column, text);
}

static int take_text(struct api_write *write, const struct api_column *column, json_t *value,
                     char **out)
{
    const char *text = json_string_value(value);
    int res;

    if (!text)
        return refuse(write, column, "is a text");
    res = check_shape(write, column, text);
    if (!res)
        *out = strdup(text);
    return res || *out ? res : -ENOMEM;
}

static int take_number(struct api_write *write, const struct api_column *column, json_t *value,
                       char **out)
{
    bool is_id = column->type != API_INTEGER;
    int64_t min = is_id ? 1 : column->min, max = is_id ? INT64_MAX : column->max;
    json_int_t number = json_integer_value(value);
    char text[96];

    if (!json_is_integer(value))
        return refuse(write, column, is_id ? "is an id, which is a number" : "is a whole number");
    if (number < min || number > max) {
        (void)!str_printf(text, sizeof(text),
                          is_id ? "is an id, which is above %lld" : "is from %lld to %lld",
                          is_id ? 0LL : (long long)min, (long long)max);
        return refuse(write, column, text);
    }
    if (str_printf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, number))
        return -EINVAL;
    *out = strdup(text);
    return *out ? 0 : -ENOMEM;
}

void api_array_add(struct buf *array, const char *word)
{
    buf_add_str(array, array->len > 1 ? ",\"" : "\"");
    for (; *word; word++) {
        if (*word == '"' || *word == '\\')
            buf_add_char(array, '\\');
        buf_add_char(array, *word);
    }
    buf_add_char(array, '"');
}

static int take_array(struct api_write *write, const struct api_column *column, json_t *value,
                      char **out)
{
    struct buf array;
    json_t *word;
    size_t i;
    int res = 0;

    if (!json_is_array(value) || json_array_size(value) > WORDS_MAX)
        return refuse(write, column, "is a list of at most 100 texts");
    buf_init(&array, JSON_MAX);
    buf_add_char(&array, '{');
    json_array_foreach(value, i, word)
    {
        if (!res && !json_is_string(word))
            res = refuse(write, column, "is a list of texts");
        if (!res)
            res = check_text(write, column, json_string_value(word));
        if (!res)
            api_array_add(&array, json_string_value(word));
    }
    buf_add_char(&array, '}');
    if (!res)
        *out = buf_error(&array) ? NULL : strdup(array.data);
    buf_free(&array);
    return res || *out ? res : -ENOMEM;
}

static int take_json(struct api_write *write, const struct api_column *column, json_t *value,
                     char **out)
{
    *out = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (*out && strlen(*out) > JSON_MAX) {
        free(*out);
        *out = NULL;
        return refuse(write, column, "is too large");
    }
    return *out ? 0 : -ENOMEM;
}

static int take_boolean(struct api_write *write, const struct api_column *column, json_t *value,
                        char **out)
{
    if (!json_is_boolean(value))
        return refuse(write, column, "is true or false");
    *out = strdup(json_is_true(value) ? "true" : "false");
    return *out ? 0 : -ENOMEM;
}

int api_value(struct api_write *write, const struct api_column *column, json_t *value, char **out)
{
    *out = NULL;
    if (json_is_null(value))
        return column->flags & API_NULLABLE ? 0 : refuse(write, column, "cannot be null");
    switch (column->type) {
    case API_INTEGER:
    case API_ID:
    case API_REFERENCE:
        return take_number(write, column, value, out);
    case API_BOOLEAN:
        return take_boolean(write, column, value, out);
    case API_ARRAY:
        return take_array(write, column, value, out);
    case API_JSON:
        return take_json(write, column, value, out);
    default:
        return take_text(write, column, value, out);
    }
}

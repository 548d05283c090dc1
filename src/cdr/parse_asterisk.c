/*
 * Records of Asterisk: one line of comma-separated values, RFC 4180, written by cdr_custom. The
 * columns are those of conf/asterisk/cdr_custom.conf, in this order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cdr/cause.h"
#include "cdr/record.h"
#include "cdr/text.h"

enum column {
    COLUMN_ID,
    COLUMN_START,
    COLUMN_ANSWER,
    COLUMN_END,
    COLUMN_FROM,
    COLUMN_TO,
    COLUMN_REACHED,
    COLUMN_DOMAIN,
    COLUMN_DIR,
    COLUMN_EXT,
    COLUMN_CODE,
    COLUMN_CAUSE,
    COLUMN_BY,
    COLUMN_SIP_CALL_ID,
    COLUMN_NODE,
    COLUMN_UNIQUEID,
    COLUMN_CLID,
    COLUMN_DISPOSITION,
    COLUMN_BILLSEC,
    COLUMN_TRUNK, /* not in lines of before there were trunks */
    COLUMNS
};

/*
 * Takes one field out of the line in place: from *at to the comma or the end. Within quotes a
 * doubled quote is one quote. *more tells whether a comma ended it. NULL when a quote is not
 * closed, or something follows it.
 */
static char *take_field(char **at, bool *more)
{
    char *from = *at, *to = *at, *field = *at;

    if (*from != '"') {
        from += strcspn(from, ",");
        to = from;
    } else {
        for (from++; *from && (*from != '"' || from[1] == '"'); *to++ = *from++)
            from += *from == '"';
        if (*from++ != '"')
            return NULL;
    }
    if (*from && *from != ',')
        return NULL;
    *more = *from == ',';
    *at = from + *more;
    *to = '\0';
    return field;
}

static int split(char *line, char *fields[COLUMNS], struct err *err)
{
    bool more = true;

    for (int i = 0; i < COLUMNS; i++) {
        if (!more && i < COLUMN_TRUNK)
            return err_set(err, -EINVAL, "%d columns instead of %d", i, COLUMNS);
        fields[i] = take_field(&line, &more);
        if (!fields[i])
            return err_set(err, -EINVAL, "column %d is quoted wrong", i + 1);
    }
    return more ? err_set(err, -EINVAL, "more than %d columns", COLUMNS) : 0;
}

static int take_time(int64_t *out, const char *text, const char *what, struct err *err)
{
    if (*text && text_to_us(text, out))
        return err_set(err, -EINVAL, "%s is no time", what);
    return 0;
}

static unsigned int take_number(const char *text, unsigned int max)
{
    uint64_t number;

    return str_to_u64(text, 1, max, &number) ? 0 : (unsigned int)number;
}

#define TAKE_TEXT(to, field) text_copy(to, sizeof(to), field, strlen(field))

static int take_fields(struct cdr *out, char *fields[COLUMNS], struct err *err)
{
    unsigned int cause = take_number(fields[COLUMN_CAUSE], 127);
    int res = take_time(&out->started_us, fields[COLUMN_START], "start", err);

    if (!res)
        res = take_time(&out->answered_us, fields[COLUMN_ANSWER], "answer", err);
    if (!res)
        res = take_time(&out->ended_us, fields[COLUMN_END], "end", err);
    if (res)
        return res;
    out->sip_code = take_number(fields[COLUMN_CODE], 699);
    if (cause)
        TAKE_TEXT(out->cause, cause_name(cause));
    TAKE_TEXT(out->call_id, fields[COLUMN_ID]);
    TAKE_TEXT(out->caller, fields[COLUMN_FROM]);
    TAKE_TEXT(out->callee, fields[COLUMN_TO]);
    TAKE_TEXT(out->reached, fields[COLUMN_REACHED]);
    TAKE_TEXT(out->domain, fields[COLUMN_DOMAIN]);
    TAKE_TEXT(out->direction, fields[COLUMN_DIR]);
    TAKE_TEXT(out->service, fields[COLUMN_EXT]);
    TAKE_TEXT(out->side, fields[COLUMN_BY]);
    TAKE_TEXT(out->sip_call_id, fields[COLUMN_SIP_CALL_ID]);
    TAKE_TEXT(out->trunk, fields[COLUMN_TRUNK]);
    if (*fields[COLUMN_NODE])
        TAKE_TEXT(out->node, fields[COLUMN_NODE]);
    return 0;
}

int cdr_parse_asterisk(struct cdr_record *out, const char *body, size_t len, struct err *err)
{
    char *fields[COLUMNS];
    char *line;
    int res;

    if (len > 0 && body[len - 1] == '\r')
        len--;
    if (len == 0 || memchr(body, '\0', len))
        return err_set(err, -EINVAL, "%s", len ? "a NUL in the line" : "an empty line");
    line = malloc(len + 1);
    if (!line)
        return err_set(err, -ENOMEM, "out of memory");
    memcpy(line, body, len);
    line[len] = '\0';
    res = split(line, fields, err);
    if (!res)
        res = take_fields(&out->cdr, fields, err);
    free(line);
    return res;
}

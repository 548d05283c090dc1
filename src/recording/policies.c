#include "recording/policies.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "store/pg_wait.h"

enum { RETRY_MS = 1000, ANSWER_MS = 2000, FILE_MAX = 512, WRAPPED_HEX = 2 * SEAL_WRAPPED };

struct policies {
    struct policies_options options;
    struct pg_wait wait;
    PGconn *conn; /* NULL between two tries */
    int64_t retry_ms;
    unsigned char platform[SEAL_KEY];
};

/* As the database says it, and as a file keeps it. */
struct said {
    char format[8];
    int64_t owner, key_id; /* key_id 0: not encrypted */
    char wrapped[WRAPPED_HEX + 1];
};

int policies_open(struct policies **out, const struct policies_options *options, struct err *err)
{
    struct policies *policies = calloc(1, sizeof(*policies));
    int res = policies ? 0 : err_set(err, -ENOMEM, "no memory for policies");

    if (!res)
        res = seal_platform_key(policies->platform, options->secret, err);
    if (!res)
        res = file_make_dirs(options->folder, 0700, err);
    if (res) {
        policies_close(policies);
        return res;
    }
    policies->options = *options;
    policies->wait = (struct pg_wait){
        .timeout_ms = (int)options->database.statement_timeout_ms + ANSWER_MS,
        .stop_fd = options->stop_fd,
    };
    *out = policies;
    return 0;
}

void policies_close(struct policies *policies)
{
    if (!policies)
        return;
    PQfinish(policies->conn);
    sodium_memzero(policies, sizeof(*policies));
    free(policies);
}

/* One that takes long to fail is not asked all the time. */
static int connect_pg(struct policies *policies, struct err *err)
{
    int64_t begun = clock_mono_ms(), now;

    if (policies->conn)
        return 0;
    if (begun < policies->retry_ms)
        return err_set(err, -EAGAIN, "the database is away");
    if (pg_connect(&policies->conn, &policies->options.database, err)) {
        now = clock_mono_ms();
        policies->retry_ms = now + RETRY_MS + (now - begun);
        return -EAGAIN;
    }
    return 0;
}

static int query_once(struct policies *policies, const char *sql, int count,
                      const char *const values[], PGresult **out, struct err *err)
{
    PGresult *result = NULL;
    ExecStatusType status;
    int res = connect_pg(policies, err);

    if (!res)
        res = pg_wait_query(policies->conn, sql, count, values, &policies->wait, &result, err);
    if (res)
        return res;
    status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        *out = result;
        return 0;
    }
    err_set(err, -EIO, "%.*s", (int)strcspn(PQresultErrorMessage(result), "\n"),
            PQresultErrorMessage(result));
    PQclear(result);
    return -EIO;
}

static void drop(struct policies *policies)
{
    PQfinish(policies->conn);
    policies->conn = NULL;
}

/* A connection that was idle may be of a server that has been restarted since; and what a server
 * refuses another one may do: this one may be a standby. So a second try, unless it was in the
 * midst of a transaction, which is gone with the connection. */
int policies_query(struct policies *policies, const char *sql, int count,
                   const char *const values[], PGresult **out, struct err *err)
{
    bool was_idle = policies->conn && PQtransactionStatus(policies->conn) == PQTRANS_IDLE;
    int res = query_once(policies, sql, count, values, out, err);

    if (res && res != -EAGAIN)
        drop(policies);
    if (res && res != -EAGAIN && was_idle)
        res = query_once(policies, sql, count, values, out, err);
    if (!res)
        return 0;
    if (res != -EAGAIN) {
        drop(policies);
        policies->retry_ms = clock_mono_ms() + RETRY_MS;
    }
    return -EAGAIN;
}

/* A tenant that is gone has what is said of all. */
static int ask(struct policies *policies, const char *domain, struct said *out, bool *wants_key,
               struct err *err)
{
    static const char sql[] =
        "SELECT coalesce(s.format, p.format, 'wav'), coalesce(d.id, 0), coalesce(k.id, 0),"
        " encode(k.wrapped, 'hex'), coalesce(s.encrypt, p.encrypt, false)"
        " FROM (VALUES (lower($1))) v (name) LEFT JOIN voip.domains d ON d.name = v.name"
        " LEFT JOIN voip.recording_settings s ON s.domain_id = d.id"
        " LEFT JOIN voip.recording_settings p ON p.domain_id IS NULL"
        " LEFT JOIN voip.recording_keys k"
        " ON k.domain_id IS NOT DISTINCT FROM d.id AND k.retired_at IS NULL";
    PGresult *rows = NULL;
    struct said said;
    int res = policies_query(policies, sql, 1, &domain, &rows, err);

    if (res)
        return res;
    *wants_key = PQgetvalue(rows, 0, 4)[0] == 't';
    said = (struct said){.owner = atoll(PQgetvalue(rows, 0, 1)),
                         .key_id = *wants_key ? atoll(PQgetvalue(rows, 0, 2)) : 0};
    if (str_copy(said.format, sizeof(said.format), PQgetvalue(rows, 0, 0)) ||
        str_copy(said.wrapped, sizeof(said.wrapped), PQgetvalue(rows, 0, 3)))
        res = err_set(err, -EINVAL, "the settings of recordings are of a newer version");
    PQclear(rows);
    *out = said;
    return res;
}

/* Two nodes may do so in the same moment: the first key counts. */
static int make_key(struct policies *policies, int64_t owner, struct err *err)
{
    unsigned char wrapped[SEAL_WRAPPED];
    char hex[WRAPPED_HEX + 1], domain[24];
    PGresult *rows = NULL;
    int res = seal_make_key(wrapped, policies->platform, owner, err);

    if (res)
        return res;
    snprintf(domain, sizeof(domain), "%" PRId64, owner);
    sodium_bin2hex(hex, sizeof(hex), wrapped, sizeof(wrapped));
    res = policies_query(policies,
                         "INSERT INTO voip.recording_keys (domain_id, wrapped)"
                         " VALUES (nullif($1::bigint, 0), decode($2, 'hex'))"
                         " ON CONFLICT DO NOTHING",
                         2, (const char *const[]){domain, hex}, &rows, err);
    PQclear(rows);
    return res;
}

static int path_of(const struct policies *policies, const char *domain, char out[PATH_MAX])
{
    return str_printf(out, PATH_MAX, "%s/%s", policies->options.folder, domain);
}

static int load(const struct policies *policies, const char *domain, struct said *out)
{
    char path[PATH_MAX];
    struct said said = {.owner = 0};
    struct buf text;
    int res = path_of(policies, domain, path);

    buf_init(&text, FILE_MAX);
    if (!res)
        res = file_read(path, &text, NULL);
    if (!res && sscanf(text.data, "%7[a-z] %" SCNd64 " %" SCNd64 " %144[0-9a-f]", said.format,
                       &said.owner, &said.key_id, said.wrapped) < 3)
        res = -EINVAL;
    buf_free(&text);
    if (!res)
        *out = said;
    return res;
}

/* Only what is new is written. */
static int save(const struct policies *policies, const char *domain, const struct said *said,
                struct err *err)
{
    char path[PATH_MAX], text[FILE_MAX];
    struct said before;
    int len, res;

    if (load(policies, domain, &before) == 0 && strcmp(before.format, said->format) == 0 &&
        before.owner == said->owner && before.key_id == said->key_id &&
        strcmp(before.wrapped, said->wrapped) == 0)
        return 0;
    len = snprintf(text, sizeof(text), "%s %" PRId64 " %" PRId64 " %s\n", said->format, said->owner,
                   said->key_id, said->wrapped);
    res = path_of(policies, domain, path);
    return res ? err_sys(err, res, "%s", domain) : file_write(path, text, (size_t)len, 0600, err);
}

static int unwrap(const struct policies *policies, const struct said *said, struct policy *out,
                  struct err *err)
{
    unsigned char wrapped[SEAL_WRAPPED];
    size_t len = 0;

    *out = (struct policy){.key.id = said->key_id};
    memcpy(out->format, said->format, sizeof(out->format));
    if (!said->key_id)
        return 0;
    if (sodium_hex2bin(wrapped, sizeof(wrapped), said->wrapped, strlen(said->wrapped), NULL, &len,
                       NULL) ||
        len != sizeof(wrapped))
        return err_set(err, -EBADMSG, "key %" PRId64 " is none", said->key_id);
    return seal_unwrap(out->key.bytes, wrapped, policies->platform, said->owner, err);
}

int policies_of(struct policies *policies, const char *domain, struct policy *out, struct err *err)
{
    struct said said;
    bool wants_key = false;
    int res = ask(policies, domain, &said, &wants_key, err);

    if (!res && wants_key && !said.key_id) {
        res = make_key(policies, said.owner, err);
        if (!res)
            res = ask(policies, domain, &said, &wants_key, err);
        if (!res && wants_key && !said.key_id)
            res = err_set(err, -EAGAIN, "no key for %s", domain);
    }
    if (!res)
        res = save(policies, domain, &said, err);
    else if (res == -EAGAIN && load(policies, domain, &said) == 0)
        res = 0;
    return res ? res : unwrap(policies, &said, out, err);
}

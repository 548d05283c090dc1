/* dialplane operator: who logs in to manage the platform or a tenant. */
#include <errno.h>
#include <string.h>

#include "api/password.h"
#include "base/str.h"
#include "cmd/access.h"
#include "cmd/verbs.h"

#define SHOWN                                                                                      \
    "jsonb_build_object('id', o.id, 'domain_id', o.domain_id, 'name', o.name, 'role', o.role,"     \
    " 'user_id', o.user_id, 'enabled', o.enabled)"
/* $1: name, $2: domain; null of the platform. */
#define THIS                                                                                       \
    " WHERE o.name = $1 AND o.domain_id IS NOT DISTINCT FROM"                                      \
    " (SELECT id FROM voip.domains WHERE name = $2)"                                               \
    " AND ($2::text IS NULL) = (o.domain_id IS NULL) RETURNING o.id, o.domain_id, " SHOWN

enum { VALUES_MAX = 5 };

static const char missing[] =
    "there is no such operator (NAME@DOMAIN of a tenant, NAME of the platform)";

/* The domain of NAME@DOMAIN, which it is cut off; NULL of the platform. */
static const char *take_domain(char *name)
{
    char *at = strchr(name, '@');

    if (!at)
        return NULL;
    *at = '\0';
    return at + 1;
}

/* A statement about the operator of the operand; $3 is a new password's hash where one is set. */
static int change(struct access_verb *verb, const char *method, const char *sql, const char *none,
                  const char *hash, struct err *err)
{
    const char *values[VALUES_MAX] = {verb->operands[0], NULL, hash, verb->role, verb->user};
    struct access_change what = {method, "operators", none, sql, 2, values};

    values[1] = take_domain(verb->operands[0]);
    what.count = hash ? (verb->role ? VALUES_MAX : 3) : 2;
    return access_change(verb, &what, NULL, err);
}

/* As `change`, with a password that is asked for, or made and told. */
static int change_password(struct access_verb *verb, const char *method, const char *sql,
                           const char *none, struct err *err)
{
    char password[API_PASSWORD_MAX + 2], hash[API_PASSWORD_HASH], name[320];
    int res = str_copy(name, sizeof(name), verb->operands[0]);

    if (res)
        return err_sys(err, res, "name");
    res = access_password(verb, password, sizeof(password), err);
    if (!res) {
        res = api_password_hash(password, hash);
        res = res ? err_sys(err, res, "password") : change(verb, method, sql, none, hash, err);
    }
    if (!res && verb->generate && verb->json)
        buf_printf(&verb->told, "{\"name\": \"%s\", \"password\": \"%s\"}\n", name, password);
    else if (!res && verb->generate)
        buf_printf(&verb->told, "operator %s  password %s\n\nIt is not shown again.\n", name,
                   password);
    explicit_bzero(password, sizeof(password));
    return res;
}

static int add(struct access_verb *verb, struct err *err)
{
    static const char sql[] =
        "INSERT INTO voip.operators AS o (name, domain_id, password_hash, role, user_id)"
        " SELECT $1, d.id, $3, $4, u.id FROM (VALUES ($2::text, $5::text)) t (tenant, username)"
        " LEFT JOIN voip.domains d ON d.name = t.tenant"
        " LEFT JOIN voip.users u ON u.domain_id = d.id AND u.username = t.username"
        " WHERE (t.tenant IS NULL OR d.id IS NOT NULL) AND (t.username IS NULL OR u.id IS NOT NULL)"
        " RETURNING o.id, o.domain_id, " SHOWN;

    if (!verb->role)
        return err_set(err, -EINVAL,
                       "--role says what the operator may do: platform-admin; or, in a tenant,"
                       " tenant-admin, supervisor or agent (with --user)");
    return change_password(verb, "POST", sql, "there is no such tenant or user", err);
}

static int list(struct access_verb *verb, struct err *err)
{
    static const char sql[] =
        "SELECT o.id, o.name || coalesce('@' || d.name, '') AS name, o.role, u.username AS user,"
        " CASE WHEN o.enabled THEN 'enabled' ELSE 'disabled' END AS state,"
        " CASE WHEN o.totp_confirmed_at IS NULL THEN 'password' ELSE 'password and code' END AS "
        "login,"
        " coalesce(o.last_login_at::text, 'never') AS last_login_at"
        " FROM voip.operators o LEFT JOIN voip.domains d ON d.id = o.domain_id"
        " LEFT JOIN voip.users u ON u.id = o.user_id"
        " WHERE $1::text IS NULL OR d.name = $1 ORDER BY o.id";

    return access_print(verb, sql, 1, &verb->tenant, err);
}

static int password(struct access_verb *verb, struct err *err)
{
    verb->role = NULL;
    return change_password(verb, "PATCH", "UPDATE voip.operators o SET password_hash = $3" THIS,
                           missing, err);
}

static int disable(struct access_verb *verb, struct err *err)
{
    return change(verb, "PATCH", "UPDATE voip.operators o SET enabled = false" THIS, missing, NULL,
                  err);
}

static int enable(struct access_verb *verb, struct err *err)
{
    return change(verb, "PATCH", "UPDATE voip.operators o SET enabled = true" THIS, missing, NULL,
                  err);
}

static int forget_codes(struct access_verb *verb, struct err *err)
{
    return change(verb, "PATCH",
                  "UPDATE voip.operators o SET totp_secret = NULL, totp_confirmed_at = NULL,"
                  " recovery_codes = '{}'" THIS,
                  missing, NULL, err);
}

static int erase(struct access_verb *verb, struct err *err)
{
    return change(verb, "DELETE", "DELETE FROM voip.operators o" THIS, missing, NULL, err);
}

int cmd_operator(int argc, char **argv)
{
    static const char who[] = "NAME[@DOMAIN]";
    static const struct access_action actions[] = {
        {"add", who, "Let somebody log in; the password is asked for, or the first line of stdin",
         add},
        {"list", NULL, "List operators, with when they logged in last", list},
        {"password", who, "Set a new password, and end his sessions", password},
        {"disable", who, "Let him log in no more, and end his sessions", disable},
        {"enable", who, "Let him log in again", enable},
        {"no-codes", who, "Ask for no codes any more: his authenticator is lost", forget_codes},
        {"remove", who, "Remove an operator", erase},
        {0},
    };
    struct access_verb verb = {.name = "operator"};
    const struct cmd_option options[] = {
        {"role", "ROLE", "add: platform-admin, tenant-admin, supervisor, agent", &verb.role, NULL},
        {"user", "NAME", "add: of an agent, which user of the tenant he is", &verb.user, NULL},
        {"tenant", "DOMAIN", "list: of this tenant", &verb.tenant, NULL},
        {"generate", NULL, "add, password: make a password, and print it", NULL, &verb.generate},
        {"json", NULL, "add, list, password: print JSON", NULL, &verb.json},
        {0},
    };

    return access_run(argc, argv, actions, options, &verb);
}

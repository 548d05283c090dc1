/* What can be asked. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "tenant/explain_private.h"

enum { FROM_MAX = 64, TRUNK_NAME_MAX = 100 };

bool explain_is_time(const char *text)
{
    static const char shape[] = "0000-00-00T00:00:00";
    struct tm given, same;
    size_t len = strlen(text);
    time_t when;

    if (len != 16 && len != 19)
        return false;
    for (size_t i = 0; i < len; i++)
        if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return false;
    memset(&given, 0, sizeof(given));
    if (!strptime(text, len == 16 ? "%Y-%m-%dT%H:%M" : "%Y-%m-%dT%H:%M:%S", &given))
        return false;
    /* The 30th of February would become another day. */
    same = given;
    when = timegm(&same);
    return when > 0 && same.tm_mday == given.tm_mday && same.tm_sec == given.tm_sec;
}

int explain_check_outside(const struct explain_question *question, struct err *err)
{
    size_t len = strlen(question->from);

    if (len == 0 || len > FROM_MAX || strspn(question->from, "0123456789*#+") != len)
        return err_set(err, -EINVAL, "--from with --trunk is a number outside, such as +4930123");
    if (!*question->trunk || strlen(question->trunk) > 4 * TRUNK_NAME_MAX)
        return err_set(err, -EINVAL, "--trunk is the name of a trunk");
    return 0;
}

int explain_take_caller(struct explain *of)
{
    const char *from = of->question->from, *at = strchr(from, '@');

    if (!at)
        return err_set(of->err, -EINVAL,
                       "--from is USER@TENANT, such as 1001@acme.test; a call from outside has "
                       "--trunk as well");
    of->from = explain_text(of, "%.*s", (int)(at - from), from);
    of->domain = at + 1;
    if (!str_is_extension(of->from) || !str_is_domain(of->domain))
        return err_set(of->err, -EINVAL, "--from: '%s' is no USER@TENANT, such as 1001@acme.test",
                       from);
    return 0;
}

int explain_take_number(struct explain *of, const char **tenant)
{
    const char *to = of->question->to, *at = strchr(to, '@');

    of->number = at ? explain_text(of, "%.*s", (int)(at - to), to) : to;
    *tenant = at ? at + 1 : NULL;
    if (!str_is_extension(of->number) || (at && !str_is_domain(at + 1)))
        return err_set(
            of->err, -EINVAL,
            "--to: '%s' is nothing that can be dialled: letters, digits and * # + . _ -, "
            "and perhaps @TENANT",
            to);
    return 0;
}

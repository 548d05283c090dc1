/* Numbers in another product's export: of ways, callers, carriers, destinations and members. */
#include <errno.h>
#include <string.h>

#include "api/code_from_private.h"
#include "api/resources/resources.h"

enum { NUMBER_SIZE = 65, NATIONAL_MIN = 8 };

/* Without what people write between digits. -EINVAL: it is no number that can be dialled. */
static int clean(const char *text, char out[NUMBER_SIZE])
{
    size_t len = 0;

    for (; *text; text++) {
        if (strchr(" -()/.", *text))
            continue;
        if (len + 1 == NUMBER_SIZE)
            return -EINVAL;
        out[len++] = *text;
    }
    out[len] = '\0';
    return len >= 2 && strspn(out + (*out == '+'), "0123456789*#") == len - (*out == '+') ? 0
                                                                                          : -EINVAL;
}

int from_set(json_t *fields, const char *name, const char *text)
{
    return json_object_set_new(fields, name, json_string(text)) ? -EILSEQ : 0;
}

static int set_way(json_t *fields, const char *field, const char *how, const char *number)
{
    char name[CODE_NAME_SIZE];
    int res = str_printf(name, sizeof(name), "%s_%s", field, how);

    return res ? res : from_set(fields, name, number);
}

int from_way(const struct from_line *line, const struct from_rule *rule, const char *text,
             json_t *fields, struct err *why)
{
    char number[NUMBER_SIZE];

    if (line->is_there(line->arg, &api_extensions, text))
        return set_way(fields, rule->field, "to", text);
    if (rule->how == FROM_WAY_IF)
        return 0;
    if (clean(text, number))
        return err_set(why, -EINVAL, "%s: this is no number that can be dialled", rule->field);
    if (line->is_there(line->arg, &api_extensions, number))
        return set_way(fields, rule->field, "to", number);
    return set_way(fields, rule->field, "outside", number);
}

/* The number of: "Name" <030123>. */
int from_caller_id(const struct from_rule *rule, const char *text, json_t *fields, struct err *why)
{
    const char *open = strrchr(text, '<');
    char number[NUMBER_SIZE], inner[NUMBER_SIZE];

    if (open) {
        size_t len = strcspn(open + 1, ">");

        if (len == 0)
            return 0;
        if (str_printf(inner, sizeof(inner), "%.*s", (int)(len < 64 ? len : 64), open + 1))
            return -EINVAL;
        text = inner;
    }
    if (clean(text, number))
        return err_set(why, -EINVAL, "%s: this is no number", rule->field);
    return from_set(fields, rule->field, number);
}

int from_e164(const struct from_line *line, const struct from_rule *rule, const char *text,
              json_t *fields, struct err *why)
{
    const char *country = line->country;
    char number[NUMBER_SIZE], whole[NUMBER_SIZE + 8];
    size_t code = country ? strlen(country) : 0;
    int res;

    if (clean(text, number))
        return err_set(why, -EINVAL, "%s: a number is wanted, without patterns", rule->field);
    if (*number == '+')
        res = str_copy(whole, sizeof(whole), number);
    else if (str_starts_with(number, "00"))
        res = str_printf(whole, sizeof(whole), "+%s", number + 2);
    else if (!country)
        return err_set(why, -EINVAL, "%s: it has no country: give it with --country", rule->field);
    else if (str_starts_with(number, country) && strlen(number) >= code + NATIONAL_MIN)
        res = str_printf(whole, sizeof(whole), "+%s", number);
    else
        res = str_printf(whole, sizeof(whole), "+%s%s", country, number + (*number == '0'));
    return res ? res : from_set(fields, rule->field, whole);
}

/* -------------------------------------------------------------- destinations */

/* What stands for %; NULL: it is another destination. */
static const char *match(const char *pattern, const char *text, size_t *len)
{
    size_t head = strcspn(pattern, "%*");
    const char *tail = pattern + head + 1;

    *len = 0;
    if (strncmp(pattern, text, head) != 0)
        return NULL;
    if (pattern[head] == '*')
        return text;
    *len = strcspn(text + head, ", ");
    text += head;
    head = strcspn(tail, "*");
    return *len && strncmp(text + *len, tail, head) == 0 && (tail[head] || !text[*len + head])
               ? text
               : NULL;
}

/* The number of the extension that it is; -EINVAL: there is none. */
static int find_number(const struct from_line *line, const struct from_rule *rule, const char *text,
                       char out[NUMBER_SIZE], struct err *why)
{
    const struct from_destination *to = line->export->destinations;
    const char *found = NULL;
    size_t len = 0, head;

    for (; to->pattern; to++)
        if ((found = match(to->pattern, text, &len)))
            break;
    if (!found || !to->number)
        return err_set(why, -EINVAL,
                       "%s: \"%.64s\" is %s, which is in no export: make it, and lead there",
                       rule->field, text, to->pattern ? to->what : "something else");
    head = strcspn(to->number, "%");
    if (str_printf(out, NUMBER_SIZE, "%.*s%.*s%s", (int)head, to->number, (int)len, found,
                   to->number + head + 1))
        return err_set(why, -EINVAL, "%s: this is no number", rule->field);
    return 0;
}

int from_destination_of(const struct from_line *line, const struct from_rule *rule,
                        const char *text, json_t *fields, struct err *why)
{
    char number[NUMBER_SIZE];
    int res = find_number(line, rule, text, number, why);

    if (res)
        return res;
    if (rule->how == FROM_DESTINATION)
        return from_set(fields, rule->field, number);
    /* Where a call goes on at the number itself there is a mailbox, or nothing. */
    if (!line->is_there(line->arg, &api_extensions, number))
        return 0;
    return set_way(fields, rule->field, "to", number);
}

/* -------------------------------------------------------------- groups */

int from_strategy(const struct from_rule *rule, const char *text, json_t *fields, struct err *why)
{
    static const struct {
        const char *theirs, *ours;
    } words[] = {
        {"ringall", "all"},         {"ringallv2", "all"},           {"hunt", "in_order"},
        {"memoryhunt", "in_order"}, {"firstavailable", "in_order"}, {"firstnotonphone", "in_order"},
        {"random", "random"},
    };
    size_t len = strcspn(text, "-");

    for (size_t i = 0; i < DP_COUNT(words); i++)
        if (strlen(words[i].theirs) == len && strncmp(words[i].theirs, text, len) == 0)
            return from_set(fields, rule->field, words[i].ours);
    return err_set(why, -EINVAL, "%s: \"%.32s\" is no way to ring that is known", rule->field,
                   text);
}

json_t *from_member(const struct from_line *line, const char **rest)
{
    char number[NUMBER_SIZE];
    size_t len;

    *rest += strspn(*rest, "-");
    len = strcspn(*rest, "-");
    if (!len || str_printf(number, sizeof(number), "%.*s", (int)(len < 64 ? len : 64), *rest))
        return NULL;
    *rest += len;
    /* What is marked as outside is not a user's, whatever it looks like. */
    if (number[strlen(number) - 1] == '#')
        number[strlen(number) - 1] = '\0';
    else if (line->is_there(line->arg, &api_users, number))
        return json_pack("{s:s}", "user", number);
    return json_pack("{s:s}", "outside", str_is_extension(number) ? number : "?");
}

#include "api/code_from.h"

#include <string.h>

#include "api/code_csv.h"
#include "api/resources/resources.h"
#include "unit.h"

static bool is_there(void *arg, const struct api_resource *resource, const char *name)
{
    (void)arg;
    return resource == &api_extensions && strcmp(name, "1001") == 0;
}

static const char *const names[] = {"number", "on", "off", "words", "options", "nothing"};
static const char *const cells[] = {"1001", "Yes", "no", "B", "attach=no|delete=yes|empty=", ""};
static bool used[DP_COUNT(names)];
static const struct from_line line = {
    .names = names, .cells = cells, .columns = DP_COUNT(names), .used = used, .is_there = is_there};

static void test_conditions(void **state)
{
    static const char *const so[] = {
        "on",       "!off",   "!nothing",         "words=a|b|c", "number=1001",
        "number=*", "off on", "!missing words=b", "words=b off", "!words=none off on"};
    static const char *const not_so[] = {"off",       "!on",         "nothing",   "missing",
                                         "!missing",  "missing=*",   "nothing=*", "words=a|c",
                                         "words=bb|", "words=a b|c", "nothing="};

    (void)state;
    for (size_t i = 0; i < DP_COUNT(so); i++)
        if (!from_holds(&line, so[i]))
            fail_msg("%s does not hold", so[i]);
    for (size_t i = 0; i < DP_COUNT(not_so); i++)
        if (from_holds(&line, not_so[i]))
            fail_msg("%s holds", not_so[i]);
}

static void test_templates(void **state)
{
    static const struct {
        const char *value, *made; /* NULL: it says nothing */
    } cases[] = {
        {"user", "user"},           {"*99{number}", "*991001"},  {"{number} {words}!", "1001 B!"},
        {"{options|attach}", "no"}, {"{options|DELETE}", "yes"}, {"{options|empty}", NULL},
        {"{options|att}", NULL},    {"{nothing}", NULL},         {"{number}{missing}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < DP_COUNT(cases); i++) {
        struct buf made;
        bool whole;

        buf_init(&made, 256);
        whole = from_expand(&line, cases[i].value, &made);
        assert_int_equal(whole, cases[i].made != NULL);
        if (whole)
            assert_string_equal(made.data, cases[i].made);
        buf_free(&made);
    }
}

static const struct from_row *find_row(const struct from_export *export, const char *name)
{
    const struct from_row *row = export->rows;

    while (row->name && strcmp(row->name, name) != 0)
        row++;
    return row->name ? row : NULL;
}

/* Ways are two fields, and members are rows. */
static bool is_field(const struct from_row *row, const struct from_rule *rule)
{
    const struct api_column *column;
    enum api_type type;
    char name[CODE_NAME_SIZE];
    bool is_way = rule->how == FROM_WAY || rule->how == FROM_WAY_IF || rule->how == FROM_WAY_OF;

    if (rule->how == FROM_MEMBERS)
        return row->resource == &api_ring_groups;
    assert_int_equal(str_printf(name, sizeof(name), "%s%s", rule->field, is_way ? "_to" : ""), 0);
    return code_find_field(row->resource, name, &column, &type);
}

/* What a table names is there. */
static void test_tables(void **state)
{
    (void)state;
    for (size_t i = 0; from_exports[i]; i++) {
        const struct from_export *export = from_exports[i];

        assert_true(code_import_knows(export->product));
        for (const struct from_rule *rule = export->rules; rule->row; rule++) {
            const struct from_row *row = find_row(export, rule->row);

            if (!row || !is_field(row, rule))
                fail_msg("%s %s: %s.%s", export->product, export->name, rule->row, rule->field);
        }
    }
    assert_false(code_import_knows("asterisk"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_templates),
        cmocka_unit_test(test_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

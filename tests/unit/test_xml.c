/* The writer, read back by a parser that is not ours (expat), and against FreeSWITCH's traps. */
#include "media/xml.h"

#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "unit.h"

/* The last attribute that expat finds. */
static void on_start(void *arg, const char *name, const char **attributes)
{
    (void)name;
    for (; attributes[0]; attributes += 2) {
        buf_reset(arg);
        buf_add_str(arg, attributes[1]);
    }
}

static bool parse(const struct buf *document, struct buf *found)
{
    XML_Parser parser = XML_ParserCreate("UTF-8");
    bool ok;

    buf_init(found, 100000);
    XML_SetUserData(parser, found);
    XML_SetElementHandler(parser, on_start, NULL);
    ok = XML_Parse(parser, document->data, (int)document->len, true) == XML_STATUS_OK;
    XML_ParserFree(parser);
    return ok;
}

/* Writes the value, which has to come back as `expected`. */
static void check(const char *value, const char *expected)
{
    struct buf found, out;
    struct xml xml;

    buf_init(&out, 100000);
    xml_init(&xml, &out);
    xml_open(&xml, "d");
    xml_attr(&xml, "v", value);
    assert_int_equal(xml_finish(&xml), 0);
    assert_true(parse(&out, &found));
    assert_string_equal(found.data, expected);
    /* What FreeSWITCH looks for before it parses, and when it writes out. */
    assert_null(strstr(out.data, "$"));
    assert_null(strstr(out.data, "<?"));
    assert_null(strstr(found.data, "<!"));
    assert_null(strcasestr(out.data, "x-pre-process"));
    buf_free(&found);
    buf_free(&out);
}

static void test_values(void **state)
{
    static const char *const same[] = {
        "",
        "plain",
        "a<b>&\"'",
        "\xc3\x9c\xe2\x82\xac\xf0\x9f\x93\x9e",
        "$${default_password}",
        "${system(id)}",
        "<X-PRE-PROCESS cmd=\"exec\" data=\"id\"/>",
        "x-Pre-Process",
        "X",
        "two\nlines\tand a tab\r",
        "]]>",
        "<?xml version=\"1.0\"?>",
        "&amp;",
    };

    (void)state;
    for (size_t i = 0; i < DP_COUNT(same); i++)
        check(same[i], same[i]);
}

static void test_what_is_no_character(void **state)
{
    (void)state;
    check("a\x01z", "a\xef\xbf\xbdz");
    check("\x7f", "\xef\xbf\xbd");
    /* Latin-1, cut sequence, overlong, surrogate, beyond the last plane, noncharacter. */
    check("\xfc", "\xef\xbf\xbd");
    check("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");
    check("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
    check("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check("\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

/* FreeSWITCH would not escape what follows when it writes the value out again. */
static void test_what_looks_like_a_declaration(void **state)
{
    (void)state;
    check("a<!b", "a\xef\xbf\xbd!b");
    check("<!--#exec \"id\"-->", "\xef\xbf\xbd!--#exec \"id\"-->");
    check("<<!<!!<", "<\xef\xbf\xbd!\xef\xbf\xbd!!<");
}

static void test_nesting(void **state)
{
    struct buf out;
    struct xml xml;

    (void)state;
    buf_init(&out, 1000);
    xml_init(&xml, &out);
    xml_open(&xml, "a");
    xml_attr_int(&xml, "n", -5);
    xml_open(&xml, "b");
    xml_close(&xml);
    xml_open(&xml, "c");
    assert_int_equal(xml_finish(&xml), 0);
    assert_string_equal(out.data, "<a n=\"-5\"><b/><c/></a>");
    buf_free(&out);
}

static void test_wrong_nesting(void **state)
{
    struct buf out;
    struct xml xml;

    (void)state;
    buf_init(&out, 1000);
    xml_init(&xml, &out);
    xml_close(&xml);
    assert_int_equal(xml_finish(&xml), -EINVAL);
    xml_init(&xml, &out);
    xml_open(&xml, "a");
    xml_open(&xml, "b");
    xml_close(&xml);
    xml_attr(&xml, "late", "");
    assert_int_equal(xml_finish(&xml), -EINVAL);
    xml_init(&xml, &out);
    for (int i = 0; i <= XML_DEPTH_MAX; i++)
        xml_open(&xml, "deep");
    assert_int_equal(xml_finish(&xml), -EINVAL);
    buf_free(&out);
}

static void test_too_large(void **state)
{
    struct buf out;
    struct xml xml;

    (void)state;
    buf_init(&out, 10);
    xml_init(&xml, &out);
    xml_open(&xml, "document");
    assert_int_equal(xml_finish(&xml), -ENOBUFS);
    buf_free(&out);
}

UNIT_MAIN("xml", cmocka_unit_test(test_values), cmocka_unit_test(test_what_is_no_character),
          cmocka_unit_test(test_what_looks_like_a_declaration), cmocka_unit_test(test_nesting),
          cmocka_unit_test(test_wrong_nesting), cmocka_unit_test(test_too_large))

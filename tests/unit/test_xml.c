/* The writer, read back by a parser that is not ours (expat), and against FreeSWITCH's traps. */
#include "media/xml.h"

#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "unit.h"

/* What expat found: the attribute `v` of the last element, and all character data. */
struct found {
    struct buf attribute, text;
};

static void on_start(void *arg, const char *name, const char **attributes)
{
    struct found *found = arg;

    (void)name;
    for (; attributes[0]; attributes += 2) {
        buf_reset(&found->attribute);
        buf_add_str(&found->attribute, attributes[1]);
    }
}

static void on_text(void *arg, const char *text, int length)
{
    struct found *found = arg;

    buf_add(&found->text, text, (size_t)length);
}

static bool parse(const struct buf *document, struct found *found)
{
    XML_Parser parser = XML_ParserCreate("UTF-8");
    bool ok;

    buf_init(&found->attribute, 100000);
    buf_init(&found->text, 100000);
    XML_SetUserData(parser, found);
    XML_SetElementHandler(parser, on_start, NULL);
    XML_SetCharacterDataHandler(parser, on_text);
    ok = XML_Parse(parser, document->data, (int)document->len, true) == XML_STATUS_OK;
    XML_ParserFree(parser);
    return ok;
}

/* Writes the value as attribute and as text; both have to come back as `expected`. */
static void check(const char *value, const char *expected)
{
    struct found found;
    struct buf out;
    struct xml xml;

    buf_init(&out, 100000);
    xml_init(&xml, &out);
    xml_open(&xml, "d");
    xml_attr(&xml, "v", value);
    xml_text(&xml, value);
    assert_int_equal(xml_finish(&xml), 0);
    assert_true(parse(&out, &found));
    assert_string_equal(found.attribute.data, expected);
    assert_string_equal(found.text.data, expected);
    /* What FreeSWITCH looks for before it parses. */
    assert_null(strstr(out.data, "$"));
    assert_null(strstr(out.data, "<?"));
    assert_null(strcasestr(out.data, "x-pre-process"));
    buf_free(&found.attribute);
    buf_free(&found.text);
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

static void test_pieces_of_text(void **state)
{
    struct buf out;
    struct xml xml;

    (void)state;
    buf_init(&out, 1000);
    xml_init(&xml, &out);
    xml_open(&xml, "d");
    xml_text(&xml, "<X");
    xml_text(&xml, "-PRE-PROCESS");
    assert_int_equal(xml_finish(&xml), 0);
    assert_string_equal(out.data, "<d>&lt;&#88;-PRE-PROCESS</d>");
    buf_free(&out);
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
    xml_text(&xml, "");
    xml_attr(&xml, "late", "");
    assert_int_equal(xml_finish(&xml), -EINVAL);
    xml_init(&xml, &out);
    for (int i = 0; i <= XML_DEPTH_MAX; i++)
        xml_open(&xml, "deep");
    assert_int_equal(xml_finish(&xml), -EINVAL);
    xml_init(&xml, &out);
    xml_text(&xml, "no element");
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
    xml_text(&xml, "much");
    assert_int_equal(xml_finish(&xml), -ENOBUFS);
    buf_free(&out);
}

UNIT_MAIN("xml", cmocka_unit_test(test_values), cmocka_unit_test(test_what_is_no_character),
          cmocka_unit_test(test_pieces_of_text), cmocka_unit_test(test_nesting),
          cmocka_unit_test(test_wrong_nesting), cmocka_unit_test(test_too_large))

/* Whatever a value is: expat reads the document, and FreeSWITCH's preprocessor finds nothing. */
#include <expat.h>
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"
#include "media/xml.h"

enum { DOCUMENT_MAX = 16 << 20 };

/* The value without what is no character must come back as it is, from attribute and text. */
struct found {
    struct buf attribute, text;
};

static void on_start(void *arg, const char *name, const char **attributes)
{
    struct found *found = arg;

    (void)name;
    for (; attributes[0]; attributes += 2)
        buf_add_str(&found->attribute, attributes[1]);
}

static void on_text(void *arg, const char *text, int length)
{
    struct found *found = arg;

    buf_add(&found->text, text, (size_t)length);
}

static void read_back(const struct buf *document, struct found *found)
{
    XML_Parser parser = XML_ParserCreate("UTF-8");

    FUZZ_CHECK(parser);
    XML_SetUserData(parser, found);
    XML_SetElementHandler(parser, on_start, NULL);
    XML_SetCharacterDataHandler(parser, on_text);
    FUZZ_CHECK(XML_Parse(parser, document->data, (int)document->len, true) == XML_STATUS_OK);
    XML_ParserFree(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *value = fuzz_string(data, size);
    struct found found;
    struct buf document;
    struct xml xml;

    buf_init(&document, DOCUMENT_MAX);
    buf_init(&found.attribute, DOCUMENT_MAX);
    buf_init(&found.text, DOCUMENT_MAX);
    xml_init(&xml, &document);
    xml_open(&xml, "d");
    xml_attr(&xml, "v", value);
    xml_text(&xml, value);
    FUZZ_CHECK(xml_finish(&xml) == 0);
    FUZZ_CHECK(!strchr(document.data, '$'));
    FUZZ_CHECK(!strstr(document.data, "<?"));
    FUZZ_CHECK(!strcasestr(document.data, "x-pre-process"));
    read_back(&document, &found);
    FUZZ_CHECK(strcmp(found.attribute.data, found.text.data) == 0);
    /* Without replacements nothing may be lost or added. */
    if (!strstr(found.text.data, "\xef\xbf\xbd"))
        FUZZ_CHECK(strcmp(found.text.data, value) == 0);
    buf_free(&found.attribute);
    buf_free(&found.text);
    buf_free(&document);
    free(value);
    return 0;
}

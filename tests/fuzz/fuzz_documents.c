/* The body of a request of mod_xml_curl; the answer is read by expat. */
#include <expat.h>
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"
#include "media/freeswitch/documents.h"
#include "tenant.h"

enum { PAIRS_MAX = 2048, DOCUMENT_MAX = 1 << 20 };

static void check_document(const struct buf *document)
{
    XML_Parser parser = XML_ParserCreate("UTF-8");

    FUZZ_CHECK(parser);
    FUZZ_CHECK(XML_Parse(parser, document->data, (int)document->len, true) == XML_STATUS_OK);
    XML_ParserFree(parser);
    /* No user without credentials. */
    if (strstr(document->data, "<user "))
        FUZZ_CHECK(strstr(document->data, "<param name=\"a1-hash\" value=\""));
}

static void answer(const struct fs_request *request)
{
    char domain[FS_DOMAIN_SIZE];
    struct snapshot *snapshot;
    struct buf document;

    if (fs_request_domain(request, domain))
        return;
    snapshot = fuzz_tenant();
    buf_init(&document, DOCUMENT_MAX);
    if (fs_document(request, snapshot, &document) == 0)
        check_document(&document);
    buf_free(&document);
    snapshot_unref(snapshot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fs_request request;
    struct form form;

    if (form_parse(&form, (const char *)data, size, PAIRS_MAX))
        return 0;
    if (fs_request_read(&form, &request) == 0)
        answer(&request);
    form_free(&form);
    return 0;
}

/*
 * The body of a request of mod_xml_curl, of whatever section; the answer is read by expat. Whatever
 * is asked, nobody is answered who has no credentials, and no call does anything but what is meant.
 */
#include <expat.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "fuzz.h"
#include "media/freeswitch/documents.h"
#include "tenant.h"

enum { PAIRS_MAX = 2048, DOCUMENT_MAX = 1 << 20 };

struct found {
    bool in_user, has_hash, has_pin;
};

static const char *attribute(const char **attributes, const char *name)
{
    for (; attributes[0]; attributes += 2) {
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    }
    return "";
}

static bool is_hash(const char *text)
{
    return strlen(text) == 32 && text[strspn(text, "0123456789abcdef")] == '\0';
}

static void check_action(const char *application, const char *data)
{
    static const char *const known[] = {"set",      "answer",           "sleep", "ivr", "set_user",
                                        "transfer", "execute_extension"};
    const char *variable = strstr(data, "${");
    size_t i = 0;

    while (i < DP_COUNT(known) && strcmp(application, known[i]) != 0)
        i++;
    FUZZ_CHECK(i < DP_COUNT(known));
    /* X-VOIP-Record goes into it as it came, so no more than its characters does. */
    if (strcmp(application, "execute_extension") == 0)
        FUZZ_CHECK(str_starts_with(data, "recording-") &&
                   strcmp(data + 10 + strspn(data + 10, "abcdefghijklmnopqrstuvwxyz_;="),
                          " XML services") == 0);
    /* FreeSWITCH expands these two and finds no other. */
    if (variable) {
        FUZZ_CHECK(strcmp(application, "transfer") == 0 && !strstr(variable + 2, "${"));
        FUZZ_CHECK(strncmp(variable, "${ivr_menu_status}", 18) == 0 ||
                   strncmp(variable, "${user_name}", 12) == 0);
    }
}

static void on_start(void *arg, const char *element, const char **attributes)
{
    const char *name = attribute(attributes, "name"), *value = attribute(attributes, "value");
    struct found *found = arg;

    if (strcmp(element, "user") == 0) {
        FUZZ_CHECK(attribute(attributes, "cacheable")[0] == '\0');
        *found = (struct found){.in_user = true};
    } else if (strcmp(element, "param") == 0 && found->in_user) {
        found->has_hash = found->has_hash || (strcmp(name, "a1-hash") == 0 && is_hash(value));
        found->has_pin = found->has_pin || (strcmp(name, "vm-a1-hash") == 0 && is_hash(value));
        FUZZ_CHECK(!strcasestr(name, "password") && strcmp(name, "vm-mailto") != 0);
    } else if (strcmp(element, "variable") == 0) {
        FUZZ_CHECK(!strchr(value, '$'));
    } else if (strcmp(element, "action") == 0) {
        check_action(attribute(attributes, "application"), attribute(attributes, "data"));
    }
}

static void on_end(void *arg, const char *element)
{
    struct found *found = arg;

    if (strcmp(element, "user") == 0) {
        FUZZ_CHECK(found->has_hash && found->has_pin);
        found->in_user = false;
    }
}

static void check_document(const struct buf *document)
{
    XML_Parser parser = XML_ParserCreate("UTF-8");
    struct found found = {0};

    FUZZ_CHECK(parser);
    XML_SetUserData(parser, &found);
    XML_SetElementHandler(parser, on_start, on_end);
    FUZZ_CHECK(XML_Parse(parser, document->data, (int)document->len, true) == XML_STATUS_OK);
    XML_ParserFree(parser);
    FUZZ_CHECK(!strchr(document->data, '$') && !strchr(document->data, '\n'));
    FUZZ_CHECK(!strcasestr(document->data, "x-pre-process") && !strstr(document->data, "<?"));
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
    else
        FUZZ_CHECK(document.len == 0);
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

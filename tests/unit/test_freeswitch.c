/* Requests as mod_xml_curl 1.10.12 sends them, and what they are answered. */
#include "media/freeswitch/documents.h"

#include <errno.h>
#include <string.h>

#include "tenants.h"

#define LEADING "hostname=one&section=directory&tag_name=domain&key_name=name&key_value=acme.test"
#define USER    "&Event-Name=GENERAL&action=voicemail-lookup&key=id&domain=acme.test&user="
#define MENU                                                                                       \
    "hostname=one&section=configuration&tag_name=configuration&key_name=name&"                     \
    "key_value=ivr.conf&Event-Name=REQUEST_PARAMS&Menu-Name="

static struct buf out;

/* The answer to a body; it is in `out` when that is 0. */
static int answer(const char *body)
{
    struct snapshot *snapshot;
    char domain[FS_DOMAIN_SIZE];
    struct fs_request request;
    struct form form;
    int res;

    buf_reset(&out);
    assert_int_equal(form_parse(&form, body, strlen(body), 100), 0);
    res = fs_request_read(&form, &request);
    if (!res)
        res = fs_request_domain(&request, domain);
    if (!res) {
        snapshot = tenant_make(domain, "One");
        res = fs_document(&request, snapshot, &out);
        snapshot_unref(snapshot);
    }
    form_free(&form);
    return res;
}

static int setup(void **state)
{
    (void)state;
    buf_init(&out, 100000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_free(&out);
    return 0;
}

static void has(const char *text)
{
    assert_non_null(strstr(out.data, text));
}

static void lacks(const char *text)
{
    assert_null(strstr(out.data, text));
}

static void test_user_with_mailbox(void **state)
{
    (void)state;
    assert_int_equal(answer(LEADING USER "1001"), 0);
    has("<domain name=\"acme.test\"><user id=\"1001\">");
    has("<param name=\"a1-hash\" value=\"h1001\"/>");
    has("<param name=\"vm-a1-hash\" value=\"a761dc16c93d69f043029b2c945a970e\"/>");
    has("<param name=\"vm-enabled\" value=\"true\"/>");
    has("<param name=\"vm-mailto\" value=\"u+1@acme.test\"/>");
    has("<variable name=\"timezone\" value=\"Europe/Berlin\"/>");
    lacks("cacheable");
    lacks("password");
}

static void test_user_without_mailbox(void **state)
{
    (void)state;
    assert_int_equal(answer(LEADING USER "alice"), 0);
    has("<param name=\"a1-hash\" value=\"a1\"/>");
    has("<param name=\"vm-enabled\" value=\"false\"/>");
    lacks("vm-mailto");
}

/* It has an id like a user, so it needs credentials like one: some that nobody knows. */
static void test_mailbox_of_nobody(void **state)
{
    char hash[33] = "";
    const char *at;

    (void)state;
    assert_int_equal(answer(LEADING USER "2000"), 0);
    at = strstr(out.data, "<param name=\"a1-hash\" value=\"");
    assert_non_null(at);
    memcpy(hash, at + strlen("<param name=\"a1-hash\" value=\""), 32);
    assert_int_equal(strspn(hash, "0123456789abcdef"), 32);
    /* Its address is no word for a shell. */
    lacks("vm-mailto");
    assert_int_equal(answer(LEADING USER "2000"), 0);
    lacks(hash);
}

static void test_not_found(void **state)
{
    (void)state;
    assert_int_equal(answer(LEADING USER "1002"), -ENOENT);
    assert_int_equal(answer(LEADING "&key=number-alias&user=1001&domain=acme.test"), -ENOENT);
    assert_int_equal(answer(LEADING "&purpose=gateways&profile=internal"), -ENOENT);
    assert_int_equal(answer(LEADING "&domain=acme.test&purpose=network-list"), -ENOENT);
    /* The unencoded value and the encoded one are about different tenants. */
    assert_int_equal(answer(LEADING "&key=id&user=1001&domain=beta.test"), -ENOENT);
    assert_int_equal(answer("hostname=one&section=configuration&tag_name=configuration&"
                            "key_name=name&key_value=sofia.conf"),
                     -ENOENT);
    assert_int_equal(answer("hostname=one&section=dialplan&tag_name=&key_name=&key_value="),
                     -ENOENT);
    assert_int_equal(fs_document_not_found(&out), 0);
    assert_string_equal(out.data, "<document type=\"freeswitch/xml\"><section name=\"result\">"
                                  "<result status=\"not found\"/></section></document>");
}

/* A realm of "test.local&section=dialplan&user=admin&x", as measured. */
static void test_injection(void **state)
{
    (void)state;
    assert_int_equal(answer(LEADING "&section=dialplan&user=admin%26x" USER "1001%26evil%3D1"),
                     -EINVAL);
    assert_int_equal(answer(LEADING "&user=admin" USER "1001"), -EINVAL);
    assert_int_equal(answer(LEADING "&domain=beta.test" USER "1001"), -EINVAL);
    assert_int_equal(answer(LEADING "&key=id" USER "1001"), -EINVAL);
    assert_int_equal(answer("section=directory&hostname=one&tag_name=domain&key_name=name&"
                            "key_value=acme.test" USER "1001"),
                     -EINVAL);
    assert_int_equal(answer("hostname=one&section=directory"), -EINVAL);
    assert_int_equal(answer(""), -EINVAL);
}

static void test_menu(void **state)
{
    (void)state;
    assert_int_equal(answer(MENU "acme.test%2F7"), 0);
    has("<configuration name=\"ivr.conf\"><menus><menu name=\"acme.test/7\" "
        "greet-long=\"demo/welcome.wav\" invalid-sound=\"option-is-invalid.wav\" timeout=\"5000\"");
    has("<entry action=\"menu-exec-app\" digits=\"#\" param=\"transfer to-edge-alice XML ");
    has("max-failures=\"3\"");
    lacks("5000 XML");
}

static void test_no_menu(void **state)
{
    (void)state;
    assert_int_equal(answer(MENU "acme.test%2F8"), -ENOENT);
    assert_int_equal(answer(MENU "acme.test%2F7x"), -ENOENT);
    assert_int_equal(answer(MENU "acme.test"), -ENOENT);
    assert_int_equal(answer(MENU "%2F7"), -ENOENT);
    assert_int_equal(answer(MENU "acme.test%2F7&Menu-Name=acme.test%2F9"), -EINVAL);
}

UNIT_MAIN("freeswitch", cmocka_unit_test_setup_teardown(test_user_with_mailbox, setup, teardown),
          cmocka_unit_test_setup_teardown(test_user_without_mailbox, setup, teardown),
          cmocka_unit_test_setup_teardown(test_mailbox_of_nobody, setup, teardown),
          cmocka_unit_test_setup_teardown(test_not_found, setup, teardown),
          cmocka_unit_test_setup_teardown(test_injection, setup, teardown),
          cmocka_unit_test_setup_teardown(test_menu, setup, teardown),
          cmocka_unit_test_setup_teardown(test_no_menu, setup, teardown))

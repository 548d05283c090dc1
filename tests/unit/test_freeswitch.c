/* Requests as mod_xml_curl 1.10.12 sends them, and what they are answered. */
#include "media/freeswitch/documents.h"

#include <errno.h>
#include <string.h>

#include "tenants.h"

#define FIVE(section, tag, name, value)                                                            \
    "hostname=one&section=" section "&tag_name=" tag "&key_name=" name "&key_value=" value
#define DOMAIN_IS(value) FIVE("directory", "domain", "name", value)
#define LEADING          DOMAIN_IS("acme.test") "&Event-Name=GENERAL"
#define USER             LEADING "&action=voicemail-lookup&key=id&domain=acme.test&user="
#define CONFIGURATION(name)                                                                        \
    FIVE("configuration", "configuration", "name", name) "&Event-Name=REQUEST_PARAMS"
#define MENU       CONFIGURATION("ivr.conf") "&Menu-Name="
#define QUEUE      CONFIGURATION("callcenter.conf") "&CC-Queue="
#define CONFERENCE CONFIGURATION("conference.conf") "&conference_name=x&profile_name="
#define CONTROLS   CONFIGURATION("conference.conf") "&Action=request-controls&Conf-Profile="

#define CALL                                                                                       \
    "01234567-89ab-cdef-0123-456789abcdef;start=1795224953.414933;from=1001;to=5000;"              \
    "reached=5000;dir=internal;ext=ivr"
#define CONTEXT "&Event-Name=REQUEST_PARAMS&Caller-Context=from-edge&Hunt-Context=from-edge"
#define FROM_EDGE(service, call)                                                                   \
    FIVE("dialplan", "", "", "")                                                                   \
    CONTEXT "&variable_sip_h_X-VOIP-Service=" service "&variable_sip_h_X-VOIP-Call=" call

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
        snapshot = tenant_make(domain, "One $${x}");
        res = fs_document(&request, snapshot, &out);
        snapshot_unref(snapshot);
    }
    form_free(&form);
    if (res)
        assert_int_equal(out.len, 0);
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
    if (!strstr(out.data, text))
        fail_msg("no %s in %s", text, out.data);
}

static void lacks(const char *text)
{
    assert_null(strstr(out.data, text));
}

static void test_user_with_mailbox(void **state)
{
    (void)state;
    assert_int_equal(answer(USER "1001"), 0);
    has("<domain name=\"acme.test\"><user id=\"1001\">");
    has("<param name=\"a1-hash\" value=\"h1001\"/>");
    has("<param name=\"vm-a1-hash\" value=\"a761dc16c93d69f043029b2c945a970e\"/>");
    has("<param name=\"vm-enabled\" value=\"true\"/>");
    has("<param name=\"vm-mailto\" value=\"u+1@acme.test\"/>");
    has("<param name=\"display-name\" value=\"One &#36;&#36;{x}\"/>");
    has("<param name=\"vm-attach-file\" value=\"true\"/>"
        "<param name=\"vm-keep-local-after-email\" value=\"true\"/>");
    has("<variable name=\"dp_lengths\" value=\"2-60\"/>"
        "<variable name=\"dp_mail_delete\" value=\"yes\"/>");
    lacks("vm-disk-quota");
    has("<variable name=\"timezone\" value=\"Europe/Berlin\"/>");
    has("<variable name=\"user_context\" value=\"none\"/>");
    lacks("cacheable");
    lacks("password");
}

static void test_user_without_mailbox(void **state)
{
    (void)state;
    assert_int_equal(answer(USER "alice"), 0);
    has("<param name=\"a1-hash\" value=\"a1\"/>");
    has("<param name=\"vm-enabled\" value=\"false\"/>");
    lacks("vm-mailto");
}

/* Through the edge, to the phones and to nothing else. */
static void test_dial_string(void **state)
{
    (void)state;
    assert_int_equal(answer(USER "1001"), 0);
    has("<param name=\"dial-string\" "
        "value=\"[sip_invite_domain=acme.test,sip_h_&#88;-VOIP-Ring=phones]sofia/edge/"
        "sip:1001@acme.test;fs_path=sip:&#36;{dp_edge_inside}\"/>");
}

/* It has an id like a user, so it needs credentials like one: some that nobody knows. */
static void test_mailbox_of_nobody(void **state)
{
    char hash[33] = "";
    const char *at;

    (void)state;
    assert_int_equal(answer(USER "2000"), 0);
    at = strstr(out.data, "<param name=\"a1-hash\" value=\"");
    assert_non_null(at);
    memcpy(hash, at + strlen("<param name=\"a1-hash\" value=\""), 32);
    assert_int_equal(strspn(hash, "0123456789abcdef"), 32);
    /* Its address is no word for a shell. */
    lacks("vm-mailto");
    lacks("dp_mail_delete");
    has("<param name=\"vm-disk-quota\" value=\"1\"/>");
    lacks("dial-string");
    assert_int_equal(answer(USER "2000"), 0);
    lacks(hash);
}

/* After a miss by id, mod_voicemail says everything a second time. */
static void test_number_alias(void **state)
{
    (void)state;
    assert_int_equal(answer(USER "6000&key=number-alias&user=6000&domain=acme.test"), 0);
    has("<user id=\"alice\" number-alias=\"6000\">");
    has("<param name=\"a1-hash\" value=\"a1\"/>");
    assert_int_equal(answer(USER "6000"), -ENOENT);
    assert_int_equal(answer(LEADING "&key=number-alias&user=5000&domain=acme.test"), -ENOENT);
    assert_int_equal(answer(LEADING "&key=cidr&user=1001&domain=acme.test"), -ENOENT);
    assert_int_equal(answer(USER "6000&key=number-alias&user=1001&domain=acme.test"), -EINVAL);
}

static void test_message_for_user(void **state)
{
    (void)state;
    assert_int_equal(answer(LEADING "&user=1001&domain=acme.test&purpose=publish-vm"), 0);
    has("<user id=\"1001\">");
    assert_int_equal(answer(LEADING "&user=1002&domain=acme.test&purpose=publish-vm"), -ENOENT);
}

static void test_group(void **state)
{
    static const char *const bodies[] = {
        LEADING "&group=users&domain=acme.test&action=group_call&group_name=users",
        LEADING "&user=1001&domain=acme.test&group_name=users",
        LEADING "&group=users&domain=acme.test&purpose=publish-vm",
        LEADING "&user=_all_&domain=acme.test&purpose=publish-vm",
    };

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bodies); i++) {
        assert_int_equal(answer(bodies[i]), 0);
        has("<groups><group name=\"users\"><users><user id=\"1001\">");
        has("value=\"h1001\"/>");
        has("<user id=\"alice\">");
        has("value=\"a1\"/>");
        lacks("\"2000\"");
    }
    assert_int_equal(answer(LEADING "&domain=acme.test&group_name=sales"), -ENOENT);
    assert_int_equal(answer(LEADING "&key=id&user=_all_&domain=acme.test"), -ENOENT);
    out.max = 1000;
    assert_int_equal(answer(bodies[0]), -ENOBUFS);
}

/* There are neither gateways nor addresses that are let in. */
static void test_empty_domain(void **state)
{
    static const char *const bodies[] = {
        LEADING "&purpose=gateways&profile=edge",
        LEADING "&domain=acme.test&purpose=network-list",
        LEADING "&domain=acme.test&type=param",
        LEADING "&section=directory&tag=domain&tag_attr_name=name&tag_attr_val=acme.test",
        DOMAIN_IS("acme.test"),
    };

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bodies); i++) {
        assert_int_equal(answer(bodies[i]), 0);
        assert_string_equal(out.data,
                            "<document type=\"freeswitch/xml\"><section name=\"directory\">"
                            "<domain name=\"acme.test\"/></section></document>");
    }
}

static void test_not_found(void **state)
{
    (void)state;
    assert_int_equal(answer(USER "1002"), -ENOENT);
    /* The unencoded value and the encoded one are about different tenants. */
    assert_int_equal(answer(LEADING "&key=id&user=1001&domain=beta.test"), -ENOENT);
    assert_int_equal(answer(LEADING "&key=id&user=1001"), -ENOENT);
    assert_int_equal(answer(LEADING "&group_name=users"), -ENOENT);
    assert_int_equal(answer(FIVE("directory", "user", "id", "1001")), -ENOENT);
    assert_int_equal(answer(FIVE("directory", "domain", "ip", "acme.test")), -ENOENT);
    assert_int_equal(answer(DOMAIN_IS("acme test")), -ENOENT);
    assert_int_equal(answer(FIVE("configuration", "configuration", "name", "sofia.conf")), -ENOENT);
    assert_int_equal(answer(FIVE("chatplan", "", "", "")), -ENOENT);
    assert_int_equal(fs_document_not_found(&out), 0);
    assert_string_equal(out.data, "<document type=\"freeswitch/xml\"><section name=\"result\">"
                                  "<result status=\"not found\"/></section></document>");
}

/* A realm of "test.local&section=dialplan&user=admin&x", as measured. */
static void test_injection(void **state)
{
    (void)state;
    assert_int_equal(
        answer(DOMAIN_IS(
            "acme.test&section=dialplan&user=admin%26x") "&Event-Name=REQUEST_PARAMS&key=id&user="
                                                         "1001%26evil%3D1"
                                                         "&domain=acme.test%26section%3Ddialplan"),
        -EINVAL);
    assert_int_equal(answer(DOMAIN_IS("acme.test&user=1001") "&Event-Name=GENERAL"), -EINVAL);
    assert_int_equal(
        answer(
            DOMAIN_IS("acme.test&Event-Name=GENERAL&user=1001&domain=acme.test") "&Event-Name="
                                                                                 "GENERAL&key=id"),
        -EINVAL);
    assert_int_equal(answer(DOMAIN_IS("acme.test&user=1001&domain=acme.test&key=id")), -EINVAL);
    assert_int_equal(answer(LEADING "&user=admin&key=id&domain=acme.test&user=1001"), -EINVAL);
    assert_int_equal(answer(USER "1001&domain=beta.test"), -EINVAL);
    assert_int_equal(answer(USER "1001&section=dialplan"), -EINVAL);
    assert_int_equal(answer(USER "1001&key_value=beta.test"), -EINVAL);
    assert_int_equal(answer("section=directory&hostname=one&tag_name=domain&key_name=name&"
                            "key_value=acme.test&Event-Name=GENERAL"),
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
    has("<entry action=\"menu-exec-app\" digits=\"#\" param=\"transfer key-#-alice XML ");
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

static void test_queue(void **state)
{
    (void)state;
    assert_int_equal(answer(QUEUE "4%40acme.test"), 0);
    has("<configuration name=\"callcenter.conf\"><queues><queue name=\"4@acme.test\">"
        "<param name=\"strategy\" value=\"top-down\"/>"
        "<param name=\"moh-sound\" value=\"demo/music.wav\"/>"
        "<param name=\"time-base-score\" value=\"queue-0-\"/>"
        "<param name=\"ma&#120;-wait-time\" value=\"600\"/>"
        "<param name=\"ma&#120;-wait-time-with-no-agent\" value=\"2\"/>"
        "<param name=\"ma&#120;-wait-time-with-no-agent-time-reached\" value=\"1\"/>");
    has("</queue></queues><agents><agent name=\"alice@acme.test\" type=\"callback\" "
        "contact=\"[leg_timeout=15,sip_invite_domain=acme.test,sip_h_&#88;-VOIP-Ring=phones]"
        "sofia/edge/sip:alice@acme.test;fs_path=sip:&#36;{dp_edge_inside}\" wrap-up-time=\"5\"");
    has("<tiers><tier agent=\"alice@acme.test\" queue=\"4@acme.test\" level=\"1\" position=\"2\"/>"
        "<tier agent=\"1001@acme.test\" queue=\"4@acme.test\" level=\"2\" "
        "position=\"1\"/></tiers>");
    lacks("announce");
    assert_int_equal(answer(QUEUE "8%40acme.test"), 0);
    has("<param name=\"moh-sound\" value=\"/store/prompts/acme.test/cafe.wav\"/>"
        "<param name=\"announce-sound\" value=\"/store/prompts/acme.test/beef.wav\"/>"
        "<param name=\"announce-frequency\" value=\"20\"/>"
        "<param name=\"time-base-score\" value=\"queue-20-/store/prompts/acme.test/beef.wav\"/>");
    /* A status would log in, or out, who is in the queue now. */
    lacks("status");
    lacks("#1@");
    lacks("Sales");
}

static void test_conference(void **state)
{
    (void)state;
    assert_int_equal(answer(CONFERENCE "acme.test%2F3"), 0);
    has("<configuration name=\"conference.conf\"><profiles><profile name=\"acme.test/3\">"
        "<param name=\"domain\" value=\"acme.test\"/>");
    has("<param name=\"ma&#120;-members\" value=\"9\"/><param name=\"pin\" value=\"1234\"/>");
    has("enter-sound");
    lacks("moderator-pin");
    lacks("wait-mod");
    lacks("moh-sound");
    assert_int_equal(answer(CONFERENCE "acme.test%2F5"), 0);
    has("<param name=\"conference-flags\" value=\"wait-mod\"/>");
    has("<param name=\"moh-sound\" value=\"/store/prompts/acme.test/cafe.wav\"/>");
}

/* A member mutes himself; the rest is the moderator's. */
static void test_keys_of_a_conference(void **state)
{
    (void)state;
    assert_int_equal(answer(CONTROLS "acme.test%2F3"), 0);
    has("<configuration name=\"conference.conf\"><caller-controls><group name=\"member\">"
        "<control action=\"mute\" digits=\"*1\"/></group><group name=\"moderator\">"
        "<control action=\"mute\" digits=\"*1\"/><control action=\"lock\" digits=\"*2\"/>");
    lacks("<profile");
}

/* What is loaded with a module, and what a module asks for beside, is in files. */
static void test_no_queue_or_conference(void **state)
{
    static const char *const bodies[] = {
        FIVE("configuration", "configuration", "name", "callcenter.conf"),
        QUEUE "5%40acme.test",
        QUEUE "4%2Facme.test",
        QUEUE "acme.test%2F4",
        QUEUE "acme.test%404",
        QUEUE "4%40acme.test%40",
        CONFIGURATION("callcenter.conf") "&Menu-Name=acme.test%2F4",
        CONFERENCE "acme.test%2F4",
        CONFERENCE "3%40acme.test",
        CONFERENCE "default",
        CONTROLS "acme.test%2F4",
        CONTROLS "acme.test",
        CONFIGURATION("conference.conf") "&presence=true",
    };

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bodies); i++)
        assert_int_equal(answer(bodies[i]), -ENOENT);
}

/* Things are asked for as users, who could not register. */
static void test_ring_group(void **state)
{
    (void)state;
    assert_int_equal(answer(USER "ring_group%2F5"), 0);
    has("<user id=\"ring_group/5\"><params><param name=\"a1-hash\"");
    has("<variables><variable name=\"dp_dial\" value=\"[leg_timeout=20,dp_reached=1001,"
        "sip_invite_domain=acme.test,sip_h_&#88;-VOIP-Ring=phones]sofia/edge/sip:1001@acme.test,"
        "[leg_timeout=15,dp_reached=+4930,sip_invite_domain=acme.test,leg_delay_start=5,"
        "group_confirm_key=1,");
    has("]sofia/edge/sip:+4930@acme.test\"/></variables></user>");
    /* One after the other has no delay. */
    assert_int_equal(answer(USER "ring_group%2F6"), 0);
    has("value=\"[leg_timeout=9,dp_reached=0123,sip_invite_domain=acme.test]sofia/edge/"
        "sip:0123@acme.test\"");
    assert_int_equal(answer(USER "ring_group%2F7"), -ENOENT);
    assert_int_equal(answer(USER "ring_group%2Fx"), -ENOENT);
    assert_int_equal(answer(USER "group%2F5"), -ENOENT);
}

static void test_paging(void **state)
{
    (void)state;
    assert_int_equal(answer(USER "paging%2F5"), 0);
    has("<variables><variable name=\"dp_dial\" value=\"[leg_timeout=5,sip_invite_domain=acme.test,"
        "sip_h_&#88;-VOIP-Ring=answer,sip_h_&#88;-VOIP-Skip=busy]sofia/edge/sip:1001@acme.test\"/>"
        "</variables></user>");
    /* Nobody of the tenant. */
    assert_int_equal(answer(USER "paging%2F6"), 0);
    lacks("dp_dial");
    assert_int_equal(answer(USER "paging%2F7"), -ENOENT);
    assert_int_equal(answer(FROM_EDGE("paging;id=5;domain=acme.test", CALL)), 0);
    has("data=\"paging/5@acme.test\"/>"
        "<action application=\"transfer\" data=\"page-&#36;{user_name} XML services\"/>");
}

/* Which numbers may be dialled in menu 9 is said when one was. */
static void test_direct_dial(void **state)
{
    (void)state;
    assert_int_equal(answer(MENU "acme.test%2F9"), 0);
    has("digit-len=\"4\"");
    has("<entry action=\"menu-exec-app\" digits=\"/^([0-9]{2,16})&#36;/\" "
        "param=\"execute_extension direct-&#36;1 XML services\"/>");
    assert_int_equal(answer(MENU "acme.test%2F7"), 0);
    has("digit-len=\"1\"");
    lacks("direct-");
    assert_int_equal(answer(USER "direct%2F9%2F6000"), 0);
    has("<variable name=\"dp_direct\" value=\"yes\"/>"
        "<variable name=\"dp_invalid\" value=\"option-is-invalid.wav\"/>"
        "<variable name=\"dp_tries\" value=\"xx\"/>");
    assert_int_equal(answer(USER "direct%2F9%2F6001"), 0);
    has("<variable name=\"dp_direct\" value=\"no\"/>");
    assert_int_equal(answer(USER "direct%2F7%2F6000"), -ENOENT);
    assert_int_equal(answer(USER "direct%2F9"), -ENOENT);
}

static void test_announcement(void **state)
{
    (void)state;
    assert_int_equal(answer(USER "announcement%2F9"), 0);
    has("<variables><variable name=\"dp_prompt\" value=\"demo/closed.wav\"/>"
        "<variable name=\"dp_then\" value=\"1001\"/></variables>");
    assert_int_equal(answer(USER "announcement%2F10"), 0);
    has("<variable name=\"dp_prompt\" value=\"/store/prompts/acme.test/cafe.wav\"/>");
    assert_int_equal(answer(USER "announcement%2F11"), -ENOENT);
    assert_int_equal(answer(USER "announcement%2F8"), -ENOENT);
}

/* One call: its service, whole. */
static void test_call(void **state)
{
    (void)state;
    assert_int_equal(answer(FROM_EDGE("ivr;id=7;domain=acme.test", CALL)), 0);
    has("<section name=\"dialplan\"><context name=\"from-edge\"><extension name=\"ivr\"><condition>"
        "<action application=\"set\" inline=\"true\" data=\"process_cdr=false\"/>");
    has("data=\"dp_domain=acme.test\"");
    has("data=\"process_cdr=true\"/><action application=\"answer\"/>");
    has("<action application=\"ivr\" data=\"acme.test/7\"/>"
        "<action application=\"transfer\" data=\"menu-&#36;{ivr_menu_status} XML services\"/>");
    lacks("voicemail");
    assert_int_equal(answer(FROM_EDGE("voicemail;id=1001;domain=acme.test", CALL ";leg=1")), 0);
    has("<action application=\"set_user\" data=\"1001@acme.test\"/>");
    has("data=\"process_cdr=true\"/><action application=\"answer\"/>");
    has("data=\"leave-&#36;{user_name} XML services\"");
    assert_int_equal(answer(FROM_EDGE("mailbox;id=alice;domain=acme.test", CALL ";leg=0")), 0);
    has("data=\"sensitive_dtmf=true\"");
    has("data=\"listen-&#36;{user_name} XML services\"");
    assert_int_equal(answer(FROM_EDGE("queue;id=4;domain=acme.test", CALL)), 0);
    has("data=\"queue XML services\"");
    assert_int_equal(answer(FROM_EDGE("conference;id=3;domain=acme.test", CALL)), 0);
    has("data=\"sensitive_dtmf=true\"");
    has("data=\"conference XML services\"");
    assert_int_equal(answer(FROM_EDGE("announcement;id=9;domain=acme.test", CALL)), 0);
    has("data=\"announcement/9@acme.test\"/>"
        "<action application=\"transfer\" data=\"say-&#36;{user_name} XML services\"/>");
    assert_int_equal(answer(FROM_EDGE("announcement;id=activated;domain=acme.test", CALL)), 0);
    has("data=\"activated XML services\"");
    lacks("set_user");
    assert_int_equal(answer(FROM_EDGE("ring_group;id=5;domain=acme.test", CALL)), 0);
    has("data=\"execute_on_answer=set process_cdr=true\"/>"
        "<action application=\"set_user\" data=\"ring_group/5@acme.test\"/>");
    lacks("\"answer\"");
}

/* Places are nothing but names. */
static void test_park(void **state)
{
    (void)state;
    assert_int_equal(answer(FROM_EDGE("park;id=0a;domain=acme.test", CALL)), 0);
    has("data=\"park XML services\"");
    assert_int_equal(answer(FROM_EDGE("pickup;id=0b;domain=acme.test", CALL)), 0);
    has("data=\"park XML services\"");
}

static void test_call_for_what_is_not_there(void **state)
{
    static const char *const bodies[] = {
        FROM_EDGE("ivr;id=8;domain=acme.test", CALL),
        FROM_EDGE("ivr;id=x;domain=acme.test", CALL),
        FROM_EDGE("voicemail;id=1009;domain=acme.test", CALL),
        FROM_EDGE("mailbox;id=bob;domain=acme.test", CALL),
        FROM_EDGE("queue;id=5;domain=acme.test", CALL),
        FROM_EDGE("conference;id=4;domain=acme.test", CALL),
    };

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bodies); i++) {
        assert_int_equal(answer(bodies[i]), 0);
        has("<action application=\"answer\"/>");
        has("<action application=\"transfer\" data=\"unavailable XML services\"/></condition>");
        lacks("set_user");
    }
}

/* The files in conf/freeswitch decide, and refuse what is not well-formed. */
static void test_call_that_is_not_ours(void **state)
{
#define SERVICE "ivr;id=7;domain=acme.test"
#define START   "01234567-89ab-cdef-0123-456789abcdef;start=1.1;from=;to=;reached=;"
    static const char *const bodies[] = {
        FIVE("dialplan", "", "", ""),
        FIVE("dialplan", "", "", "") CONTEXT,
        FIVE("dialplan", "", "", "") "&Event-Name=REQUEST_PARAMS&Hunt-Context=services"
                                     "&variable_sip_h_X-VOIP-Service=" SERVICE
                                     "&variable_sip_h_X-VOIP-Call=" CALL,
        FROM_EDGE("fax;id=7;domain=acme.test", CALL),
        FROM_EDGE("ivr;id=;domain=acme.test", CALL),
        FROM_EDGE("ivr;id=7;domain=", CALL),
        FROM_EDGE("ivr;id=7;domain=Acme.test", CALL),
        FROM_EDGE("ivr;id=7;domain=acme.test;", CALL),
        FROM_EDGE("ivr;id=7;domain=acme.test%0A", CALL),
        FROM_EDGE("ivr;id=${x};domain=acme.test", CALL),
        FROM_EDGE(SERVICE, ""),
        FROM_EDGE(SERVICE, CALL ";"),
        FROM_EDGE(SERVICE, CALL ";leg=x"),
        FROM_EDGE(SERVICE, CALL ";leg=11"),
        FROM_EDGE(SERVICE, CALL ";eid=x"),
        FROM_EDGE(SERVICE, CALL ";leg=1;genesys=a%27b"),
        FROM_EDGE(SERVICE, CALL ";leg=1;path=1%3Cb"),
        FROM_EDGE(SERVICE, CALL ";path=1;leg=1"),
        FROM_EDGE(SERVICE, "x" CALL),
        FROM_EDGE(SERVICE, START "dir=x;ext=ivr"),
        FROM_EDGE(SERVICE, START "dir=internalx;ext=ivr"),
        FROM_EDGE(SERVICE, START "dir=internal;ext="),
        FROM_EDGE(SERVICE, "01234567;start=1.1;from=;to=;reached=;dir=internal;ext=ivr"),
    };

    (void)state;
    for (size_t i = 0; i < DP_COUNT(bodies); i++)
        assert_int_equal(answer(bodies[i]), -ENOENT);
    assert_int_equal(answer(FROM_EDGE(SERVICE, START "dir=inbound;ext=ivr")), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

UNIT_MAIN("freeswitch", CASE(test_user_with_mailbox), CASE(test_user_without_mailbox),
          CASE(test_dial_string), CASE(test_mailbox_of_nobody), CASE(test_number_alias),
          CASE(test_message_for_user), CASE(test_group), CASE(test_empty_domain),
          CASE(test_not_found), CASE(test_injection), CASE(test_menu), CASE(test_no_menu),
          CASE(test_queue), CASE(test_conference), CASE(test_keys_of_a_conference),
          CASE(test_no_queue_or_conference), CASE(test_ring_group), CASE(test_paging),
          CASE(test_announcement), CASE(test_direct_dial), CASE(test_call), CASE(test_park),
          CASE(test_call_for_what_is_not_there), CASE(test_call_that_is_not_ours))

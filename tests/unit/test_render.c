#include "cluster/render.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "tmpdir.h"
#include "unit.h"

/* A deployment whose parts differ from each other in every value, so that a mix-up shows. */
static const char deployment[] =
    "version: 1\n"
    "media_server: asterisk\n"
    "nodes:\n"
    "  - {name: e1, address: 192.0.2.1, inside: 10.0.0.1, roles: [edge]}\n"
    "  - {name: m1, address: 192.0.2.2, inside: 10.0.0.2, roles: [media]}\n"
    "  - {name: m2, address: 192.0.2.3, inside: 'fd00::3', roles: [media]}\n"
    "  - {name: c1, address: 192.0.2.4, inside: 10.0.0.4, roles: [control]}\n"
    "  - {name: d1, address: 192.0.2.5, inside: 'fd00::5', roles: [queue, db]}\n";

struct fixture {
    char *folder;
    char state[PATH_MAX], conf[PATH_MAX];
    struct topology *topology;
    struct secrets secrets;
    struct render render;
};

static void put(const char *folder, const char *name, const char *text)
{
    assert_int_equal(file_write(tmpdir_path(folder, name), text, strlen(text), 0644, NULL), 0);
}

static void make_conf(struct fixture *fixture)
{
    static const char *const daemons[] = {"asterisk",   "freeswitch", "kamailio", "lsyncd",
                                          "postgresql", "redis",      "rtpengine"};

    for (size_t i = 0; i < DP_COUNT(daemons); i++) {
        char folder[PATH_MAX];

        assert_int_equal(
            str_printf(folder, sizeof(folder), "%s/conf/%s", fixture->folder, daemons[i]), 0);
        assert_int_equal(file_make_dirs(folder, 0755, NULL), 0);
        put(folder, "static.conf", daemons[i]);
    }
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct err err = {""};

    assert_int_equal(tmpdir_setup((void **)&fixture->folder), 0);
    assert_int_equal(str_printf(fixture->state, PATH_MAX, "%s/state", fixture->folder), 0);
    assert_int_equal(str_printf(fixture->conf, PATH_MAX, "%s/conf", fixture->folder), 0);
    make_conf(fixture);
    put(fixture->folder, "deploy.yaml", deployment);
    assert_int_equal(
        topology_load(&fixture->topology, tmpdir_path(fixture->folder, "deploy.yaml"), &err), 0);
    for (size_t i = 0; i < SECRET_COUNT; i++)
        assert_int_equal(
            str_printf(fixture->secrets.value[i], SECRET_MAX + 1, "%s-0123456789", secret_name(i)),
            0);
    assert_int_equal(file_make_dirs(tmpdir_path(fixture->folder, "state/secrets"), 0700, &err), 0);
    fixture->render = (struct render){
        .topology = fixture->topology,
        .secrets = &fixture->secrets,
        .state = fixture->state,
        .conf = fixture->conf,
        .programs = {"/bin/postgres", "/bin/redis", "/bin/rtpengine", "/bin/kamailio", "/bin/fs",
                     "/bin/turnserver"},
    };
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    void *folder = fixture->folder;
    int res = tmpdir_teardown(&folder);

    topology_free(fixture->topology);
    free(fixture);
    return res;
}

static void render(struct fixture *fixture, const char *node)
{
    struct err err = {""};

    fixture->render.node = topology_find(fixture->topology, node);
    if (render_node(&fixture->render, &err))
        fail_msg("%s", err.text);
}

static char *path_of(struct fixture *fixture, const char *name)
{
    static char path[PATH_MAX];

    assert_int_equal(str_printf(path, sizeof(path), "%s/%s", fixture->state, name), 0);
    return path;
}

static int mode_of(struct fixture *fixture, const char *name)
{
    struct stat st;

    return stat(path_of(fixture, name), &st) ? -errno : (int)(st.st_mode & 07777);
}

/* The file holds this text. */
static void expect(struct fixture *fixture, const char *name, const char *text)
{
    struct err err = {""};
    struct buf data;

    buf_init(&data, RENDER_FILE_MAX);
    if (file_read(path_of(fixture, name), &data, &err))
        fail_msg("%s", err.text);
    if (!strstr(data.data, text))
        fail_msg("no '%s' in %s:\n%s", text, name, data.data);
    buf_free(&data);
}

static void test_edge(void **state)
{
    struct fixture *fixture = *state;

    render(fixture, "e1");
    expect(fixture, "etc/kamailio/static.conf", "kamailio");
    expect(fixture, "etc/kamailio/node.cfg", "#!substdef \"!NODE_ADDRESS!192.0.2.1!g\"\n");
    expect(fixture, "etc/kamailio/node.cfg", "#!substdef \"!NODE_INSIDE!10.0.0.1!g\"\n");
    expect(fixture, "etc/kamailio/node.cfg", "#!substdef \"!NODE_DB_HOST![fd00::5]!g\"\n");
    expect(fixture, "etc/kamailio/node.cfg", "!NODE_RPC_TOKEN!rpc_token-0123456789!g");
    expect(fixture, "etc/kamailio/dispatcher.list",
           "1 sip:10.0.0.2:5080 0 0\n1 sip:[fd00::3]:5080 0 0\n");
    expect(fixture, "etc/rtpengine/rtpengine.conf", "interface = 192.0.2.1\n");
    expect(fixture, "etc/rtpengine/rtpengine.conf", "listen-ng = 10.0.0.1:2223\n");
    expect(fixture, "etc/supervisor/supervisord.conf", "[program:kamailio]\ncommand=/bin/kamailio");
    expect(fixture, "etc/supervisor/supervisord.conf", "/lib/openssl-fork.so\"\n");
    assert_int_equal(mode_of(fixture, "etc/redis"), -ENOENT);
    assert_int_equal(mode_of(fixture, "etc/asterisk"), -ENOENT);
}

/* substdef replaces inside longer names too, so that a name must not come before one it is in. */
static void test_no_name_spoils_a_later_one(void **state)
{
    struct fixture *fixture = *state;
    struct buf data;
    char *names[64];
    size_t count = 0;

    fixture->render.kamailio6 = true;
    render(fixture, "e1");
    buf_init(&data, RENDER_FILE_MAX);
    assert_int_equal(file_read(path_of(fixture, "etc/kamailio/node.cfg"), &data, NULL), 0);
    for (char *at = data.data; (at = strstr(at, "\"!NODE_")) && count < 64; count++) {
        names[count] = at + 2;
        at = strchr(at + 2, '!');
        *at++ = '\0';
    }
    assert_true(count > 15);
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (strstr(names[j], names[i]))
                fail_msg("%s stands before %s", names[i], names[j]);
    buf_free(&data);
}

static void test_kamailio_6_comes_from_its_tree(void **state)
{
    struct fixture *fixture = *state;
    char expected[PATH_MAX];

    fixture->render.kamailio6 = true;
    fixture->topology->edge.anchor_media = ANCHOR_MEDIA_ALWAYS;
    render(fixture, "e1");
    expect(fixture, "etc/kamailio/node.cfg", "#!define NODE_PRIVATE_MODULES\n");
    expect(fixture, "etc/kamailio/node.cfg", "#!define ANCHOR_ALWAYS\n");
    assert_int_equal(str_printf(expected, sizeof(expected),
                                "command=%s/tree/kamailio6/run usr/sbin/kamailio ", fixture->state),
                     0);
    expect(fixture, "etc/supervisor/supervisord.conf", expected);
}

/* A string of the deployment, replaced as the loader would have set it. */
static void set(char **where, const char *value)
{
    free(*where);
    *where = strdup(value);
    assert_non_null(*where);
}

static void test_tls(void **state)
{
    struct fixture *fixture = *state;
    struct topology *topology = fixture->topology;
    char line[PATH_MAX];

    render(fixture, "e1");
    assert_int_equal(mode_of(fixture, "secrets/edge.pem"), 0600);
    assert_int_equal(str_printf(line, sizeof(line),
                                "method = TLSv1.2+\nprivate_key = %s/secrets/edge.pem\n"
                                "certificate = %s/secrets/edge.pem\n"
                                "ca_path = /etc/ssl/certs\n",
                                fixture->state, fixture->state),
                     0);
    expect(fixture, "etc/kamailio/tls.cfg", line);
    expect(fixture, "etc/kamailio/node.cfg", "#!substdef \"!NODE_TLS_PORT!5061!g\"\n");
    set(&topology->edge.tls_certificate, path_of(fixture, "secrets/edge.pem"));
    set(&topology->edge.tls_key, path_of(fixture, "secrets/edge.pem"));
    set(&topology->edge.tls_ca, path_of(fixture, "secrets/edge.pem"));
    render(fixture, "e1");
    assert_int_equal(
        str_printf(line, sizeof(line), "ca_list = %s/secrets/edge.pem\n", fixture->state), 0);
    expect(fixture, "etc/kamailio/tls.cfg", line);
}

static void test_tls_files_that_cannot_be_read(void **state)
{
    struct fixture *fixture = *state;
    struct topology *topology = fixture->topology;
    struct err err = {""};

    fixture->render.node = topology_find(topology, "e1");
    set(&topology->edge.tls_ca, "/nonexistent/ca.pem");
    assert_int_equal(render_node(&fixture->render, &err), -ENOENT);
    assert_non_null(strstr(err.text, "edge.tls_ca: /nonexistent/ca.pem"));
    set(&topology->edge.tls_ca, "");
    set(&topology->edge.tls_certificate, "/nonexistent/edge.pem");
    set(&topology->edge.tls_key, "/nonexistent/edge.pem");
    assert_int_equal(render_node(&fixture->render, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent/edge.pem"));
}

/* Only where it is wanted, with its secret; and only the edge nodes are reached by it. */
static void test_turn(void **state)
{
    struct fixture *fixture = *state;
    static const char name[] = "etc/coturn/turnserver.conf";

    render(fixture, "e1");
    assert_int_equal(mode_of(fixture, name), -ENOENT);
    fixture->topology->edge.turn = true;
    render(fixture, "e1");
    assert_int_equal(mode_of(fixture, name), 0600);
    expect(fixture, name, "\nstatic-auth-secret=turn_key-0123456789\n");
    expect(fixture, name, "\ndenied-peer-ip=0.0.0.0-255.255.255.255\n");
    expect(fixture, name, "\nallowed-peer-ip=192.0.2.1\nno-multicast-peers\nno-tcp-relay\n");
    expect(fixture, name, "\ntotal-quota=2000\n");
    expect(fixture, "etc/supervisor/supervisord.conf",
           "\n[program:coturn]\ncommand=/bin/turnserver -c ");
    fixture->topology->edge.turn = false;
}

static void test_writers(void **state)
{
    struct fixture *fixture = *state;

    fixture->topology->cdr.writers = 3;
    render(fixture, "d1");
    expect(fixture, "etc/supervisor/supervisord.conf", "[program:cdr-writer]\n");
    expect(fixture, "etc/supervisor/supervisord.conf", "[program:cdr-writer-2]\n");
    expect(fixture, "etc/supervisor/supervisord.conf", "[program:cdr-writer-3]\n");
}

static void test_recordings(void **state)
{
    struct fixture *fixture = *state;
    char wanted[PATH_MAX];

    assert_int_equal(
        str_printf(wanted, sizeof(wanted), "DP_RECORDINGS=%s/run/recordings\n", fixture->state), 0);
    render(fixture, "m2");
    expect(fixture, "etc/asterisk/node/globals.conf", wanted);
    assert_int_equal(mode_of(fixture, "etc/lsyncd/node.lua"), 0644);
    set(&fixture->topology->recordings.folder, "/dev/shm/dialplane");
    set(&fixture->topology->recordings.peer, "rsync://10.0.0.9/store");
    render(fixture, "m2");
    expect(fixture, "etc/asterisk/node/globals.conf", "DP_RECORDINGS=/dev/shm/dialplane\n");
    expect(fixture, "etc/supervisor/supervisord.conf", "[program:lsyncd]\n");
    expect(fixture, "etc/lsyncd/node.lua", "    target = \"rsync://10.0.0.9/store\",\n");
    fixture->topology->media_server = MEDIA_SERVER_FREESWITCH;
    render(fixture, "m1");
    expect(fixture, "etc/freeswitch/vars.xml", "data=\"dp_recordings=/dev/shm/dialplane\"");
}

static void test_media(void **state)
{
    struct fixture *fixture = *state;

    render(fixture, "m2");
    expect(fixture, "etc/asterisk/node/pjsip.conf", "bind=[fd00::3]:5080\n");
    expect(fixture, "etc/asterisk/node/pjsip.conf", "match=10.0.0.1:5062\n");
    expect(fixture, "etc/asterisk/node/pjsip.conf", "outbound_proxy=sip:10.0.0.1:5062\\;lr");
    expect(fixture, "etc/asterisk/node/manager.conf", "bindaddr=fd00::3\n");
    expect(fixture, "etc/asterisk/node/manager.conf", "permit=fd00::3/128\npermit=10.0.0.4/32\n");
    expect(fixture, "etc/asterisk/node/cdr_custom.conf", "/cdr/asterisk.csv](call)\n");
    assert_int_equal(mode_of(fixture, "etc/asterisk/node/res_curl.conf"), 0600);
    assert_int_equal(mode_of(fixture, "etc/asterisk/node/manager.conf"), 0600);
    assert_int_equal(mode_of(fixture, "etc/freeswitch"), -ENOENT);
    set(&fixture->topology->mail.host, "mail.x.org");
    set(&fixture->topology->mail.from, "voice@x.org");
    render(fixture, "m2");
    expect(fixture, "etc/asterisk/node/globals.conf", "/bin/dialplane mail -s ");
    expect(fixture, "etc/mail/msmtprc", "host mail.x.org\nport 25\nfrom voice@x.org\n");
    assert_int_equal(mode_of(fixture, "etc/mail/msmtprc"), 0600);

    fixture->topology->media_server = MEDIA_SERVER_FREESWITCH;
    render(fixture, "m1");
    expect(fixture, "etc/freeswitch/vars.xml", "data=\"dp_edge_inside=10.0.0.1:5062\"");
    expect(fixture, "etc/freeswitch/vars.xml", "data=\"dp_edge_acl=10.0.0.1/32\"");
    expect(fixture, "etc/freeswitch/vars.xml", "data=\"dp_documents_url=http://10.0.0.4:8081\"");
    expect(fixture, "etc/freeswitch/vars.xml", "data=\"dp_collector_url=http://10.0.0.2:8082\"");
    expect(fixture, "etc/freeswitch/vars.xml", "data=\"dp_control_acl=10.0.0.2/32,10.0.0.4/32\"");
    expect(fixture, "etc/freeswitch/vars.xml", "data=\"dp_dialplan=static\"");
    expect(fixture, "etc/freeswitch/vars.xml", "data=\"dp_mail_from=voice@x.org\"");
    expect(fixture, "etc/freeswitch/private/event_socket.xml", "\"event_password-0123456789\"");
    expect(fixture, "etc/freeswitch/private/xml_curl.xml", "\"media:media_password-0123456789\"");
    expect(fixture, "etc/freeswitch/autoload_configs/timezones.conf.xml",
           "<zone name=\"Europe/Berlin\" value=\"CET-1CEST,M3.5.0,M10.5.0/3\"/>");
    expect(fixture, "etc/freeswitch/autoload_configs/timezones.conf.xml",
           "<zone name=\"America/Sao_Paulo\" value=\"STD3\"/>");
    expect(fixture, "etc/supervisor/supervisord.conf", "[program:freeswitch]\ncommand=/bin/fs ");
    assert_int_equal(mode_of(fixture, "etc/asterisk"), -ENOENT);

    fixture->topology->media.dialplan = DIALPLAN_DYNAMIC;
    render(fixture, "m1");
    expect(fixture, "etc/freeswitch/vars.xml", "data=\"dp_dialplan=dynamic\"");
}

static void test_database_and_queue(void **state)
{
    struct fixture *fixture = *state;

    render(fixture, "d1");
    expect(fixture, "etc/postgresql/node.conf", "listen_addresses = 'fd00::5'\n");
    expect(fixture, "etc/postgresql/pg_hba.conf", "host all all 10.0.0.1/32 scram-sha-256\n");
    expect(fixture, "etc/postgresql/pg_hba.conf", "host all all fd00::5/128 scram-sha-256\n");
    expect(fixture, "etc/redis/node.conf", "bind fd00::5\n");
    expect(fixture, "etc/redis/node.conf", "requirepass redis_password-0123456789\n");
    expect(fixture, "secrets/pgpass", "fd00\\:\\:5:5442:*:dialplane_cdr:db_cdr-0123456789\n");
}

static void test_modes(void **state)
{
    struct fixture *fixture = *state;

    render(fixture, "d1");
    assert_int_equal(mode_of(fixture, "secrets/pgpass"), 0600);
    assert_int_equal(mode_of(fixture, "etc/redis/node.conf"), 0600);
    assert_int_equal(mode_of(fixture, "etc/redis/static.conf"), 0644);
    assert_int_equal(mode_of(fixture, "etc/postgresql/pg_hba.conf"), 0644);
    assert_int_equal(mode_of(fixture, "etc/redis"), 0750);
    assert_int_equal(mode_of(fixture, "etc"), 0750);
    render(fixture, "e1");
    assert_int_equal(mode_of(fixture, "etc/kamailio/node.cfg"), 0600);
    fixture->topology->media_server = MEDIA_SERVER_FREESWITCH;
    render(fixture, "m1");
    assert_int_equal(mode_of(fixture, "etc/freeswitch/private/json_cdr.xml"), 0600);
}

/* No secret is in a file that others may read. */
static void test_secrets_only_in_private_files(void **state)
{
    struct fixture *fixture = *state;
    char command[PATH_MAX];

    render(fixture, "e1");
    assert_int_equal(
        str_printf(command, sizeof(command),
                   "find %s -type f -perm /077 -exec grep -l 0123456789 {} + | grep -q .",
                   fixture->state),
        0);
    assert_int_not_equal(system(command), 0);
}

static void test_second_rendering_replaces_everything(void **state)
{
    struct fixture *fixture = *state;

    render(fixture, "e1");
    put(fixture->state, "etc/kamailio/left-over.cfg", "x");
    put(fixture->conf, "kamailio/static.conf", "changed");
    render(fixture, "e1");
    assert_int_equal(mode_of(fixture, "etc/kamailio/left-over.cfg"), -ENOENT);
    expect(fixture, "etc/kamailio/static.conf", "changed");
    assert_int_equal(mode_of(fixture, "etc.next"), -ENOENT);
    assert_int_equal(mode_of(fixture, "etc.old"), -ENOENT);
}

static void test_failed_rendering_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {""};

    render(fixture, "e1");
    fixture->render.conf = "/nonexistent";
    assert_int_equal(render_node(&fixture->render, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent/kamailio"));
    expect(fixture, "etc/kamailio/static.conf", "kamailio");
}

static void test_effective_deployment_is_left_for_other_verbs(void **state)
{
    struct fixture *fixture = *state;
    struct topology *topology = NULL;
    struct err err = {""};

    render(fixture, "m1");
    expect(fixture, "etc/node", "m1\n");
    assert_int_equal(topology_load(&topology, path_of(fixture, "etc/deploy.yaml"), &err), 0);
    assert_int_equal(topology->nodes_count, 5);
    assert_int_equal(topology->media_server, MEDIA_SERVER_ASTERISK);
    topology_free(topology);
}

static void test_paths_that_would_need_quoting_are_refused(void **state)
{
    static const char *const bad[] = {"/tmp/a b",   "/tmp/a\"b", "/tmp/a'b", "/tmp/a!b",
                                      "/tmp/%(x)s", "/tmp/a&b",  "/tmp/a;b", "/tmp/a\nb"};
    struct fixture *fixture = *state;
    char deep[200] = "/tmp/";
    struct err err = {""};

    fixture->render.node = topology_find(fixture->topology, "e1");
    for (size_t i = 0; i < DP_COUNT(bad); i++) {
        fixture->render.state = bad[i];
        assert_int_equal(render_node(&fixture->render, &err), -EINVAL);
        assert_non_null(strstr(err.text, "choose another folder"));
    }
    memset(deep + 5, 'a', sizeof(deep) - 6);
    fixture->render.state = deep;
    assert_int_equal(render_node(&fixture->render, &err), -EINVAL);
    assert_non_null(strstr(err.text, "longer than"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

UNIT_MAIN("render", CASE(test_edge), CASE(test_no_name_spoils_a_later_one),
          CASE(test_kamailio_6_comes_from_its_tree), CASE(test_tls),
          CASE(test_tls_files_that_cannot_be_read), CASE(test_media), CASE(test_writers),
          CASE(test_turn), CASE(test_recordings), CASE(test_database_and_queue), CASE(test_modes),
          CASE(test_secrets_only_in_private_files), CASE(test_second_rendering_replaces_everything),
          CASE(test_failed_rendering_changes_nothing),
          CASE(test_effective_deployment_is_left_for_other_verbs),
          CASE(test_paths_that_would_need_quoting_are_refused))

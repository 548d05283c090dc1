#include "cluster/topology.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "tmpdir.h"
#include "unit.h"

#define ALL_ROLES "[edge, media, control, queue, db]"
#define HEAD      "version: 1\nnodes:\n  - name: one\n    roles: " ALL_ROLES "\n"

/* The topology of this text, which stands in the file "d.yaml" of the test's folder. */
static int load(void **state, const char *text, struct topology **out, struct err *err)
{
    const char *path = tmpdir_path(*state, "d.yaml");

    assert_int_equal(file_write(path, text, strlen(text), 0644, NULL), 0);
    return topology_load(out, path, err);
}

/* The text is refused with a message "…/d.yaml:<what>". */
static void refuse(void **state, const char *text, const char *what)
{
    struct topology *topology = NULL;
    char expected[512];
    struct err err;

    assert_int_equal(load(state, text, &topology, &err), -EINVAL);
    assert_null(topology);
    assert_int_equal(
        str_printf(expected, sizeof(expected), "%s:%s", tmpdir_path(*state, "d.yaml"), what), 0);
    if (strncmp(err.text, expected, strlen(expected)) != 0)
        assert_string_equal(err.text, expected);
}

static void test_defaults(void **state)
{
    struct topology *topology = NULL;
    struct err err = {""};

    assert_int_equal(load(state, HEAD, &topology, &err), 0);
    assert_int_equal(topology->media_server, MEDIA_SERVER_AUTO);
    assert_string_equal(topology->freeswitch, "");
    assert_string_equal(topology->nodes[0].address, "127.0.0.1");
    assert_string_equal(topology->nodes[0].inside, "127.0.0.1");
    assert_int_equal(topology->nodes[0].roles, 31);
    assert_int_equal(topology->edge.sip_port, 5060);
    assert_int_equal(topology->edge.workers, 4);
    assert_int_equal(topology->edge.anchor_media, ANCHOR_MEDIA_AUTO);
    assert_int_equal(topology->media.dialplan, DIALPLAN_STATIC);
    assert_int_equal(topology->media.rtp_last, 23999);
    assert_int_equal(topology->control.agi_port, 4573);
    assert_int_equal(topology->collector.port, 8082);
    assert_int_equal(topology->queue.port, 6390);
    assert_int_equal(topology->db.port, 5442);
    assert_string_equal(topology->db.name, "dialplane");
    topology_free(topology);
}

/* The file that comes with the platform says in words what the defaults are. */
static void test_single_yaml_is_the_defaults(void **state)
{
    struct topology *shipped = NULL, *defaults = NULL;
    char path[4096];
    struct err err = {""};

    assert_int_equal(
        str_printf(path, sizeof(path), "%s/deploy/single.yaml", getenv("MESON_SOURCE_ROOT")), 0);
    assert_int_equal(topology_load(&shipped, path, &err), 0);
    assert_int_equal(load(state, HEAD, &defaults, &err), 0);
    assert_memory_equal(&shipped->edge, &defaults->edge,
                        offsetof(struct topology, edge.tls_certificate) -
                            offsetof(struct topology, edge));
    assert_string_equal(shipped->edge.tls_certificate, defaults->edge.tls_certificate);
    assert_string_equal(shipped->edge.tls_key, defaults->edge.tls_key);
    assert_string_equal(shipped->edge.tls_ca, defaults->edge.tls_ca);
    assert_memory_equal(&shipped->media, &defaults->media, sizeof(shipped->media));
    assert_memory_equal(&shipped->control, &defaults->control, sizeof(shipped->control));
    assert_int_equal(shipped->collector.port, defaults->collector.port);
    assert_int_equal(shipped->queue.port, defaults->queue.port);
    assert_int_equal(shipped->db.port, defaults->db.port);
    assert_memory_equal(&shipped->cdr, &defaults->cdr, sizeof(shipped->cdr));
    assert_int_equal(shipped->audit.keep_days, defaults->audit.keep_days);
    assert_string_equal(shipped->mail.host, defaults->mail.host);
    assert_string_equal(shipped->nodes[0].address, defaults->nodes[0].address);
    topology_free(shipped);
    topology_free(defaults);
}

static void test_values_are_read(void **state)
{
    struct topology *topology = NULL;
    struct err err = {""};

    assert_int_equal(load(state,
                          "version: 1\n"
                          "media_server: asterisk\n"
                          "nodes:\n"
                          "  - {name: e, address: 192.0.2.1, inside: 10.0.0.1, roles: [edge]}\n"
                          "  - {name: m, inside: 10.0.0.2, roles: [media, control]}\n"
                          "  - {name: d, inside: 10.0.0.3, roles: [queue, db]}\n"
                          "edge: {sip_port: 15060, anchor_media: always,"
                          " tls_certificate: /a.pem, tls_key: /b.pem, tls_ca: /c.pem}\n"
                          "media: {dialplan: dynamic}\n"
                          "db: {name: voice}\n"
                          "cdr: {writers: 3, keep_months: 3, keep_raw_days: 7}\n"
                          "audit: {keep_days: 3650}\n"
                          "mail: {host: mail.x.org, from: Voice.mail+1@x.org}\n"
                          "recordings: {folder: /dev/shm/x, peer: 'a@b.test:/srv/r'}\n"
                          "webhooks: {allow_private: true, timeout_s: 3}\n",
                          &topology, &err),
                     0);
    assert_int_equal(topology->media_server, MEDIA_SERVER_ASTERISK);
    assert_int_equal(topology->edge.sip_port, 15060);
    assert_int_equal(topology->edge.anchor_media, ANCHOR_MEDIA_ALWAYS);
    assert_int_equal(topology->media.dialplan, DIALPLAN_DYNAMIC);
    assert_int_equal(topology->edge.tls_port, 5061);
    assert_string_equal(topology->edge.tls_certificate, "/a.pem");
    assert_string_equal(topology->edge.tls_key, "/b.pem");
    assert_string_equal(topology->edge.tls_ca, "/c.pem");
    assert_string_equal(topology->db.name, "voice");
    assert_int_equal(topology->cdr.writers, 3);
    assert_int_equal(topology->cdr.keep_months, 3);
    assert_int_equal(topology->cdr.keep_raw_days, 7);
    assert_int_equal(topology->audit.keep_days, 3650);
    assert_string_equal(topology->recordings.folder, "/dev/shm/x");
    assert_string_equal(topology->recordings.peer, "a@b.test:/srv/r");
    assert_true(topology->webhooks.allow_private);
    assert_int_equal(topology->webhooks.timeout_s, 3);
    assert_int_equal(topology->webhooks.retry_s, 5);
    assert_string_equal(topology->mail.host, "mail.x.org");
    assert_int_equal(topology->mail.port, 25);
    assert_string_equal(topology->mail.from, "Voice.mail+1@x.org");
    assert_string_equal(topology_first(topology, ROLE_CONTROL)->name, "m");
    assert_string_equal(topology_find(topology, "d")->inside, "10.0.0.3");
    assert_null(topology_find(topology, "x"));
    assert_int_equal(topology_set_address(topology, "192.0.2.9", &err), -EINVAL);
    topology_free(topology);
}

static void test_saved_file_reads_back(void **state)
{
    struct topology *first = NULL, *second = NULL;
    struct err err = {""};

    assert_int_equal(
        load(state, HEAD "queue: {port: 7000}\nfreeswitch: /opt/fs/bin/freeswitch\n", &first, &err),
        0);
    assert_int_equal(topology_set_address(first, "192.0.2.7", &err), 0);
    first->media_server = MEDIA_SERVER_FREESWITCH;
    first->media.dialplan = DIALPLAN_DYNAMIC;
    assert_int_equal(topology_save(first, tmpdir_path(*state, "saved.yaml"), &err), 0);
    assert_int_equal(topology_load(&second, tmpdir_path(*state, "saved.yaml"), &err), 0);
    assert_string_equal(second->nodes[0].address, "192.0.2.7");
    assert_string_equal(second->freeswitch, "/opt/fs/bin/freeswitch");
    assert_int_equal(second->media_server, MEDIA_SERVER_FREESWITCH);
    assert_int_equal(second->media.dialplan, DIALPLAN_DYNAMIC);
    assert_int_equal(second->queue.port, 7000);
    topology_free(first);
    topology_free(second);
}

/* As other programs write what is empty. */
static void test_null_is_nothing(void **state)
{
    struct topology *topology = NULL;
    struct err err = {""};

    assert_int_equal(load(state, HEAD "edge: {tls_ca: null, tls_key: ~}\n", &topology, &err), 0);
    assert_string_equal(topology->edge.tls_ca, "");
    assert_string_equal(topology->edge.tls_key, "");
    topology_free(topology);
}

static void test_unknown_keys(void **state)
{
    refuse(state, HEAD "bogus: 1\n", "5:1: unknown key 'bogus'; known here: version, media_server");
    refuse(state, HEAD "edge:\n  sip_port: 5060\n  sip_prot: 5061\n",
           "7:3: unknown key 'sip_prot'");
    refuse(state, "version: 1\nnodes:\n  - name: one\n    roles: [edge]\n    rolls: [media]\n",
           "5:5: unknown key 'rolls'");
}

static void test_wrong_types(void **state)
{
    refuse(state, HEAD "edge:\n  sip_port: many\n", "6:13: sip_port: Invalid");
    refuse(state, HEAD "edge:\n  sip_port: 70000\n", "6:13: sip_port: Invalid");
    refuse(state, HEAD "edge:\n  sip_port: -1\n", "6:13: sip_port: Invalid");
    refuse(state, HEAD "edge: [1, 2]\n", "5:7: edge: Expecting MAPPING");
    refuse(state, HEAD "media_server: cisco\n", "5:15: media_server: Invalid ENUM value: cisco");
    refuse(state, HEAD "media: {dialplan: magic}\n", "5:19: dialplan: Invalid ENUM value: magic");
    refuse(state, "version: 1\nnodes:\n  - name: a\n    roles: [edge, chef]\n",
           "4:12: roles: Unknown flag: chef");
    refuse(state, "version: 1\n", "1:10: Missing required mapping field: nodes");
    refuse(state, HEAD "version: 1\n", "5:1: key 'version' is there twice");
    refuse(state, "version: 1\nnodes: []\n", "2:");
}

static void test_no_yaml(void **state)
{
    refuse(state, "", "1:1: the file is empty");
    refuse(state, "# nothing\n", "1:1: the file is empty");
    refuse(state, "~\n", "1:1:");
    refuse(state, "version: 1\nedge: [\n", "3:1: ");
    refuse(state, "version: &a 1\nnodes: *a\n", "2:1: nodes: YAML alias");
}

static void test_values_out_of_range(void **state)
{
    refuse(state, HEAD "edge:\n  sip_port: 0\n", "6: edge.sip_port is 0, must be 1 to 65535");
    refuse(state, HEAD "edge:\n  workers: 65\n", "6: edge.workers is 65");
    refuse(state, HEAD "edge:\n  rtp_first: 80\n", "6: edge.rtp_first is 80");
    refuse(state, HEAD "media:\n  rtp_last: 20000\n", "6: media.rtp_last must be above");
    refuse(state, HEAD "db:\n  name: 'a; drop'\n", "6: db.name must be");
    refuse(state, HEAD "freeswitch: '/opt/free switch'\n", "5: freeswitch may contain only");
    refuse(state, HEAD "edge:\n  tls_key: nul\n", "6: edge.tls_key must begin with /");
    refuse(state, HEAD "edge:\n  tls_port: 0\n", "6: edge.tls_port is 0");
    refuse(state, HEAD "edge:\n  tls_ca: ca.pem\n", "6: edge.tls_ca must begin with /");
    refuse(state, HEAD "edge:\n  tls_certificate: '/a b'\n", "6: edge.tls_certificate must begin");
    refuse(state, HEAD "edge:\n  tls_certificate: /a.pem\n",
           "6: edge.tls_certificate needs its private key, edge.tls_key");
    refuse(state, HEAD "edge:\n  tls_key: /a.pem\n", "6: edge.tls_key needs the certificate");
    refuse(state, HEAD "audit:\n  keep_days: 29\n", "6: audit.keep_days is 29");
    refuse(state, HEAD "cdr:\n  keep_raw_days: 0\n", "6: cdr.keep_raw_days is 0");
    refuse(state, HEAD "mail:\n  host: 'a b'\n", "6: mail.host must be");
    refuse(state, HEAD "recordings:\n  peer: 'a;b'\n", "6: recordings.peer must be");
    refuse(state, HEAD "recordings:\n  folder: x\n", "6: recordings.folder must begin");
    refuse(state, HEAD "mail:\n  host: a.org\n", "6: mail.from must be the address");
    refuse(state, HEAD "mail:\n  host: a.org\n  from: '-t@a.org'\n", "7: mail.from must be");
    refuse(state, HEAD "mail:\n  host: a.org\n  from: \"a@a.org\\ntls on\"\n",
           "7: mail.from must be");
    refuse(state, "version: 2\nnodes:\n  - {name: a, roles: [edge]}\n", "1: version is 2");
}

static void test_nodes(void **state)
{
    refuse(state, "version: 1\nnodes:\n  - name: One\n    roles: [edge]\n", "3: name of a node");
    refuse(state, "version: 1\nnodes:\n  - name: one\n    address: localhost\n    roles: [edge]\n",
           "4: address 'localhost' of node one is not a numeric IP address");
    refuse(state, "version: 1\nnodes:\n  - name: one\n    inside: 0.0.0.0\n    roles: [edge]\n",
           "4: inside '0.0.0.0'");
    refuse(state, "version: 1\nnodes:\n  - name: one\n    roles: []\n", "4: node one has no role");
    refuse(state, "version: 1\nnodes:\n  - name: one\n    roles: [edge, media]\n",
           "3: no node has the role control");
    refuse(state,
           HEAD "  - name: one\n    address: 192.0.2.1\n    inside: 192.0.2.1\n    roles: [edge]\n",
           "5: there is another node named one");
    refuse(state,
           HEAD "  - name: two\n    address: 192.0.2.1\n    inside: 192.0.2.1\n    roles: [db]\n",
           "3: 2 nodes have the role db");
}

static void test_port_clashes(void **state)
{
    refuse(
        state, HEAD "media:\n  sip_port: 5060\n",
        "6: edge.sip_port of node one and media.sip_port of node one share port 5060 of 127.0.0.1");
    refuse(state, HEAD "edge:\n  tls_port: 5060\n",
           "6: edge.sip_port of node one and edge.tls_port of node one share port 5060");
    refuse(state, HEAD "queue:\n  port: 30010\n",
           "6: edge.rtp_first of node one and queue.port of node one share port 30010");
    refuse(state, HEAD "media:\n  rtp_last: 30000\n",
           "6: edge.rtp_first of node one and media.rtp_first of node one share port 30000");
}

/* Where a relay reaches nothing may be that is meant for the inside. */
static void test_turn(void **state)
{
    static const char nodes[] =
        "version: 1\nnodes:\n  - {name: one, address: %s, inside: %s, roles: " ALL_ROLES
        "}\nedge: {turn: %s, turn_port: 4000%s}\n";
    struct topology *topology = NULL;
    char text[512];
    struct err err;

    assert_int_equal(str_printf(text, sizeof(text), nodes, "192.0.2.1", "192.0.2.1", "true", ""),
                     0);
    refuse(state, text, "4: edge.turn needs inside addresses of their own: 192.0.2.1 is");
    assert_int_equal(
        str_printf(text, sizeof(text), nodes, "2001:db8::1", "2001:db8:0::1", "true", ""), 0);
    refuse(state, text, "4: edge.turn needs inside addresses of their own: 2001:db8::1 is");
    assert_int_equal(str_printf(text, sizeof(text), nodes, "127.0.0.1", "127.0.0.1", "true",
                                ", turn_first: 30000, turn_last: 30001"),
                     0);
    refuse(state, text,
           "4: edge.rtp_first of node one and edge.turn_first of node one share port 30000");
    for (size_t i = 0; i < 3; i++) {
        static const char *const good[][3] = {{"192.0.2.1", "127.0.0.1", "true"},
                                              {"127.0.0.1", "127.0.0.1", "true"},
                                              {"192.0.2.1", "192.0.2.1", "false"}};

        assert_int_equal(
            str_printf(text, sizeof(text), nodes, good[i][0], good[i][1], good[i][2], ""), 0);
        assert_int_equal(load(state, text, &topology, &err), 0);
        assert_int_equal(topology->edge.turn_port, 4000);
        topology_free(topology);
    }
}

/* The same port on two addresses is no clash. */
static void test_same_port_on_two_addresses(void **state)
{
    struct topology *topology = NULL;
    struct err err = {""};

    assert_int_equal(
        load(state,
             "version: 1\nnodes:\n  - {name: one, address: 192.0.2.1, roles: " ALL_ROLES
             "}\nmedia: {sip_port: 5060}\n",
             &topology, &err),
        0);
    assert_int_equal(topology_set_address(topology, "127.0.0.1", &err), -EINVAL);
    assert_non_null(strstr(err.text, "share port 5060"));
    topology_free(topology);
}

static void test_missing_file(void **state)
{
    struct topology *topology = NULL;
    struct err err;

    assert_int_equal(topology_load(&topology, tmpdir_path(*state, "none"), &err), -ENOENT);
    assert_non_null(strstr(err.text, "No such file"));
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

UNIT_MAIN("topology", WITH_FOLDER(test_defaults), WITH_FOLDER(test_single_yaml_is_the_defaults),
          WITH_FOLDER(test_values_are_read), WITH_FOLDER(test_saved_file_reads_back),
          WITH_FOLDER(test_null_is_nothing), WITH_FOLDER(test_unknown_keys),
          WITH_FOLDER(test_wrong_types), WITH_FOLDER(test_no_yaml),
          WITH_FOLDER(test_values_out_of_range), WITH_FOLDER(test_nodes),
          WITH_FOLDER(test_port_clashes), WITH_FOLDER(test_turn),
          WITH_FOLDER(test_same_port_on_two_addresses), WITH_FOLDER(test_missing_file))

#include "media/peers.h"

#include <errno.h>

#include "unit.h"

static void test_who_may(void **state)
{
    static const char *const nodes[] = {"10.0.0.1", "fd00::2"};
    struct peers *peers;

    (void)state;
    assert_int_equal(peers_new(&peers, nodes, 2), 0);
    assert_true(peers_allow(peers, "127.0.0.1"));
    assert_true(peers_allow(peers, "127.1.2.3"));
    assert_true(peers_allow(peers, "::1"));
    assert_true(peers_allow(peers, "::ffff:127.0.0.1"));
    assert_true(peers_allow(peers, "10.0.0.1"));
    assert_true(peers_allow(peers, "::ffff:10.0.0.1"));
    assert_true(peers_allow(peers, "fd00::2"));
    assert_false(peers_allow(peers, "10.0.0.2"));
    assert_false(peers_allow(peers, "::ffff:10.0.0.2"));
    assert_false(peers_allow(peers, "fd00::3"));
    assert_false(peers_allow(peers, "::"));
    assert_false(peers_allow(peers, ""));
    peers_free(peers);
}

static void test_no_address(void **state)
{
    static const char *const nodes[] = {"localhost"};
    struct peers *peers = NULL;

    (void)state;
    assert_int_equal(peers_new(&peers, nodes, 1), -EINVAL);
    assert_null(peers);
}

UNIT_MAIN("peers", cmocka_unit_test(test_who_may), cmocka_unit_test(test_no_address))

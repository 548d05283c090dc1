/* Where webhooks may lead, and how many requests each may have at a time. */
#include <arpa/inet.h>
#include <string.h>

#include "unit.h"

#include "webhook/address.h"
#include "webhook/receivers.h"

static bool is_public(const char *text)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in6 *v6 = (void *)&address;
    struct sockaddr_in *v4 = (void *)&address;

    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
        address.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
        address.ss_family = AF_INET6;
    else
        fail_msg("%s is no address", text);
    return address_is_public((const struct sockaddr *)&address);
}

static void test_public_addresses(void **state)
{
    static const char *const public[] = {
        "1.1.1.1",     "9.255.255.255", "11.0.0.0",       "100.63.255.255",
        "100.128.0.0", "126.255.0.1",   "128.0.0.1",      "169.253.255.255",
        "169.255.0.0", "172.15.255.1",  "172.32.0.0",     "192.167.255.255",
        "192.169.0.0", "198.17.255.1",  "198.20.0.0",     "223.255.255.255",
        "2600::1",     "2a00:1450::5",  "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        "2001:200::1", "2001:db7::1",
    };

    (void)state;
    for (size_t i = 0; i < DP_COUNT(public); i++)
        if (!is_public(public[i]))
            fail_msg("%s is public", public[i]);
}

static void test_addresses_that_are_not(void **state)
{
    static const char *const inside[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.1",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.1",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.1.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "fe80::1",
        "fc00::1",
        "fdff::1",
        "fec0::1",
        "ff02::1",
        "2001::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "100::1",
        "4000::1",
    };

    (void)state;
    for (size_t i = 0; i < DP_COUNT(inside); i++)
        if (is_public(inside[i]))
            fail_msg("%s is not public", inside[i]);
}

static void test_who_decides(void **state)
{
    struct sockaddr_in inside = {.sin_family = AF_INET}, outside = {.sin_family = AF_INET};
    const struct sockaddr *in = (const void *)&inside, *out = (const void *)&outside;
    const struct sockaddr other = {.sa_family = AF_UNIX};

    (void)state;
    inet_pton(AF_INET, "10.0.0.1", &inside.sin_addr);
    inet_pton(AF_INET, "1.1.1.1", &outside.sin_addr);
    assert_true(address_is_allowed(out, true, false));
    assert_true(address_is_allowed(out, true, true));
    assert_false(address_is_allowed(out, false, false));
    assert_false(address_is_allowed(out, false, true));
    assert_false(address_is_allowed(in, true, false));
    assert_false(address_is_allowed(in, false, false));
    assert_true(address_is_allowed(in, true, true));
    assert_true(address_is_allowed(in, false, true));
    assert_false(address_is_allowed(&other, true, false));
}

static void assert_room(struct receivers *receivers, unsigned free, const char *id_list,
                        const char *place_list)
{
    struct buf ids, places;

    buf_init(&ids, 65536);
    buf_init(&places, 65536);
    assert_int_equal(receivers_room(receivers, &ids, &places), free);
    if (id_list) {
        assert_string_equal(ids.data, id_list);
        assert_string_equal(places.data, place_list);
    }
    buf_free(&ids);
    buf_free(&places);
}

static void test_places_of_one(void **state)
{
    struct receivers receivers = {0};

    (void)state;
    assert_room(&receivers, RECEIVERS_PLACES, "{}", "{}");
    for (int i = 0; i < RECEIVERS_EACH; i++)
        assert_int_equal(receivers_begin(&receivers, 7), 0);
    assert_room(&receivers, RECEIVERS_PLACES - RECEIVERS_EACH, "{7}", "{0}");
    receivers_end(&receivers, 7, false);
    assert_room(&receivers, RECEIVERS_PLACES - RECEIVERS_EACH + 1, "{7}", "{1}");
    receivers_end(&receivers, 7, true);
    assert_room(&receivers, RECEIVERS_PLACES - 2, "{7}", "{0}");
    receivers_end(&receivers, 7, true);
    receivers_end(&receivers, 7, true);
    assert_room(&receivers, RECEIVERS_PLACES, "{7}", "{1}");
    assert_int_equal(receivers_begin(&receivers, 7), 0);
    assert_room(&receivers, RECEIVERS_PLACES - 1, "{7}", "{0}");
    receivers_end(&receivers, 7, false);
    assert_room(&receivers, RECEIVERS_PLACES, "{}", "{}");
    receivers_free(&receivers);
}

/* All that fail have half of the places, and each comes to one. */
static void test_places_of_those_that_fail(void **state)
{
    enum { COUNT = 2 * RECEIVERS_FAILING_PLACES };
    struct receivers receivers = {0};
    struct buf ids, places;
    unsigned ones = 0;

    (void)state;
    for (int id = 1; id <= COUNT; id++)
        assert_int_equal(receivers_begin(&receivers, id), 0);
    for (int id = 1; id <= COUNT; id++)
        receivers_end(&receivers, id, true);
    for (int id = 1; id <= 100; id++)
        assert_int_equal(receivers_begin(&receivers, id), 0);
    buf_init(&ids, 65536);
    buf_init(&places, 65536);
    assert_int_equal(receivers_room(&receivers, &ids, &places), RECEIVERS_PLACES - 100);
    for (const char *at = places.data; *at; at++)
        ones += *at == '1';
    assert_int_equal(ones, RECEIVERS_FAILING_PLACES - 100);
    buf_free(&ids);
    buf_free(&places);
    receivers_free(&receivers);
}

UNIT_MAIN("webhook", cmocka_unit_test(test_public_addresses),
          cmocka_unit_test(test_addresses_that_are_not), cmocka_unit_test(test_who_decides),
          cmocka_unit_test(test_places_of_one), cmocka_unit_test(test_places_of_those_that_fail))

"""Ports that nobody uses, for platforms and phones of tests that may run side by side."""

import random
import socket


def _is_free(port, kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count):
    """
    `count` ports, free for UDP and TCP. Below the range from which the kernel takes ports for
    outgoing connections (32768 on), so that nothing takes one by chance before it is used.
    """
    found = []
    for port in random.sample(range(10000, 19999), 9999):
        if _is_free(port, socket.SOCK_DGRAM) and _is_free(port, socket.SOCK_STREAM):
            found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports")


def free_range(size):
    """First port of `size` consecutive ports of which every tenth, as a sample, is free."""
    for first in random.sample(range(20000, 32000 - size, 100), 50):
        if all(_is_free(port, socket.SOCK_DGRAM) for port in range(first, first + size, 10)):
            return first
    raise RuntimeError("no free range of ports")

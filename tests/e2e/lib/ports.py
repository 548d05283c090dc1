"""
Ports that nobody uses, for platforms and phones of tests that run side by side.

Between looking for a free port and using it, another process may find the same one. So each process
holds hundreds of ports for as long as it lives, by names of sockets that are in no file system: the
kernel gives each to one process only, and takes it back at its end.
"""

import errno
import itertools
import random
import socket

HUNDREDS = 8  # of a process, for single ports: one comes again after so many hundred others

_held = {}
_ranges = {}
_of_platforms = set()


def _is_free(port, kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _hold(hundreds):
    """Whether all of them are this process's now; none of them otherwise."""
    taken = {}
    for hundred in hundreds:
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        taken[hundred] = name
        try:
            name.bind(f"\0dialplane-test-ports-{hundred}")
        except OSError as error:
            for other in taken.values():
                other.close()
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    _held.update(taken)
    return True


def _single_ports():
    """
    Below the range from which the kernel takes ports for outgoing connections (32768 on), so that
    nothing takes one by chance before it is used.
    """
    mine = (hundred for hundred in random.sample(range(100, 200), 100) if _hold([hundred]))
    ports = [hundred * 100 + n for hundred in itertools.islice(mine, HUNDREDS) for n in range(100)]
    if not ports:
        raise RuntimeError("no free ports: too many processes of tests")
    return itertools.cycle(ports)


def free_ports(count):
    """
    `count` ports, free for UDP and TCP. Several are a platform's, whose daemons are away at times:
    they are not given again.
    """
    if "single" not in _ranges:
        _ranges["single"] = _single_ports()
    found = []
    for port in itertools.islice(_ranges["single"], HUNDREDS * 100):
        if port not in _of_platforms and _is_free(port, socket.SOCK_DGRAM) \
                and _is_free(port, socket.SOCK_STREAM):
            found.append(port)
        if len(found) == count:
            _of_platforms.update(found if count > 1 else ())
            return found
    if not _of_platforms:
        raise RuntimeError("no free ports")
    _of_platforms.clear()
    return free_ports(count)


def free_range(size):
    """
    First port of `size` consecutive ports of which every tenth, as a sample, is free. The same for
    all platforms of a process: they come one after the other. (`size`: whole hundreds.)
    """
    if size in _ranges:
        return _ranges[size]
    # Side by side, or what is left between them would be too short for another.
    for first in random.sample(range(20000, 32001 - size, size), 12000 // size):
        if _hold(range(first // 100, (first + size + 99) // 100)) and \
                all(_is_free(port, socket.SOCK_DGRAM) for port in range(first, first + size, 10)):
            _ranges[size] = first
            return first
    raise RuntimeError("no free range of ports")

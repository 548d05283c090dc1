"""Of the tests of a folder, one of several parts that run side by side, with as many tests in each."""

import collections

import pytest


def pytest_addoption(parser):
    parser.addoption("--part", default="1/1", metavar="K/N",
                     help="the K-th of N parts of the tests, which may run side by side")


# After what else is left out, such as by -k: the parts are of what is left.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    part, parts = map(int, config.getoption("part").split("/"))
    sizes = collections.Counter(item.path.name for item in items)
    loads, place = [0] * parts, {}
    for name, size in sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0])):
        place[name] = loads.index(min(loads))
        loads[place[name]] += size

    def wanted(item):
        # What looks at all that the others have done is in every part.
        return item.path.name.startswith("test_zz_") or place[item.path.name] == part - 1
    dropped = [item for item in items if not wanted(item)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if wanted(item)]

"""Of the tests of a folder, one of several parts that run side by side."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--part", default="1/1", metavar="K/N",
                     help="the K-th of N parts of the tests, which may run side by side")


# After what else is left out, such as by -k: the parts are of what is left.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    part, parts = map(int, config.getoption("part").split("/"))
    modules = sorted({item.path.name for item in items})

    def wanted(item):
        # What looks at all that the others have done is in every part.
        return item.path.name.startswith("test_zz_") \
            or modules.index(item.path.name) % parts == part - 1
    dropped = [item for item in items if not wanted(item)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if wanted(item)]

#!/usr/bin/python3
"""Checks that no folder of src/ includes a header of a folder above it, or beside it.

    tests/lint/layers.py [FOLDER]     FOLDER: the source tree, src by default

Prints one line per wrong include; exits with 1 if there is any.
"""

import re
import sys
from pathlib import Path

# Lowest first. A folder includes itself and the folders of the steps before its own; the folders
# of one step do not know each other. The same order is in meson.build.
STEPS = [
    # Of preload nothing of ours is used, and it uses nothing.
    {"base", "preload"},
    {"http", "store", "mail"},
    {"tenant"},
    {"media", "edge", "cdr", "webhook"},
    {"recording"},
    {"api", "cluster"},
    {"cmd"},
]
STEP_OF = {folder: step for step, folders in enumerate(STEPS) for folder in folders}

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def fault(includer, included):
    """What is wrong with a file of folder `includer` including the header `included`, or None."""
    folder, slash, _ = included.partition("/")
    if not slash or folder not in STEP_OF:
        return "is not written from src/, as FOLDER/name.h"
    if folder == includer or STEP_OF[folder] < STEP_OF[includer]:
        return None
    where = "beside" if STEP_OF[folder] == STEP_OF[includer] else "above"
    return f"is of a folder {where} {includer}"


def check_file(path, folder):
    """The faults of one file, as lines to print."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        reason = found and fault(folder, found.group(1))
        if reason:
            yield f"{path}:{number}: \"{found.group(1)}\" {reason}"


def check_tree(root):
    for path in sorted(root.rglob("*.[ch]")):
        folder = path.relative_to(root).parts[0]
        if folder not in STEP_OF:
            yield f"{path}: {folder} is no folder of the layers (tests/lint/layers.py)"
            continue
        yield from check_file(path, folder)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "src")
    faults = list(check_tree(root))
    for line in faults:
        print(line)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

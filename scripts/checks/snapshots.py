#!/usr/bin/env python3
"""Checks that every committed snapshot belongs to a test that ran, and that none awaits review.

    scripts/checks/snapshots.py REFERENCES

REFERENCES is the file in which the snapshot library notes each snapshot that a test compared with
(INSTA_SNAPSHOT_REFERENCES_FILE); all tests must have run. Exits with 1 and one line for each
leftover.
"""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED_DIRECTORIES = {".git", "target", "node_modules", "data"}
PENDING = (".snap.new", ".pending-snap")


def leftovers(root, referenced):
    """Snapshots below `root` that wait for a review, or that are not among the `referenced` paths."""
    found = []
    count = 0
    known = {os.path.realpath(path) for path in referenced}
    for directory, subdirectories, names in os.walk(root):
        subdirectories[:] = sorted(set(subdirectories) - SKIPPED_DIRECTORIES)
        for name in sorted(names):
            path = pathlib.Path(directory, name)
            if name.endswith(PENDING):
                found.append(f"{path.relative_to(root)}: awaits a review")
            elif name.endswith(".snap"):
                count += 1
                if os.path.realpath(path) not in known:
                    found.append(f"{path.relative_to(root)}: no test compares with it")
    return count, found


def main():
    if len(sys.argv) != 2:
        print("usage: scripts/checks/snapshots.py REFERENCES", file=sys.stderr)
        return 2
    references = pathlib.Path(sys.argv[1])
    # Without any snapshot assertion the library never creates the file.
    lines = references.read_text().splitlines() if references.exists() else []
    # Relative paths are relative to where the workspace is.
    count, found = leftovers(ROOT, [ROOT / line for line in lines])
    for line in found:
        print(line)
    print(f"snapshots: {count} files, {len(found)} leftovers")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

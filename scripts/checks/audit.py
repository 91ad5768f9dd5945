#!/usr/bin/env python3
"""Checks every crate of Cargo.lock against audit/policy.toml and audit/advisories.toml.

Needs no network once the crates of Cargo.lock are downloaded. Exits with 1 and one line for each
finding.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def satisfied(expression, allowed):
    """Whether an SPDX expression can be satisfied from the `allowed` licences.

    "/" between licences is what crates wrote for OR before SPDX. AND binds tighter than OR.
    """
    tokens = re.findall(r"[()]|[\w.+-]+", expression.replace("/", " OR "))
    position = 0

    def peek():
        return tokens[position] if position < len(tokens) else None

    def take():
        nonlocal position
        token = peek()
        if token is None:
            raise ValueError(f"the licence expression {expression!r} ends early")
        position += 1
        return token

    def single():
        token = take()
        if token == "(":
            result = either()
            if take() != ")":
                raise ValueError(f"unbalanced licence expression {expression!r}")
            return result
        if token in (")", "AND", "OR", "WITH"):
            raise ValueError(f"unexpected {token!r} in licence expression {expression!r}")
        if peek() == "WITH":
            take()
            token = f"{token} WITH {take()}"
        return token in allowed

    def both():
        result = single()
        while peek() == "AND":
            take()
            result = single() and result
        return result

    def either():
        result = both()
        while peek() == "OR":
            take()
            result = both() or result
        return result

    result = either()
    if peek() is not None:
        raise ValueError(f"unexpected {peek()!r} in licence expression {expression!r}")
    return result


def version_key(version):
    """A sortable form of a semantic version; a pre-release sorts before its release."""
    match = re.fullmatch(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([\w.-]+))?(?:\+[\w.-]+)?", version)
    if not match:
        raise ValueError(f"{version!r} is not a version")
    numbers = tuple(int(part or 0) for part in match.groups()[:3])
    pre = match.group(4)
    if pre is None:
        return (numbers, 1, ())
    # Numeric identifiers sort before alphanumeric ones, as semantic versioning says.
    parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split("."))
    return (numbers, 0, parts)


COMPARATORS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
}


def in_range(version, text):
    """Whether every comparator of a range such as ">=1.2, <1.5" holds for a version."""
    for part in text.split(","):
        match = re.fullmatch(r"\s*(<=|>=|<|>|=)\s*(\S+)\s*", part)
        if not match:
            raise ValueError(f"{part!r} is not a comparator of a version range")
        operator, bound = match.groups()
        if not COMPARATORS[operator](version_key(version), version_key(bound)):
            return False
    return True


def findings(packages, policy, advisories):
    """All objections to a list of packages as `cargo metadata` prints them, in a stable order."""
    found = []
    foreign = [p for p in packages if p["source"] is not None]
    allowed = set(policy["licences"]["allow"])

    for package in packages:
        name = f"{package['name']} {package['version']}"
        licence = package["license"]
        if not licence:
            found.append(f"licence: {name} names none")
        elif not satisfied(licence, allowed):
            found.append(f"licence: {name} is under {licence}")

    for package in foreign:
        if package["source"] != CRATES_IO:
            found.append(f"source: {package['name']} does not come from crates.io")
        for rule in policy.get("forbidden", []):
            if package["name"] == rule["crate"]:
                found.append(f"forbidden: {package['name']}: {rule['reason']}")
        for advisory in advisories.get("advisory", []):
            if package["name"] == advisory["crate"] and any(
                in_range(package["version"], text) for text in advisory["affected"]
            ):
                name = f"{package['name']} {package['version']}"
                found.append(f"advisory: {name}: {advisory['id']}, {advisory['about']}")

    versions = collections.defaultdict(set)
    for package in foreign:
        versions[package["name"]].add(package["version"])
    known = {crate for rule in policy.get("duplicate", []) for crate in rule["crates"]}
    twice = {name for name, several in versions.items() if len(several) > 1}
    for name in sorted(twice - known):
        listed = ", ".join(sorted(versions[name], key=version_key))
        found.append(f"duplicate: {name} is there as {listed}: unify, or name the reason")
    for name in sorted(known - twice):
        found.append(f"duplicate: {name} is there once: remove it from audit/policy.toml")
    return found


def main():
    metadata = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    packages = json.loads(metadata.stdout)["packages"]
    policy = tomllib.loads((ROOT / "audit/policy.toml").read_text())
    advisories = tomllib.loads((ROOT / "audit/advisories.toml").read_text())
    found = findings(packages, policy, advisories)
    for line in found:
        print(line)
    print(f"audit: {len(packages)} crates, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

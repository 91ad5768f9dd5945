#!/usr/bin/env python3
"""Checks what every tracked file says, not what it does.

A lock file names public registries only, no file names a place on the machine that it was written
on, and no file holds something that looks like a secret. Exits with 1 and one line for each finding.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Every address in these files must start with one of the listed prefixes.
LOCK_FILES = {
    "Cargo.lock": ("registry+https://github.com/rust-lang/crates.io-index",),
    "package-lock.json": ("https://registry.npmjs.org/",),
}
LOCK_ADDRESS = {
    "Cargo.lock": re.compile(r'^source = "([^"]*)"', re.MULTILINE),
    "package-lock.json": re.compile(r'"resolved": "([^"]*)"'),
}

# Settings that would send every developer to one company's copy of a registry.
MIRRORS = re.compile(
    r"""^\s*(?:replace-with\s*=|\[source\.|\[registries\.|registry\s*=\s*["']?https?:"""
    r"""|(?:extra-)?index-url\s*=)""",
    re.MULTILINE | re.IGNORECASE,
)
SETTINGS = re.compile(r"(?:^|/)(?:\.cargo/config(?:\.toml)?|\.npmrc|\.yarnrc.*|pip\.conf|Cargo\.toml)$")

# Directories that exist on the author's machine only. A variable in the place of the name is fine.
MACHINE_PATH = re.compile(r"(?<![\w.$}/~-])/(?:home|root|Users|work|tmp)/[\w.][\w.-]*")

SECRETS = {
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "cloud access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(r"\bgh[pousr]_[0-9A-Za-z]{36}|\bgithub_pat_[0-9A-Za-z_]{50}"),
    "Slack token": re.compile(r"\bxox[abeoprs]-[0-9A-Za-z-]{20}"),
    "Stripe key": re.compile(r"\b[rs]k_live_[0-9A-Za-z]{16}"),
    "Google key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}"),
    "SendGrid key": re.compile(r"\bSG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}"),
    "registry token": re.compile(r"\bnpm_[0-9A-Za-z]{36}|\bpypi-[0-9A-Za-z_-]{50}|\bcio[0-9A-Za-z]{32}\b"),
}

# (file, exact text) that may stay, each with its reason as a comment. A path is put together here, so
# that the check does not object to this file.
ALLOWED = {
    # A made-up file name with directories, as a careless client sends it.
    ("crates/http_api/src/kit/params/tests/uploads.rs", "/" + "home/me"),
}


def line_of(text, position):
    """The line number, counted from 1, of a position in a text."""
    return text.count("\n", 0, position) + 1


def findings(path, text):
    """All objections to one file, `path` being relative to the repository."""
    found = []
    name = path.rsplit("/", 1)[-1]

    def object_to(position, what):
        found.append(f"{path}:{line_of(text, position)}: {what}")

    if name in LOCK_FILES:
        for match in LOCK_ADDRESS[name].finditer(text):
            if not match[1].startswith(LOCK_FILES[name]):
                object_to(match.start(), f"not the public registry: {match[1]}")
    if SETTINGS.search(path):
        for match in MIRRORS.finditer(text):
            object_to(match.start(), f"names a registry: {match[0].strip()}")
    for match in MACHINE_PATH.finditer(text):
        if (path, match[0]) not in ALLOWED:
            object_to(match.start(), f"a path of one machine: {match[0]}")
    for what, pattern in SECRETS.items():
        for match in pattern.finditer(text):
            if (path, match[0]) not in ALLOWED:
                object_to(match.start(), f"looks like a secret: {what}")
    return found


def main():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    found = []
    count = 0
    for path in listed.stdout.decode().split("\0"):
        file = ROOT / path
        if not path or not file.is_file():
            continue
        content = file.read_bytes()
        if b"\0" in content:
            continue
        count += 1
        found += findings(path, content.decode(errors="replace"))
    for line in found:
        print(line)
    print(f"text: {count} files, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

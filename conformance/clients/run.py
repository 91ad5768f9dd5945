#!/usr/bin/env python3
"""Runs unmodified clients against the server binary, on SQLite and PostgreSQL.

Writes `twist.clients.tsv` into the folder that is named: what each client did and how it went. Both
databases have to see the same. The official SDK runs too when HALYARD_TWIST_SDK names a folder with
an installed copy; its table is compared once there is a reviewed one, and shown before.
"""

import argparse
import contextlib
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
# Loopback is not encrypted, and nothing here may go through a proxy.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
sys.path.insert(0, str(HERE))

import apprise_posts  # noqa: E402
import oauth_generic  # noqa: E402
from server import postgres, serve, sqlite  # noqa: E402

# What the SDK may get. A copy of another version has other calls.
FINE = ("ok", "not yet", "not in this copy")

CLIENTS = [
    ("apprise 2.2.0", apprise_posts),
    ("requests-oauthlib 2.0.0", oauth_generic),
]


def drive(server, client, module):
    """One client: a row for each step that has worked, and what is wrong, if something is."""
    rows = []
    try:
        for step in module.run(server):
            rows.append((client, step, "ok"))
    except Exception:  # The client may fail in any way; its steps so far are worth showing.
        done = len(rows)
        return rows, f"{client}, after {done} steps:\n{traceback.format_exc()}"
    return rows, None


def sdk(server, folder):
    """The official SDK, in a process of its own."""
    person = server.admin
    ended = subprocess.run(
        [
            "node", str(HERE / "twist_sdk.mjs"), folder, server.base,
            person["twist_token"], person["email"], person["password"],
            str(server.demo["workspace_id"]),
        ],
        capture_output=True,
        text=True,
        timeout=300,
    )
    if ended.returncode != 0:
        return [], f"twist_sdk.mjs:\n{ended.stdout}{ended.stderr}"
    rows = [tuple(line.split("\t")) for line in ended.stdout.splitlines()]
    wrong = [f"{area} {call}: {verdict}" for area, call, verdict in rows if verdict not in FINE]
    return rows, "\n".join(wrong) or None


def write(file, head, rows):
    lines = ["\t".join(row) for row in [head, *rows]]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def conclude_sdk(folder, out, rows):
    """Writes the table of the SDK, or hands on the reviewed one when no copy of the SDK is here."""
    recorded = HERE.parent / "twist.sdk.tsv"
    is_record = out.resolve() == recorded.parent
    if folder and (recorded.exists() or is_record):
        write(out / recorded.name, ("area", "call", "verdict"), rows)
    elif folder:
        # Nothing to compare with yet.
        print("\n".join("\t".join(row) for row in rows))
    else:
        print("skipped: the official Twist SDK; set HALYARD_TWIST_SDK to a folder with an installed copy")
        if recorded.exists() and not is_record:
            shutil.copy(recorded, out)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--halyard", required=True, help="the binary")
    arguments.add_argument("--out", required=True, type=pathlib.Path, help="folder of the tables")
    chosen = arguments.parse_args()
    # What Apprise logs about refusals is expected here.
    logging.disable(logging.CRITICAL)
    folder = os.environ.get("HALYARD_TWIST_SDK")
    databases = [("SQLite", sqlite)]
    url = os.environ.get("HALYARD_TEST_POSTGRES")
    if not url:
        sys.exit("HALYARD_TEST_POSTGRES names no PostgreSQL server")
    databases.append(("PostgreSQL", lambda: postgres(url)))

    seen, wrong, passed = [], [], 0
    for name, database in databases:
        rows, sdk_rows = [], []
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(serve(chosen.halyard, stack.enter_context(database())))
            for client, module in CLIENTS:
                more, problem = drive(server, client, module)
                rows += more
                wrong += [f"{name}: {problem}"] if problem else []
            if folder:
                sdk_rows, problem = sdk(server, folder)
                wrong += [f"{name}: {problem}"] if problem else []
        passed += len(rows) + len(sdk_rows)
        print(f"{name}: {len(rows)} steps of {len(CLIENTS)} clients" + (f", {len(sdk_rows)} calls of the SDK" if folder else ""))
        seen.append((rows, sdk_rows))
    if any(other != seen[0] for other in seen):
        wrong.append("the databases do not see the same")

    chosen.out.mkdir(parents=True, exist_ok=True)
    write(chosen.out / "twist.clients.tsv", ("client", "step", "verdict"), seen[0][0])
    conclude_sdk(folder, chosen.out, seen[0][1])
    if wrong:
        print("\n".join(wrong))
        return 1
    print(f"{passed} steps of real clients passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The server that the clients talk to: the real binary, on a free port, with a database of its own."""

import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import urllib.parse

import requests

# Longest that the server may take to start or to stop, in seconds.
PATIENCE = 60


class Server:
    """A running server with the demo workspace in it."""

    def __init__(self, base, demo):
        self.base = base
        self.demo = demo
        self.admin = demo["users"][0]

    def call(self, path, token=None, **fields):
        """Calls the API as a person; answers the JSON of a success."""
        token = token or self.admin["twist_token"]
        answer = requests.post(
            f"{self.base}/api/v3/{path}",
            json=fields,
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE,
        )
        if answer.status_code != 200:
            raise AssertionError(f"{path}: {answer.status_code} {answer.text}")
        return answer.json()


@contextlib.contextmanager
def sqlite():
    """Where the database is, as arguments of the binary."""
    yield []


@contextlib.contextmanager
def postgres(url):
    """A database of its own on the test server, gone afterwards."""
    import pg8000.native

    parts = urllib.parse.urlsplit(url)
    name = f"halyard_clients_{os.getpid()}"

    def run(statement):
        connection = pg8000.native.Connection(
            user=urllib.parse.unquote(parts.username or "postgres"),
            password=urllib.parse.unquote(parts.password) if parts.password else None,
            host=parts.hostname,
            port=parts.port or 5432,
            database=parts.path.lstrip("/") or "postgres",
        )
        try:
            connection.run(statement)
        finally:
            connection.close()

    run(f"create database {name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'")
    try:
        yield ["--database", urllib.parse.urlunsplit(parts._replace(path=f"/{name}"))]
    finally:
        run(f"drop database {name} with (force)")


@contextlib.contextmanager
def serve(binary, database):
    """Starts the server and stops it by its process id."""
    with tempfile.TemporaryDirectory(prefix="halyard-clients.") as scratch:
        common = ["--data-dir", str(pathlib.Path(scratch) / "data"), *database]
        demo = subprocess.run(
            [binary, "demo", "--json", "--log", "error", *common],
            check=True,
            capture_output=True,
            text=True,
            cwd=scratch,
        )
        process = subprocess.Popen(
            [binary, "serve", "--listen", "127.0.0.1:0", "--log-format", "json", *common],
            cwd=scratch,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        log, found = [], threading.Event()
        address = []

        def read():
            # To the end, so that the server never waits for somebody to read its log.
            for line in process.stderr:
                log.append(line)
                with contextlib.suppress(ValueError, TypeError, KeyError):
                    fields = json.loads(line)["fields"]
                    if fields["message"] == "serving":
                        address.append(fields["address"])
                        found.set()
            found.set()

        reader = threading.Thread(target=read)
        reader.start()
        try:
            if not found.wait(PATIENCE) or not address:
                raise AssertionError("the server does not start:\n" + "".join(log))
            yield Server(f"http://{address[0]}", json.loads(demo.stdout))
            errors = [line for line in log if '"level":"ERROR"' in line]
            if errors:
                raise AssertionError("the server has logged errors:\n" + "".join(errors))
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            reader.join()

"""Apprise, which posts notifications as threads."""

import urllib.parse

import apprise
from apprise.plugins.twist import NotifyTwist


def need(condition, what):
    if not condition:
        raise AssertionError(what)


class Room:
    """A channel and what arrives in it."""

    def __init__(self, server, workspace, name):
        self.server = server
        channels = server.call("channels/get", workspace_id=workspace)
        found = [channel for channel in channels if channel["name"].lower() == name]
        made = found or [server.call("channels/add", workspace_id=workspace, name=name)]
        self.id = made[0]["id"]
        self.seen = self.threads()

    def threads(self):
        return {thread["id"]: thread for thread in self.server.call("threads/get", channel_id=self.id, limit=500)}

    def new(self):
        """Title, content and author of what has arrived since the last look."""
        now = self.threads()
        arrived = [thread for id, thread in now.items() if id not in self.seen]
        self.seen = now
        return [(thread["title"], thread["content"], thread["creator"]) for thread in arrived]


def run(server):
    """Each step with its name; the first that fails ends the run."""
    NotifyTwist.api_url = f"{server.base}/api/v3/"
    # It pauses between calls for the real service.
    NotifyTwist.request_rate_per_sec = 0
    admin = server.admin
    # It finds channels by name in the default workspace only, with and without the workspace's name.
    home = server.call("workspaces/add", name="TechCorp")["id"]
    server.call("users/update", default_workspace=home)
    general, dev = Room(server, home, "general"), Room(server, home, "dev")
    address, password = admin["email"], urllib.parse.quote(admin["password"], safe="")

    def client(*targets):
        targets = "/".join(urllib.parse.quote(target, safe=":") for target in targets)
        posts = apprise.Apprise()
        need(posts.add(f"twist://{password}:{address}/{targets}"), "Apprise takes the address")
        return posts

    both = client("#general", "TechCorp:dev")
    need(both.notify(body="Hello **x**", title="Build"), "notify")
    expected = [("Build", "Hello **x**", admin["id"])]
    arrived = [general.new(), dev.new()]
    need(arrived == [expected, expected], f"posted to both channels: {arrived}")
    yield "post to channels by name, with and without the workspace"

    need(both.notify(body="no title"), "notify")
    need([post[1] for post in general.new() + dev.new()] == ["no title"] * 2, "posted")
    yield "post without a title"

    by_id = client(f"{home}:{general.id}", f"{home}:{dev.id}")
    need(by_id.notify(body="by id", title="Id"), "notify")
    need(len(general.new()) == len(dev.new()) == 1, "posted")
    yield "post to channels by id"

    plugin = next(iter(both))
    token = plugin.token
    # It ends every token of the person, that of this script too.
    admin["twist_token"] = server.call("users/invalidate_token")["token"]
    # Its call fails, it signs in again and repeats the call with the old token, which fails again;
    # from the second channel on it uses the new one.
    need(not both.notify(body="renewed", title="R"), "the first call is lost, as measured")
    need(len(general.new()) + len(dev.new()) == 1, "the second call has arrived")
    need(plugin.token and plugin.token != token, "a new token")
    need(both.notify(body="again", title="A"), "notify")
    need(len(general.new()) == len(dev.new()) == 1, "posted")
    yield "sign in again when the token has ended"

    need(not client("#nowhere").notify(body="x"), "an unknown channel is reported")
    wrong = apprise.Apprise()
    wrong.add(f"twist://wrong-password:{address}/#general")
    need(not wrong.notify(body="x") and not general.new(), "a wrong password posts nothing")
    yield "report an unknown channel and a wrong password"

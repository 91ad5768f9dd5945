"""requests-oauthlib, which knows OAuth 2 and nothing of this server but its address."""

import requests
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient
from requests_oauthlib import OAuth2Session

from browser import PATIENCE, Browser

REDIRECT = "http://localhost:8766/callback"
SCOPES = ["user:read", "threads:write"]


def need(condition, what):
    if not condition:
        raise AssertionError(what)


class Flow:
    """One application and the person who is asked."""

    def __init__(self, server, method, metadata):
        self.server, self.method, self.metadata = server, method, metadata
        self.person = server.demo["users"][1]

    def register(self):
        answer = requests.post(
            self.metadata["registration_endpoint"],
            json={
                "client_name": f"Generic client, {self.method}",
                "redirect_uris": [REDIRECT],
                "token_endpoint_auth_method": self.method,
                "grant_types": ["authorization_code"],
            },
            timeout=PATIENCE,
        )
        need(answer.status_code == 201, f"{answer.status_code} {answer.text}")
        self.registered = answer.json()
        secret = self.registered.get("client_secret")
        need((secret is None) == (self.method == "none"), "a secret for whoever can keep one")

    def begin(self):
        """Opens the authorization page as somebody who has to sign in first."""
        self.oauth = OAuth2Session(
            client=WebApplicationClient(self.registered["client_id"]),
            redirect_uri=REDIRECT,
            scope=SCOPES,
            pkce="S256",
        )
        address, self.state = self.oauth.authorization_url(self.metadata["authorization_endpoint"])
        self.browser = Browser(self.server.base)
        page = self.browser.sign_in(self.browser.get(address), self.person)
        need(page.status_code == 200 and self.registered["client_name"] in page.text, page.text)
        need("See, add and change threads" in page.text, "the scopes are told in words")
        return page

    def decide(self, page, decision):
        answer = self.browser.submit(page, "/oauth/authorize", button=("decision", decision))
        need(answer.status_code == 303, f"{answer.status_code} {answer.text}")
        location = answer.headers["Location"]
        need(location.startswith(REDIRECT + "?"), location)
        return location

    def deny(self):
        location = self.decide(self.begin(), "deny")
        try:
            self.fetch(location)
        except OAuth2Error as error:
            need(error.error == "ACCESS_DENIED", repr(error))
        else:
            raise AssertionError("a token in spite of a no")

    def allow(self):
        self.location = self.decide(self.begin(), "allow")
        token = self.fetch(self.location)
        need(token["access_token"].startswith("oauth2:"), "the form of a token")
        need(token["token_type"] == "Bearer" and set(token["scope"]) == set(SCOPES), str(token))

    def fetch(self, location):
        secret = self.registered.get("client_secret")
        how = {"include_client_id": True, "client_secret": secret}
        if self.method == "client_secret_basic":
            how = {"auth": requests.auth.HTTPBasicAuth(self.registered["client_id"], secret)}
        return self.oauth.fetch_token(
            self.metadata["token_endpoint"], authorization_response=location, **how
        )

    def use(self):
        answer = self.oauth.get(f"{self.server.base}/api/v3/users/get_session_user")
        need(answer.status_code == 200, answer.text)
        need(answer.json()["email"] == self.person["email"], answer.text)
        channel = self.server.demo["channels"][0]["id"]
        fields = {"channel_id": channel, "title": "By a program", "content": self.method}
        answer = self.oauth.post(f"{self.server.base}/api/v3/threads/add", data=fields)
        need(answer.status_code == 200, answer.text)
        need(answer.json()["creator"] == self.person["id"], answer.text)

    def stay_within_scope(self):
        answer = self.oauth.get(f"{self.server.base}/api/v3/workspaces/get")
        need(answer.status_code == 403 and answer.json()["error_code"] == 109, answer.text)

    def is_out(self):
        answer = self.oauth.get(f"{self.server.base}/api/v3/users/get_session_user")
        need(answer.status_code == 403 and answer.json()["error_code"] == 200, answer.text)

    def revoke(self):
        url, headers, body = self.oauth._client.prepare_token_revocation_request(
            self.metadata["revocation_endpoint"], self.oauth.access_token
        )
        auth = None
        if self.method == "client_secret_basic":
            auth = (self.registered["client_id"], self.registered["client_secret"])
        else:
            body += f"&client_id={self.registered['client_id']}"
        if self.method == "client_secret_post":
            body += f"&client_secret={self.registered['client_secret']}"
        answer = requests.post(url, headers=headers, data=body, auth=auth, timeout=PATIENCE)
        need(answer.status_code == 200, answer.text)
        self.is_out()

    def take_back(self):
        """The person does it on the page."""
        self.allow()
        self.use()
        page = self.browser.get(f"{self.server.base}/settings/applications")
        self.browser.submit(page, "/settings/applications", button=("action", "revoke"))
        self.is_out()

    def twice(self):
        self.allow()
        location = self.location
        # Only the response is used again: a new verifier would be refused for itself.
        try:
            self.fetch(location)
        except OAuth2Error as error:
            need(error.error == "BAD_REQUEST" and "used before" in error.description, repr(error))
        else:
            raise AssertionError("a code works twice")
        self.is_out()


def run(server):
    """Each step with its name; the first that fails ends the run."""
    address = f"{server.base}/.well-known/oauth-authorization-server"
    metadata = requests.get(address, timeout=PATIENCE).json()
    need(metadata["issuer"] == server.base, str(metadata))
    yield "discover the addresses"
    for method in ("client_secret_basic", "client_secret_post", "none"):
        flow = Flow(server, method, metadata)
        for name, step in (
            ("register", flow.register),
            ("be refused by the person", flow.deny),
            ("be allowed, with PKCE", flow.allow),
            ("act for the person", flow.use),
            ("stay within the scopes", flow.stay_within_scope),
            ("revoke the token", flow.revoke),
            ("lose the consent", flow.take_back),
            ("use a code again", flow.twice),
        ):
            step()
            yield f"{name} ({method})"

"""A person with a browser: follows pages and fills in forms as they are."""

import html.parser
import urllib.parse

import requests

PATIENCE = 60


class Forms(html.parser.HTMLParser):
    """The forms of a page: where they go, what is in them, what their buttons say."""

    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append({"action": attributes["action"], "fields": {}, "buttons": []})
        elif self.forms and tag in ("input", "textarea", "select") and "name" in attributes:
            self.forms[-1]["fields"][attributes["name"]] = attributes.get("value", "")
        elif self.forms and tag == "button":
            self.forms[-1]["buttons"].append((attributes.get("name"), attributes.get("value")))


class Browser:
    """One window; cookies stay."""

    def __init__(self, base):
        self.base = base
        self.session = requests.Session()

    def get(self, address):
        """Opens an address; redirects within the server are followed, others are the answer."""
        return self._follow(self.session.get(address, allow_redirects=False, timeout=PATIENCE))

    def submit(self, page, action, button=None, **fields):
        """Fills in the form that goes to `action` and presses a button."""
        form = next(form for form in Forms(page.text).forms if form["action"] == action)
        if button and button not in form["buttons"]:
            raise AssertionError(f"no button {button} in {form['buttons']}")
        missing = set(fields) - set(form["fields"])
        if missing:
            raise AssertionError(f"no field {missing} in {form['fields']}")
        sent = {**form["fields"], **fields, **(dict([button]) if button else {})}
        answer = self.session.post(
            urllib.parse.urljoin(page.url, action),
            data=sent,
            # Browsers say which page a form was on.
            headers={"Origin": self.base},
            allow_redirects=False,
            timeout=PATIENCE,
        )
        return self._follow(answer)

    def sign_in(self, page, person):
        """On the page that asks for it."""
        return self.submit(page, "/sign-in", email=person["email"], password=person["password"])

    def _follow(self, answer):
        while answer.is_redirect:
            target = urllib.parse.urljoin(answer.url, answer.headers["Location"])
            if not target.startswith(self.base + "/"):
                return answer
            answer = self.session.get(target, allow_redirects=False, timeout=PATIENCE)
        return answer

"""A browser that visits servers of role-env's on this machine, step by step, and keeps their cookies."""

import http.client
import ssl
import urllib.parse
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from support.machine import Machine
from support.terminal import Person
from support.waiting import DEADLINE

IDLE = {"BROWSER": "true %s"}
"""A browser that does not come; a LoopbackBrowser does in its place."""


def begin(machine: Machine, *options: str, **environ: str) -> tuple[Person, str]:
    """Begin `login me` on a terminal, and return the address that it shows."""
    person = Person(machine, "login", "me", *options, columns=1000, **environ)
    return person, person.reads(r"open (https?://\S+) and sign in")[1]


@dataclass
class Page:
    """What a server answered; `location` is where it sends the browser, or empty."""

    status: int
    location: str
    text: str


@dataclass
class LoopbackBrowser:
    """One browser with its own `cookies`. It follows no redirect."""

    cookies: dict[str, str] = field(default_factory=dict, repr=False)

    def visit(self, address: str, authority: Path | None = None) -> Page:
        """Return what is at `address`, over TLS if there is an `authority`.

        Raises OSError or http.client.HTTPException if nothing answers.
        """
        parts = urllib.parse.urlsplit(address)
        connection = http.client.HTTPConnection(parts.netloc, timeout=DEADLINE)
        if authority:
            context = ssl.create_default_context(cafile=authority)
            connection = http.client.HTTPSConnection(parts.netloc, timeout=DEADLINE, context=context)
        try:
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            connection.request("GET", path, headers={"Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items())})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for header in answer.headers.get_all("Set-Cookie", []):
            name, _, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Page(answer.status, answer.headers.get("Location", ""), text)


def approve(machine: Machine, page: str) -> str:
    """Approve a sign-in at its `page`, and return where that sends the browser."""
    answer = LoopbackBrowser().visit(page, machine.sts.ca_file)
    assert answer.status == HTTPStatus.FOUND
    return answer.location

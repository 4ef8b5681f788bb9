"""How a call to one of the local servers can fail, and the queue of faults that a test requests."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud.answers import Answer, Refused, answer_page

CONNECTION_FAULTS = ("reset-on-accept", "hang-in-handshake", "reset-after-handshake")
"""Happen before a request is read, so they take no `action`, and `calls` does not show them."""

UNANSWERED_FAULTS = ("hang", "reset-after-request")

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31mrole-env: all is well\x1b[0m\r\x9b2K\b\u202e"
"""What "escape-in-message" puts into a Message: a terminal's title, colours, erasure, direction of text."""

CALL_FAULTS: dict[str, Answer | Refused] = {
    **dict.fromkeys(UNANSWERED_FAULTS, Answer(200)),
    "empty": Answer(200),
    "html-200": answer_page("Welcome to the hotel"),
    "html-502": answer_page("502 Bad Gateway", 502),
    "500": answer_page("500 Internal Server Error", 500),
    "captive-portal": answer_page("Please sign in", 302, Location="http://portal.invalid/login"),
    "redirect": Answer(307, headers={"Location": "/elsewhere"}),
    "huge": Answer(200, b'{"RequestId":"' + b"A" * (10 << 20) + b'"}'),
    "json-list": Answer(200, b'["no", "object"]'),
    "503": Refused("ServiceUnavailable"),
    "internal-error": Refused("InternalError"),
    "throttling": Refused("Throttling.User"),
    "throttling-429": Refused("Throttling.User", status=429),
    "escape-in-message": Refused("NoPermission", f"You are not {ESCAPES}authorized."),
}
"""The request is recorded and its nonce is used, but nothing is done."""

CARRIAGE_FAULTS = ("reset-mid-answer", "truncated-json", "negative-chunk", "slow")
"""The call is carried out (a session may be issued), and its answer is lost, cut off, no HTTP, or a byte a second."""

TOUCH = "touch command-ran"
_QUOTES = "'\"' \\ \"$HOME\" '\\'' %s !! # ; & | < > ( ) { } ~ * ? "
_COMMANDS = f"$({TOUCH})`{TOUCH}`';{TOUCH};'\";{TOUCH};\"$({TOUCH})"


def _with(odd: str) -> Callable[[str], str]:
    """Return what puts `odd` into a text."""
    return lambda text: f"{text[:20]}{odd}{text[20:]}"


def _later(moment: str, seconds: int) -> str:
    """Return a time as STS writes it, moved."""
    return (datetime.fromisoformat(moment.removesuffix("Z")) + timedelta(seconds=seconds)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


SESSION_FAULTS: dict[str, tuple[str, Callable[[str], str]]] = {
    "missing-id": ("AccessKeyId", lambda _: ""),
    "missing-secret": ("AccessKeySecret", lambda _: ""),
    "missing-token": ("SecurityToken", lambda _: ""),
    "missing-expiration": ("Expiration", lambda _: ""),
    "expired-answer": ("Expiration", lambda _: "2020-01-01T00:00:00Z"),
    "endless-answer": ("Expiration", lambda _: "9999-12-31T23:59:59Z"),
    "late-answer": ("Expiration", lambda end: _later(end, 310)),
    "expiration-without-zone": ("Expiration", lambda end: end.removesuffix("Z")),
    "other-account-arn": ("Arn", lambda arn: re.sub(r"::\d+:", "::9999999999999999:", arn)),
    "other-role-arn": ("Arn", lambda arn: re.sub("/.*/", "/another-role/", arn)),
    "other-session-arn": ("Arn", lambda arn: re.sub("/[^/]*$", "/another-session", arn)),
    "newline-in-secret": ("AccessKeySecret", _with("\n")),
    "quote-in-token": ("SecurityToken", _with(_QUOTES)),
    "command-in-token": ("SecurityToken", _with(_COMMANDS)),
    "nul-in-token": ("SecurityToken", _with("\x00")),
    "non-ascii-token": ("SecurityToken", _with("\u00e9\u2713\u5bc6")),
    "megabyte-token": ("SecurityToken", _with("A" * (1 << 20))),
}
"""A session is issued, and a field of the answer is another or, where that is empty, missing.

They wait for a call that issues a session.
"""

FAULTS = {*CONNECTION_FAULTS, *CALL_FAULTS, *CARRIAGE_FAULTS, *SESSION_FAULTS}
"""Every kind except the two with arguments: "delay:SECONDS" and "code:CODE:STATUS", perhaps with ":TEXT"."""


@dataclass
class Fault:
    """A requested failure of the next `times` calls (None: of all) of `action` (None: of any), after `after` more."""

    kind: str
    times: int | None
    action: str | None
    after: int


class FaultQueue:
    """The requested failures. Its owner holds a lock while it calls this."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, kind: str, times: int | None, action: str | None, after: int) -> None:
        """Add a failure. Raises ValueError for one that could never happen."""
        if kind not in FAULTS and not re.fullmatch(r"delay:[0-9.]+|code:[^:]+:[1-5]\d\d(:.*)?", kind):
            raise ValueError(f"no such fault: {kind}")
        if kind in CONNECTION_FAULTS and (action or after):
            raise ValueError(f"{kind} comes before any action is known")
        self._faults.append(Fault(kind, times, action, after))

    def clear(self) -> None:
        """Remove all."""
        self._faults.clear()

    def take_for_connection(self) -> str:
        """Return the kind for a new connection, or ""."""
        first = next((fault for fault in self._faults if fault.action is None), None)
        return self._use(first) if first and first.kind in CONNECTION_FAULTS else ""

    def take_for_call(self, action: str) -> str:
        """Return the kind for a call of this action, or ""."""
        for fault in self._faults:
            is_late = fault.kind in SESSION_FAULTS and not action.startswith("AssumeRole")
            if is_late or fault.kind in CONNECTION_FAULTS or fault.action not in (None, action):
                continue
            if not fault.after:
                return self._use(fault)
            fault.after -= 1
        return ""

    def _use(self, fault: Fault) -> str:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
        return fault.kind


def answer_to(fault: str) -> Answer | None:
    """Return the answer to a call that `fault` keeps from being carried out, or None if it does not. Raises Refused."""
    if fault.startswith("code:"):
        _, code, status, *text = fault.split(":", 3)
        raise Refused(code, "".join(text), int(status))
    found = CALL_FAULTS.get(fault)
    if isinstance(found, Refused):
        raise copy.copy(found)
    return copy.deepcopy(found)


def spoil(document: dict[str, str], fault: str) -> None:
    """Change the field of a session's answer that `fault` is about, if `document` has it."""
    name, change = SESSION_FAULTS.get(fault, ("", str))
    if name in document:
        changed = change(document[name])
        document.update({name: changed}) if changed else document.pop(name)

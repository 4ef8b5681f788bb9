"""How a call to one of the local servers can fail, and the queue of faults that a test requests."""

from __future__ import annotations

import re
from dataclasses import dataclass

CONNECTION_FAULTS = frozenset({"reset-on-accept", "hang-in-handshake", "reset-after-handshake"})
"""Happen before a request is read, so they take no `action`, and `calls` does not show them."""

NO_ANSWER_FAULTS = frozenset(
    {
        "reset-after-request",
        "hang",
        "empty",
        "html-200",
        "html-502",
        "captive-portal",
        "redirect",
        "huge",
        "500",
        "503",
        "internal-error",
        "throttling",
        "throttling-429",
        "escape-in-message",
        "json-list",
    }
)
"""The request is recorded and its nonce is used, but nothing is done."""

CARRIAGE_FAULTS = frozenset({"reset-mid-answer", "truncated-json", "negative-chunk", "slow"})
"""The call is carried out (a session may be issued), and its answer is lost, cut off, no HTTP, or a byte a second."""

SESSION_FAULTS = frozenset(
    {
        "missing-id",
        "missing-secret",
        "missing-token",
        "missing-expiration",
        "expired-answer",
        "expiration-without-zone",
        "other-account-arn",
        "other-role-arn",
        "other-session-arn",
        "quote-in-token",
        "newline-in-secret",
        "command-in-token",
        "nul-in-token",
        "non-ascii-token",
        "megabyte-token",
    }
)
"""A session is issued and the answer is invalid. They wait for a call that issues one."""

FAULTS = CONNECTION_FAULTS | NO_ANSWER_FAULTS | CARRIAGE_FAULTS | SESSION_FAULTS
"""Every kind except the two with arguments: "delay:SECONDS" and "code:CODE:STATUS", perhaps with ":TEXT"."""

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31mrole-env: all is well\x1b[0m\r\x9b2K\b\u202e"
"""What "escape-in-message" puts into a Message: a terminal's title, colours, erasure, direction of text."""


@dataclass
class Fault:
    """A requested failure of the next `times` calls (None: of all) of `action` (None: of any), after `after` more."""

    kind: str
    times: int | None
    action: str | None
    after: int

    def fits(self, action: str) -> bool:
        """Return whether it applies to a call of this action."""
        if self.kind in SESSION_FAULTS and not action.startswith("AssumeRole"):
            return False
        return self.action in (None, action)


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
            if fault.kind in CONNECTION_FAULTS or not fault.fits(action):
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

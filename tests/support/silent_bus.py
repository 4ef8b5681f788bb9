"""Session buses whose Secret Service does not answer, or not as a keyring does."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from support.secret_service_bus import COLLECTION, SERVICE, SERVICE_PATH, PrivateBus, own

_SESSION = SERVICE_PATH + "/session/s1"
_ITEM = COLLECTION + "/1"
_PROMPT = SERVICE_PATH + "/prompt/p1"


class SilentBus(PrivateBus):
    """A bus where a program owns the Secret Service's name and does not answer.

    It answers the first `answers` calls as a keyring would that holds `secret` for every question, and then no more;
    or, with `dies`, ends upon the next one, with the caller waiting. With `locked` it answers as a locked KeePassXC:
    no item is found, and only the collection tells that it is locked; its prompt is never answered.
    """

    def __init__(
        self,
        *,
        answers: int = 0,
        dies: bool = False,
        locked: bool = False,
        secret: bytes = b"secret",
    ) -> None:
        super().__init__()
        self._answers, self._dies, self._locked, self._secret = answers, dies, locked, secret
        self._attributes: dict[str, str] = {}
        self._calls: list[str] = []

    def calls(self) -> list[str]:
        """Return the methods that were called so far, answered or not: `["OpenSession", "SearchItems"]`."""
        return list(self._calls)

    def _start_service(self) -> None:
        self._service = own(SERVICE, self.address)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        from jeepney import HeaderFields, MessageType

        with contextlib.suppress(OSError), self._service:
            # The one wait without a deadline: it ends with the bus, which has its own.
            while True:
                message = self._service.receive()
                if message.header.message_type is not MessageType.method_call:
                    continue
                self._calls.append(message.header.fields[HeaderFields.member])
                if self._answers > 0:
                    self._answers -= 1
                    self._service.send(self._answer(message))
                elif self._dies:
                    return

    def _answer(self, call: Any) -> Any:
        from jeepney import HeaderFields, new_error, new_method_return

        member = call.header.fields[HeaderFields.member]
        of_service = call.header.fields[HeaderFields.path] == SERVICE_PATH
        if member == "SearchItems":
            self._attributes = call.body[0]
        if member == "OpenSession" and call.body[0] != "plain":
            return new_error(call, "org.freedesktop.DBus.Error.NotSupported", "s", ("plain only",))
        secret = (_SESSION, b"", self._secret, "text/plain")
        found = [] if self._locked else [_ITEM]
        answers: dict[str, Callable[[], tuple[str, tuple[object, ...]]]] = {
            "OpenSession": lambda: ("vo", (("s", ""), _SESSION)),
            "SearchItems": lambda: ("aoao", (found, [])) if of_service else ("ao", (found,)),
            "GetSecret": lambda: ("(oayays)", (secret,)),
            "GetSecrets": lambda: ("a{o(oayays)}", ({_ITEM: secret},)),
            "ReadAlias": lambda: ("o", (COLLECTION,)),
            "Unlock": lambda: ("aoo", ([], _PROMPT) if self._locked else (call.body[0], "/")),
            "Lock": lambda: ("aoo", (call.body[0], "/")),
            "CreateItem": lambda: ("oo", (_ITEM, "/")),
            "Delete": lambda: ("o", ("/",)),
            "Get": lambda: ("v", (self._properties()[call.body[1]],)),
            "GetAll": lambda: ("a{sv}", (self._properties(),)),
        }
        return new_method_return(call, *answers[member]() if member in answers else ())

    def _properties(self) -> dict[str, tuple[str, object]]:
        return {
            "Locked": ("b", self._locked),
            "Label": ("s", "label"),
            "Attributes": ("a{ss}", self._attributes),
            "Items": ("ao", [_ITEM]),
            "Collections": ("ao", [COLLECTION]),
            "Created": ("t", 0),
            "Modified": ("t", 0),
        }


class StoppedBus(PrivateBus):
    """A bus whose daemon is stopped: connecting works, and not even the greeting is answered."""

    def _start_service(self) -> None:
        self.pause()

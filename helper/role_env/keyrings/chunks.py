"""An entry in pieces, for the keyring that takes none of a session's length: Windows' Credential Locker.

An entry there has at most 2,560 bytes of UTF-16 (CRED_MAX_CREDENTIAL_BLOB_SIZE), and past them CredWrite raises an
error of its own kind. A longer text is kept as several entries: the one asked for, and more whose names follow from
its name, so that they are found again without a list. Each says of which writing it is: pieces of two writings, as a
process leaves them that is killed between two, are nothing kept and never a text made of both.
"""

import secrets
from typing import TYPE_CHECKING

from role_env.keyrings.entry import Entry

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_LIMITED = "keyring.backends.Windows"
_ROOM = 1280
# One below it for the head line; what is no ASCII may take two units of UTF-16 a character.
_LENGTH, _SHORTER_LENGTH = 1200, 600
# More than any record: with them a text may have some 28,000 characters.
MOST = 24
_HEAD = "role-env piece"


class TooLong(Exception):
    """The text needs more than MOST pieces."""


def read(backend: "KeyringBackend", entry: Entry) -> str | None:
    """What is kept as `entry`, or None, also where its pieces do not belong together."""
    first = backend.get_password(entry.service, entry.username)
    if first is None or not first.startswith(_HEAD + " "):
        return first
    head, _, text = first.partition("\n")
    writing, count = [*head.split(" "), "", ""][3:5]
    if not (count.isascii() and count.isdecimal()) or int(count) > MOST:
        return None
    for number, service in enumerate(_services(entry)[1 : int(count)], 2):
        head, _, piece = (backend.get_password(service, entry.username) or "").partition("\n")
        if head != _head(number, writing, int(count)):
            return None
        text += piece
    return text


def write(backend: "KeyringBackend", entry: Entry, text: str) -> None:
    """Keeps `text` as `entry`; pieces of a longer one before it are gone afterwards. Raises TooLong."""
    if not _is_limited(backend):
        backend.set_password(entry.service, entry.username, text)
        return
    kept = _cut(text)
    if len(kept) > 1:
        # Written over, an entry would be moved aside by `keyring` and its secret stay; a text in one piece, such as a
        # long-lived key, is not risked for that.
        forget(backend, entry)
    for service, piece in zip(_services(entry), kept, strict=False):
        backend.set_password(service, entry.username, piece)
    for service in _services(entry)[len(kept) :]:
        _delete(backend, service, entry.username)


def forget(backend: "KeyringBackend", entry: Entry) -> None:
    """Removes what is kept as `entry`, if anything is, and every piece of it, whatever became of the others."""
    for service in _services(entry) if _is_limited(backend) else [entry.service]:
        _delete(backend, service, entry.username)


def _delete(backend: "KeyringBackend", service: str, username: str) -> None:
    # More than one has been stored where two processes wrote at once; the end is for a backend that lies.
    for _ in range(20):
        if backend.get_password(service, username) is None:
            break
        backend.delete_password(service, username)


def _is_limited(backend: "KeyringBackend") -> bool:
    """Whether what is written goes to Windows' own keyring: a chain of several writes to its first."""
    first = next(iter(getattr(backend, "backends", ())), backend)
    return any(kind.__module__ == _LIMITED for kind in type(first).__mro__)


def _services(entry: Entry) -> list[str]:
    """A service of its own for each piece: Windows keeps one user a service, and a second one moves the first."""
    return [entry.service, *(f"{entry.service} piece {number}" for number in range(2, MOST + 1))]


def _cut(text: str) -> list[str]:
    if len(text.encode("utf-16-le", "surrogatepass")) <= 2 * _ROOM and not text.startswith(_HEAD):
        return [text]
    length = _LENGTH if text.isascii() else _SHORTER_LENGTH
    pieces = [text[start : start + length] for start in range(0, len(text), length)]
    if len(pieces) > MOST:
        raise TooLong
    writing = secrets.token_hex(8)
    return [f"{_head(number, writing, len(pieces))}\n{piece}" for number, piece in enumerate(pieces, 1)]


def _head(number: int, writing: str, count: int) -> str:
    return f"{_HEAD} {number} {writing} {count}"

"""Store long texts in chunks, for Windows' Credential Locker, whose entries are too short for a session.

An entry there has at most 2,560 bytes of UTF-16 (CRED_MAX_CREDENTIAL_BLOB_SIZE); for a longer one CredWrite fails. A
longer text is stored as several entries: the requested one, and more whose names are derived from its name, so that no
list of them is needed. Each chunk names the write that it belongs to. Chunks of two writes, which a killed process can
leave, count as a missing entry and are never joined.
"""

from role_env.keyrings import Entry
from role_env.keyrings.backends import writing_backend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_LIMITED = "keyring.backends.Windows"
_LARGEST_ENTRY = 2560  # bytes of UTF-16
# The characters of a chunk, with room for its head. Outside ASCII a character can take two units of UTF-16.
_ASCII_LENGTH, _OTHER_LENGTH = 1200, 600
# More than any record needs: a text may have some 28,000 characters.
MOST = 24
# Stored entries begin with this text. With another one, the chunks of older versions could not be read.
_HEAD = "role-env piece"


class TooLong(Exception):
    """The text needs more than MOST chunks."""


def read(backend: "KeyringBackend", entry: Entry) -> str | None:
    """Return the text stored as `entry`; None if there is none, or if its chunks do not belong together."""
    first = backend.get_password(entry.service, entry.username)
    if first is None or not first.startswith(_HEAD + " "):
        return first
    head, _, text = first.partition("\n")
    parsed = _parse_head(head)
    if parsed is None:
        return None
    writing, count = parsed
    for number, service in enumerate(_services(entry)[1:count], 2):
        head, _, chunk = (backend.get_password(service, entry.username) or "").partition("\n")
        if head != _head(number, writing, count):
            return None
        text += chunk
    return text


def write(backend: "KeyringBackend", entry: Entry, text: str) -> None:
    """Store `text` as `entry`, and remove the chunks of a longer former text. Raises TooLong."""
    if not _is_limited(backend):
        backend.set_password(entry.service, entry.username, text)
        return
    chunks = _cut(text)
    if len(chunks) > 1:
        # `keyring` would move an overwritten entry aside, with its secret. A text in one chunk, such as a long-lived
        # key, is not deleted first, since it could be lost.
        delete(backend, entry)
    for service, chunk in zip(_services(entry), chunks, strict=False):
        backend.set_password(service, entry.username, chunk)
    for service in _services(entry)[len(chunks) :]:
        _delete(backend, service, entry.username)


def delete(backend: "KeyringBackend", entry: Entry) -> None:
    """Remove `entry` and its chunks, if there are any."""
    for service in _services(entry) if _is_limited(backend) else [entry.service]:
        _delete(backend, service, entry.username)


def _delete(backend: "KeyringBackend", service: str, username: str) -> None:
    # Two processes that write at once may have stored two. The limit is for a backend that never deletes.
    for _ in range(20):
        if backend.get_password(service, username) is None:
            break
        try:
            backend.delete_password(service, username)
        except Exception:
            # Another process may have deleted it first.
            if backend.get_password(service, username) is not None:
                raise


def _is_limited(backend: "KeyringBackend") -> bool:
    """Return whether entries are written to Windows' own keyring."""
    return any(kind.__module__ == _LIMITED for kind in type(writing_backend(backend)).__mro__)


def _services(entry: Entry) -> list[str]:
    """Return a service for each chunk. Windows stores one user per service; a second user would move the first."""
    return [entry.service, *(f"{entry.service} piece {number}" for number in range(2, MOST + 1))]


def _cut(text: str) -> list[str]:
    """Return the chunks of `text`: the text itself, unless it is too long or looks like a chunk."""
    if len(text.encode("utf-16-le", "surrogatepass")) <= _LARGEST_ENTRY and not text.startswith(_HEAD):
        return [text]
    length = _ASCII_LENGTH if text.isascii() else _OTHER_LENGTH
    chunks = [text[start : start + length] for start in range(0, len(text), length)]
    if len(chunks) > MOST:
        raise TooLong
    import secrets  # takes 4 ms, and only writing needs it

    writing = secrets.token_hex(8)
    return [f"{_head(number, writing, len(chunks))}\n{chunk}" for number, chunk in enumerate(chunks, 1)]


def _head(number: int, writing: str, count: int) -> str:
    """Return the first line of chunk `number` of `count`; `writing` is an id that all chunks of one write share."""
    return f"{_HEAD} {number} {writing} {count}"


def _parse_head(head: str) -> tuple[str, int] | None:
    """Return the id of the write and the number of its chunks, or None if one is missing or invalid."""
    match head.split(" ")[3:5]:
        case [writing, count] if count.isascii() and count.isdecimal() and int(count) <= MOST:
            return writing, int(count)
    return None

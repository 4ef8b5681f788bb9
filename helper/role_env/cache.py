"""Sessions in the OS keyring: load, store, forget; and the record of what each was made from.

A record is plain lines, so that reading one needs no parser. Whatever is wrong with one is a miss and never an error,
and whatever is wrong with the keyring costs at most its deadline and one warning, never the session.
"""

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from role_env import origin, variables
from role_env.credentials import Credentials
from role_env.deadline import Late, within
from role_env.errors import ProfileError, printable
from role_env.messages import Messages, on_terminal

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

SERVICE = "role-env session "
MODES = ("auto", "keyring", "none")
LATE_SECONDS = 5.0
PROMPT_SECONDS = 60.0
# For so long no process waits again for a keyring that was late.
AVOID_SECONDS = 60.0

_HEAD, _END = "role-env session 1", "end"
_FIELDS = (
    *("profile", "role_arn", "region_id", "variables", "chain", "base", "issued", "expiration"),
    *("access_key_id", "access_key_secret", "security_token"),
)


class Entry:
    """The name of a session in the keyring, which a keyring browser shows."""

    __slots__ = ("service", "username")

    def __init__(self, service: str, username: str) -> None:
        self.service = service
        self.username = username


def entry(path: str, profile: str, request: str) -> Entry:
    """The entry of `profile` in the profiles file whose real path is `path`; `request` tells the options that
    change what STS is asked.
    """
    text = "\0".join((path, profile, request)).encode("utf-8", "surrogateescape")
    return Entry(SERVICE + hashlib.sha256(text).hexdigest()[:24], profile)


class Record:
    """A session as it is kept. `chain` and `base` are digests of the resolved chain and of the base key in the
    environment (else empty); `origin_lines` tell what it was made from.
    """

    __slots__ = ("base", "chain", "credentials", "origin_lines", "profile", "region_id", "role_arn", "variables")

    def __init__(
        self,
        credentials: Credentials,
        *,
        profile: str,
        role_arn: str,
        region_id: str,
        variables: tuple[str, ...],
        chain: str,
        base: str,
        origin_lines: list[str],
    ) -> None:
        self.credentials = credentials
        self.profile = profile
        self.role_arn = role_arn
        self.region_id = region_id
        self.variables = variables
        self.chain = chain
        self.base = base
        self.origin_lines = origin_lines

    def unchanged(self, environ: Mapping[str, str]) -> bool:
        """Whether every file and variable that the session was made from is as it was."""
        try:
            return origin.unchanged(self.origin_lines, environ)
        except ValueError:
            return False

    def text(self) -> str:
        """The record as it is written."""
        credentials = self.credentials
        values = (
            *(self.profile, self.role_arn, self.region_id, " ".join(self.variables), self.chain, self.base),
            *(f"{credentials.issued:.3f}", str(credentials.expiration)),
            *(credentials.access_key_id, credentials.access_key_secret, credentials.security_token),
        )
        fields = [f"{name} {value}" for name, value in zip(_FIELDS, values, strict=True)]
        return "\n".join([_HEAD, *fields, *self.origin_lines, _END])


def parse(text: str, profile: str) -> Record | None:
    """The record in `text`, or None when it is damaged, of another format or of another profile."""
    lines = text.split("\n")
    if lines[0] != _HEAD or lines[-1] != _END or len(lines) < len(_FIELDS) + 2:
        return None
    values = []
    for name, line in zip(_FIELDS, lines[1:], strict=False):
        if not line.startswith(name + " "):
            return None
        values.append(line[len(name) + 1 :])
    name, role_arn, region_id, families, chain, base, issued, expiration, *secrets = values
    if name != profile or not all(secrets) or not all(v.isascii() and v.isprintable() for v in secrets):
        return None
    try:
        lasts = float(issued) < int(expiration)
    except ValueError:
        return None
    if not lasts:
        return None
    if not families or any(family not in variables.FAMILIES for family in families.split()):
        return None
    return Record(
        Credentials(*secrets, issued=float(issued), expiration=int(expiration)),
        profile=name,
        role_arn=role_arn,
        region_id=region_id,
        variables=tuple(families.split()),
        chain=chain,
        base=base,
        origin_lines=lines[len(_FIELDS) + 1 : -1],
    )


class Cache:
    """The OS keyring as the place where sessions are kept, chosen by ROLE_ENV_CACHE; each use has a deadline."""

    def __init__(self, environ: Mapping[str, str], messages: Messages) -> None:
        self._environ = environ
        self._messages = messages
        mode = environ.get("ROLE_ENV_CACHE") or "auto"
        if mode not in MODES:
            raise ProfileError(f"ROLE_ENV_CACHE is {printable(mode)}, which is none of {', '.join(MODES)}")
        self._usable = mode != "none" and not self._was_late()

    def load(self, entry: Entry) -> Record | None:
        """The record that is kept as `entry`, or None."""
        text = self._use(lambda backend: backend.get_password(entry.service, entry.username))
        record = parse(text, entry.username) if text else None
        if not record:
            self._messages.decided("no kept session" if not text else "the kept session cannot be read")
        return record

    def store(self, entry: Entry, record: Record) -> None:
        """Keeps `record` as `entry`, and the entry's name in the index."""
        if self._usable:
            self._note(entry)
        self._use(lambda backend: backend.set_password(entry.service, entry.username, record.text()))

    def forget(self, entry: Entry) -> None:
        """Removes what is kept as `entry`, if anything is."""

        def delete(backend: "KeyringBackend") -> None:
            if backend.get_password(entry.service, entry.username) is not None:
                backend.delete_password(entry.service, entry.username)

        self._use(delete)

    def entries(self) -> list[Entry]:
        """The entries that the index names; where it is lost, those that the Secret Service knows."""
        try:
            text = self._index.read_text("utf-8")
        except (OSError, ValueError):
            return self._use(_search) or []
        pairs = [line.split("\t", 1) for line in text.split("\n") if "\t" in line]
        return [Entry(service, username) for service, username in pairs if service.startswith(SERVICE)]

    @property
    def _index(self) -> Path:
        return state_folder() / "sessions"

    def _note(self, entry: Entry) -> None:
        """Appends the entry's name to the index in one write, unless it is there: so no process loses another's."""
        line = f"{entry.service}\t{entry.username}\n".encode("utf-8", "surrogateescape")
        try:
            known = self._index.read_bytes() if self._index.exists() else b""
            if line in known:
                return
            make_private(state_folder())
            descriptor = os.open(self._index, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._messages.decided(f"the index of sessions could not be written: {error.strerror}")

    def _use(self, operation: "Callable[[KeyringBackend], T]") -> T | None:
        """What `operation` returns for the chosen backend; None when the keyring cannot be used."""
        if not self._usable:
            return None
        from keyring.errors import KeyringError, NoKeyringError

        def work() -> T:
            import keyring

            return operation(keyring.get_keyring())

        try:
            return within(self._seconds(), work, slow=self._messages.waiting_for("the keyring"))
        except Late:
            self._avoid()
            self._give_up("it did not answer in time; is it locked, or hung?")
        except NoKeyringError:
            self._give_up("there is none on this system")
        except KeyringError as error:
            self._give_up(str(error) or type(error).__name__)
        except Exception as error:  # backends leak their own kinds, whose texts may hold what was stored
            self._give_up(type(error).__name__)
        return None

    def _seconds(self) -> float:
        """Longer where a person could be answering a prompt."""
        display = self._environ.get("DISPLAY") or self._environ.get("WAYLAND_DISPLAY")
        return PROMPT_SECONDS if display and on_terminal() else LATE_SECONDS

    def _give_up(self, why: str) -> None:
        self._usable = False
        if self._environ.get("CI"):
            self._messages.decided(f"the keyring cannot be used: {why}")
        else:
            self._messages.warn(f"the keyring cannot be used, so no session is kept: {why}")

    @property
    def _late_mark(self) -> Path:
        bus = self._environ.get("DBUS_SESSION_BUS_ADDRESS", "").encode("utf-8", "surrogateescape")
        return state_folder() / f"keyring-late-{hashlib.sha256(bus).hexdigest()[:16]}"

    def _was_late(self) -> bool:
        try:
            return 0 <= time.time() - self._late_mark.stat().st_mtime < AVOID_SECONDS
        except OSError:
            return False

    def _avoid(self) -> None:
        try:
            make_private(state_folder())
            self._late_mark.touch(mode=0o600)
        except OSError as error:
            self._messages.decided(f"that the keyring was late could not be noted: {error.strerror}")


def state_folder() -> Path:
    """Where role-env keeps what is no secret and may be lost: the index, marks and locks."""
    import platformdirs

    return Path(platformdirs.user_state_dir("role-env", appauthor=False))


def make_private(folder: Path) -> None:
    """Makes `folder` for this user alone. Raises OSError, also when it is another's or open to others."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat(follow_symlinks=False)
    if os.name == "posix" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
        raise PermissionError(0, f"{folder} is not this user's alone")


def _search(backend: "KeyringBackend") -> list[Entry]:
    """Our entries, where the backend is the Secret Service: it can be searched, `keyring` itself cannot."""
    collection_of = getattr(backend, "get_preferred_collection", None)
    if collection_of is None:
        return []
    collection = collection_of()
    try:
        found = [item.get_attributes() for item in collection.get_all_items()]
    finally:
        collection.connection.close()
    ours = [attributes for attributes in found if attributes.get("service", "").startswith(SERVICE)]
    return [Entry(attributes["service"], attributes.get("username", "")) for attributes in ours]

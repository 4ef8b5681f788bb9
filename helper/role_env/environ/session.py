"""The session in a shell, read from its variables alone: no file, no keyring, no network.

For a served session, it also checks that the server is running.

The variables may be mixed or damaged. An invalid value is never shown, only its variable's name.
"""

import os
import stat
import time

from role_env import validators, variables
from role_env.command_table import ACCOUNT
from role_env.credentials import RoleArn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Up to the year 5138, which `time.gmtime` and a person can read.
_MOST_DIGITS = 11

NO_ACCOUNT = "a switch to another profile failed and left this shell without an account"


class Fault:
    """A reason why some tool may not find a session. `text` is the message about its variables."""

    def __init__(self, text: str) -> None:
        self._text = text

    def of_all(self, names: list[str]) -> str:
        """Return the message about the variables `names`."""
        are, have, s = ("is", "has", "s") if len(names) == 1 else ("are", "have", "")
        return self._text.format(names=", ".join(names), are=are, have=have, s=s)


OTHER_KEY = Fault("{names} {are} no longer the session's: some tools act as somebody else")
UNKNOWN = Fault("{names} {are} missing or invalid: nothing shows whether the variables are of one session")
MIXED = Fault("{names} {are} not as in ROLE_ENV_REQUEST: the variables of two sessions are mixed, or one was changed")
OUTRANKED = Fault("{names} outrank{s} the session in some tools")
NOT_SERVED = Fault("{names}")
CHANGED = Fault("{names} no longer {have} the session's value: some tools find another account")


def incomplete_keys(environ: "Mapping[str, str]") -> str:
    """Return a message about key IDs without a secret and secrets without an ID; empty if there are none."""
    texts = []
    for key in (*variables.KEYS, variables.BARE):
        pair = (key.access_key_id, key.access_key_secret)
        texts += [
            f"{name} is set without {other}"
            for name, other in (pair, pair[::-1])
            if _value(environ, name) and not _value(environ, other)
        ]
    return ", ".join(texts)


def changed_without_key(environ: "Mapping[str, str]") -> list[str]:
    """Return the variables of the no-account state that are missing or changed. A key ID with any other value is a key.

    All of them keep tools from using an account of their own.
    """
    missing = [name for name, value in variables.guards(follows=False).items() if environ.get(name) != value]
    return missing + _missing_invalid_keys(environ)


def _missing_invalid_keys(environ: "Mapping[str, str]") -> list[str]:
    names = [name for key in variables.KEYS if key.access_key_id in variables.NO_KEYS for name in key.names[:2]]
    return [name for name in names if not environ.get(name)]


class ShellState:
    """The shell's session, as the variables `environ` describe it.

    `profile`, `role_arn` and `account_id` are empty if no valid value is set; `role_arn` also for a session that is
    passed through without a role. `expiration` is in seconds since the epoch, 0 if none is set. `policy` is
    `read-only`, the digest of a session policy, or empty. `families` are those that it was exported to.
    `request` are the values in ROLE_ENV_REQUEST.
    """

    def __init__(self, environ: "Mapping[str, str]") -> None:
        self._environ = environ
        name = environ.get("ROLE_ENV_PROFILE", "")
        self.profile = "" if validators.name_fault(name) else name
        role = RoleArn(environ.get("ROLE_ENV_ROLE_ARN", ""))
        self.role_arn = role if validators.is_valid_role(role) else RoleArn()
        account = environ.get("ROLE_ENV_ACCOUNT_ID", "")
        self.account_id = "" if validators.value_fault(ACCOUNT, account) else account
        moment = environ.get("ROLE_ENV_EXPIRATION", "")
        self.expiration = int(moment) if moment.isascii() and moment.isdigit() and len(moment) <= _MOST_DIGITS else 0
        self.access_key_id = environ.get("ROLE_ENV_ACCESS_KEY_ID", "")
        self.policy_name = environ.get("ROLE_ENV_POLICY", "")
        words = environ.get("ROLE_ENV_FAMILIES", "").split()
        self.families = tuple(word for word in words if word in variables.FAMILIES)
        self.request = variables.request_values(environ.get(variables.REQUEST, ""))

    @property
    def has_no_account(self) -> bool:
        """Whether a failed switch has left the shell without an account."""
        return bool(self._environ.get("ROLE_ENV_NO_ACCOUNT"))

    @property
    def is_served(self) -> bool:
        """Whether `exec --renew` serves the session: programs ask a URI, and no variable shows an expiration."""
        own = self._environ.get("ROLE_ENV_ACCESS_KEY_ID") or self._environ.get("ROLE_ENV_EXPIRATION")
        return bool(self.profile and self._environ.get(variables.CREDENTIALS_URI)) and not own

    @property
    def has_session_variables(self) -> bool:
        """Whether any variable shows that there is, or was, a session."""
        return variables.has_session_or_no_account(self._environ)

    @property
    def has_session(self) -> bool:
        """Whether the variables describe a session completely, even an expired one."""
        return self.has_session_variables and not self.unreadable()

    def unreadable(self) -> list[str]:
        """Return the variables that describe the session and have no valid value."""
        role = self.role_arn or self._environ.get("ROLE_ENV_ROLE_ARN") == ""
        key = (True, True) if self.is_served else (self.access_key_id, self.expiration)
        found = (self.profile, role, *key)
        return [name for name, value in zip(variables.DESCRIBING, found, strict=True) if not value]

    def remaining(self) -> int:
        """Return the seconds left, 0 at and after the expiration."""
        return max(0, int(self.expiration - time.time()))

    def _mismatched_key_ids(self) -> list[str]:
        # If no family has a key, the `aliyun` CLI reads the bare names.
        bare = (variables.BARE.access_key_id,) if self.is_served else ()
        values = {name: _value(self._environ, name) for name in (*variables.KEY_IDS, *bare)}
        return [name for name, value in values.items() if value and value != self.access_key_id]

    def outranking(self) -> list[str]:
        """Return the variables that some tool prefers to the session's."""
        guards = (variables.FIRST_CLI_PROFILE, variables.TERRAFORM_PROFILE)
        names = (*variables.OUTRANKING, *(() if self.is_served else guards))
        own = variables.CREDENTIALS_URI if self.is_served else ""
        empty = variables.ODPS_FILE if "odps" in self.families and variables.ODPS_FILE in self._environ else ""
        return [name for name in names if name != own and (_value(self._environ, name) or name == empty)]

    def _changed(self) -> list[str]:
        """Return the variables that the session needs and that are unset or have another value.

        It needs its guards, and the key IDs and secrets of the families that it was exported to, or the invalid ones if
        it is served: a tool that finds half a key looks for another one.
        """
        profiles = (self._environ.get(variables.CLI_PROFILE), self._environ.get(variables.FIRST_CLI_PROFILE))
        follows = variables.FOLLOWING_PROFILE in profiles
        if self.is_served:
            guards = variables.served_guards(follows=follows)
            missing = _missing_invalid_keys(self._environ)
        else:
            guards = variables.guards(follows=follows)
            keys = [name for key in variables.keys_of(self.families) for name in key.names[:2]]
            missing = [name for name in dict.fromkeys(keys) if not _value(self._environ, name)]
        names = [name for name in variables.GUARDS if name not in self.outranking()]
        return missing + [name for name in names if self._environ.get(name, "") != guards.get(name, "")]

    def server_fault(self) -> str:
        """Return what is wrong with the server of a served session, or an empty text.

        SHARED_FILE is a file in that process's memory, which lasts as long as the process: a later one with the same ID
        does not have it. On a system without such files it is on disk, below a name that contains the process ID.
        """
        if not self.is_served:
            return ""
        pid, _, uri = self._environ.get(variables.SERVER, "").partition(" ")
        if self._environ.get(variables.CREDENTIALS_URI) != uri:
            return f"{variables.CREDENTIALS_URI} is not this session's: programs that ask it act as somebody else"
        path = self._environ.get(variables.SHARED_FILE, "")
        if not path.startswith(f"/proc/{pid}/fd/") and f"/{variables.SERVED_PROFILE}-{pid}-" not in path:
            return f"{variables.SHARED_FILE} is not this session's: Terraform and Pulumi act as somebody else"
        if not _is_running(pid) or not _is_servers_file(path):
            return "the server of this session has ended, or is another user's: others could answer in its place"
        return ""

    def mixed(self) -> list[str]:
        """Return the variables that show something else than ROLE_ENV_REQUEST, which repeats them all.

        direnv restores only those variables of an earlier session that it has changed.
        """
        shown = variables.SHOWN.items()
        return [name for name, field in shown if self._environ.get(name, "") != self.request.get(field, "")]

    def faults(self) -> dict[Fault, list[str]]:
        """Return the faults, the gravest first, each with its variables; NOT_SERVED has its reason instead of names."""
        found = {
            OTHER_KEY: self._mismatched_key_ids(),
            UNKNOWN: [] if self.request or self._environ.get(variables.DOCUMENT) else [variables.REQUEST],
            MIXED: self.mixed() if self.request else [],
            OUTRANKED: self.outranking(),
            NOT_SERVED: list(filter(None, [self.server_fault()])),
            CHANGED: self._changed(),
        }
        return {fault: names for fault, names in found.items() if names}

    def is_valid(self) -> bool:
        """Return whether there is a session, it has not expired, and every tool finds it."""
        if not self.has_session or self.has_no_account or self.faults():
            return False
        return self.is_served or self.remaining() > 0


def _value(environ: "Mapping[str, str]", name: str) -> str:
    value = environ.get(name, "")
    return "" if value in variables.RESERVED_PROFILES else value


def _is_running(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (OSError, OverflowError, ValueError):
        return False
    return True


def _is_servers_file(path: str) -> bool:
    """Return whether the file at `path` is the user's, and begins like a server's file."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():  # opening a pipe would wait
            return False
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(len(variables.SERVED_FILE_START)) == variables.SERVED_FILE_START
    except PermissionError:  # in another user namespace, where only `_is_running` can tell
        return True
    except OSError:
        return False

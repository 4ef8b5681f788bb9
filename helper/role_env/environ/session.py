"""The session in a shell, as its variables alone tell it: without a file, a keyring or the network.

Anybody can have set them, and to anything: what does not read like a session's is told by its name, never by its value.
"""

import re
import time
from collections.abc import Mapping

from role_env import names, variables

# Up to the year 5138: what `time.gmtime` and a person can read.
_MOMENT = re.compile(r"[0-9]{1,11}", re.ASCII)
_ROLE = re.compile(r"acs:ram::([0-9]{1,32}):role/([A-Za-z0-9._-]{1,64})", re.ASCII)

NO_ACCOUNT = "a switch to another profile failed, and this shell was left without an account"
OFF_HINT = 'eval "$(role-env off)" brings back what was there before (fish: role-env off | source)'


class ShellState:
    """What the variables say about the session of the shell.

    `profile` and `role_arn` are empty where they do not say, as for a session passed through without a role.
    `expiration` is in seconds since the epoch, 0 where they do not say.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        name = environ.get("ROLE_ENV_PROFILE", "")
        self.profile = "" if names.fault(name) else name
        role = environ.get("ROLE_ENV_ROLE_ARN", "")
        self.role_arn = role if _ROLE.fullmatch(role) else ""
        moment = environ.get("ROLE_ENV_EXPIRATION", "")
        self.expiration = int(moment) if _MOMENT.fullmatch(moment) else 0
        self.access_key_id = environ.get("ROLE_ENV_ACCESS_KEY_ID", "")

    @property
    def lost_account(self) -> bool:
        """Whether a failed switch has left the shell without an account."""
        return bool(self._environ.get("ROLE_ENV_NO_ACCOUNT"))

    @property
    def is_served(self) -> bool:
        """Whether the shell is below `exec --renew`: its programs ask a URI, and no variable tells an end."""
        telling = self._environ.get("ROLE_ENV_ACCESS_KEY_ID") or self._environ.get("ROLE_ENV_EXPIRATION")
        return bool(self.profile and self._environ.get(variables.CREDENTIALS_URI)) and not telling

    @property
    def has_session(self) -> bool:
        """Whether the variables tell of a whole session, be it past its end."""
        return self.is_begun and not self.unreadable()

    @property
    def is_begun(self) -> bool:
        """Whether any variable tells of a session."""
        return any(self._environ.get(name) for name in _TELLING)

    def unreadable(self) -> list[str]:
        """Return the variables that tell of the session and do not read as they should."""
        role = self.role_arn or self._environ.get("ROLE_ENV_ROLE_ARN") == ""
        told = (self.profile, role, *([1, 1] if self.is_served else [self.access_key_id, self.expiration]))
        return [name for name, value in zip(_TELLING, told, strict=True) if not value]

    def remaining(self) -> int:
        """Return the seconds left, 0 at and after the end."""
        return max(0, int(self.expiration - time.time()))

    def strangers(self) -> list[str]:
        """Return the key ids that are set and are not the session's."""
        values = {name: self._environ.get(name) for name in _KEY_IDS}
        return [name for name, value in values.items() if value and value != self.access_key_id]

    def holders(self) -> list[str]:
        """Return the key ids that are the session's."""
        return [name for name in _KEY_IDS if self.access_key_id and self._environ.get(name) == self.access_key_id]

    def is_valid(self) -> bool:
        """Whether there is a session, it has not ended, and each key id that is set is its own."""
        lives = self.is_served or (self.remaining() > 0 and bool(self.holders()))
        return self.has_session and lives and not self.strangers()

    def role(self) -> str:
        """`role NAME of ACCOUNT`, or `no role`."""
        parts = _ROLE.fullmatch(self.role_arn)
        return f"role {parts[2]} of {parts[1]}" if parts else "no role"


_TELLING = ("ROLE_ENV_PROFILE", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_ACCESS_KEY_ID", "ROLE_ENV_EXPIRATION")
_KEY_IDS = tuple(key.access_key_id for key in variables.KEYS)

"""The credential sources for an access key: in the profiles file, or in the OS keyring by `role-env login`."""

import contextlib

from role_env import validators
from role_env.context import Context
from role_env.credentials import AccessKey, shown_id
from role_env.errors import KeyringError, ProfileError
from role_env.files.dependencies import Dependencies
from role_env.keyrings import access_keys, vault
from role_env.sources.base import Source, SourceFault, key_digest
from role_env.sources.section import Section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class FileKey(Source):
    """A credential source whose access key is in the file."""

    kind = "access_key_id"
    keys = {
        "access_key_id": validators.key_id,
        "access_key_secret": validators.key_part,
        "security_token": validators.key_part,
    }

    def __init__(self, profile: str, where: str, access_key: AccessKey) -> None:
        super().__init__(profile, where)
        self.access_key = access_key
        self.access_key_id = access_key.access_key_id

    @classmethod
    def parse(cls, section: Section, values: "Mapping[str, Any]", dependencies: Dependencies) -> Source:
        """Return the source for the key in the file or, if its secret is missing, for the key in the keyring."""
        if not values.keys() & {"access_key_secret", "security_token"}:
            return KeyringKey.parse(section, values, dependencies)
        for key in ("access_key_id", "access_key_secret"):
            if key not in values:
                raise section.missing(key, hint="give access_key_id and access_key_secret together")
        access_key = AccessKey(*(values.get(key, "") for key in cls.keys))
        return cls(section.name, section.where_is("access_key_id"), access_key)

    def identity(self, context: Context) -> list[str]:
        """Return a digest of the key."""
        return [key_digest(self.access_key)]

    def stored_key(self, context: Context) -> AccessKey | None:
        """Return the key."""
        return self.access_key

    def key(self, context: Context) -> AccessKey:
        """Return the key."""
        return self.access_key


class KeyringKey(Source):
    """A credential source whose key is in the keyring, for a profile of the file at `path`."""

    kind = "keyring"
    choice = "an access key, asked for next and stored in the keyring"

    def __init__(self, profile: str, where: str, path: str, access_key_id: str = "", *, has_role: bool = False) -> None:
        super().__init__(profile, where)
        self.path = path
        self.access_key_id = access_key_id
        self.has_role = has_role
        # The key that has been read, since some keyrings ask a person each time.
        self._read: dict[str, AccessKey | None] = {}

    @classmethod
    def parse(cls, section: Section, values: "Mapping[str, Any]", dependencies: Dependencies) -> Source:
        """Return the source for the key in the keyring; the section may name its ID."""
        key = "access_key_id"
        has_role = "role_arn" in values
        return cls(section.name, section.where_is(key), section.profiles_file, values.get(key, ""), has_role=has_role)

    def use(self, key: AccessKey) -> None:
        """Use `key` as if it were in the keyring."""
        self._read["key"] = key

    def watch(self, dependencies: Dependencies) -> None:
        """Add the mark that every login and logout changes."""
        access_keys.watch_mark(dependencies)

    def identity(self, context: Context) -> list[str]:
        """Return a digest of the key."""
        return [key_digest(self.key(context))]

    def stored_key(self, context: Context) -> AccessKey | None:
        """Return the key if the keyring is unlocked and has it, else None."""
        with contextlib.suppress(KeyringError, access_keys.SwappedKey):
            return self._look(context.without_prompts())
        return None

    def find_fault(self, context: Context) -> SourceFault | None:
        """Return the fault of a missing key or keyring. Another fault of the keyring is reported elsewhere."""
        try:
            return None if self._look(context.without_prompts()) else self._missing()
        except access_keys.SwappedKey as error:
            return SourceFault(error.message, error.hint)
        except vault.NoKeyring as error:
            return SourceFault(self._unreadable(error), error.hint, is_certain=False)
        except KeyringError:
            return None

    def key(self, context: Context) -> AccessKey:
        """Return the key in the keyring."""
        try:
            key = self._look(context)
        except KeyringError as error:
            raise KeyringError(self._unreadable(error), hint=error.hint) from None
        if key is None:
            fault = self._missing()
            raise ProfileError(fault.message, hint=fault.hint)
        if self.access_key_id not in ("", key.access_key_id):
            named = shown_id(self.access_key_id or "")
            raise ProfileError(
                f"profile {self.profile}: access_key_id is {named}, but the keyring has the secret of {key.shown_id}"
                f" ({self.where})",
                hint=f"run: `role-env login {self.profile}`",
            )
        return key

    def _unreadable(self, error: KeyringError) -> str:
        what = "its access key cannot be read"
        if self.has_role and not self.access_key_id:
            what = "it has no credential source in the file, and an access key of its own cannot be read"
        return f"profile {self.profile}: {what}: {error.message} ({self.where})"

    def _missing(self) -> SourceFault:
        name, login = self.profile, f"run: `role-env login {self.profile}`"
        if self.access_key_id:
            return SourceFault(f"the secret of {name} is neither in the file nor in the keyring ({self.where})", login)
        if self.has_role:
            what = f"profile {name} has no credential source, and no access key in the keyring ({self.where})"
            return SourceFault(
                what,
                f"add source_profile, credential_source or access_key_id (more: `role-env help sources`), or {login}",
            )
        return SourceFault(f"the access key of {name} is not in the keyring ({self.where})", login)

    def _look(self, context: Context) -> AccessKey | None:
        if "key" not in self._read:
            entry = access_keys.entry_of(self.path, self.profile)
            try:
                self._read["key"] = access_keys.load(entry, context)
            except access_keys.SwappedKey as error:
                error.message += f" ({self.where})"
                raise
        return self._read["key"]

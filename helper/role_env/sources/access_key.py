"""The credential source for an access key in the profiles file."""

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.fingerprint import Fingerprint
from role_env.sources import rows
from role_env.sources.base import Source, key_digest
from role_env.sources.section import Section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class FileKey(Source):
    """A credential source whose access key is in the file."""

    row = rows.FILE_KEY

    def __init__(self, profile: str, where: str, access_key: AccessKey) -> None:
        super().__init__(profile, where)
        self.access_key = access_key
        self.access_key_id = access_key.access_key_id

    @classmethod
    def parse(cls, section: Section, values: "Mapping[str, Any]", fingerprint: Fingerprint) -> Source:
        """Return the source for the key in the file or, if its secret is missing, for the key in the keyring."""
        if not values.keys() & {"access_key_secret", "security_token"}:
            from role_env.sources.keyring import KeyringKey  # most profiles have another source

            return KeyringKey.parse(section, values, fingerprint)
        for key in ("access_key_id", "access_key_secret"):
            if key not in values:
                raise section.missing(key, hint="give access_key_id and access_key_secret together")
        access_key = AccessKey(*(values.get(key, "") for key in cls.row.keys))
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

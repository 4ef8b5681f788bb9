"""An access key in the profiles file."""

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.sources.base import Source, key_digest


class FileKey(Source):
    """A credential source whose access key is in the file."""

    kind = "access_key_id"
    is_renewable = False
    gives_session = False

    def __init__(self, profile: str, where: str, access_key: AccessKey) -> None:
        super().__init__(profile, where)
        self.access_key = access_key
        self.access_key_id = access_key.access_key_id

    def identity(self, context: Context) -> list[str]:
        """Return the key's digest."""
        return [key_digest(self.access_key)]

    def key(self, context: Context) -> AccessKey:
        """Return the key."""
        return self.access_key

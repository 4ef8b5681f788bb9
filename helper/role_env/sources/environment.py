"""The credential source for the user's own access key in environment variables."""

import contextlib
from collections.abc import Mapping

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.environ.keys import own_key, own_names
from role_env.errors import ProfileError
from role_env.sources.base import Source, SourceFault, key_digest

_SET_BOTH = "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"


class EnvironmentKey(Source):
    """A credential source whose key is in the environment. A session of role-env does not count."""

    kind = "environment"
    choice = "the access key in the environment's variables"

    def location(self, environ: Mapping[str, str]) -> str:
        """Return the file and line, and the variable with the key's ID."""
        names = own_names(environ)
        return f"{self.where}; {names.access_key_id}" if names else self.where

    def identity(self, context: Context) -> list[str]:
        """Return a digest of the key."""
        return [key_digest(self.key(context))]

    def base_key_digest(self, context: Context) -> str:
        """Return a digest of the key."""
        return key_digest(self.key(context))

    def stored_key(self, context: Context) -> AccessKey | None:
        """Return the key, or None if none is set or it is incomplete."""
        with contextlib.suppress(ProfileError):
            return own_key(context.environ)
        return None

    def find_fault(self, context: Context) -> SourceFault | None:
        """Return the fault of a key that is missing or incomplete in the environment."""
        try:
            if own_key(context.environ):
                return None
        except ProfileError as error:
            return SourceFault(f"profile {self.profile}: {error.message}", error.hint or _SET_BOTH)
        message = f"profile {self.profile}: its source is a key in the environment, and none is set"
        return SourceFault(message, f"{_SET_BOTH} where it is used", is_certain=False)

    def _fetch(self, context: Context) -> AccessKey:
        environ = context.environ
        if key := own_key(environ):
            return key
        found, hint = "no access key", _SET_BOTH
        if environ.get("ROLE_ENV_PROFILE"):
            found = f"only the session of {environ['ROLE_ENV_PROFILE']}, which is role-env's own"
            hint = "use source_profile instead of the environment, or end the session with: `role-env off`"
        elif environ.get("ROLE_ENV_NO_ACCOUNT"):
            found, hint = "no account since a switch failed", "restore what was set before with: `role-env off`"
        raise ProfileError(f"credential_source = environment, but the environment has {found}", hint=hint)

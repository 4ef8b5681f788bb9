"""What the tests need that call a module directly: a context, a role, and a look at keys and at what is raised."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import pytest

from role_env.context import Context
from role_env.context.messages import Messages
from role_env.credentials import AccessKey, RoleArn
from role_env.deadline import Deadline
from role_env.errors import RoleEnvError
from role_env.keyrings import kernel
from role_env.sts.hop import Hop

Error = TypeVar("Error", bound=RoleEnvError)


def context(environ: Mapping[str, str] | None = None) -> Context:
    """Return a context with the variables `environ` and a deadline in 20 seconds."""
    return Context(environ or {}, Deadline(20), Messages())


def hop(role_arn: str, endpoint: str, session_name: str, *, duration_seconds: int = 3600, policy: str = "") -> Hop:
    """Return the step that assumes a role."""
    place = "profiles.ini, line 1"
    return Hop("profileB", place, endpoint, RoleArn(role_arn), session_name, duration_seconds, policy=policy)


def values(key: AccessKey | None) -> tuple[str, ...]:
    """Return the three values of a key; nothing without a key."""
    return (key.access_key_id, key.access_key_secret, key.security_token) if key else ()


def kernel_keeps() -> bool:
    """Return whether this kernel keeps keys for us; many a container's does not."""
    try:
        kernel.names()
    except kernel.Unavailable:
        return False
    return True


def fails(kind: type[Error], call: Callable[[], object], *words: str, secrets: Iterable[str] = ()) -> Error:
    """Check that `call` raises exactly `kind`, with all `words` and none of the `secrets` in what it reports."""
    with pytest.raises(kind) as caught:
        call()
    assert caught.type is kind
    reported = f"{caught.value.message} {caught.value.hint}"
    for word in words:
        assert word in reported
    for secret in secrets:
        assert secret not in reported
    return caught.value

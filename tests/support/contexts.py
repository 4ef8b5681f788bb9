"""A context for the tests that call a module directly."""

from collections.abc import Mapping

from role_env.context import Context
from role_env.deadline import Deadline
from role_env.ui.messages import Messages


def context(environ: Mapping[str, str] | None = None, *, seconds: float = 20) -> Context:
    """Return a context with the variables `environ` and a deadline `seconds` from now."""
    return Context(environ or {}, Deadline(seconds), Messages())

"""Tell, for `explain` and `list`, what `obtain` would do about a cached session. This asks no network and no person."""

from collections.abc import Callable

from role_env.context import Context
from role_env.errors import KeyringError, ProfileError, RoleEnvError
from role_env.profiles.file import ProfilesFile
from role_env.sessions import Request
from role_env.sessions.chain import Chain
from role_env.sessions.record import MISS, USE, Record, Verdict, judge_by_chain, judge_by_files
from role_env.sessions.resolve import is_chain_decisive, resolve_request


def forecast(
    record: Record | None, request: Request, path: str, resolve: Callable[[], Chain], context: Context
) -> Verdict:
    """Return the verdict on `record`, cached for `request` through the profiles file at `path`, as `obtain` reaches it.

    `resolve` returns the request's chain, and may be slow: it is called only where the chain decides. Raises what it
    raises.
    """
    chain = resolve() if is_chain_decisive(context.environ) else None
    verdict = judge_by_files(record, request, path, context.environ)
    if verdict.action == USE:
        return verdict
    chain = chain or resolve()
    if not chain.is_cacheable:
        return Verdict(MISS, chain.why_not_cached)
    try:
        return judge_by_chain(record, request, chain.digest_with_key(context))
    except (ProfileError, KeyringError) as error:  # its source has no key
        return Verdict(MISS, error.message)


def is_used(record: Record, request: Request, file: ProfilesFile, context: Context) -> bool:
    """Return whether `obtain` would use `record`."""
    try:
        verdict = forecast(record, request, file.path, lambda: resolve_request(request, file, context), context)
    except RoleEnvError:
        return False
    return verdict.action == USE

"""The options of every command that obtains a session (`command_table.OBTAINING`): they become a request."""

import os
import stat
import sys
import time

from role_env import variables
from role_env.agents import agent_of
from role_env.cli.line_checks import check_profile_name
from role_env.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from role_env.cli import Invocation
    from role_env.context import Context
    from role_env.credentials import Session
    from role_env.sessions import Narrowing, Request


def session_of(invocation: "Invocation", context: "Context") -> "Session":
    """Return the requested session. Raises any RoleEnvError."""
    from role_env.sessions.obtain import obtain  # imports much, which only commands with a session need

    session = obtain(request_of(invocation, context.environ), context, taken_lock=invocation.taken_lock)
    # The shell sends `aliyun` to its profile role-env, which is no longer the one that follows the session.
    if not session.cli_can_follow and variables.is_cli_following(context.environ):
        _report_changed_profile(context)
    return session


def _report_changed_profile(context: "Context") -> None:
    """Warn that in the session so far, the `aliyun` CLI's profile role-env may have been for another account."""
    from role_env.aliyun import entries, location

    path = location.config_path(context.environ.get("HOME", ""))
    if entries.shell_settings(path).has_changed_profile:
        name = variables.FOLLOWING_PROFILE
        context.messages.say(
            f"{path}: profile {name} is not as role-env setup aliyun-cli writes it: until now, aliyun used that"
            f" profile in this shell, for any account; delete it (aliyun configure delete --profile {name}),"
            " and type again: `role-env setup aliyun-cli`"
        )


def request_of(invocation: "Invocation", environ: "Mapping[str, str]") -> "Request":
    """Return the request for the session in `invocation`. Raises UsageError for an invalid profile name."""
    check_profile_name(invocation.profile)
    from role_env.sessions import Request

    return Request(
        invocation.profile,
        config=invocation.config,
        duration=invocation.duration,
        session_name=invocation.session_name,
        region=invocation.region,
        min_ttl=invocation.min_ttl,
        renewal_ttl=invocation.renewal_ttl,
        issued_since=time.time() if invocation.refresh else 0,
        no_cache=invocation.no_cache,
        expect_account=invocation.expect_account,
        narrowing=_narrowing(invocation),
        agent=agent_of(environ),
    )


def check_narrowing(invocation: "Invocation") -> None:
    """Raise UsageError for an invalid or unreadable policy. A policy in a pipe is read only once: with the request."""
    file = invocation.policy
    if file != "-" and (os.path.isfile(file) or not os.path.exists(file)):
        _narrowing(invocation)


def _narrowing(invocation: "Invocation") -> "Narrowing":
    """Return the narrowing that the options ask for. Raises UsageError for an invalid or unreadable policy."""
    from role_env.sessions import Narrowing

    is_read_only, is_full_allowed = invocation.read_only, invocation.full
    if invocation.policy and is_read_only:
        raise UsageError("--policy and --read-only exclude each other", hint="give one of them")
    if not invocation.policy:
        return Narrowing(is_read_only=is_read_only, is_full_allowed=is_full_allowed)
    from role_env.profiles.policies import PolicyError, compact

    try:
        text = compact(_policy_text(invocation.policy))
    except PolicyError as error:
        raise UsageError(f"--policy {invocation.policy} {error}", hint="see `role-env help security`") from None
    file = "" if invocation.policy == "-" else os.path.abspath(invocation.policy)
    return Narrowing(text, file=file, is_full_allowed=is_full_allowed)


def _policy_text(file: str) -> str:
    """Return the content of `file`, or of stdin for -. Raises UsageError, also if other users can write it."""
    from role_env.files.private import check_private
    from role_env.profiles.policies import LARGEST_FILE

    def check(status: os.stat_result) -> None:
        if not stat.S_ISCHR(status.st_mode):  # others may write to a terminal
            check_private(f"the file {file} of --policy", file, status)

    try:
        if file == "-":
            return sys.stdin.read(LARGEST_FILE) if sys.stdin else ""
        check(os.stat(file))  # before a pipe of another user is waited for
        with open(file, encoding="utf-8-sig") as stream:
            check(os.fstat(stream.fileno()))
            return stream.read(LARGEST_FILE)
    except (OSError, ValueError) as error:
        what = (error.strerror if isinstance(error, OSError) else None) or "it is not UTF-8"
        raise UsageError(f"--policy {file} cannot be read: {what}", hint="name a file with a policy in JSON") from None

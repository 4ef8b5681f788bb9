"""Ask a person, once each, what keeps a command from its session: a mistyped profile, or a sign-in that has ended.

Nobody is asked where no person waits for the answer: without a terminal, in the background, in CI, or below an agent or
a credential process.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator

from role_env import cli, validators
from role_env.agents import agent_of
from role_env.cli import Invocation, line_checks
from role_env.context import Context
from role_env.errors import CanceledError, RoleEnvError, SignInEndedError, UnknownProfileError
from role_env.profiles import file as profiles
from role_env.sessions import chain as chains
from role_env.sources.signed_in import SignedInSource
from role_env.ui import prompt

ASKING = ("export", "exec", "console", "whoami")
"""The commands that a person types for a session."""


Run = Callable[[Invocation, Context], int]


def run_again(error: RoleEnvError, run: Run, login: Run, invocation: Invocation, context: Context) -> int:
    """Ask about `error`, with which the command `run` has failed, and return what `run` returns after the answer.

    Raises `error` if nobody can be asked or the answer is no, and CanceledError for a choice that was not made.
    """
    asked: set[type[RoleEnvError]] = set()
    while (
        type(error) not in asked and _can_ask(invocation, context) and _is_answered(error, login, invocation, context)
    ):
        asked.add(type(error))
        context = context.restarted()
        try:
            return run(invocation, context)
        except RoleEnvError as next_error:
            error = next_error
    raise error


def _can_ask(invocation: Invocation, context: Context) -> bool:
    environ = context.environ
    is_run_for_person = bool(environ.get("CI") or environ.get("ROLE_ENV_CHAIN") or agent_of(environ))
    return invocation.command in ASKING and not is_run_for_person and prompt.is_possible()


def _is_answered(error: RoleEnvError, login: Run, invocation: Invocation, context: Context) -> bool:
    """Ask about `error`, and do what the answer says; return whether the command can be run again."""
    try:
        if isinstance(error, UnknownProfileError):
            return _corrects_name(error, invocation)
        return isinstance(error, SignInEndedError) and _signs_in(login, invocation, context)
    except prompt.ClosedTerminal:
        raise CanceledError("nothing was chosen, and nothing was changed") from None


def _corrects_name(error: UnknownProfileError, invocation: Invocation) -> bool:
    names = validators.near_names(error.name, line_checks.names_meant(error, invocation.command))
    if error.name != invocation.profile or not names:
        return False
    missing = f"there is no profile {error.name}"
    if len(names) == 1:
        chosen = names[0] if prompt.is_agreed(f"{missing}; use {names[0]}?") else ""
    else:
        number = prompt.Menu(names, names=names).choose_or_none(f"{missing}; use which of these? (Enter for none)")
        chosen = "" if number is None else names[number]
    invocation.profile, invocation.taken_lock = chosen or invocation.profile, None
    return bool(chosen)


def _signs_in(login: Run, invocation: Invocation, context: Context) -> bool:
    """Do what `role-env login` does for the source of the profile, if the person wants to.

    A narrowed session may not change what is stored.
    """
    if context.environ.get("ROLE_ENV_POLICY"):
        return False
    source = chains.resolve(profiles.load(invocation.config, context.environ), invocation.profile).source
    if not isinstance(source, SignedInSource):
        return False
    is_missing = source.load_sign_in(context) is None
    what = f"{source.profile} is not signed in" if is_missing else f"the sign-in of {source.profile} has ended"
    if not prompt.is_agreed(f"{what}; sign in now?"):
        return False
    line = ["login", source.profile, *(["--config", invocation.config] if invocation.config else [])]
    with _stdout_on_stderr():
        login(cli.parse(line), context.restarted())
    return True


@contextlib.contextmanager
def _stdout_on_stderr() -> Iterator[None]:
    """Let what is printed in the block go to stderr: a shell evaluates stdout."""
    stdout, sys.stdout = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout = stdout

"""Check the profile that a line names, and keep secrets off the terminal."""

from role_env import validators
from role_env.command_table import CODE, SESSION_PROFILE, SHELL_FORMATS, SHELLS
from role_env.command_table.commands import COMMANDS
from role_env.errors import RoleEnvError, UnknownProfileError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import NoReturn

    from role_env.cli import Invocation
    from role_env.profiles.file import ProfilesFile


def check_profile_name(name: str, *, is_new: bool = False) -> None:
    """Raise UsageError if `name` cannot be the name of a profile; for one that `is_new` it says what a name can be."""
    if fault := validators.name_fault(name):
        hint = f"choose a name of {validators.NAME_RULE}" if is_new else "list the profiles with: `role-env list`"
        raise UsageError(f"{name[:80]!r} is not a profile name: {fault}", hint=hint)


def profile_names(config: str, environ: "Mapping[str, str]") -> list[str]:
    """Return the names of the profiles in the file, which `config` may name; none if it cannot be read."""
    file = _readable_file(config, environ)
    return file.names() if file else []


def _readable_file(config: str, environ: "Mapping[str, str]") -> "ProfilesFile | None":
    from role_env.profiles import file as profiles

    try:
        return profiles.load(config, environ)
    except RoleEnvError:
        return None


def nearest_profile(name: str, known: "Iterable[str]") -> str:
    """Return a hint with the profiles in `known` that `name` may stand for."""
    similar = validators.similar(name, known)
    return f"did you mean {similar}?" if similar else "list the profiles with: `role-env list`"


def names_meant(error: UnknownProfileError, command: str) -> "Sequence[str]":
    """Return the profiles among which an unknown name is to be sought.

    For a command that needs a session, they are those that give one, if any of them begin with the name.
    """
    wants_session = any(word.kind == SESSION_PROFILE for word in COMMANDS[command].words)
    begun = [each for each in error.giving if each.casefold().startswith(error.name.casefold())]
    return begun if wants_session and begun else error.known


def refuse_terminal(invocation: "Invocation", what: str, environ: "Mapping[str, str]") -> "NoReturn":
    """Raise UsageError, before any call to STS, since stdout is a terminal and secrets go there only with `--show`.

    `what` is SECRETS or CODE. The hint shows what to type instead, or the nearest profile for an unknown one. For
    `init` the error is the line for the rc file.
    """
    name, profile = invocation.command, invocation.profile
    form = "" if name == "process" else invocation.output_format
    if profile:
        check_profile_name(profile)
        file = _readable_file(invocation.config, environ)
        if file and profile not in file.names():
            error = file.unknown_profile(profile)
            error.exit_status = UsageError.exit_status  # as for every line that is refused at a terminal
            raise error
    if name == "init":
        shell, words = SHELLS[invocation.shell], f"init {invocation.shell} {invocation.integration_options}".rstrip()
        line = shell.load.replace(f"init {shell.name}", words)
        raise UsageError(f"add this line to {shell.rc_file}: {line}", hint="add --show to see the code that it loads")
    if what == CODE:
        message = f"role-env {name} prints code for a shell to evaluate, and stdout is a terminal"
        raise UsageError(message, hint=f"type `role-env {name}`, or add --show to see the code")
    way = f"type `role-env use {profile}`" if form in SHELL_FORMATS else "let another program read it"
    raise UsageError("this prints secrets, and stdout is a terminal", hint=f"{way}, or add --show to see it anyway")

"""Return the lines to type in hints, for the shell that called role-env.

With the shell integration, which sets ROLE_ENV_INIT for the commands that it runs, the lines are `role-env use` and
`role-env off`. Without it, the lines let the shell evaluate the output of role-env.
"""

from role_env import validators
from role_env.command_table import INTEGRATED_SHELLS, SHELLS, SHELLS_BY_PROGRAM
from role_env.command_table.commands import COMMANDS, export_words
from role_env.shells import parent

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@+:/-")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def switch(profile: str, environ: "Mapping[str, str]") -> str:
    """Return the line that switches the shell to `profile`, a name with optional options after it."""
    if environ.get("ROLE_ENV_INIT"):
        return f"role-env use {profile}"
    name, *options = profile.split(maxsplit=1)
    return evaluate(" ".join(("role-env", export_words(name), *options)), parent.parent_format())


def end_session(environ: "Mapping[str, str]") -> str:
    """Return the line that ends the shell's session or its no-account state."""
    return _evaluated("role-env off", environ)


def _evaluated(command: str, environ: "Mapping[str, str]") -> str:
    return command if environ.get("ROLE_ENV_INIT") else evaluate_code(command, parent.parent_format())


def restore(environ: "Mapping[str, str]") -> str:
    """Return the hint for a shell without an account: how to restore the values from before the session."""
    return f"restore what was set before with: {end_session(environ)}"


def followable(hint: str, environ: "Mapping[str, str]") -> str:
    """Return `hint`. If a narrowed session would refuse a command in it, the hint first ends that session."""
    import re  # takes 5 ms, and only a hint needs it

    refused = "|".join(command.name for command in COMMANDS.values() if command.changes_secrets)
    if not environ.get("ROLE_ENV_POLICY") or not re.search(rf"role-env ({refused})\b(?! --help)", hint):
        return hint
    return f"this session is narrowed: type {end_session(environ)} first; {hint}"


def quoted(value: str) -> str:
    """Return `value` as one word of the parent shell."""
    if _PLAIN.issuperset(value):
        return value
    from role_env.shells import export as exporters

    return exporters.quote(value, parent.parent_format())


def load_integration() -> str:
    """Return the line that loads the shell integration in the parent shell."""
    shell = parent.parent_name()
    return SHELLS[shell if shell in INTEGRATED_SHELLS else "bash"].load


# The words of other tools, each with the line that was meant: {switch}, {off}, {renew} and {load} are lines of this
# shell, {profile} is the word that follows, else PROFILE, and {named} that word alone.
_LINES = (
    (("switch", "assume", "assume-role", "activate", "start", "env"), "{switch}"),
    (("deactivate", "exit", "stop", "unset"), "{off}"),
    (("refresh",), "{renew}"),
    (("completion",), "{load}"),
    (("shell",), "role-env exec {profile}"),
    (("run",), "role-env exec {profile} -- COMMAND"),
    (("open",), "role-env console {profile}"),
    (("ls", "list"), "role-env list"),
    (("current",), "role-env status"),
    (("id",), "role-env whoami"),
    (("show", "get"), "role-env explain {profile}"),
    (("add", "new", "create", "import"), "role-env configure {named}"),
    (("edit", "rename", "set"), "role-env configure --edit {named}"),
    (("signin", "sso"), "role-env login {profile}"),
    (
        ("delete", "rm", "remove"),
        "role-env clear {profile} (deletes its cached sessions), role-env logout {profile} (its access key or sign-in"
        " in the keyring) or role-env configure --edit {profile} (there you delete the profile itself)",
    ),
)
_LINE_OF_WORD = {word: line for words, line in _LINES for word in words}
ALIYUN_CONFIGURE = ("list", "get", "set", "delete", "switch")
"""The commands of `aliyun configure`."""


def unknown_word(word: str, argument: str, nearest: str, environ: "Mapping[str, str]") -> str:
    """Return the hint for the unknown `word` before `argument`, which may be the profile `nearest`; or nothing."""
    line = line_meant(word, argument, environ) or validators.nearest_command_line(word)
    if nearest and line:
        return f"did you mean {nearest}, or the command {line}?"
    return f"did you mean {nearest or line}?" if nearest or line else ""


def line_meant(word: str, argument: str, environ: "Mapping[str, str]") -> str:
    """Return the line to type instead of another tool's word with `argument` after it; empty for any other word."""
    if word not in _LINE_OF_WORD:
        return ""
    named = "" if not argument or validators.name_fault(argument) or argument in COMMANDS else argument
    profile = named or "PROFILE"
    return (
        _LINE_OF_WORD[word]
        .format(
            switch=switch(profile, environ),
            off=end_session(environ),
            renew=_evaluated("role-env renew", environ),
            load=load_integration(),
            profile=profile,
            named=named,
        )
        .rstrip()
    )


def without_option(option: str, command: str, profile: str, environ: "Mapping[str, str]") -> str:
    """Return the hint for `--profile` or `-p`, which other tools have: the line with PROFILE as a word of `command`."""
    shown = profile if profile and not validators.name_fault(profile) else "PROFILE"
    is_switch = command in ("", "export", "use")
    return f"leave out {option}: {switch(shown, environ) if is_switch else f'role-env {command} {shown}'}"


def evaluate(command: str, form: str) -> str:
    """Return the line that evaluates a session in the parent shell, or in the one that `form` names."""
    if form not in SHELLS:
        return f"{command} --format {form} | …" if form else f"{command} | …"
    shell, own = SHELLS[form], SHELLS_BY_PROGRAM.get(parent.parent_name())
    if own and own.dialect == shell.dialect:
        shell = own
    return shell.evaluate.format(command)


def evaluate_code(command: str, form: str) -> str:
    """Return the line that evaluates the code of `off` or `renew`."""
    return SHELLS[form].evaluate_code.format(command)

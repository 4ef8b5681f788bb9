"""Return the lines to type in hints, for the shell that called role-env.

With the shell integration, which sets ROLE_ENV_INIT for the commands that it runs, the lines are `role-env use` and
`role-env off`. Without it, the lines let the shell evaluate the output of role-env.
"""

from role_env.command_table import COMMANDS, export_words
from role_env.command_table.formats import INTEGRATED_SHELLS, SHELLS, SHELLS_BY_PROGRAM
from role_env.shells import parent

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
    if environ.get("ROLE_ENV_INIT"):
        return "role-env off"
    return evaluate_code("role-env off", parent.parent_format())


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


def load_integration(shell: str = "") -> str:
    """Return the line that loads the shell integration, in `shell` or else in the parent shell."""
    shell = shell or parent.parent_name()
    return SHELLS[shell if shell in INTEGRATED_SHELLS else "bash"].load


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

"""Check the profiles file as a whole, and each profile in it."""

from role_env import validators
from role_env.command_table.commands import COMMANDS
from role_env.commands.doctor.finding import FAIL, LONGEST_CHECK, OK, WARN, Finding, Surroundings
from role_env.errors import ProfileError
from role_env.profiles import file as profiles
from role_env.profiles.file import DEFAULT, ProfilesFile
from role_env.sessions import chain as chains
from role_env.variables import NO_ACCOUNT_VALUE, SERVED_PROFILE


def check(at: Surroundings) -> list[Finding]:
    """Check the file and its profiles. A fault that several profiles share is reported once."""
    try:
        file = profiles.load(at.config, at.environ)
    except ProfileError as error:
        return [Finding("profiles file", FAIL, error.message, error.hint or "correct the file")]
    names = file.names()
    if not names:
        return [Finding("profiles file", WARN, f"{file.path} has no profile", "create one: role-env configure")]
    faults: dict[str, Finding] = {}
    for name in names:
        if fault := _name_fault(name, file) or _profile_fault(file, name, at):
            faults.setdefault(fault.message, fault)
    count = f"{len(names)} profile{'s' if len(names) > 1 else ''}"
    return [Finding("profiles file", OK, f"{file.path}: {count}"), *faults.values()]


def _name_fault(name: str, file: ProfilesFile) -> Finding | None:
    if name in (NO_ACCOUNT_VALUE, SERVED_PROFILE):
        what = f"{file.path} has a profile {name}: this name must lead to no account of a file"
        return Finding(f"profile {name}", FAIL, what, f"rename [{name}] in {file.path}")
    if name.upper() == DEFAULT and file.promises_session(name) is False and not file.users(name):
        what = f"{file.path} has a profile {name}, which gives no session: its keys are no defaults for other profiles"
        return Finding(f"profile {name}", WARN, what, f"rename [{name}] to [{DEFAULT}] in {file.path} for defaults")
    if name in COMMANDS:
        what = f"profile {name}: role-env {name} is the command of that name"
        return Finding(f"profile {name}", WARN, what, f"type role-env export {name}, or rename [{name}] in {file.path}")
    return None


def _profile_fault(file: ProfilesFile, name: str, at: Surroundings) -> Finding | None:
    try:
        fault = chains.resolve(file, name).source.find_fault(at.context(LONGEST_CHECK / 2))
    except ProfileError as error:
        return Finding(f"profile {name}", FAIL, error.message, error.hint or "correct the file")
    if fault is None:
        warning = validators.region_warning(file.profile(name).region_id)
        return Finding(f"profile {name}", WARN, warning, f"role-env configure --edit {name}") if warning else None
    return Finding(f"profile {name}", FAIL if fault.is_certain else WARN, fault.message, fault.hint)

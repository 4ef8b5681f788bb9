"""Check the profiles file as a whole, and each profile in it."""

import contextlib

from role_env.command_table import COMMANDS
from role_env.doctor.finding import FAIL, LONGEST_CHECK, OK, WARN, Finding, Surroundings
from role_env.environ import keys as environment
from role_env.errors import KeyringError, ProfileError
from role_env.fingerprint import Origin
from role_env.keyrings import access_keys
from role_env.profiles import file as profiles
from role_env.profiles.file import ProfilesFile
from role_env.sessions import chain as chains
from role_env.sources.base import EnvironmentKey, KeyringKey
from role_env.variables import NO_ACCOUNT_VALUE


def check(at: Surroundings) -> list[Finding]:
    """Check the file, and each profile. A fault that several profiles share is reported once."""
    origin = Origin(at.environ)
    try:
        file = ProfilesFile(profiles.locate(at.config, origin), origin)
    except ProfileError as error:
        return [Finding("profiles file", FAIL, error.message, error.hint or "correct the file")]
    names = file.names()
    if not names:
        return [Finding("profiles file", WARN, f"{file.path} has no profile", "create one: role-env configure")]
    faults: dict[str, Finding] = {}
    for name in names:
        if fault := _name_fault(name, file) or _profile_fault(file, name, origin, at):
            faults.setdefault(fault.message, fault)
    count = f"{len(names)} profile{'s' if len(names) > 1 else ''}"
    return [Finding("profiles file", OK, f"{file.path}: {count}"), *faults.values()]


def _name_fault(name: str, file: ProfilesFile) -> Finding | None:
    if name == NO_ACCOUNT_VALUE:
        what = f"{file.path} has a profile {name}: after a failed switch, the name must lead to no account"
        return Finding(f"profile {name}", FAIL, what, f"rename [{name}] in {file.path}")
    if name in COMMANDS:
        what = f"profile {name}: role-env {name} is the command of that name"
        return Finding(f"profile {name}", WARN, what, f"type role-env export {name}, or rename [{name}] in {file.path}")
    return None


def _profile_fault(file: ProfilesFile, name: str, origin: Origin, at: Surroundings) -> Finding | None:
    try:
        source = chains.resolve(file, name, origin).source
        if isinstance(source, KeyringKey):
            return _login_fault(source, name, at)
    except ProfileError as error:
        return Finding(f"profile {name}", FAIL, error.message, error.hint or "correct the file")
    if isinstance(source, EnvironmentKey):
        return _environment_fault(name, at)
    return None


def _login_fault(source: KeyringKey, name: str, at: Surroundings) -> Finding | None:
    """Return a finding for a key that should be in the keyring and is not; another check reports on the keyring."""
    context = at.context(LONGEST_CHECK / 2)
    with contextlib.suppress(KeyringError):
        if not access_keys.load(source.path, source.profile, context, prompts=False):
            what = f"profile {source.profile}: its key is neither in the file nor in the keyring ({source.where})"
            return Finding(f"profile {name}", FAIL, what, f"store it: role-env login {source.profile}")
    return None


def _environment_fault(name: str, at: Surroundings) -> Finding | None:
    fix = "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET where it is used"
    try:
        if environment.own_key(at.environ):
            return None
    except ProfileError as error:
        return Finding(f"profile {name}", FAIL, f"profile {name}: {error.message}", error.hint or fix)
    what = f"profile {name}: its source is a key in the environment, and none is set"
    return Finding(f"profile {name}", WARN, what, fix)

"""Check the profiles file, each profile in it, and what they need: access keys, sign-ins and STS's endpoints."""

import contextlib
import time

from role_env import validators
from role_env.cli import Invocation
from role_env.command_table.commands import COMMANDS
from role_env.commands.doctor.finding import FAIL, OK, WARN, Finding, valid_chains
from role_env.context import Context
from role_env.credentials import AccessKey, format_utc
from role_env.deadline import at_once
from role_env.errors import ProfileError, RoleEnvError
from role_env.files.dependencies import Dependencies
from role_env.keyrings.access_keys import ROTATE_AFTER_DAYS, age_in_days
from role_env.keyrings.sign_ins import StoredSignIn
from role_env.profiles import file as profiles
from role_env.profiles.endpoint import sts_endpoint
from role_env.profiles.file import ProfilesFile
from role_env.profiles.sdk_file import python_fault
from role_env.profiles.sections import DEFAULT
from role_env.sessions import chain as chains
from role_env.sessions.chain import Chain
from role_env.sources.base import FAULTS_OF_THE_KEY
from role_env.sts import client
from role_env.variables import NO_ACCOUNT_VALUE, SERVED_PROFILE

# A sign-in that has less left is reported (seconds).
_ENDS_SOON = 3600
# The most keys, and endpoints, that are asked about at once.
_MOST_AT_ONCE = 20
# STS refuses requests whose time is off by 15 minutes; a clock that is off by one minute will drift further (seconds).
_CLOCK_REFUSED, _CLOCK_ODD = 15 * 60, 60


def check(invocation: Invocation, context: Context) -> list[Finding]:
    """Check the file and its profiles. A fault that several profiles share is reported once."""
    file = profiles.load(invocation.config, context.environ)
    names = file.names()
    if not (names or file.name_faults):
        return [Finding("profiles file", WARN, f"{file.path} has no profile", "create one: `role-env configure`")]
    faults = {fault.message: Finding("profiles file", FAIL, fault.message, fault.hint) for fault in file.name_faults}
    for name in names:
        if fault := _name_fault(name, file) or _profile_fault(file, name, context):
            faults.setdefault(fault.message, fault)
    if file.is_sdk_file and (error := python_fault(file.path)):
        faults[error.message] = Finding("profiles file", WARN, error.message, error.hint)
    if name := _nameless_session(invocation, context):
        what = f"sessions are named {name}, which names nobody: the user's name has no letter or digit that STS allows"
        fix = f"add role_session_name = NAME to [{DEFAULT}] in {file.path}"
        faults[what] = Finding("session name", WARN, what, fix)
    count = f"{len(names)} profile{'s' if len(names) > 1 else ''}"
    return [Finding("profiles file", OK, f"{file.path}: {count}"), *faults.values()]


def _nameless_session(invocation: Invocation, context: Context) -> str:
    """Return the default session name if nothing of the user's name is left in it, as of 山田; else an empty text."""
    targets = [chain.target for chain in valid_chains(invocation, context) if chain.role_arn]
    name = next((target.role_session_name for target in targets if target.has_default_session_name), "")
    return name if name and not any(map(str.isalnum, name.partition("@")[0])) else ""


def _name_fault(name: str, file: ProfilesFile) -> Finding | None:
    if name in (NO_ACCOUNT_VALUE, SERVED_PROFILE):
        what = f"{file.path} has a profile {name}: this name must lead to no account of a file"
        return Finding(f"profile {name}", FAIL, what, f"rename [{name}] in {file.path}")
    if name.upper() == DEFAULT and file.promises_session(name) is False and not file.users(name):
        what = f"{file.path} has a profile {name}, which gives no session: its keys are no defaults for other profiles"
        return Finding(f"profile {name}", WARN, what, f"rename [{name}] to [{DEFAULT}] in {file.path} for defaults")
    if name in COMMANDS:
        what = f"profile {name}: role-env {name} is the command of that name"
        return Finding(f"profile {name}", WARN, what, f"type `role-env use {name}`, or rename [{name}] in {file.path}")
    return None


def _profile_fault(file: ProfilesFile, name: str, context: Context) -> Finding | None:
    try:
        fault = chains.resolve(file, name).source.find_fault(context)
    except ProfileError as error:
        return Finding(f"profile {name}", FAIL, error.message, error.hint or "correct the file")
    if fault is None:
        warning = validators.region_warning(file.profile(name).region_id)
        return Finding(f"profile {name}", WARN, warning, f"`role-env configure --edit {name}`") if warning else None
    return Finding(f"profile {name}", FAIL if fault.is_certain else WARN, fault.message, fault.hint)


# -- what the chains start with --


def check_sign_ins(invocation: Invocation, context: Context) -> list[Finding]:
    """Check each sign-in once: whether it exists, and whether it has expired or expires within the hour."""
    found: dict[str, tuple[str, StoredSignIn]] = {}
    for chain in valid_chains(invocation, context):
        if sign_in := chain.source.sign_in:
            found.setdefault(sign_in.entry.name, (chain.source.profile, sign_in))
    return [_of_sign_in(profile, sign_in, context) for profile, sign_in in found.values()]


def _of_sign_in(profile: str, sign_in: StoredSignIn, context: Context) -> Finding:
    state, left, hint = sign_in.state(context)
    status, fix = (WARN, hint or f"`role-env login {profile}`") if left < _ENDS_SOON else (OK, "")
    return Finding("sign-in", status, f"profile {profile}: {state}", fix)


def check_keys(invocation: Invocation, context: Context) -> list[Finding]:
    """Check each access key that can be read, once: whose it is by STS, and its age if that is known."""
    found: dict[str, tuple[Chain, AccessKey]] = {}
    for chain in valid_chains(invocation, context):
        if key := chain.source.stored_key(context):
            found.setdefault(key.access_key_id, (chain, key))
    findings = at_once(lambda one: _of_key(one[0], one[1], context), found.values(), most=_MOST_AT_ONCE)
    return [finding for finding in findings if finding]


def _of_key(chain: Chain, key: AccessKey, context: Context) -> Finding | None:
    """Return the finding about a key; None if nothing is known about it. Another check reports on STS itself."""
    profile, known, fix = chain.source.profile, [], ""
    what = f"profile {profile}: {key.shown_id}"
    try:
        identity = client.caller_identity(key, endpoint=chain.profiles[0].endpoint, context=context)
        known.append(f"of {identity['Arn']}")
    except client.StsError as refusal:
        if refusal.code.startswith(FAULTS_OF_THE_KEY):
            where = chain.source.location(context.environ)
            return Finding(
                "access key", FAIL, f"{what}: {refusal.message} ({where})", refusal.hint or "use another key"
            )
    except RoleEnvError:
        pass  # STS cannot be reached: its own check says so, once
    if (days := age_in_days(key.created)) is not None:
        created = format_utc(key.created)
        known.append(f"{days} day{'' if days == 1 else 's'} old (created {created})")
        fix = f"`role-env rotate {profile}`" if days >= ROTATE_AFTER_DAYS else ""
    return Finding("access key", WARN if fix else OK, f"{what} is {' and '.join(known)}", fix) if known else None


# -- STS --


def check_endpoints(invocation: Invocation, context: Context) -> list[Finding]:
    """Send each endpoint a request signed with a made-up key."""
    endpoints = _endpoints(invocation, context)[:_MOST_AT_ONCE]
    return at_once(lambda endpoint: _of_endpoint(endpoint, context), endpoints, most=_MOST_AT_ONCE)


def _endpoints(invocation: Invocation, context: Context) -> list[str]:
    chains_found = valid_chains(invocation, context)
    found = [profile.endpoint for chain in chains_found for profile in chain.profiles if profile.role_arn]
    if not found:
        with contextlib.suppress(ProfileError):
            found = [sts_endpoint(Dependencies(context.environ))]
    return list(dict.fromkeys(found)) or ["sts.aliyuncs.com"]


def _of_endpoint(endpoint: str, context: Context) -> Finding:
    name, began = f"STS {endpoint}", time.monotonic()
    try:
        client.caller_identity(AccessKey("role-env-doctor", "none"), endpoint=endpoint, context=context)
    except client.StsError as refusal:
        return _of_clock(name, refusal.clock_offset, time.monotonic() - began)
    except RoleEnvError as error:
        return Finding(name, FAIL, error.message, error.hint)
    return Finding(name, FAIL, "it accepts a key that does not exist", "check sts_endpoint: this is not STS")


def _of_clock(name: str, offset: float, took: float) -> Finding:
    if abs(offset) < _CLOCK_ODD:
        return Finding(name, OK, f"answered in {took * 1000:.0f} ms, and the clocks agree")
    what = f"this machine's clock is {abs(offset) / 60:.0f} min {'behind' if offset > 0 else 'ahead of'} that of STS"
    is_refused = abs(offset) >= _CLOCK_REFUSED
    return Finding(
        name,
        FAIL if is_refused else WARN,
        f"{what}, which refuses requests that are 15 min off" if is_refused else what,
        "set the clock, and let the system keep it: timedatectl set-ntp true",
    )

"""role-env rotate: replace the access key in the keyring by a new one, in steps that survive a crash."""

import contextlib

from role_env import timestamps, ui, validators
from role_env.aliyun.location import config_path
from role_env.cli import Invocation, options
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import ProfileError, RefusedError, UsageError
from role_env.fingerprint import read_file
from role_env.profiles import file as profiles
from role_env.profiles.file import ProfilesFile
from role_env.profiles.profile import Profile
from role_env.rotation import ram, remains, renamed
from role_env.rotation.exclusion import hold_keys
from role_env.rotation.holders import Holders
from role_env.rotation.journal import Journal, Step, Unreadable
from role_env.rotation.ram import Ram
from role_env.rotation.rotation import Rotation
from role_env.rotation.steps import Action, Command, Present
from role_env.sessions import chain as chains
from role_env.sessions.store import Cache
from role_env.sources import rows
from role_env.sts import client as sts

_STATES = {
    Step.STARTED: "no new key has been created yet, and {old} is used",
    Step.CREATING: "a new key was requested and no answer stored, and {old} is used",
    Step.CREATED: "the new key {new} is stored beside {old}, which is still used",
    Step.SWAPPED: "{new} is used, and {old} is still active",
    Step.RETIRED: "{new} is used, and {old} is inactive",
    Step.ABORTING: "going back from {new} to {old}",
}
_DONE = {
    Action.CREATE: _STATES[Step.RETIRED],
    Action.ADVANCE: _STATES[Step.RETIRED],
    Action.FINISH: "the old key {old} is deleted",
    Action.GO_BACK: "{old} is used again",
    Action.KEEP_OLD: "{old} is used again; {new} no longer exists",
    Action.KEEP_NEW: "{new} is used; {old} no longer exists, and there is no way back to it",
    Action.DROP: "{old} is used as before; no new key was stored",
    Action.GIVE_UP: "the rotation of {old} is dropped",
    Action.CLEAN_UP: "the rotation of {old} is dropped, and the key in the keyring stays",
}
_MOST_USES = 3
"""The number of profiles that `--finish` tries the new key with: one role can refuse it for its own reasons."""


def run(invocation: Invocation, context: Context) -> int:
    """Take the rotation as far as the options say, and print its state."""
    options.check_profile_name(invocation.profile)
    file = profiles.load(invocation.config, context.environ)
    profile = _profile(file, invocation.profile, context)
    _check_source(profile, file)
    server = Ram(context, _endpoint(invocation, context))
    sharing = [one.name for one in file.valid_profiles() if one.source and one.source.row is rows.KEYRING]
    holders = Holders(file.path, profile.name, context, others=sharing)
    try:
        if holders.journal() is None and holders.key() is None:
            renamed.check(profile.name, file.path, file.names(), context)
    except Unreadable:
        if not (invocation.status or invocation.force):
            raise
        _show_unreadable(holders, server, context, drop=invocation.force and not invocation.status)
        return 0
    if invocation.status:
        _show_status(holders, server, context)
        return 0
    valid = chains.resolve_valid(file)
    dependents = [chain for chain in valid if any(hop.name == profile.name for hop in chain.profiles)]
    rotation = Rotation(
        holders,
        server,
        context,
        endpoint=profile.endpoint,
        check_old=lambda key_id: _check_other_files(key_id, file, context),
        use_new=lambda key: _use(key, profile, dependents, context),
        drop_sessions=lambda: _drop_sessions([chain.target.name for chain in dependents], context),
    )
    command = Command.ABORT if invocation.abort else Command.FINISH if invocation.finish else Command.ROTATE
    with rotation.hold_lock():
        action, journal = rotation.run(command, force=invocation.force)
        _show(action, journal, profile.name)
    return 0


def _profile(file: ProfilesFile, name: str, context: Context) -> Profile:
    """Return the profile. Raises ProfileError; if the file no longer has it, the error says what the keyring has."""
    if name not in file.names() and name in renamed.stored(file.path, file.names(), context):
        force = " --force" if name in renamed.rotated(file.path, file.names(), context) else ""
        raise ProfileError(
            f"there is no profile {name} in {file.path}, and the keyring has its key",
            hint=f"{renamed.way_back(name, file.path)}; or remove its key: role-env logout {name}{force}",
        )
    return file.profile(name)


def _endpoint(invocation: Invocation, context: Context) -> str:
    """Return RAM's endpoint, and report one that is not the default. Raises UsageError, ProfileError."""
    if invocation.ram_endpoint:
        try:
            endpoint = validators.host(invocation.ram_endpoint)
        except ValueError as error:
            raise UsageError(f"--ram-endpoint {error}", hint="name a host, or host:port, of RAM") from None
    else:
        endpoint = ram.endpoint_of(context.environ)
    if endpoint != ram.PUBLIC_ENDPOINT:
        context.messages.say(f"RAM is asked at {endpoint}, which learns new keys")
    return endpoint


def _check_source(profile: Profile, file: ProfilesFile) -> None:
    """Raise ProfileError unless the profile's access key is only in the keyring."""
    if profile.source and profile.source.row is rows.KEYRING and not profile.source.access_key_id:
        return
    if profile.source and profile.source.access_key_id:
        raise ProfileError(
            f"profile {profile.name} names its access key in the file ({profile.where})",
            hint=f"remove the line access_key_id, and the secret if it is there; then: role-env login {profile.name}",
        )
    hint = "name a profile whose access key is in the keyring"
    if profile.source_profile:
        hint = f"rotate the key of its chain's source: role-env rotate {file.chain(profile.name)[0].name}"
    raise ProfileError(
        f"profile {profile.name} has no access key in the keyring, but takes its credentials from"
        f" {profile.source_kind} ({profile.where})",
        hint=hint,
    )


def _drop_sessions(names: list[str], context: Context) -> None:
    cache = Cache(context, everywhere=True)
    for entry in cache.entries():
        if entry.username in names:
            cache.delete(entry)


def _use(key: AccessKey, profile: Profile, dependents: list[chains.Chain], context: Context) -> None:
    """Request a session of a dependent profile, signed with `key`.

    Without such a profile, request the caller's identity. Raises StsError, UnreachableError.
    """
    firsts = [next((one for one in chain.profiles if one.role_arn), None) for chain in dependents]
    for first in list({first.name: first for first in firsts if first}.values())[:_MOST_USES]:
        try:
            sts.assume_role(first.hop, key, context.restarted())
        except RefusedError as refused:  # only this role refuses; its profile may be invalid
            if isinstance(refused, sts.StsError) and ram.cannot_sign(refused):
                raise
        else:
            return
    sts.caller_identity(key, endpoint=profile.endpoint, context=context.restarted())


def _show(action: Action, journal: Journal, name: str) -> None:
    ui.write(f"{name}: {_DONE[action].format(old=journal.old.access_key_id, new=journal.new_id)}\n")
    if action in (Action.CREATE, Action.ADVANCE):
        ui.write(
            f"go back with: role-env rotate {name} --abort\n"
            f"delete the old key once the new one works everywhere: role-env rotate {name} --finish\n"
        )


def _check_other_files(key_id: str, file: ProfilesFile, context: Context) -> None:
    """Raise RefusedError if the CLI's file or the profiles file contains the key, which would stop working there."""
    paths = [file.path]
    with contextlib.suppress(ProfileError):  # without a home folder the CLI has no file
        paths.append(config_path(context.environ.get("HOME", "")))
    holders = [path for path in paths if key_id.encode() in _content(path, key_id)]
    if holders:
        raise RefusedError(
            f"the access key {key_id} is also in {' and '.join(holders)}, where it would stop working",
            hint="remove it there first, or add --force",
        )


def _content(path: str, key_id: str) -> bytes:
    """Return the content of a file, empty if there is none. Raises RefusedError if the file cannot be read."""
    try:
        return read_file(path)[0]
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise RefusedError(
            f"{path} cannot be read ({error.strerror or error}), so it may contain the access key {key_id} too",
            hint="make it readable, or add --force",
        ) from None


def _show_status(holders: Holders, server: Ram, context: Context) -> None:
    """Print the state of the rotation, and what RAM reports of its keys, the current key and the user's other keys."""
    name, journal = holders.profile, holders.journal()
    if journal is None:
        ui.write(f"{name}: no rotation is under way\n")
    else:
        _show_journal(name, journal, holders.present(journal), holders.key())
    _show_keys(journal, holders, server, context)


def _show_unreadable(holders: Holders, server: Ram, context: Context, *, drop: bool) -> None:
    """Print what RAM reports of the user's keys, since the journal cannot be read. With `drop`, drop the journal.

    The profile keeps its key, which may be the only one that can sign.
    """
    name = holders.profile
    with hold_keys(lambda: {holders.key_id()}, name, context):
        _show_keys(None, holders, server, context)
        ui.write(f"{name}: a rotation's journal could not be read: look at the user's keys in the RAM console\n")
        if drop:
            holders.drop()
    done = "it is dropped, and the key in the keyring stays" if drop else f"to drop it: role-env rotate {name} --force"
    ui.write(f"{name}: {done}\n")


def _show_keys(journal: Journal | None, holders: Holders, server: Ram, context: Context) -> None:
    """Print what RAM reports of the journal's keys, of the profile's, and of the user's other keys."""
    name, key = holders.profile, holders.key()
    if journal is None and key is None:
        ui.write(f"{name}: the keyring has no access key of it; store one: role-env login {name}\n")
    watched = [journal] if journal else []
    if key and not (journal and journal.names(key.access_key_id)):
        watched.append(holders.new_journal(key))
    ours = {one.access_key_id for each in watched for one in each.keys}
    lines = [line for each in watched for line in _said_by_ram(each, name, ours, server, context)]
    for line in dict.fromkeys(lines):
        ui.write(f"{name}: {line}\n")


def _said_by_ram(journal: Journal, name: str, ours: set[str], server: Ram, context: Context) -> list[str]:
    """Return lines on the state of the journal's keys at RAM, why its only key fails, and the keys not in `ours`."""
    found, why = remains.look_or_guess(journal, lambda: server)
    if why:
        context.messages.say(f"the user's keys could not be listed: {why}")
        return []
    lines = ["RAM says " + ", ".join(f"{key_id} is {state}" for key_id, state in found.states.items())]
    if found.refusal and not journal.new:
        lines.append(f"{found.refusal.message}; if it was replaced, store the new one: role-env login {name}")
    others = [state for state in found.others if state.access_key_id not in ours]
    return [*lines, *remains.other_keys(others, journal.step)]


def _show_journal(name: str, journal: Journal, present: Present, key: AccessKey | None) -> None:
    state = _STATES[journal.step].format(old=journal.old.access_key_id, new=journal.new_id)
    ui.write(f"{name}: {state} (started {timestamps.format_utc(journal.started_at)})\n")
    if present is Present.NONE:
        expected = journal.expected().access_key_id
        ui.write(f"{name}: the keyring has no key of it; to store {expected} again: role-env rotate {name}\n")
    if present is Present.OTHER and key:
        ui.write(
            f"{name}: the keyring has another key by now, {key.access_key_id}; to clean up at RAM: role-env rotate"
            f" {name} --abort; only to drop the rotation: role-env rotate {name} --force\n"
        )

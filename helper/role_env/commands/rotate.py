"""role-env rotate: replace the access key in the keyring by a new one, in steps that survive a crash."""

import contextlib

from role_env import timestamps
from role_env.aliyun.location import config_path
from role_env.cli import options
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.environ.core_dumps import forbid_core_dumps
from role_env.errors import ProfileError, RefusedError, RoleEnvError
from role_env.fingerprint import Fingerprint
from role_env.profiles import file as profiles
from role_env.profiles.file import ProfilesFile
from role_env.profiles.profile import Profile
from role_env.rotation.journal import Journal, Step
from role_env.rotation.rotation import Rotation
from role_env.sessions import chain as chains
from role_env.sessions.store import Cache
from role_env.ui import stdout as output

_STATES = {
    Step.STARTED: "no new key has been stored yet",
    Step.CREATED: "the new key {new} is stored beside {old}, which is still used",
    Step.SWAPPED: "{new} is used, and {old} is still active",
    Step.RETIRED: "{new} is used, and {old} is inactive",
    Step.ABORTING: "going back from {new} to {old}",
}


def run(invocation: Invocation, context: Context) -> int:
    """Take the rotation as far as the options say, and print where it is."""
    forbid_core_dumps()
    options.check_profile_name(invocation.profile)
    fingerprint = Fingerprint(context.environ)
    file = profiles.load(invocation.config, fingerprint)
    profile = file.profile(invocation.profile)
    _check_source(profile, file)
    dependents = _dependents(file, profile.name, fingerprint)
    rotation = Rotation(
        file.path,
        profile.name,
        context,
        endpoint=profile.endpoint,
        names=_keyring_profiles(file),
        drop_sessions=lambda: _drop_sessions(dependents, context),
    )
    if invocation.status:
        _show_status(rotation, profile.name, context)
        return 0
    with rotation.hold_lock():
        if invocation.abort:
            journal = rotation.abort()
            output.write(f"{profile.name}: {journal.old.access_key_id} is used again\n")
        elif invocation.finish:
            old = rotation.finish(has_session_since=lambda moment: _has_session_since(dependents, moment, context))
            output.write(f"{profile.name}: the old key {old} is deleted\n")
        else:
            if not invocation.force:
                _check_other_files(rotation.current_key_id(), file, context)
            _rotate(rotation, profile.name)
    return 0


def _check_source(profile: Profile, file: ProfilesFile) -> None:
    """Raise ProfileError for a profile whose access key is not in the keyring alone."""
    if profile.source and profile.source.kind == "keyring" and not profile.source.access_key_id:
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


def _keyring_profiles(file: ProfilesFile) -> list[str]:
    """Return the profiles of the file whose access key is in the keyring."""
    found = []
    for name in file.names():
        with contextlib.suppress(ProfileError):
            source = file.profile(name).source
            if source and source.kind == "keyring":
                found.append(name)
    return found


def _dependents(file: ProfilesFile, source: str, fingerprint: Fingerprint) -> list[str]:
    """Return the profiles whose chain begins at the profile `source`."""
    found = []
    for name in file.names():
        with contextlib.suppress(ProfileError):
            if any(hop.name == source for hop in chains.resolve(file, name, fingerprint).hops):
                found.append(name)
    return found


def _drop_sessions(names: list[str], context: Context) -> None:
    cache = Cache(context, everywhere=True)
    for entry in cache.entries():
        if entry.username in names:
            cache.delete(entry)


def _has_session_since(names: list[str], moment: int, context: Context) -> bool:
    """Return whether a session of one of the profiles `names` was issued after `moment` (epoch seconds)."""
    cache = Cache(context)
    records = [cache.load(entry) for entry in cache.entries() if entry.username in names]
    return any(record.session.credentials.issued >= moment for record in records if record)


def _rotate(rotation: Rotation, name: str) -> None:
    journal = rotation.run()
    output.write(
        f"{name}: {_state(journal)}\n"
        f"go back with: role-env rotate {name} --abort\n"
        f"delete the old key once the new one has been used: role-env rotate {name} --finish\n"
    )


def _check_other_files(key_id: str, file: ProfilesFile, context: Context) -> None:
    """Raise RefusedError if the CLI's file or the profiles file contains the key: it would stop working there."""
    holders = [str(file.path)] if key_id in file.path.read_text("utf-8", "replace") else []
    with contextlib.suppress(OSError, RoleEnvError):
        path = config_path(context.environ.get("HOME", ""))
        holders += [str(path)] if key_id in path.read_text("utf-8", "replace") else []
    if holders:
        raise RefusedError(
            f"the access key {key_id} is also in {' and '.join(holders)}, where it would stop working",
            hint="remove it there first, or add --force",
        )


def _show_status(rotation: Rotation, name: str, context: Context) -> None:
    journal = rotation.journal()
    if journal is None:
        output.write(f"{name}: no rotation is under way\n")
    else:
        began = timestamps.format_utc(journal.started_at)
        output.write(f"{name}: {_state(journal)} (started {began})\n")
    try:
        foreign = rotation.foreign_keys()
    except RoleEnvError as failure:
        context.messages.warn(f"the user's keys could not be listed: {failure.message}")
        return
    for state in foreign:
        created = f", created {timestamps.format_utc(state.created)}" if state.created else ""
        output.write(
            f"{name}: the user has another access key, {state.access_key_id}{created}; to delete it:"
            f" aliyun ram DeleteAccessKey --UserAccessKeyId {state.access_key_id}\n"
        )


def _state(journal: Journal) -> str:
    new = journal.new.access_key_id if journal.new else ""
    return _STATES[journal.step].format(old=journal.old.access_key_id, new=new)

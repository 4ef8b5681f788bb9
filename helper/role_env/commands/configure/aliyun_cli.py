"""`configure --aliyun-cli`: add a profile for every profile of the `aliyun` CLI's file that gives credentials."""

from collections.abc import Sequence
from pathlib import Path

from role_env import validators, variables
from role_env.aliyun import entries
from role_env.aliyun.config import CliProfile, ConfigFile
from role_env.aliyun.location import config_path
from role_env.aliyun.process_command import runs_process
from role_env.cli import Invocation
from role_env.command_table import canonical_name
from role_env.commands.configure import offers
from role_env.commands.configure.offers import Offer
from role_env.context import Context
from role_env.credentials import RoleArn
from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies, read_file
from role_env.profiles.file import ProfilesFile
from role_env.profiles.new_names import UnusedNames, sanitize
from role_env.profiles.sections import DEFAULT
from role_env.sources import registry

_SIGNS = "._@+:/-"


def configure(invocation: Invocation, path: str, context: Context) -> None:
    """Append a profile to the file at `path` for each profile of the CLI's file that it does not name yet.

    Raises UsageError for an invalid line, and ProfileError.
    """
    offers.check_line(invocation, "--aliyun-cli", "the aliyun CLI's file")
    cli_file = _read(context)
    file = ProfilesFile(path, Dependencies(context.environ)) if Path(path).exists() else None
    named = _named(file, cli_file) if file else set()
    others = {name: entry for name, entry in cli_file.entries.items() if not entries.is_own(entry)}
    usable = [profile for name in others if (profile := _usable(cli_file, name, context))]
    new = [profile for profile in usable if profile.name not in named]
    counts = {
        "new": len(new),
        "with a profile": len(usable) - len(new),
        "without credentials that role-env can use": len(others) - len(usable),
        "written by setup": len(cli_file.entries) - len(others),
    }
    listed = ", ".join(f"{count} {what}" for what, count in counts.items() if count or what == "new")
    found = _offers(new, file.names() if file else [])
    summary = f"{cli_file.path} has {len(cli_file.entries)} profiles, {listed}"
    offers.add(found, path, context, invocation, summary=summary)


def _read(context: Context) -> ConfigFile:
    path = config_path(context.environ.get("HOME", ""))
    try:
        return ConfigFile(path, read_file(path)[0])
    except OSError as error:
        raise ProfileError(
            f"the aliyun CLI's file {path} cannot be read: {error.strerror or error}",
            hint="create it with: aliyun configure",
        ) from None


def _named(file: ProfilesFile, cli_file: ConfigFile) -> set[str]:
    """Return the profiles of the CLI's file that those of `file` name; one without a name means the current one."""
    return {
        file.value(name, "aliyun_profile") or cli_file.current
        for name in file.names()
        if file.value(name, registry.CREDENTIAL_SOURCE) == registry.ALIYUN_CLI
    }


def _usable(cli_file: ConfigFile, name: str, context: Context) -> CliProfile | None:
    """Return the profile `name` of the CLI's file; None, with a reason for `--verbose`, if it gives no credentials."""
    try:
        profile = cli_file.profile(name)
    except ProfileError as error:
        context.messages.decided(f"left out: {error.message}")
        return None
    if profile.process_command and runs_process(profile.process_command):
        context.messages.decided(f"left out: {profile.where} runs role-env itself")
        return None
    return profile


def _offers(new: Sequence[CliProfile], taken: Sequence[str]) -> list[Offer]:
    """Return the profiles for those of the CLI's file, with their names; one that is invalid or `taken` is changed."""
    names = {profile.name: canonical_name(profile.name) for profile in new}
    kept = {name for name in names.values() if _is_allowed(name) and name not in taken}
    unused, found = UnusedNames([*taken, *kept]), []
    for profile in new:
        name = names[profile.name]
        if name in kept:
            kept.remove(name)  # another name may be the same in NFKC
        else:
            name = unused.take(sanitize(name, signs=_SIGNS) or "aliyun", "cli")
        role = RoleArn(profile.role_arn)
        detail = f"{profile.mode}, role {role.name} of {role.account}" if role else profile.mode
        values = {registry.CREDENTIAL_SOURCE: registry.ALIYUN_CLI, "aliyun_profile": profile.name}
        found.append(Offer(name, detail, profile.name, values))
    return found


def _is_allowed(name: str) -> bool:
    return not validators.name_fault(name) and name not in (*variables.RESERVED_PROFILES, DEFAULT)

"""role-env setup: write profiles for other programs into their own files."""

from contextlib import suppress
from pathlib import Path

from role_env import ui
from role_env.aliyun import entries, process_command
from role_env.aliyun.config import DEFAULT_NAME, ConfigFile
from role_env.aliyun.entries import CliEntry
from role_env.aliyun.location import config_path
from role_env.cli import Invocation
from role_env.context import Context
from role_env.errors import ProfileError, UsageError
from role_env.files.user_file import UserFile
from role_env.profiles import file as profiles
from role_env.sessions import chain as chains
from role_env.variables import EXTERNAL_DISABLED, RESERVED_PROFILES


def run(invocation: Invocation, context: Context) -> int:
    """Write the profiles into the `aliyun` CLI's file, or remove them from it."""
    file = UserFile(config_path(context.environ.get("HOME", "")), context.environ)
    if invocation.remove:
        _remove(file, invocation)
        return 0
    if invocation.profiles or invocation.all:
        wanted = _without_foreign(file, _profile_entries(invocation, context), invocation, context)
    else:
        command = process_command.session_command(context.environ)
        wanted = [CliEntry(entries.SESSION_NAME, command=command, region_id="")]
    is_disabled = bool(context.environ.get(EXTERNAL_DISABLED))
    _write(file, wanted, invocation, context, follows=not is_disabled)
    for entry in wanted:
        _warn_of_limits(entry, context)
    if is_disabled:
        context.messages.say(f"{EXTERNAL_DISABLED} is set, so aliyun refuses to run role-env; unset it")
    return 0


def _write(file: UserFile, wanted: list[CliEntry], invocation: Invocation, context: Context, *, follows: bool) -> None:
    before = file.read()
    shown = entries.diff(file.path, before, entries.with_entries(file.path, before, wanted))
    if not shown:
        ui.write(f"{file.path} has {'it' if len(wanted) == 1 else 'them'} already\n")
        return
    ui.write(shown)
    if not entries.has_profiles(file.path, before):
        ui.write(f"an empty profile {DEFAULT_NAME} is added: without it aliyun could not start\n")
    if invocation.dry_run:
        return
    file.replace(lambda content: entries.with_entries(file.path, content, wanted))
    ui.write(f"written; the former content is in {file.backup}\n" if before is not None else "written\n")
    if any(entry.name == entries.SESSION_NAME for entry in wanted) and follows:
        ui.write("aliyun follows each session that begins from now on; outside of sessions nothing changes\n")
    elif not entries.shell_settings(file.path).has_session_profile:
        limit = "in a session aliyun ignores --profile; to change that: `role-env setup aliyun-cli`\n"
        ui.write(context.messages.shown(limit))


def _remove(file: UserFile, invocation: Invocation) -> None:
    before = file.read()
    own = entries.own_names(file.path, before)
    for name in invocation.profiles:
        if name not in own:
            hint = f"name one of: {', '.join(own)}" if own else ""
            raise ProfileError(f"{file.path} has no profile {name} that setup wrote", hint=hint)
    names = invocation.profiles or tuple(own)
    if before is None or not names:
        ui.write(f"{file.path} has nothing that setup wrote\n")
        return
    after = entries.without_entries(file.path, before, names)
    ui.write(entries.diff(file.path, before, after))
    file.replace(lambda content: content and entries.without_entries(file.path, content, names))
    if set(names) == set(own):
        file.remove_backup()
    if after is None:
        with suppress(OSError):  # other files are in the folder, or it is a link
            Path(file.path).parent.rmdir()
        ui.write(f"removed, and {file.path} too, which had nothing else\n")
        return
    current = ConfigFile(file.path, after).current
    is_other = current != ConfigFile(file.path, before).current
    ui.write(f"removed; current is {current} now\n" if is_other else "removed\n")


def _profile_entries(invocation: Invocation, context: Context) -> list[CliEntry]:
    file = profiles.load(invocation.config, context.environ)
    found = []
    for name in invocation.profiles or file.names():
        try:
            if name in RESERVED_PROFILES:
                raise UsageError(f"{name} is reserved for role-env itself", hint="give the profile another name")
            chain = chains.resolve(file, name)
        except (ProfileError, UsageError) as error:
            if not invocation.all:
                raise
            context.messages.say(error.message)
            continue
        if not invocation.all:
            chains.check_gives_session(chain, file)
        if chain.gives_session:
            # Otherwise a CLI that starts elsewhere, with other variables, would find that name in another file.
            command = process_command.profile_command(name, file.real_path)
            found.append(CliEntry(name, command=command, region_id=chain.target.region_id))
    if not found:
        raise ProfileError(f"no profile of {file.path} gives a session", hint="list the profiles with: `role-env list`")
    return found


def _without_foreign(file: UserFile, found: list[CliEntry], invocation: Invocation, context: Context) -> list[CliEntry]:
    """Return the entries. With --all, leave out and warn of names that the CLI's file has and `setup` did not write."""
    theirs = entries.foreign(file.path, file.read(), [entry.name for entry in found]) if invocation.all else []
    for name in theirs:
        context.messages.say(f"{file.path} has a profile {name} that role-env did not write; it stays")
    return [entry for entry in found if entry.name not in theirs]


def _warn_of_limits(entry: CliEntry, context: Context) -> None:
    if "region_id" not in entry.members:
        context.messages.say(f"profile {entry.name} has no region_id, so aliyun requires --region each time")
    if process_command.needs_quotes(entry.command):
        context.messages.say(f"the command of {entry.name} has quotes, which aliyun understands since release 3.4.9")

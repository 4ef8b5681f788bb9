"""role-env setup: write profiles for other programs into their own files."""

import os
from pathlib import Path

from role_env.aliyun import entries as cli_profiles
from role_env.aliyun import location as aliyun_folder
from role_env.aliyun import process_command
from role_env.aliyun.entries import Entry
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.errors import ProfileError
from role_env.files import UserFile
from role_env.fingerprint import Origin
from role_env.profiles import file as profiles
from role_env.profiles.file import ProfilesFile
from role_env.sessions import chain as chains
from role_env.ui import stdout as output


def run(invocation: Invocation, context: Context) -> int:
    """Show the change and, without --dry-run, make it."""
    wanted = _wanted(invocation, context)
    file = UserFile(aliyun_folder.config_path(context.environ.get("HOME", "")))
    before = file.read()
    if invocation.all:
        theirs = cli_profiles.foreign(file.path, before, [entry.name for entry in wanted])
        for name in theirs:
            context.messages.warn(f"{file.path} has a profile {name} that role-env did not write; it stays")
        wanted = [entry for entry in wanted if entry.name not in theirs]
    after = cli_profiles.with_entries(file.path, before, wanted)
    for entry in wanted:
        _warn_of(entry, context)
    told = cli_profiles.diff(file.path, before, after)
    output.write(told or f"{file.path} has them already\n")
    if told and not invocation.dry_run:
        file.replace(lambda content: cli_profiles.with_entries(file.path, content, wanted))
        output.write(f"written; what was there before is in {file.backup}\n" if before is not None else "written\n")
    return 0


def _wanted(invocation: Invocation, context: Context) -> list[Entry]:
    """The entries for the profiles that were named, or for all that give a session. Raises ProfileError."""
    origin = Origin(context.environ)
    path = profiles.locate(invocation.config, origin)
    file = ProfilesFile(path, origin)
    # A CLI that starts elsewhere, with other variables, would otherwise find a profile of that name in another file.
    config = os.path.realpath(path)
    entries = []
    for name in invocation.profiles or file.names():
        try:
            chain = chains.resolve(file, name, origin)
        except ProfileError as error:
            if not invocation.all:
                raise
            context.messages.warn(error.message)
            continue
        if chain.gives_session:
            command = process_command.profile_command(name, config, context.environ)
            entries.append(Entry(name, command=command, region_id=chain.target.region_id))
        elif not invocation.all:
            raise _is_source(name, path)
    if not entries:
        raise ProfileError(f"no profile of {path} gives a session", hint="role-env list shows them")
    return entries


def _is_source(name: str, path: Path) -> ProfileError:
    return ProfileError(
        f"profile {name} of {path} is only a source, without role_arn",
        hint="role-env hands out temporary credentials only; name a profile with role_arn",
    )


def _warn_of(entry: Entry, context: Context) -> None:
    if "region_id" not in entry.members:
        context.messages.warn(f"profile {entry.name} has no region_id, so aliyun will want --region each time")
    if process_command.needs_quotes(entry.command):
        context.messages.warn(f"the command of {entry.name} needs quotes, which aliyun reads from release 3.4.9 on")

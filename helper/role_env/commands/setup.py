"""role-env setup: profiles for other programs, in their own files."""

import argparse
import os
from pathlib import Path

from role_env.aliyun import entries as cli_profiles
from role_env.aliyun import location as aliyun_folder
from role_env.aliyun import process_command
from role_env.aliyun.entries import Entry
from role_env.cli import options
from role_env.errors import ProfileError, UsageError
from role_env.files import UserFile
from role_env.fingerprint import Origin
from role_env.profiles import file as profiles
from role_env.profiles.file import ProfilesFile
from role_env.sessions import chain as chains
from role_env.ui import stdout as output

SUMMARY = "write profiles of role-env's into the aliyun CLI's own file"
EXAMPLES = ("role-env setup aliyun-cli profileB", "role-env setup aliyun-cli --all --dry-run")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("program", metavar="aliyun-cli", choices=("aliyun-cli",), help="the program to set up")
    parser.add_argument("profiles", metavar="PROFILE", nargs="*")
    parser.add_argument("--all", action="store_true", help="every profile that gives a session")
    parser.add_argument("--dry-run", action="store_true", help="show the change, and make none")
    options.add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Shows the change and, without --dry-run, makes it."""
    if bool(arguments.profiles) == arguments.all:
        raise UsageError("setup aliyun-cli takes either names of profiles or --all")
    wanted = _wanted(arguments)
    file = UserFile(aliyun_folder.config_path(arguments.environ.get("HOME", "")))
    before = file.read()
    if arguments.all:
        theirs = cli_profiles.foreign(file.path, before, [entry.name for entry in wanted])
        for name in theirs:
            arguments.messages.warn(f"{file.path} has a profile {name} that role-env did not write; it stays")
        wanted = [entry for entry in wanted if entry.name not in theirs]
    after = cli_profiles.with_entries(file.path, before, wanted)
    for entry in wanted:
        _warn_of(entry, arguments)
    told = cli_profiles.diff(file.path, before, after)
    output.write(told or f"{file.path} has them already\n")
    if told and not arguments.dry_run:
        file.replace(lambda content: cli_profiles.with_entries(file.path, content, wanted))
        output.write(f"written; what was there before is in {file.backup}\n" if before is not None else "written\n")
    return 0


def _wanted(arguments: argparse.Namespace) -> list[Entry]:
    """The entries for the profiles that were named, or for all that give a session. Raises ProfileError."""
    origin = Origin(arguments.environ)
    path = profiles.locate(arguments.config, origin)
    file = ProfilesFile(path, origin)
    # A CLI that starts elsewhere, with other variables, would otherwise find a profile of that name in another file.
    config = os.path.realpath(path)
    entries = []
    for name in arguments.profiles or file.names():
        try:
            chain = chains.resolve(file, name, origin)
        except ProfileError as error:
            if not arguments.all:
                raise
            arguments.messages.warn(error.message)
            continue
        if chain.gives_session:
            command = process_command.profile_command(name, config, arguments.environ)
            entries.append(Entry(name, command=command, region_id=chain.target.region_id))
        elif not arguments.all:
            raise _is_source(name, path)
    if not entries:
        raise ProfileError(f"no profile of {path} gives a session", hint="role-env list shows them")
    return entries


def _is_source(name: str, path: Path) -> ProfileError:
    return ProfileError(
        f"profile {name} of {path} is only a source, without role_arn",
        hint="role-env hands out temporary credentials only; name a profile with role_arn",
    )


def _warn_of(entry: Entry, arguments: argparse.Namespace) -> None:
    if "region_id" not in entry.members:
        arguments.messages.warn(f"profile {entry.name} has no region_id, so aliyun will want --region each time")
    if process_command.needs_quotes(entry.command):
        arguments.messages.warn(f"the command of {entry.name} needs quotes, which aliyun reads from release 3.4.9 on")

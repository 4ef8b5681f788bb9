"""role-env clear: forgetting sessions."""

import argparse
from pathlib import Path

from role_env.cli import options
from role_env.context import Context
from role_env.errors import KeyringError, ProfileError, UsageError
from role_env.fingerprint import Origin
from role_env.keyrings.entry import Entry
from role_env.profiles import file as profiles
from role_env.sessions.obtain import Request
from role_env.sessions.store import Cache

SUMMARY = "forget cached sessions"
EXAMPLES = ("role-env clear profileB", "role-env clear --all")
STATUSES = dict.fromkeys((0, 1, 2, 3, 6), "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("profiles", metavar="PROFILE", nargs="*")
    parser.add_argument("--all", action="store_true", help="every session")
    options.add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Forgets them."""
    if bool(arguments.profiles) == arguments.all:
        raise UsageError("clear takes either names of profiles or --all")
    context = Context(arguments.environ, options.deadline_of(arguments.environ), arguments.messages)
    cache = Cache(context, everywhere=True)
    entries = [entry for entry in cache.entries() if arguments.all or entry.username in arguments.profiles]
    for entry in [*entries, *_default_entries(arguments)]:
        cache.forget(entry)
    if cache.fault:
        raise KeyringError(f"not every session could be forgotten: the keyring cannot be used, {cache.fault}")
    return 0


def _default_entries(arguments: argparse.Namespace) -> list[Entry]:
    """The entries of the profiles as they are found without options, where the index has lost them."""
    try:
        path: Path = profiles.locate(arguments.config, Origin(arguments.environ))
    except ProfileError:
        return []
    return [Request(name).entry(path) for name in arguments.profiles]

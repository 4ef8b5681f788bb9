"""role-env logout: a long-lived access key out of the OS keyring."""

import argparse

from role_env import names
from role_env.cli import options
from role_env.context import Context
from role_env.fingerprint import Origin
from role_env.keyrings import access_keys
from role_env.profiles import file as profiles

SUMMARY = "remove a profile's access key from the keyring of your system"
EXAMPLES = ("role-env logout profileA", "role-env logout profileA --config other.ini")
STATUSES = dict.fromkeys((0, 1, 2, 3, 6), "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("profile", metavar="PROFILE")
    options.add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Removes it; that there is none is no failure."""
    path = profiles.locate(arguments.config, Origin(arguments.environ))
    if fault := names.fault(arguments.profile):
        raise options.no_profile(arguments.profile, fault)
    context = Context(arguments.environ, options.deadline_of(arguments.environ), arguments.messages)
    access_keys.forget(path, arguments.profile, context)
    return 0

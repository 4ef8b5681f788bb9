"""role-env list: the profiles."""

import argparse
import json
import time

from role_env import exporters, options, output, profiles
from role_env.cache import Cache
from role_env.errors import ProfileError
from role_env.origin import Origin
from role_env.profiles import ProfilesFile
from role_env.session import Request

SUMMARY = "show the profiles, and what their kept sessions have left"
EXAMPLES = ("role-env list", "role-env list --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    options.add_config(parser)
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="as JSON")
    shape.add_argument("--names", action="store_true", help="the names alone")


def run(arguments: argparse.Namespace) -> int:
    """Prints a line each, in file order."""
    origin = Origin(arguments.environ)
    file = ProfilesFile(profiles.locate(arguments.config, origin), origin)
    if arguments.names:
        output.write("".join(f"{name}\n" for name in file.names()))
        return 0
    cache = Cache(arguments.environ, arguments.messages, options.deadline_of(arguments.environ))
    rows = [_row(file, name, cache, arguments) for name in file.names()]
    if arguments.json:
        output.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        return 0
    lines = [[value or "-" for value in row.values()] for row in rows]
    for line in lines:
        line[-1] = _left(line[-1])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        output.write("  ".join(map(str.ljust, line, widths)).rstrip() + "\n")
    return 0


def _left(expiration: str) -> str:
    """How long a session lasts that ends at `expiration`, in the minutes that are whole."""
    if expiration == "-":
        return expiration
    return f"{int(exporters.seconds(expiration) - time.time()) // 60} min left"


def _row(file: ProfilesFile, name: str, cache: Cache, arguments: argparse.Namespace) -> dict[str, str | None]:
    """A profile as `list --json` shows it; one that is wrong is told on stderr, and shown by its name alone."""
    try:
        profile = file.profile(name)
    except ProfileError as error:
        arguments.messages.warn(error.message)
        return {"profile": name, "role_arn": None, "source": None, "region_id": None, "expiration": None}
    record = cache.load(Request(name).entry(file.path)) if profile.role_arn else None
    live = record and record.role_arn == profile.role_arn and record.credentials.remaining(time.time()) > 0
    return {
        "profile": name,
        "role_arn": profile.role_arn or None,
        "source": profile.source_kind,
        "region_id": profile.region_id or None,
        "expiration": exporters.timestamp(record.credentials.expiration) if record and live else None,
    }

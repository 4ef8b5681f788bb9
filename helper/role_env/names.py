"""What can be the name of a profile, and which name was meant."""

import unicodedata
from collections.abc import Iterable

from role_env.command_names import COMMANDS

LONGEST = 64


def fault(name: str) -> str:
    """What keeps `name` from being a profile's, or an empty text.

    Letters and digits of any script, with the marks that belong to them, and `._@+:/-`.
    """
    if len(name) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if name in COMMANDS:
        return "it is the name of a command"
    if not name or name.startswith("-"):
        return "it is empty or begins with -"
    if odd := next((c for c in name if c not in "._@+:/-" and unicodedata.category(c)[0] not in "LMN"), ""):
        return f"it holds {odd!a}"
    return ""


def nearest(name: str, known: Iterable[str]) -> str:
    """The one of `known` that `name` could be mistyped from, or an empty text."""
    import difflib  # for failures only

    return next(iter(difflib.get_close_matches(name, list(known), n=1)), "")


def nearest_command(name: str) -> str:
    """The command that `name` could be mistyped from, or an empty text."""
    return nearest(name, COMMANDS)

"""Validate the names of profiles, sessions, regions and accounts, and suggest near misses."""

from role_env.command_model import ACCOUNT, REGION, SESSION_NAME
from role_env.command_table import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 64
"""The characters that a profile's name may have."""

_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
# The characters of each kind, the fewest and most of them, and the rule in words. STS 2015-04-01, AssumeRole.
_RULES = {
    SESSION_NAME: (_LOWER + _LOWER.upper() + _DIGITS + ".@-_", 2, 64, "2 to 64 of letters, digits and .@-_"),
    ACCOUNT: (_DIGITS, 1, 32, "the number of an account"),
    REGION: (_LOWER + _DIGITS + "-", 2, 64, "the ID of a region, such as cn-hangzhou"),
}


def fault(name: str) -> str:
    """Return why `name` cannot be the name of a profile, or an empty text.

    Letters and digits of any script, with the marks that belong to them, and `._@+:/-`.
    """
    if len(name) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if not name or name.startswith("-"):
        return "it is empty or begins with -"
    import unicodedata

    if odd := next((c for c in name if c not in "._@+:/-" and unicodedata.category(c)[0] not in "LMN"), ""):
        return f"it contains {odd!a}"
    return ""


def value_fault(kind: str, value: str) -> str:
    """Return the rule of `kind`, such as REGION, that `value` breaks; an empty text if there is none."""
    if kind not in _RULES:
        return ""
    characters, fewest, most, rule = _RULES[kind]
    return "" if fewest <= len(value) <= most and not value.strip(characters) else rule


def nearest(name: str, known: "Iterable[str]") -> str:
    """Return the one of `known` that `name` could be mistyped from, or an empty text. Never return `name` itself.

    One that differs in case alone comes first.
    """
    import difflib  # for failures only

    folded = {other.casefold(): other for other in known if other != name}
    if name.casefold() in folded:
        return folded[name.casefold()]
    return folded.get(next(iter(difflib.get_close_matches(name.casefold(), list(folded), n=1)), ""), "")


def nearest_command(name: str) -> str:
    """Return the command that `name` could be mistyped from, or an empty text."""
    return nearest(name, COMMANDS)

"""Validate the names of profiles, sessions, regions and accounts, and suggest near misses."""

from role_env.command_table import ACCOUNT, REGION, SESSION_NAME, TOPICS
from role_env.command_table.commands import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from role_env.credentials import RoleArn

LONGEST = 64
"""The ASCII characters that a profile's name may contain."""

ROLE_NAME = "role name"
_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_MOST_SIMILAR = 3
_LETTERS = _LOWER + _LOWER.upper()
_SIGNS = "._@+:/-"
# For each kind: its characters, the least and greatest length, and the rule in words. STS 2015-04-01, AssumeRole.
_RULES = {
    SESSION_NAME: (_LETTERS + _DIGITS + ".@-_", 2, 64, "2 to 64 of letters, digits and .@-_"),
    ACCOUNT: (_DIGITS, 1, 32, "the number of an account"),
    ROLE_NAME: (_LETTERS + _DIGITS + "._-", 1, 64, "a role's name"),
    REGION: (_LOWER + _DIGITS + "-", 2, 64, "the ID of a region, such as cn-hangzhou"),
}


def fault(name: str) -> str:
    """Return why `name` cannot be the name of a profile, or an empty text.

    Allowed are letters and digits of any script, with their combining marks, and `._@+:/-`.
    """
    if len(name) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if not name or name.startswith("-"):
        return "it is empty or begins with -"
    if not name.strip(_LETTERS + _DIGITS + _SIGNS):
        return ""
    import unicodedata  # for the letters of other scripts

    if odd := next((c for c in name if c not in _SIGNS and unicodedata.category(c)[0] not in "LMN"), ""):
        return f"it contains {odd!a}"
    return ""


def value_fault(kind: str, value: str) -> str:
    """Return the rule of `kind`, such as REGION, that `value` breaks; empty if it is valid."""
    if kind not in _RULES:
        return ""
    characters, fewest, most, rule = _RULES[kind]
    return "" if fewest <= len(value) <= most and not value.strip(characters) else rule


def is_valid_role(role: "RoleArn") -> bool:
    """Return whether `role` is `acs:ram::<account>:role/<name>`."""
    is_whole = role == f"acs:ram::{role.account}:role/{role.name}"
    return is_whole and not value_fault(ACCOUNT, role.account) and not value_fault(ROLE_NAME, role.name)


def nearest(name: str, known: "Iterable[str]") -> str:
    """Return the one of `known` that `name` may stand for, never `name` itself; or an empty text.

    A name that differs only in case comes first, then the only one that begins with `name`, then one that `name` may be
    a typo of.
    """
    import difflib  # for failures only

    typed, folded = name.casefold(), {other.casefold(): other for other in known if other != name}
    begun = [other for other in folded if typed and other.startswith(typed)]
    if typed in folded or len(begun) == 1:
        return folded[typed if typed in folded else begun[0]]
    return folded.get(next(iter(difflib.get_close_matches(typed, list(folded), n=1)), ""), "")


def similar(name: str, known: "Iterable[str]") -> str:
    """Return the ones of `known` that `name` may stand for, such as `a, b or c`; or an empty text.

    Two or three names that begin with `name` are returned together; for more, the text is empty.
    """
    known, typed = list(dict.fromkeys(known)), name.casefold()
    begun = [other for other in known if typed and other.casefold().startswith(typed)]
    if len(begun) < 2 or any(other.casefold() == typed for other in begun):
        return nearest(name, known)
    return f"{', '.join(begun[:-1])} or {begun[-1]}" if len(begun) <= _MOST_SIMILAR else ""


def nearest_command_line(name: str) -> str:
    """Return the command or the help topic that `name` may be a typo of, as it is typed; or an empty text."""
    if name in TOPICS:
        return f"role-env help {name}"
    command = nearest(name, COMMANDS)
    return f"role-env {command}" if command else ""

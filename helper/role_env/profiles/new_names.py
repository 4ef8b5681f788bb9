"""Make names for new profiles from the names of accounts, which others choose."""

import itertools
import re
import unicodedata
from collections.abc import Iterable

from role_env import validators, variables
from role_env.command_table.commands import COMMANDS
from role_env.profiles.sections import DEFAULT

# Invisible letters and marks: Unicode's Default_Ignorable_Code_Point.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")

# The greatest number of marks on a letter. Thai and Hindi names have two.
_MOST_MARKS = 3


def sanitize(text: str, *, signs: str, longest: int = validators.LONGEST) -> str:
    """Return `text` reduced to at most `longest` visible letters, digits and `signs`; it may be empty.

    Every other character becomes a -. Letters with several encodings get one.
    """
    kept, marks = "", 0
    for character in unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)):
        kind = unicodedata.category(character)[0]
        marks = marks + 1 if kind == "M" else 0
        has_letter = 0 < marks <= _MOST_MARKS and kept[-marks:][:1].isalnum()
        kept += character if character in signs or kind in "LN" or has_letter else "-"
    return re.sub("-+", "-", kept).strip("-")[:longest].rstrip("-")


class UnusedNames:
    """A generator of unused names; `taken` are the names of profiles.

    A name that differs from another only in case is taken, and so are the names of commands and the reserved names.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._used = {
            name.casefold() for name in (*taken, *COMMANDS, *variables.RESERVED_PROFILES, DEFAULT, validators.INCLUDE)
        }

    def take(self, name: str, account_id: str) -> str:
        """Return `name`; if that is used, add the account's ID, then a number. The result is used from then on."""
        endings = itertools.chain(("", f"-{account_id}"), (f"-{account_id}-{number}" for number in itertools.count(2)))
        for ending in endings:
            found = name[: validators.LONGEST - len(ending)].rstrip("-") + ending
            if found.casefold() not in self._used:
                break
        self._used.add(found.casefold())
        return found

"""Make names for new profiles of the names that others have given to accounts."""

import unicodedata
from collections.abc import Iterable

from role_env import names


def sanitize(text: str, *, longest: int, signs: str = "_@+-") -> str:
    """Return `text` in letters, digits and `signs`, at most `longest` of them; it may be empty."""
    kept = "".join(c if c in signs or unicodedata.category(c)[0] in "LMN" else "-" for c in text)
    return "-".join(filter(None, kept.split("-")))[:longest].strip("-")


class UnusedNames:
    """The names that no profile has, `taken` being those that profiles have."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._used = set(taken)

    def take(self, name: str, account_id: str) -> str:
        """Return `name`; if that is used, add the account's ID, then a number. The result is used from then on."""
        first = name[: names.LONGEST]
        longer = f"{first[: names.LONGEST - len(account_id) - 1]}-{account_id}"
        numbered = (f"{first[: names.LONGEST - 4]}-{number}" for number in range(2, 1000))
        found = next(each for each in (first, longer, *numbered) if each not in self._used)
        self._used.add(found)
        return found

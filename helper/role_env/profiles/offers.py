"""Add profiles for what a portal or an organization offers: a person chooses and sees them, and they are appended."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from role_env.dataclass import dataclass
from role_env.errors import UsageError
from role_env.profiles.append import NewProfile, append
from role_env.ui import prompt
from role_env.ui import stdout as output

# What the name of an account for production contains.
_PRODUCTION = "prod"


@dataclass(frozen=True)
class Offer:
    """A profile that can be added: its name, the account that it is for, and its keys with their values."""

    name: str
    account_id: str
    account_name: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Choices:
    """The choices that the options make. `region` and `color` of the new profiles may be empty."""

    all: bool = False
    yes: bool = False
    dry_run: bool = False
    region: str = ""
    color: str = ""

    @property
    def asks(self) -> bool:
        """Whether a person chooses among the offers."""
        return not (self.all or self.yes) and prompt.is_possible()

    def check_terminal(self, option: str) -> None:
        """Raise UsageError if `configure` with `option` must ask a person and there is no terminal."""
        if not (self.yes or self.dry_run or prompt.is_possible()):
            raise UsageError(f"without a terminal, configure {option} requires --yes", hint="add --yes, or --dry-run")


def add(offers: Sequence[Offer], path: Path, choices: Choices, *, summary: str) -> None:
    """Append the profiles that are chosen among `offers` to the file at `path`, and print them.

    `summary` says what is offered. Raises as `append`.
    """
    if choices.asks and offers:
        offers = _choose(offers)
    profiles = _profiles(offers, choices)
    if not profiles:
        output.write(f"nothing to add to {path}: {summary}\n")
        return
    output.write("\n".join(profile.text() for profile in profiles))
    if choices.dry_run:
        return
    count = _count(profiles)
    if not choices.yes and not prompt.is_yes(f"Append {count} to {path}? yes or no", default="yes"):
        output.write("nothing was appended\n")
        return
    append(path, profiles)
    output.write(f"\nappended {count} to {path}\n")


def _choose(offers: Sequence[Offer]) -> list[Offer]:
    """Return the offers that a person chooses by their numbers."""
    for number, offer in enumerate(offers, 1):
        prompt.show(f"{number:>3}  {offer.name}  ({offer.account_id})")
    question = "Profiles to add, by number, such as 1,3-5"
    chosen = prompt.ask(question, default="all", check=lambda answer: read_numbers(answer, len(offers)))
    return [offers[index] for index in chosen]


def read_numbers(text: str, count: int) -> list[int]:
    """Return the indexes that `all`, `none` or numbers from 1 to `count`, such as `1,3-5`, stand for.

    Raises ValueError for any other text.
    """
    if text in ("all", "none"):
        return list(range(count)) if text == "all" else []
    chosen: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        numbers = [first, last] if dash else [first, first]
        if not all(number.isascii() and number.isdigit() and len(number) < 10 for number in numbers):
            raise ValueError(f"type all, none, or numbers from 1 to {count}, such as 1,3-5")
        low, high = map(int, numbers)
        if not 1 <= low <= high <= count:
            raise ValueError(f"the numbers are 1 to {count}")
        chosen.update(range(low - 1, high))
    return sorted(chosen)


def _profiles(offers: Sequence[Offer], choices: Choices) -> list[NewProfile]:
    """Return the sections for `offers`; a person may make those for production red."""
    production = [offer.name for offer in offers if _PRODUCTION in offer.account_name.lower()]
    question = f"Color red for the accounts whose name contains {_PRODUCTION} ({_count(production)})? yes or no"
    is_red = choices.asks and not choices.color and production and prompt.is_yes(question, default="no")
    profiles = []
    for offer in offers:
        color = "red" if is_red and offer.name in production else choices.color
        values = {**offer.values, "region_id": choices.region, "color": color}
        profiles.append(NewProfile(offer.name, {key: value for key, value in values.items() if value}))
    return profiles


def _count(profiles: Sequence[object]) -> str:
    return f"{len(profiles)} profile{'s' if len(profiles) > 1 else ''}"

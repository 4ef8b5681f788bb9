"""Add profiles from the offers of a portal or an organization: let a person choose, show them and append them."""

from collections.abc import Mapping, Sequence

from role_env import ui
from role_env.context import Context
from role_env.dataclass import dataclass
from role_env.errors import UsageError
from role_env.files.user_file import UserFile
from role_env.fingerprint import Fingerprint
from role_env.profiles.append import NewProfile, with_appended
from role_env.profiles.file import ProfilesFile
from role_env.shells import hints
from role_env.ui import prompt

# The text in the name of an account for production.
_PRODUCTION = "prod"


@dataclass(frozen=True)
class Offer:
    """A profile that can be added: its name, its account, and its keys with their values."""

    name: str
    account_id: str
    account_name: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Choices:
    """The choices that the options make. `region` and `color` of the new profiles may be empty.

    `config_option` is --config as it was given, with a space before it, or empty.
    """

    all: bool = False
    yes: bool = False
    dry_run: bool = False
    region: str = ""
    color: str = ""
    config_option: str = ""

    @property
    def asks(self) -> bool:
        """Whether a person chooses among the offers."""
        return not (self.all or self.yes) and prompt.is_possible()

    def check_terminal(self, option: str) -> None:
        """Raise UsageError if `configure` with `option` must ask a person and there is no terminal."""
        if not (self.yes or self.dry_run or prompt.is_possible()):
            raise UsageError(f"without a terminal, configure {option} requires --yes", hint="add --yes, or --dry-run")


def add(offers: Sequence[Offer], path: str, context: Context, choices: Choices, *, summary: str) -> None:
    """Append the profiles that are chosen among `offers` to the file at `path`, and print them.

    `summary` describes the offers. Raises UsageError or ProfileError if the file cannot contain the new profiles,
    ProfileError if it cannot be written, and UnreachableError if other processes keep writing it.
    """
    if choices.asks and offers:
        context.messages.say(summary)
        offers = _choose(offers)
    profiles = _profiles(offers, choices)
    if not profiles:
        ui.write(f"nothing to add to {path}: {summary}\n")
        return
    file = UserFile(path, keeps_backup=False)
    _with_checked(path, file.read(), profiles, context)
    ui.write("\n".join(profile.text() for profile in profiles))
    count = _count(profiles)
    if choices.dry_run:
        context.messages.say(f"{count} would be appended to {path}: {summary}")
        return
    if not choices.yes and not prompt.is_yes(f"Append {count} to {path}? yes or no", default="yes"):
        ui.write("nothing was appended\n")
        return
    file.replace(lambda content: _with_checked(path, content, profiles, context))
    switch = hints.switch(f"{profiles[0].name}{choices.config_option}", context.environ)
    ui.write(f"\n{summary}\nappended {count} to {path}; type: {switch}\n")


def _with_checked(path: str, content: bytes | None, profiles: Sequence[NewProfile], context: Context) -> bytes:
    """Return the file with `profiles` appended and checked. Raises UsageError or ProfileError for an invalid one."""
    try:
        planned = with_appended(path, content, profiles)
    except UsageError as error:  # the names were unused before
        error.hint = "the file has changed meanwhile: try again"
        raise
    origins: dict[str, dict[str, str]] = {profile.name: {} for profile in profiles}
    file = ProfilesFile(path, Fingerprint(context.environ), planned=planned, origins=origins)
    for profile in profiles:
        file.chain(profile.name)
    return planned


def _choose(offers: Sequence[Offer]) -> list[Offer]:
    """Ask a person to choose, and return the chosen offers."""
    lines = [f"{offer.name}  ({_described(offer)})" for offer in offers]
    chosen = prompt.Menu(lines).choose_several("Profiles to add: numbers such as 1,3-5, or a part of a name")
    return [offers[index] for index in chosen]


def _described(offer: Offer) -> str:
    """Return the account of an offer, with its name unless the profile's name begins with that."""
    is_shown = offer.account_name and not offer.name.startswith(offer.account_name)
    return f"{offer.account_id}, {offer.account_name}" if is_shown else offer.account_id


def _profiles(offers: Sequence[Offer], choices: Choices) -> list[NewProfile]:
    """Return the sections for `offers`. Ask whether those for production get the color red."""
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

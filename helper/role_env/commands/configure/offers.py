"""Add profiles from the offers of a portal or an organization: let a person choose, show them and append them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from role_env import ui
from role_env.cli import Invocation
from role_env.commands.configure.profile_options import OF_LISTS, option_name, read_options
from role_env.context import Context
from role_env.dataclass import dataclass
from role_env.errors import ProfileError, UsageError
from role_env.files.dependencies import Dependencies
from role_env.files.user_file import UserFile
from role_env.profiles.append import NewProfile, with_appended
from role_env.profiles.file import ProfilesFile
from role_env.sessions import chain as chains
from role_env.ui import prompt

# The text in the name of an account for production.
_PRODUCTION = "prod"


@dataclass(frozen=True)
class Offer:
    """A profile that can be added: its name, and its keys with their values.

    `detail` is what a person sees of it beside the name: the account's ID, or the mode of the CLI's profile.
    `account_name` is the name of its account, or of the CLI's profile.
    """

    name: str
    detail: str
    account_name: str
    values: Mapping[str, str]


def check_line(invocation: Invocation, option: str, origin: str) -> None:
    """Check the other options of a line whose `option` adds all profiles of `origin`.

    Raises UsageError for an option of a single profile, and if a person must be asked and there is no terminal.
    """
    keys = [key for key in read_options(invocation) if key not in ("region_id", "color")]
    if invocation.profile or invocation.login or invocation.no_verify or keys:
        own = [f"--{option_name(attribute)}" for attribute, lists in OF_LISTS.items() if option in lists]
        raise UsageError(
            f"with {option}, the profiles come from {origin}",
            hint=f"combine it only with {', '.join(own)}, --dry-run, --region, --color and --config",
        )
    if not (invocation.yes or invocation.dry_run or prompt.is_possible()):
        raise UsageError(f"without a terminal, configure {option} requires --yes", hint="add --yes, or --dry-run")


def add(offers: Sequence[Offer], path: str, context: Context, invocation: Invocation, *, summary: str) -> None:
    """Append the profiles that are chosen among `offers` to the file at `path`, and print them.

    A person chooses at a terminal, unless an option does. `summary` describes the offers. Raises UsageError or
    ProfileError if the file cannot contain the new profiles, ProfileError if it cannot be written, and UnreachableError
    if other processes keep writing it.
    """
    asks = not (invocation.all or invocation.yes) and prompt.is_possible()
    if asks and offers:
        context.messages.say(summary)
        offers = _choose(offers)
    profiles = _profiles(offers, invocation, asks=asks)
    if not profiles:
        ui.write(f"nothing to add to {path}: {summary}\n")
        return
    file = UserFile(path, context.environ, keeps_backup=False)
    _with_checked(path, file.read(), profiles, context)
    ui.write("\n".join(profile.text() for profile in profiles))
    count = _count(profiles)
    if invocation.dry_run:
        context.messages.say(f"{count} would be appended to {path}: {summary}")
        return
    if not invocation.yes and not prompt.is_yes(f"Append {count} to {path}? yes or no", default="yes"):
        ui.write("nothing was appended\n")
        return
    file.replace(lambda content: _with_checked(path, content, profiles, context))
    ui.write(f"\n{summary}\nappended {count} to {path}; ")
    ui.write(context.messages.shown(f"{_next_step(path, profiles, context)}\n"))


def _with_checked(path: str, content: bytes | None, profiles: Sequence[NewProfile], context: Context) -> bytes:
    """Return the file with `profiles` appended and checked. Raises UsageError or ProfileError for an invalid one."""
    try:
        planned = with_appended(path, content, profiles)
    except UsageError as error:  # the names were unused before
        error.hint = "the file has changed meanwhile: try again"
        raise
    new = [profile.name for profile in profiles]
    file = ProfilesFile(path, Dependencies(context.environ), contents={path: planned}, new=new)
    for profile in profiles:
        file.chain(profile.name)
    return planned


def _next_step(path: str, profiles: Sequence[NewProfile], context: Context) -> str:
    """Return what to type after the new `profiles` of the file at `path`: a switch to one that gives a session."""
    file = ProfilesFile(path, Dependencies(context.environ))
    for profile in profiles:
        with suppress(ProfileError):
            if chains.resolve(file, profile.name).gives_session:
                return f"type: `role-env use {profile.name}`"
    return f"add a role: `role-env configure PROFILE --role-arn ARN --source-profile {profiles[0].name}`"


def _choose(offers: Sequence[Offer]) -> list[Offer]:
    lines = [f"{offer.name}  ({_described(offer)})" for offer in offers]
    chosen = prompt.Menu(lines).choose_several("Profiles to add: numbers such as 1,3-5, or a part of a name")
    return [offers[index] for index in chosen]


def _described(offer: Offer) -> str:
    is_shown = offer.account_name and not offer.name.startswith(offer.account_name)
    return f"{offer.detail}, {offer.account_name}" if is_shown else offer.detail


def _profiles(offers: Sequence[Offer], invocation: Invocation, *, asks: bool) -> list[NewProfile]:
    """Return the sections for `offers`. With `asks`, a person says whether those for production get the color red."""
    production = [offer.name for offer in offers if _PRODUCTION in offer.account_name.lower()]
    question = f"Color red for the accounts whose name contains {_PRODUCTION} ({_count(production)})? yes or no"
    is_red = asks and not invocation.color and production and prompt.is_yes(question, default="no")
    profiles = []
    for offer in offers:
        color = "red" if is_red and offer.name in production else invocation.color
        values = {**offer.values, "region_id": invocation.region, "color": color}
        profiles.append(NewProfile(offer.name, {key: value for key, value in values.items() if value}))
    return profiles


def _count(profiles: Sequence[object]) -> str:
    return f"{len(profiles)} profile{'s' if len(profiles) > 1 else ''}"

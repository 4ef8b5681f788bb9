"""`configure --cloud-sso`: sign in, choose from what the portal offers, and append a profile for each choice."""

import time
from collections.abc import Sequence
from pathlib import Path

from role_env.context import Context
from role_env.dataclass import dataclass
from role_env.errors import ProfileError, UsageError
from role_env.fingerprint import Fingerprint
from role_env.issuers.hosts import ALLOWED_HOST, check_url
from role_env.issuers.issuer import TokenEnded
from role_env.keyrings import sign_ins
from role_env.profiles.append import NewProfile, append
from role_env.profiles.file import ProfilesFile
from role_env.sign_in import flow
from role_env.sign_in.portal_profiles import Assignment, find_gone, find_new, list_assignments, name_profiles
from role_env.sources.cloud_sso import CloudSso
from role_env.ui import prompt
from role_env.ui import stdout as output

# What the name of an account for production contains.
_PRODUCTION = "prod"


@dataclass(frozen=True)
class Choices:
    """The choices that the options make. `region` and `color` of the new profiles may be empty."""

    all: bool = False
    yes: bool = False
    browse: bool = True
    dry_run: bool = False
    region: str = ""
    color: str = ""

    @property
    def asks(self) -> bool:
        """Whether a person chooses among what the portal offers."""
        return not (self.all or self.yes) and prompt.is_possible()


def configure(url: str, path: Path, context: Context, choices: Choices) -> None:
    """Append a profile to the file at `path` for everything that the portal of `url` offers and the file lacks.

    Raises UsageError if a person must be asked and there is no terminal, ProfileError, and what signing in raises.
    """
    if not (choices.yes or choices.dry_run or prompt.is_possible()):
        raise UsageError("without a terminal, configure --cloud-sso requires --yes", hint="add --yes, or --dry-run")
    try:
        url = check_url(url, context.environ.get(ALLOWED_HOST, ""))
    except ValueError as error:
        raise ProfileError(f"--cloud-sso: the URL {error}", hint="copy the sign-in URL of your portal") from None
    taken, known = _known(path, url, context)
    assignments = _list(url, context, choices)
    for source in find_gone(assignments, known):
        context.messages.warn(f"profile {source.profile} is no longer offered by the portal ({source.where})")
    new = name_profiles(find_new(assignments, known), taken)
    if choices.asks and new:
        new = _chosen(new)
    profiles = _profiles(new, url, choices)
    if not profiles:
        output.write(f"nothing to add to {path}: the portal offers {len(assignments)} access configurations\n")
        return
    output.write("\n".join(profile.text() for profile in profiles))
    if choices.dry_run:
        return
    count = _count(profiles)
    if not choices.yes and not _is_yes(f"Append {count} to {path}? yes or no", default="yes"):
        output.write("nothing was appended\n")
        return
    append(path, profiles)
    output.write(f"\nappended {count} to {path}\n")


def _known(path: Path, url: str, context: Context) -> tuple[list[str], list[CloudSso]]:
    """Return the names that the file has, and the sources of its profiles of this portal."""
    if not path.exists():
        return [], []
    file = ProfilesFile(path, Fingerprint(context.environ))
    found = []
    for name in file.names():
        try:
            source = file.profile(name).source
        except ProfileError:  # `list` and `doctor` report it
            continue
        if isinstance(source, CloudSso) and source.url == url:
            found.append(source)
    return file.names(), found


def _list(url: str, context: Context, choices: Choices) -> list[Assignment]:
    """Return everything that the portal offers. Sign a person in first if no sign-in is valid."""
    source = CloudSso("", "", url, "", "")
    found = sign_ins.load(source.sign_in_entry, context, in_kernel=source.in_kernel)
    if found and found.host == source.issuer_host and found.expiration > time.time():
        try:
            return list_assignments(url, found.access_token, context)
        except TokenEnded:
            context.messages.decided("the portal no longer accepts the token: a person has to sign in")
    made = flow.sign_in(source, context, browse=choices.browse)
    flow.store(source, made, context)
    return list_assignments(url, made.access_token, context)


def _profiles(new: list[tuple[str, Assignment]], url: str, choices: Choices) -> list[NewProfile]:
    production = [name for name, assignment in new if _PRODUCTION in assignment.account.name.lower()]
    question = f"Color red for the accounts whose name contains {_PRODUCTION} ({_count(production)})? yes or no"
    is_red = choices.asks and not choices.color and production and _is_yes(question, default="no")
    profiles = []
    for name, assignment in new:
        values = {
            "cloud_sso_sign_in_url": url,
            "cloud_sso_account_id": assignment.account.id,
            "cloud_sso_access_config": assignment.configuration.id,
            "region_id": choices.region,
            "color": "red" if is_red and name in production else choices.color,
        }
        profiles.append(NewProfile(name, {key: value for key, value in values.items() if value}))
    return profiles


def _count(profiles: Sequence[object]) -> str:
    return f"{len(profiles)} profile{'s' if len(profiles) > 1 else ''}"


def _chosen(new: list[tuple[str, Assignment]]) -> list[tuple[str, Assignment]]:
    """Return the profiles that a person chooses by their numbers."""
    for number, (name, assignment) in enumerate(new, 1):
        prompt.show(f"{number:>3}  {name}  ({assignment.account.id})")
    question = "Profiles to add, by number, such as 1,3-5"
    chosen = prompt.ask(question, default="all", check=lambda answer: read_numbers(answer, len(new)))
    return [new[index] for index in chosen]


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


def _is_yes(question: str, *, default: str) -> bool:
    def check(answer: str) -> bool:
        if answer.lower() not in ("yes", "y", "no", "n"):
            raise ValueError("type yes or no")
        return answer.lower().startswith("y")

    return prompt.ask(question, default=default, check=check)

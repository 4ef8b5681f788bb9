"""`configure --cloud-sso`: sign in, and add a profile for everything that the portal offers."""

import contextlib
import itertools
import time
from pathlib import Path

from role_env import validators
from role_env.cli import Invocation
from role_env.commands.configure import offers
from role_env.commands.configure.offers import Offer
from role_env.context import Context
from role_env.dataclass import dataclass
from role_env.deadline import TimedOut, at_once, within
from role_env.errors import ProfileError, UnreachableError
from role_env.files.dependencies import Dependencies
from role_env.issuers.hosts import ALLOWED_HOST, check_url
from role_env.issuers.issuer import TokenEnded
from role_env.issuers.portal import Listed, Portal
from role_env.keyrings.vault import NoKeyring
from role_env.profiles.file import ProfilesFile
from role_env.profiles.new_names import UnusedNames, sanitize
from role_env.sign_in import flow
from role_env.sources.cloud_sso import CloudSso

_AT_ONCE = 8
_SIGNS = "_@+-"
_LONGEST_PART = 31
"""The greatest length of an account's name, and of a configuration's, in a profile's name."""


@dataclass(frozen=True)
class Assignment:
    """An access configuration that a person may use in an account."""

    account: Listed
    configuration: Listed

    @property
    def keys(self) -> set[tuple[str, str]]:
        """The values by which a profile names this assignment: the account's ID with the configuration's ID or name."""
        return {(self.account.id, name) for name in (self.configuration.id, self.configuration.name)}


def configure(invocation: Invocation, path: str, context: Context) -> None:
    """Append a profile to the file at `path` for each assignment that the portal of --cloud-sso offers and it lacks.

    Raises UsageError for an invalid line, ProfileError, and the errors of a sign-in.
    """
    offers.check_line(invocation, "--cloud-sso", "the portal")
    try:
        url = check_url(invocation.cloud_sso, context.environ.get(ALLOWED_HOST, ""))
    except ValueError as error:
        raise ProfileError(f"--cloud-sso: the URL {error}", hint="copy the sign-in URL of your portal") from None
    taken, known = _known(path, url, context)
    assignments = _sign_in_and_list(url, context, browse=not invocation.no_browser)
    offered = {key for one in assignments for key in one.keys}
    for key, source in known:
        if key not in offered:
            context.messages.say(f"profile {source.profile} is no longer offered by the portal ({source.where})")
    unused, used = UnusedNames(taken), {key for key, _ in known}
    new = [_offer(one, unused, url) for one in assignments if not one.keys & used]
    summary = f"the portal offers {len(assignments)} access configurations"
    offers.add(new, path, context, invocation, summary=summary)


def _known(path: str, url: str, context: Context) -> tuple[list[str], list[tuple[tuple[str, str], CloudSso]]]:
    if not Path(path).exists():
        return [], []
    file = ProfilesFile(path, Dependencies(context.environ))
    sources = (profile.source for profile in file.valid_profiles())  # `list` and `doctor` report the others
    of_portal = [source for source in sources if isinstance(source, CloudSso) and source.url == url]
    return file.names(), [((source.account_id, source.access_config), source) for source in of_portal]


def _sign_in_and_list(url: str, context: Context, *, browse: bool) -> list[Assignment]:
    source = CloudSso("", "", url, "", "")
    found = None
    with contextlib.suppress(NoKeyring):  # the kernel keyring may store a new one
        found = source.sign_in.load(context)
    if found and found.host == source.issuer_host and found.expiration > time.time():
        try:
            return _list(url, found.access_token, context)
        except TokenEnded:
            context.messages.decided("the portal no longer accepts the token: a person has to sign in")
    made = flow.sign_in(source, context, browse=browse)
    flow.store(source, made, context)
    return _list(url, made.access_token, context)


def _list(url: str, token: str, context: Context) -> list[Assignment]:
    """Return everything that the user may use, by account and configuration.

    ROLE_ENV_TIMEOUT limits the exchanges for each account. Raises TokenEnded, SignInError, UnreachableError.
    """
    accounts = Portal(url, context.restarted()).list_accounts(token)

    count = itertools.count(1)

    def list_configurations(account: Listed) -> list[Assignment]:
        """Return the assignments of one account, and show the progress."""
        found = Portal(url, context.restarted()).list_configurations(token, account.id)
        context.messages.show_progress(f"role-env: listed {next(count)} of {len(accounts)} accounts")
        return [Assignment(account, each) for each in found]

    def list_all() -> list[Assignment]:
        """Return every assignment once, by ID: a row that moves to the next page is listed twice."""
        listed = itertools.chain.from_iterable(at_once(list_configurations, accounts, most=_AT_ONCE))
        return list({(each.account.id, each.configuration.id): each for each in listed}.values())

    # In a thread, so that an interruption does not wait for a portal that hangs.
    try:
        return within(context.restarted().deadline.remaining() * (len(accounts) + 1), list_all)
    except TimedOut:
        raise UnreachableError(f"{url} did not list everything in time", hint="try again") from None
    finally:
        context.messages.show_progress("")


def _offer(assignment: Assignment, unused: UnusedNames, url: str) -> Offer:
    """Return the profile for an assignment of the portal of `url`.

    Its name is that of the account, a dot, and that of the configuration. Dots inside the two are replaced. The file
    gets the configuration's name if it can be a value, so that `list` shows that and not an ID.
    """
    account, configuration = assignment.account, assignment.configuration
    parts = (sanitize(part.name, signs=_SIGNS, longest=_LONGEST_PART) or part.id for part in (account, configuration))
    values = {
        "cloud_sso_sign_in_url": url,
        "cloud_sso_account_id": account.id,
        "cloud_sso_access_config": _name_or_id(configuration),
    }
    return Offer(unused.take(".".join(parts), account.id), account.id, account.name, values)


def _name_or_id(configuration: Listed) -> str:
    try:
        return validators.access_configuration(configuration.name)
    except ValueError:
        return configuration.id

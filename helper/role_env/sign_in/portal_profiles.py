"""List the access configurations of a CloudSSO portal, find the new ones, and name their profiles."""

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor

from role_env.context import Context
from role_env.dataclass import dataclass
from role_env.deadline import TimedOut, within
from role_env.errors import UnreachableError
from role_env.issuers.portal import AccessConfiguration, Account, Portal
from role_env.profiles.new_names import UnusedNames, sanitize
from role_env.sources.cloud_sso import CloudSso

_AT_ONCE = 8
_SIGNS = "_@+-"
_LONGEST_PART = 31
"""The greatest length of an account's name, and of a configuration's, in a profile's name."""


@dataclass(frozen=True)
class Assignment:
    """An access configuration that a person may use in an account."""

    account: Account
    configuration: AccessConfiguration

    def is_of(self, source: CloudSso) -> bool:
        """Return whether `source` uses this assignment, by the configuration's ID or name."""
        known_as = (self.configuration.id, self.configuration.name)
        return source.account_id == self.account.id and source.access_config in known_as


def list_assignments(url: str, token: str, context: Context) -> list[Assignment]:
    """Return everything that the user may use, by account and configuration.

    ROLE_ENV_TIMEOUT limits the exchanges for each account. Raises TokenEnded, SignInError, UnreachableError.
    """
    accounts = Portal(url, context.restarted()).list_accounts(token)

    def list_configurations(account: Account) -> list[AccessConfiguration]:
        """Return the configurations of an account, within a time of its own."""
        return Portal(url, context.restarted()).list_configurations(token, account.id)

    def list_all() -> list[list[AccessConfiguration]]:
        """Return the configurations of each account, and show the progress."""
        found: list[list[AccessConfiguration]] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for configurations in pool.map(list_configurations, accounts):
                found.append(configurations)
                context.messages.show_progress(f"role-env: listed {len(found)} of {len(accounts)} accounts")
        return found

    # In a thread, so that an interruption does not wait for a portal that hangs, or hit the pool while it holds locks.
    try:
        found = within(context.restarted().deadline.remaining() * (len(accounts) + 1), list_all)
    except TimedOut:
        raise UnreachableError(f"{url} did not list everything in time", hint="try again") from None
    finally:
        context.messages.show_progress("")
    listed = ((account, each) for account, known in zip(accounts, found, strict=True) for each in known)
    # By ID, since a row that moves to the next page during the reading is listed twice.
    return list({(account.id, each.id): Assignment(account, each) for account, each in listed}.values())


def find_new(assignments: Iterable[Assignment], known: Collection[CloudSso]) -> list[Assignment]:
    """Return the assignments that have no profile."""
    by_account: dict[str, list[CloudSso]] = {}
    for source in known:
        by_account.setdefault(source.account_id, []).append(source)
    return [one for one in assignments if not any(map(one.is_of, by_account.get(one.account.id, ())))]


def find_gone(assignments: Collection[Assignment], known: Iterable[CloudSso]) -> list[CloudSso]:
    """Return the sources of profiles that the portal no longer offers."""
    return [source for source in known if not any(one.is_of(source) for one in assignments)]


def name_profiles(assignments: Iterable[Assignment], taken: Iterable[str]) -> list[tuple[str, Assignment]]:
    """Return a name, `account.configuration`, for the profile of each assignment.

    The names differ from each other and from those in `taken`.
    """
    unused = UnusedNames(taken)
    return [(unused.take(_name(assignment), assignment.account.id), assignment) for assignment in assignments]


def _name(assignment: Assignment) -> str:
    """Return the names of the account and the configuration with a dot between them, their own dots replaced."""
    parts = (assignment.account, assignment.configuration)
    return ".".join(sanitize(part.name, signs=_SIGNS, longest=_LONGEST_PART) or part.id for part in parts)

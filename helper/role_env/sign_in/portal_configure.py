"""`configure --cloud-sso`: sign in, and add a profile for everything that the portal offers."""

import time
from pathlib import Path

from role_env.context import Context
from role_env.errors import ProfileError
from role_env.fingerprint import Fingerprint
from role_env.issuers.hosts import ALLOWED_HOST, check_url
from role_env.issuers.issuer import TokenEnded
from role_env.profiles import offers
from role_env.profiles.file import ProfilesFile
from role_env.profiles.offers import Choices, Offer
from role_env.sign_in import flow
from role_env.sign_in.portal_profiles import Assignment, find_gone, find_new, list_assignments, name_profiles
from role_env.sources.cloud_sso import CloudSso


def configure(url: str, path: Path, context: Context, choices: Choices, *, browse: bool) -> None:
    """Append a profile to the file at `path` for everything that the portal of `url` offers and the file lacks.

    With `browse` a sign-in opens the browser. Raises UsageError if a person must be asked and there is no terminal,
    ProfileError, and the errors of a sign-in.
    """
    choices.check_terminal("--cloud-sso")
    try:
        url = check_url(url, context.environ.get(ALLOWED_HOST, ""))
    except ValueError as error:
        raise ProfileError(f"--cloud-sso: the URL {error}", hint="copy the sign-in URL of your portal") from None
    taken, known = _known(path, url, context)
    assignments = _list(url, context, browse=browse)
    for source in find_gone(assignments, known):
        context.messages.warn(f"profile {source.profile} is no longer offered by the portal ({source.where})")
    named = name_profiles(find_new(assignments, known), taken)
    summary = f"the portal offers {len(assignments)} access configurations"
    offers.add([_offer(name, each, url) for name, each in named], path, context, choices, summary=summary)


def _known(path: Path, url: str, context: Context) -> tuple[list[str], list[CloudSso]]:
    """Return the names that the file has, and the sources of its profiles of this portal."""
    if not path.exists():
        return [], []
    file = ProfilesFile(path, Fingerprint(context.environ))
    sources = (profile.source for profile in file.valid_profiles())  # `list` and `doctor` report the others
    return file.names(), [source for source in sources if isinstance(source, CloudSso) and source.url == url]


def _list(url: str, context: Context, *, browse: bool) -> list[Assignment]:
    """Return everything that the portal offers. Sign a person in first if no sign-in is valid."""
    source = CloudSso("", "", url, "", "")
    found = source.sign_in.load(context)
    if found and found.host == source.issuer_host and found.expiration > time.time():
        try:
            return list_assignments(url, found.access_token, context)
        except TokenEnded:
            context.messages.decided("the portal no longer accepts the token: a person has to sign in")
    made = flow.sign_in(source, context, browse=browse)
    flow.store(source, made, context)
    return list_assignments(url, made.access_token, context)


def _offer(name: str, assignment: Assignment, url: str) -> Offer:
    """Return the profile `name` for an assignment of the portal of `url`."""
    account = assignment.account
    values = {
        "cloud_sso_sign_in_url": url,
        "cloud_sso_account_id": account.id,
        "cloud_sso_access_config": assignment.configuration.id,
    }
    return Offer(name, account.id, account.name, values)

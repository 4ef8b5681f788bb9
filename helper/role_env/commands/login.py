"""role-env login: store a long-lived access key in the OS keyring, or sign in to CloudSSO or OAuth."""

from role_env import ui
from role_env.cli import Invocation
from role_env.cli.access_key_input import read_access_key
from role_env.context import Context
from role_env.credentials import AccessKey, format_utc, shown_id
from role_env.errors import ProfileError, RefusedError
from role_env.keyrings import access_keys, vault
from role_env.profiles import file as profiles
from role_env.profiles.file import ProfilesFile
from role_env.profiles.profile import Profile
from role_env.rotation.dependents import drop_former_sessions
from role_env.rotation.holders import Holders
from role_env.rotation.ram import find_creation
from role_env.rotation.report import deletion
from role_env.sources.signed_in import SignedInSource
from role_env.sts import client as sts


def run(invocation: Invocation, context: Context) -> int:
    """Ask for the key, check it with STS, store it, and print its identity; or sign a person in."""
    file = profiles.load(invocation.config, context.environ)
    profile = file.profile(invocation.profile)
    if isinstance(profile.source, SignedInSource):
        return _sign_in(profile, profile.source, invocation, context)
    named = _named_id(profile, file)
    holders = Holders(file.path, profile.name, context)
    vault.check_available(holders.entry, context)
    holders.check_not_rotating()
    key = read_access_key(profile.name, named)
    if named not in ("", key.access_key_id):
        raise ProfileError(
            f"profile {profile.name}: access_key_id is {shown_id(named)}, and the key given is {key.shown_id}"
            f" ({profile.where})",
            hint="give the ID and the secret of that key, or change the file first",
        )
    context = context.restarted()  # the time at the prompt does not count
    with holders.unrotated(key.access_key_id):
        arn = _verify(key, profile, context)
        key.created = find_creation(key, context)
        former = _replace(holders, key, profile, context)
        ui.write(f"{profile.name}: {arn}; its access key {key.shown_id} is stored in the keyring\n{former}")
        drop_former_sessions(file, profile.name, context)
    lines = file.lines(profile.name, ("access_key_secret", "security_token"))
    if lines:
        numbers = " and ".join(f"line {line}" for line in lines)
        ui.write(f"the file {file.path} still contains the secret in plain text: delete its {numbers}\n")
    return 0


def _replace(holders: Holders, key: AccessKey, profile: Profile, context: Context) -> str:
    """Store `key`, and return a line about the key that it replaces; empty if another profile still has that."""
    former = holders.known_key()
    user = ""
    if former and former.access_key_id != key.access_key_id:
        user = sts.user_name(former, endpoint=profile.endpoint, context=context)
    access_keys.store(holders.entry, key, context)
    if not former or holders.of(former.access_key_id):
        return ""
    return (
        f"{profile.name}: the former key {former.shown_id} is not deleted at RAM; to delete it:"
        f" {deletion(former.access_key_id, user)}\n"
    )


def _verify(key: AccessKey, profile: Profile, context: Context) -> str:
    """Return the ARN of `key`'s identity. Raises RefusedError, also for another account than `expected_account_id`."""
    try:
        identity = sts.caller_identity(key, endpoint=profile.endpoint, context=context)
    except RefusedError as error:
        message = f"profile {profile.name}: {error.message} ({profile.where})"
        raise RefusedError(message, hint=f"nothing was stored; {error.hint}" if error.hint else "") from None
    expected = profile.expected_account_id
    if not profile.role_arn and expected not in ("", identity["AccountId"]):  # with a role, the account is the role's
        raise RefusedError(
            f"profile {profile.name}: the key {key.shown_id} is of {identity['Arn']}, not of account {expected}"
            f" ({profile.where})",
            hint=f"nothing was stored; give a key of {expected}, or correct expected_account_id",
        )
    return str(identity["Arn"])


def _sign_in(profile: Profile, source: SignedInSource, invocation: Invocation, context: Context) -> int:
    from role_env.sign_in import flow  # imports a web server, which storing a key does not need

    made = flow.sign_in(source, context, browse=not invocation.no_browser)
    arn = flow.identify(made, profile, context)
    flow.store(source, made, context)
    who, end = f" as {arn}" if arn else "", format_utc(int(made.expiration))
    ui.write(f"{profile.name}: signed in{who} at {made.host} until {end}\n")
    return 0


def _named_id(profile: Profile, file: ProfilesFile) -> str:
    if profile.source and profile.source.access_key_id is not None:
        return profile.source.access_key_id
    hint = "name a profile that has an access key of its own"
    if profile.source_profile:
        source = file.chain(profile.name)[0].name
        hint = f"store the key of its chain's source: `role-env login {source}`"
    raise ProfileError(
        f"profile {profile.name} takes its credentials from {profile.source_kind}, not from a key ({profile.where})",
        hint=hint,
    )

"""role-env login: store a long-lived access key in the OS keyring."""

import getpass
import sys

from role_env import validators as keys
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import ProfileError, RoleEnvError, UsageError
from role_env.fingerprint import Origin
from role_env.keyrings import access_keys
from role_env.profiles import file as profiles
from role_env.profiles.file import Profile, ProfilesFile
from role_env.sources.base import FileKey, KeyringKey
from role_env.sts import client as sts
from role_env.ui import stdout as output


def run(invocation: Invocation, context: Context) -> int:
    """Ask for the key, check it with STS, store it, and print its identity."""
    origin = Origin(context.environ)
    file = ProfilesFile(profiles.locate(invocation.config, origin), origin)
    profile = file.profile(invocation.profile)
    named = _named_id(profile)
    key = _asked(profile.name, named)
    if named not in ("", key.access_key_id):
        raise ProfileError(
            f"profile {profile.name}: access_key_id is {named}, and the key given is {key.access_key_id}"
            f" ({profile.where})",
            hint="give that key's id and secret, or change the file first",
        )
    context = context.restarted()  # a person at the prompt has taken the time they needed
    identity = sts.caller_identity(key, endpoint=profile.endpoint, context=context)
    access_keys.store(file.path, profile.name, key, context)
    output.write(f"{profile.name}: {identity['Arn']}; its access key {key.access_key_id} is kept in the keyring\n")
    lines = file.lines(profile.name, ("access_key_secret", "security_token"))
    if lines:
        numbers = " and ".join(f"line {line}" for line in lines)
        output.write(f"the file {file.path} still holds the secret in plain text: delete its {numbers}\n")
    return 0


def _named_id(profile: Profile) -> str:
    """The id that the file names, or an empty text. Raises ProfileError for a profile that takes no key."""
    if isinstance(profile.source, FileKey):
        return profile.source.access_key.access_key_id
    if isinstance(profile.source, KeyringKey):
        return profile.source.access_key_id
    raise ProfileError(
        f"profile {profile.name} takes its credentials from {profile.source_kind}, not from a key ({profile.where})",
        hint="log in to the profile with which its chain begins",
    )


def _asked(name: str, named: str) -> AccessKey:
    """The key, asked for without echo, or from two lines of stdin. Raises UsageError for what can be none."""
    if sys.stdin is not None and sys.stdin.isatty():
        access_key_id, secret = _from_person(name, named)
    else:
        lines = _piped().splitlines()
        if len(lines) != 2:
            raise UsageError(
                f"stdin has {len(lines)} lines, not two", hint="give the id on the first and the secret on the second"
            )
        access_key_id, secret = (line.strip() for line in lines)
    for what, value in (("access key id", access_key_id), ("access key secret", secret)):
        try:
            keys.key_part(value)
        except ValueError as error:
            raise UsageError(f"the {what} {error}") from None
    return AccessKey(access_key_id, secret)


def _piped() -> str:
    try:
        return sys.stdin.read(4096) if sys.stdin else ""
    except UnicodeDecodeError:  # its text holds a part of what was read
        raise UsageError(
            "stdin holds no text", hint="give the id on the first line, the secret on the second"
        ) from None


def _from_person(name: str, named: str) -> tuple[str, str]:
    hint = f" [{named}]" if named else ""
    try:
        access_key_id = getpass.getpass(f"AccessKey id of {name}{hint}: ").strip() or named
        return access_key_id, getpass.getpass(f"AccessKey secret of {name}: ").strip()
    except EOFError:
        raise RoleEnvError("the terminal was closed, and nothing is kept") from None

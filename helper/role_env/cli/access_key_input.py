"""Read an access key from a person at the terminal, or from two lines of stdin."""

import sys

from role_env import validators
from role_env.credentials import AccessKey, has_form_of_secret
from role_env.errors import UsageError
from role_env.ui import prompt

_KEY_ID_PREFIXES = ("LTAI", "STS.")
_LONGEST_INPUT = 4096
_TWO_LINES = "give the ID on the first line and the secret on the second"


def read_access_key(profile: str, known_id: str = "") -> AccessKey:
    """Return the key for `profile`; `known_id` is the ID that the profiles file names, or an empty text.

    At a terminal the ID is shown while it is typed and the secret is not. Raises UsageError for an invalid key,
    such as a swapped ID and secret, and RoleEnvError if the terminal is closed.
    """
    if sys.stdin is not None and sys.stdin.isatty():
        access_key_id = prompt.ask(f"AccessKey ID of {profile}", default=known_id, check=_typed_id)
        secret = prompt.ask_hidden(f"AccessKey secret of {profile}")
    else:
        access_key_id, secret = _two_lines()
    if secret.startswith(_KEY_ID_PREFIXES) and not access_key_id.startswith(_KEY_ID_PREFIXES):
        raise UsageError(
            "the access key ID and the secret are swapped; nothing was sent",
            hint=f"give the ID first: it begins with {_KEY_ID_PREFIXES[0]}",
        )
    try:
        _long_lived(access_key_id)
    except ValueError as error:
        raise UsageError(f"{error}; nothing was sent", hint=f"{_TWO_LINES}: an ID begins with LTAI") from None
    for what, value in (("ID", access_key_id), ("secret", secret)):
        try:
            validators.key_part(value)
        except ValueError as error:
            raise UsageError(f"the access key {what} {error}", hint=_TWO_LINES) from None
    return AccessKey(access_key_id, secret)


def _typed_id(text: str) -> str:
    """Return `text`, the ID that a person has typed. Raises ValueError for one that is not that of a user's key."""
    if not _long_lived(text).startswith(_KEY_ID_PREFIXES[0]):
        raise ValueError(f"an access key ID begins with {_KEY_ID_PREFIXES[0]}")
    return text


def _long_lived(text: str) -> str:
    """Return `text`, the ID of a long-lived key. Raises ValueError for any other, and shows no secret again."""
    if text.startswith("STS."):
        raise ValueError("this is the ID of a temporary key, and only a long-lived one is stored")
    if has_form_of_secret(text):
        raise ValueError("this is a secret, where the access key ID belongs")
    if not text.isascii():
        raise ValueError("this has full-width or other letters that no access key ID has: type it in ASCII")
    return text


def _two_lines() -> tuple[str, str]:
    try:
        lines = (sys.stdin.read(_LONGEST_INPUT) if sys.stdin else "").splitlines()
    except UnicodeDecodeError:  # its text contains part of the input
        raise UsageError("stdin is not text", hint=_TWO_LINES) from None
    if len(lines) != 2:
        raise UsageError(f"stdin has {len(lines)} line{'' if len(lines) == 1 else 's'}, not two", hint=_TWO_LINES)
    return lines[0].strip(), lines[1].strip()

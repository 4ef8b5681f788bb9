"""The `aliyun` CLI's own file, `~/.aliyun/config.json`, read as the CLI reads it and never written here.

Its shape: `{"current": NAME, "profiles": [{"name": …, "mode": …, …}]}`; the keys of a profile are those of the CLI's
`config/profile.go`. Each error names the file, the profile and the key, and never a value that could be a secret.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from role_env import validators as keys
from role_env.credentials import AccessKey, Credentials
from role_env.errors import ProfileError
from role_env.sts import responses as answers

# What the CLI calls the profile that is used when nothing names one.
DEFAULT_NAME = "default"
_HINT = "does the aliyun CLI read it? aliyun configure list tells"
_KEY = ("access_key_id", "access_key_secret", "sts_token")


@dataclass(frozen=True)
class CliProfile:
    """One checked profile of the CLI. What its mode does not use is empty.

    `mode` is one of AK, StsToken, RamRoleArn, RamRoleArnWithRoleName, ChainableRamRoleArn, EcsRamRole, OIDC, External,
    CredentialsURI, CloudSSO and OAuth. `duration_seconds` is 0 where the file has none. To CloudSSO and OAuth belong
    `sts_expiration`, in seconds since the epoch, which may be past (`live_key` tells), and `signed_in_as`: who that
    is, which stands while the session is renewed.
    """

    name: str
    mode: str
    where: str
    key: AccessKey | None = None
    role_arn: str = ""
    session_name: str = ""
    duration_seconds: int = 0
    external_id: str = ""
    source_profile: str = ""
    region_id: str = ""
    sts_region: str = ""
    ecs_role_name: str = ""
    oidc_provider_arn: str = ""
    oidc_token_file: str = ""
    process_command: str = ""
    credentials_uri: str = ""
    sts_expiration: int = 0
    signed_in_as: tuple[str, ...] = ()

    def live_key(self, now: float) -> Credentials:
        """The session that a sign-in has left in the file (CloudSSO, OAuth), as it is at `now`, in epoch seconds.

        Raises ProfileError when there is none or it has ended: role-env cannot sign in for anybody.
        """
        if self.key and self.sts_expiration > now:
            key = self.key
            return Credentials(
                key.access_key_id,
                key.access_key_secret,
                key.security_token,
                issued=now,
                expiration=self.sts_expiration,
            )
        what = "has ended" if self.key else "is not there"
        raise ProfileError(
            f"{self.where}: the session of its last sign-in {what}",
            hint=f"sign in again with: aliyun configure --profile {self.name} --mode {self.mode}",
        )


class ConfigFile:
    """The file at `path` with its `content`, parsed; its profiles are checked when they are asked for.

    `document` is the parsed object, `entries` has its profiles as they stand. Raises ProfileError for what the CLI
    could not have written.
    """

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self.content = content
        self.document = _document(path, content)
        self.current = _text(self.document, "current", str(path)) or DEFAULT_NAME
        listed = self.document.get("profiles")
        if not isinstance(listed, list | None) or not all(isinstance(entry, dict) for entry in listed or ()):
            raise ProfileError(f"{path}: profiles is not a list of profiles", hint=_HINT)
        self.entries: dict[str, dict[str, Any]] = {}
        for entry in listed or ():
            self.entries.setdefault(_text(entry, "name", str(path)), entry)  # the CLI takes the first, too

    def names(self) -> list[str]:
        """The names of the profiles, in file order."""
        return list(self.entries)

    def profile(self, name: str = "") -> CliProfile:
        """The profile `name`, the current one when that is empty; checked. Raises ProfileError."""
        name = name or self.current
        where = f"{self.path}: profile {name}"
        if name not in self.entries:
            known = ", ".join(list(self.entries)[:20])
            raise ProfileError(f"{where} is not there", hint=f"there are: {known}" if known else "aliyun configure")
        return _checked(self.entries[name], name, where)


def _document(path: Path, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ProfileError(f"{path} is not UTF-8", hint=_HINT) from None
    except json.JSONDecodeError as error:
        raise ProfileError(f"{path}, line {error.lineno}: this is no JSON ({error.msg})", hint=_HINT) from None
    except (ValueError, RecursionError):
        raise ProfileError(f"{path} is no JSON", hint=_HINT) from None
    if not isinstance(document, dict):
        raise ProfileError(f"{path} holds no JSON object", hint=_HINT)
    return document


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ProfileError(f"{where}: {key} is not a text", hint=_HINT)
    return value


# The keys of the file by the fields of CliProfile, with their checks.
_TEXTS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "role_arn": ("ram_role_arn", keys.KEYS["role_arn"]),
    "session_name": ("ram_session_name", keys.session_name),
    "external_id": ("external_id", keys.KEYS["external_id"]),
    "region_id": ("region_id", keys.region),
    "source_profile": ("source_profile", str),
    "sts_region": ("sts_region", keys.region),
    "ecs_role_name": ("ram_role_name", str),
    "oidc_provider_arn": ("oidc_provider_arn", str),
    "oidc_token_file": ("oidc_token_file", str),
    "process_command": ("process_command", str),
    "credentials_uri": ("credentials_uri", str),
}
_ROLE = ("role_arn", "session_name", "sts_region")
# What each mode needs, and what it may have beside.
_MODES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "AK": ((), ()),
    "StsToken": ((), ()),
    "RamRoleArn": (("role_arn",), (*_ROLE, "external_id")),
    "RamRoleArnWithRoleName": (("role_arn",), (*_ROLE, "ecs_role_name")),
    "ChainableRamRoleArn": (("source_profile", "role_arn"), (*_ROLE, "external_id")),
    "EcsRamRole": ((), ("ecs_role_name",)),
    "OIDC": (("oidc_provider_arn", "oidc_token_file", "role_arn"), _ROLE),
    "External": (("process_command",), ()),
    "CredentialsURI": (("credentials_uri",), ()),
    "CloudSSO": ((), ()),
    "OAuth": ((), ()),
}
_SIGN_IN = ("CloudSSO", "OAuth")
_SIGNED_IN_AS = (
    *("cloud_sso_sign_in_url", "cloud_sso_account_id", "cloud_sso_access_config"),
    *("oauth_site_type", "name"),
)


def _checked(entry: Mapping[str, Any], name: str, where: str) -> CliProfile:
    mode = _mode(entry, where)
    needed, allowed = _MODES[mode]
    values: dict[str, Any] = {}
    for field in dict.fromkeys((*needed, *allowed, "region_id")):
        key, check = _TEXTS[field]
        text = _text(entry, key, where)
        if not text and field in needed:
            raise ProfileError(
                f"{where}: {key} is missing", hint=f"aliyun configure --profile {name} --mode {mode} sets it"
            )
        try:
            values[field] = check(text) if text else ""
        except ValueError as error:
            raise ProfileError(f"{where}: {key} {error}") from None
    return CliProfile(
        name,
        mode,
        where,
        key=_key(entry, mode, where),
        duration_seconds=_number(entry, "expired_seconds", where) if "role_arn" in values else 0,
        sts_expiration=_number(entry, "sts_expiration", where) if mode in _SIGN_IN else 0,
        signed_in_as=tuple(_text(entry, key, where) for key in _SIGNED_IN_AS) if mode in _SIGN_IN else (),
        **values,
    )


def _mode(entry: Mapping[str, Any], where: str) -> str:
    """The profile's mode, in any case; where there is none, what the CLI makes of the other keys."""
    text = _text(entry, "mode", where) or _recognised(entry)
    for mode in _MODES:
        if mode.lower() == text.lower():
            return mode
    if not text:
        raise ProfileError(f"{where}: mode is missing", hint="it is not configured yet: aliyun configure")
    raise ProfileError(
        f"{where}: mode {text[:40]} gives no access key that role-env can use", hint=f"use one of {', '.join(_MODES)}"
    )


def _recognised(entry: Mapping[str, Any]) -> str:
    """The mode by the keys that are there, in the CLI's own order."""
    if entry.get("access_key_id") and entry.get("access_key_secret"):
        return "StsToken" if entry.get("sts_token") else "RamRoleArn" if entry.get("ram_role_arn") else "AK"
    for key, mode in (
        ("private_key", "RsaKeyPair"),
        ("ram_role_name", "EcsRamRole"),
        ("process_command", "External"),
        ("oidc_provider_arn", "OIDC"),
        ("cloud_sso_sign_in_url", "CloudSSO"),
    ):
        if entry.get(key):
            return mode
    return ""


def _key(entry: Mapping[str, Any], mode: str, where: str) -> AccessKey | None:
    """The key in the file, for the modes that have one there; for a sign-in that has not happened, none."""
    if mode not in ("AK", "StsToken", "RamRoleArn", *_SIGN_IN):
        return None
    if mode in _SIGN_IN and not all(entry.get(name) for name in _KEY):
        return None
    wanted = _KEY if mode == "StsToken" or (mode != "AK" and entry.get("sts_token")) else _KEY[:2]
    try:
        return answers.access_key(entry, *wanted)
    except ValueError as error:
        raise ProfileError(f"{where}: {error}") from None


def _number(entry: Mapping[str, Any], key: str, where: str) -> int:
    value = entry.get(key) or 0
    if not isinstance(value, int) or not 0 <= value < 2**53:
        raise ProfileError(f"{where}: {key} is not a number of seconds", hint=_HINT)
    return value

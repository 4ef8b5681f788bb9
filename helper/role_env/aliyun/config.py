"""Read the `aliyun` CLI's file, `~/.aliyun/config.json`, as the CLI reads it.

Its shape is `{"current": NAME, "profiles": [{"name": …, "mode": …, …}]}`. The keys of a profile are those of the CLI's
`config/profile.go`; `policy` and `enable_vpc` come from the SDKs, which read the same file. Each error names the file,
the profile and the key, and never a value that could be a secret.
"""

from collections.abc import Callable, Mapping
from typing import Any

from role_env import json_reader, validators
from role_env.aliyun import document
from role_env.credentials import AccessKey, Credentials
from role_env.dataclass import dataclass
from role_env.errors import ProfileError
from role_env.fingerprint import sha256
from role_env.http import responses

# The CLI's name for the profile that it uses when nothing names one.
DEFAULT_NAME = "default"
_KEY = ("access_key_id", "access_key_secret", "sts_token")
_SECRETS = (*_KEY[1:], "private_key", "access_token", "oauth_access_token", "oauth_refresh_token")
_LONGEST_POLICY = 2048


@dataclass(frozen=True)
class SignInIdentity:
    """The identity of a sign-in: the first three fields for CloudSSO, `site_type` for OAuth."""

    sign_in_url: str = ""
    account_id: str = ""
    access_config: str = ""
    site_type: str = ""
    profile: str = ""


@dataclass(frozen=True)
class CliProfile:
    """One checked profile of the CLI. Fields that its mode does not use are empty.

    `mode` is one of AK, StsToken, RamRoleArn, RamRoleArnWithRoleName, ChainableRamRoleArn, EcsRamRole, OIDC, External,
    CredentialsURI, CloudSSO and OAuth. `duration_seconds` is 0 if the file has none. CloudSSO and OAuth have
    `sts_expiration` and `access_token_expiration` (seconds since the epoch, possibly past), `access_token`, and
    `signed_in_as`, which stays the same while the session is renewed. `sign_in_id` is a digest that differs between two
    sign-ins, empty if the file has no token.
    """

    name: str
    mode: str
    where: str
    key: AccessKey | None = None
    role_arn: str = ""
    session_name: str = ""
    duration_seconds: int = 0
    external_id: str = ""
    policy: str = ""
    source_profile: str = ""
    region_id: str = ""
    sts_region: str = ""
    sts_endpoint: str = ""
    enable_vpc: bool = False
    ecs_role_name: str = ""
    oidc_provider_arn: str = ""
    oidc_token_file: str = ""
    process_command: str = ""
    credentials_uri: str = ""
    sts_expiration: int = 0
    signed_in_as: SignInIdentity = SignInIdentity()
    access_token: str = ""
    access_token_expiration: int = 0
    sign_in_id: str = ""

    @property
    def sign_in_hint(self) -> str:
        """The hint for a sign-in that has ended."""
        return f"sign in again with: aliyun configure --profile {self.name} --mode {self.mode}"

    def live_key(self, now: float) -> Credentials:
        """Return the session of a sign-in. Raises ProfileError if there is none, or none at `now` (epoch seconds)."""
        if self.key and self.sts_expiration > now:
            values = (self.key.access_key_id, self.key.access_key_secret, self.key.security_token)
            return Credentials(*values, issued=now, expiration=self.sts_expiration)
        what = "has expired" if self.key else "is missing"
        raise ProfileError(f"{self.where}: the session of its last sign-in {what}", hint=self.sign_in_hint)


class ConfigFile:
    """The file at `path` with its `content`, parsed. A profile is checked only when `profile` returns it.

    `entries` has the profiles by name, in file order, with their keys in lower case (the CLI ignores the case).
    Raises ProfileError for a file that does not have the CLI's shape.
    """

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        parsed = document.folded(document.parse(path, content))
        self.current = _text(parsed, "current", path) or DEFAULT_NAME
        # The CLI itself reads the empty text as a name, and an absent or null one as the default.
        self._cli_current = DEFAULT_NAME if parsed.get("current") is None else parsed["current"]
        listed = parsed.get("profiles")
        if not isinstance(listed, list | None) or not all(isinstance(entry, dict) for entry in listed or ()):
            raise ProfileError(f"{path}: profiles is not a list of profiles", hint=document.HINT)
        self.entries: dict[str, dict[str, Any]] = {}
        for entry in map(document.folded, listed or ()):
            self.entries.setdefault(_text(entry, "name", path), entry)  # like the CLI, keep the first
        self._begins_with_mark = content.startswith(document.BYTE_ORDER_MARK)

    @property
    def has_secret(self) -> bool:
        """Whether a profile has a long-lived key, a session or a token."""
        return any(entry.get(key) for entry in self.entries.values() for key in _SECRETS)

    def cli_error(self) -> ProfileError | None:
        """Return the error that makes every command of the `aliyun` CLI fail with this file, or None."""
        if self._begins_with_mark:
            return ProfileError(
                f"{self.path} begins with a byte order mark, so the aliyun CLI cannot read it",
                hint="save it as UTF-8 without a byte order mark",
            )
        if self.entries and self._cli_current not in self.entries:
            current = self._cli_current or "empty"
            return ProfileError(
                f"{self.path}: current is {current}, and no profile has that name, so aliyun cannot start",
                hint=f"set current to one of: {', '.join(list(self.entries)[:20])}",
            )
        return None

    def profile(self, name: str = "") -> CliProfile:
        """Return the checked profile `name`, or the current one if `name` is empty. Raises ProfileError."""
        name = name or self.current
        where = f"{self.path}: profile {name}"
        if name not in self.entries:
            known = ", ".join(list(self.entries)[:20])
            hint = f"use one of: {known}" if known else "create one with: aliyun configure"
            raise ProfileError(f"{where} does not exist", hint=hint)
        return _checked(self.entries[name], name, where)


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ProfileError(f"{where}: {key} is not a string", hint=document.HINT)
    return value


def _policy(text: str) -> str:
    try:
        is_policy = isinstance(json_reader.json_value(text), dict)
    except json_reader.JsonError:
        raise
    except ValueError:
        is_policy = False
    if not is_policy or len(text) > _LONGEST_POLICY:
        raise ValueError(f"is not a policy in JSON of at most {_LONGEST_POLICY} characters")
    return text


def _host(text: str) -> str:
    """Return the `host[:port]` of an endpoint. The CLI cuts off any scheme, and speaks TLS. Raises ValueError."""
    return validators.host(text.removeprefix("http://"))


# The keys of the file by the fields of CliProfile, with their checks.
_TEXTS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "role_arn": ("ram_role_arn", validators.role_arn),
    "session_name": ("ram_session_name", validators.session_name),
    "external_id": ("external_id", validators.external_id),
    "policy": ("policy", _policy),
    "region_id": ("region_id", validators.region),
    "source_profile": ("source_profile", str),
    "sts_region": ("sts_region", validators.region),
    "sts_endpoint": ("sts_endpoint", _host),
    "ecs_role_name": ("ram_role_name", validators.of_kind(validators.ROLE_NAME)),
    "oidc_provider_arn": ("oidc_provider_arn", str),
    "oidc_token_file": ("oidc_token_file", str),
    "process_command": ("process_command", validators.command),
    "credentials_uri": ("credentials_uri", str),
}
_ROLE = ("role_arn", "session_name", "policy", "sts_region", "sts_endpoint")
# The keys that each mode requires, and those that it may have.
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
# The modes of a sign-in, with the keys of its access token and of that token's expiration.
_SIGN_IN = {
    "CloudSSO": ("access_token", "cloud_sso_access_token_expire"),
    "OAuth": ("oauth_access_token", "oauth_access_token_expire"),
}
_SIGNED_IN_AS = (
    "cloud_sso_sign_in_url",
    "cloud_sso_account_id",
    "cloud_sso_access_config",
    "oauth_site_type",
    "name",
)


def _checked(entry: Mapping[str, Any], name: str, where: str) -> CliProfile:
    mode = _mode(entry, name, where)
    required, allowed = _MODES[mode]
    values: dict[str, Any] = {}
    for name_of_field in dict.fromkeys((*required, *allowed, "region_id")):
        key, check = _TEXTS[name_of_field]
        text = _text(entry, key, where)
        if not text and name_of_field in required:
            raise ProfileError(
                f"{where}: {key} is missing", hint=f"run: aliyun configure --profile {name} --mode {mode}"
            )
        try:
            values[name_of_field] = check(text) if text else ""
        except ValueError as error:
            raise ProfileError(f"{where}: {key} {error}") from None
    return CliProfile(
        name,
        mode,
        where,
        key=_key(entry, mode, where),
        duration_seconds=_number(entry, "expired_seconds", where) if "role_arn" in values else 0,
        enable_vpc=entry.get("enable_vpc") is True,
        **_sign_in(entry, mode, where),
        **values,
    )


def _sign_in(entry: Mapping[str, Any], mode: str, where: str) -> dict[str, Any]:
    if mode not in _SIGN_IN:
        return {}
    token, token_end = _SIGN_IN[mode]
    # OAuth's access tokens change every hour. A refresh token lasts, and belongs to one person's sign-in.
    lasting = _text(entry, "oauth_refresh_token", where) or _text(entry, token, where)
    return {
        "sign_in_id": sha256(lasting) if lasting else "",
        "sts_expiration": _number(entry, "sts_expiration", where),
        "access_token": _text(entry, token, where),
        "access_token_expiration": _number(entry, token_end, where),
        "signed_in_as": SignInIdentity(*(_text(entry, key, where) for key in _SIGNED_IN_AS)),
    }


def _mode(entry: Mapping[str, Any], name: str, where: str) -> str:
    """Return the mode that the profile names, in upper or lower case, or the one that the CLI infers."""
    text = _text(entry, "mode", where) or _inferred_mode(entry)
    for mode in _MODES:
        if mode.lower() == text.lower():
            return mode
    if not text:
        raise ProfileError(f"{where}: mode is missing", hint=f"run: aliyun configure --profile {name}")
    raise ProfileError(
        f"{where}: mode {text[:40]} gives no access key that role-env can use", hint=f"use one of {', '.join(_MODES)}"
    )


def _inferred_mode(entry: Mapping[str, Any]) -> str:
    """Infer the mode from the other keys, in the CLI's own order. Return an empty text if none fits."""
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
    """Return the access key that the file has for `mode`, or None. Before the person signs in, a sign-in has none."""
    if mode not in ("AK", "StsToken", "RamRoleArn", *_SIGN_IN):
        return None
    if mode in _SIGN_IN and not all(entry.get(name) for name in _KEY):
        return None
    wanted = _KEY if mode == "StsToken" or (mode != "AK" and entry.get("sts_token")) else _KEY[:2]
    try:
        return responses.access_key(entry, *wanted)
    except ValueError as error:
        raise ProfileError(f"{where}: {error}") from None


def _number(entry: Mapping[str, Any], key: str, where: str) -> int:
    value = entry.get(key) or 0
    if not isinstance(value, int) or not 0 <= value < 2**53:
        raise ProfileError(f"{where}: {key} is not a number of seconds", hint=document.HINT)
    return value

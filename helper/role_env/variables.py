"""The variables that tools read an account from, and those that describe, guard or outrank a session.

The README has the table of tools and variables. An outdated alias of higher precedence is used silently (in Terraform,
an old ALICLOUD_ACCESS_KEY instead of a new ALIBABA_CLOUD_ACCESS_KEY_ID), so all families are set and unset together, by
the fixed lists below rather than by a pattern over the environment.
"""

import os

from role_env.credentials import AccessKey, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Key:
    """The variables of one access key: those of its ID, its secret and its token (empty if there is none).

    `names` are the two or three of them, the ID's first.
    """

    def __init__(self, access_key_id: str, access_key_secret: str, security_token: str) -> None:
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret
        self.security_token = security_token
        self.names = tuple(filter(None, (access_key_id, access_key_secret, security_token)))

    def values(self, access_key: AccessKey) -> dict[str, str]:
        """Return the variables with the values of `access_key`."""
        parts = (access_key.access_key_id, access_key.access_key_secret, access_key.security_token)
        return dict(zip(self.names, parts, strict=False))


class Family:
    """The variables that one group of tools reads: its keys and its regions."""

    def __init__(self, *keys: Key, regions: tuple[str, ...] = ()) -> None:
        self.keys = keys
        self.regions = regions


def _named(prefix: str) -> Key:
    return Key(f"{prefix}_ACCESS_KEY_ID", f"{prefix}_ACCESS_KEY_SECRET", f"{prefix}_SECURITY_TOKEN")


FAMILIES = {
    "alibaba_cloud": Family(_named("ALIBABA_CLOUD"), regions=("ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_REGION")),
    "alibabacloud": Family(_named("ALIBABACLOUD"), regions=("ALIBABACLOUD_REGION_ID",)),
    "alicloud": Family(
        Key("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "ALICLOUD_SECURITY_TOKEN"),
        Key("ALICLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY_SECRET", ""),
        regions=("ALICLOUD_REGION_ID", "ALICLOUD_REGION"),
    ),
    "oss": Family(Key("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"), regions=("OSS_REGION",)),
    "packer": Family(Key("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "SECURITY_TOKEN"), regions=("ALICLOUD_REGION",)),
    "aliyun_log": Family(Key("ALIYUN_LOG_CLI_ACCESSID", "ALIYUN_LOG_CLI_ACCESSKEY", "ALIYUN_LOG_CLI_STS_TOKEN")),
    "plain": Family(Key("AccessKeyId", "AccessKeySecret", "SecurityToken")),
    "odps": Family(Key("ODPS_STS_ACCESS_KEY_ID", "ODPS_STS_ACCESS_KEY_SECRET", "ODPS_STS_TOKEN")),
}
# Always exported: each has a reader that would otherwise use a file of its own.
DEFAULT_FAMILIES = ("alibaba_cloud", "alibabacloud", "alicloud", "oss", "aliyun_log")

# Every key of the families, each name once. Packer's differs from Terraform's only in its token, the bare one.
KEYS = tuple(key for name, family in FAMILIES.items() if name != "packer" for key in family.keys)
KEY_NAMES = tuple(name for key in KEYS for name in key.names)
KEY_IDS = tuple(key.access_key_id for key in KEYS)
# The bare names, which the `aliyun` CLI reads last. Many programs use SECURITY_TOKEN, so a session changes it only for
# Packer; the no-account state unsets it.
BARE = Key("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
BARE_TOKEN = BARE.security_token

REGIONS = tuple(dict.fromkeys(name for family in FAMILIES.values() for name in family.regions))
CLOUD_REGIONS = tuple(name for name in REGIONS if name not in FAMILIES["oss"].regions)
OTHER_REGIONS = ("REGION_ID", "REGION")
"""The names that the `aliyun` CLI reads after those of its families. No session changes them."""

NO_ACCOUNT_VALUE = "role-env-none"
"""An invalid value that counts as absent: an empty one would let a tool use a file of its own."""
FOLLOWING_PROFILE = "role-env"
"""The profile in the `aliyun` CLI's file that follows the session of the shell.

`setup` writes it: its command, `role-env process --session`, prints the session of the environment that the CLI is in.
Where the guards of a session let the CLI use it, the CLI *follows* the shell; otherwise the CLI reads the variables.
"""
SERVED_PROFILE = "role-env-served"
"""The profile of a served session. Only the file that SHARED_FILE names contains it."""
SERVED_FILE_START = f'{{"current":"{SERVED_PROFILE}",'
"""The first characters of the file that SHARED_FILE names."""
RESERVED_PROFILES = (FOLLOWING_PROFILE, NO_ACCOUNT_VALUE, SERVED_PROFILE)
"""The names that no profile of the user's may have; in a variable, such a value counts as absent."""

# --- the guards: they keep a tool without a key from using an account of a file or of the machine

CLI_PROFILE = "ALIBABA_CLOUD_PROFILE"
FIRST_CLI_PROFILE = "ALIBABACLOUD_PROFILE"
"""The variable that the `aliyun` CLI reads before CLI_PROFILE. No SDK reads it."""
TERRAFORM_PROFILE = "ALICLOUD_PROFILE"
IGNORE_PROFILE = ("ALIBABA_CLOUD_IGNORE_PROFILE", "ALIBABACLOUD_IGNORE_PROFILE")
DISABLED = ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "ALIBABA_CLOUD_ECS_METADATA_DISABLED")
GUARDS = (*IGNORE_PROFILE, CLI_PROFILE, *DISABLED, FIRST_CLI_PROFILE, TERRAFORM_PROFILE)
"""The guards of all states. Each state unsets those that are not its own."""

# --- the variables that outrank or change a session: each state unsets them

CREDENTIALS_URI = "ALIBABA_CLOUD_CREDENTIALS_URI"
ODPS_FILE = "ODPS_STS_ACCOUNT_FILE"
"""The file that PyODPS reads instead of the family `odps`, even if the value is empty."""
PREFIXES = ("ALIBABA_CLOUD", "ALIBABACLOUD", "ALICLOUD")
SUFFIXES = (
    "PROFILE_MODE",
    "BEARER_TOKEN",
    "CREDENTIALS_URI",
    "ECS_METADATA",
    "EXTERNAL_ID",
    "ROLE_ARN",
    "ROLE_SESSION_NAME",
    "ASSUME_ROLE_ARN",
    "ASSUME_ROLE_SESSION_NAME",
    "ASSUME_ROLE_POLICY",
    "ASSUME_ROLE_EXTERNAL_ID",
    "ASSUME_ROLE_SESSION_EXPIRATION",
    "OIDC_PROVIDER_ARN",
    "OIDC_TOKEN_FILE",
)
OUTRANKING = (
    "ALIYUN_ACCESS_KEY_ID",
    "ALIYUN_ACCESS_KEY_SECRET",
    "ALICLOUD_ECS_ROLE_NAME",  # the older name of ALIBABA_CLOUD_ECS_METADATA in Terraform, Pulumi and Ansible
    # Terraform's `account_id`, which it does not compare with the key.
    "ALICLOUD_ACCOUNT_ID",
    "ALIBABA_CLOUD_ACCOUNT_ID",
    # ossutil 2's role, and where it reads a profile.
    "OSS_ROLE_ARN",
    "OSS_ROLE_SESSION_NAME",
    "OSSUTIL_PROFILE",
    "OSSUTIL_CONFIG_FILE",
    "OSSUTIL_CONFIG_VALUE",
    # PyODPS reads them instead of the family `odps`, or without it.
    ODPS_FILE,
    "ODPS_BEARER_TOKEN",
    "ODPS_BEARER_TOKEN_FILE",
    "ODPS_BEARER_TOKEN_HOURS",
    *(f"{prefix}_{suffix}" for prefix in PREFIXES for suffix in SUFFIXES),
)
EXTERNAL_DISABLED = "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"
SHARED_FILE = "ALICLOUD_SHARED_CREDENTIALS_FILE"
"""The file of profiles that Terraform's and Pulumi's provider reads instead of the `aliyun` CLI's."""

# --- the variables that describe a session

REQUEST = "ROLE_ENV_REQUEST"
POLICY = "ROLE_ENV_POLICY"
READ_ONLY = "read-only"
"""The value of POLICY for a session that is narrowed to reading."""
PREVIOUS = "ROLE_ENV_PREVIOUS"
"""The values of REQUEST that a shell has had, the last one first, a line each, for one call of `role-env use -`."""
DOCUMENT = "ROLE_ENV_DOCUMENT"
"""Set in the place of REQUEST for a session that a document has given (dotenv, github): it cannot be renewed there."""
SERVER = "ROLE_ENV_SERVER"
NO_ACCOUNT_MARK = "ROLE_ENV_NO_ACCOUNT"
SAVED = "ROLE_ENV_SAVED"
"""The names of the variables whose values from before the first session the shell keeps, as _role_env_old_NAME."""
BASE = _named("ROLE_ENV_BASE")

# A session has all of these variables, except a served one.
DESCRIBING = ("ROLE_ENV_PROFILE", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_ACCESS_KEY_ID", "ROLE_ENV_EXPIRATION")
SHOWN = {
    "ROLE_ENV_PROFILE": "profile",
    "ROLE_ENV_ROLE_ARN": "role_arn",
    "ROLE_ENV_ACCOUNT_ID": "account_id",
    "ROLE_ENV_ACCESS_KEY_ID": "access_key_id",
    "ROLE_ENV_EXPIRATION": "expiration",
    "ROLE_ENV_FAMILIES": "families",
    POLICY: "policy",
    SERVER: "server",
}
"""The variables that show a session, with the field of REQUEST that repeats each."""
OWN = (*SHOWN, REQUEST, DOCUMENT, *BASE.names, NO_ACCOUNT_MARK)
MARKS = ("ROLE_ENV_FAMILIES", "ROLE_ENV_ACCESS_KEY_ID", SAVED, NO_ACCOUNT_MARK, SERVER)
"""The variables of which any shows a session, or that there was one. A user may set the others himself."""

CHAIN = "ROLE_ENV_CHAIN"
"""The profiles for which this process is, or is below, the credential process."""

USERS = (*KEY_NAMES, *BARE.names, *REGIONS, *GUARDS, *OUTRANKING, *(name for name in OWN if name not in MARKS))
"""The variables of the user that a session can set, guard or unset. `off` restores them."""


def has_session_or_no_account(environ: "Mapping[str, str]") -> bool:
    """Return whether the shell has a session or the no-account state: the user's own values are saved by now.

    If something has removed every variable that describes the session, a guard still shows that there was one.
    """
    return any(map(environ.get, MARKS)) or environ.get(CLI_PROFILE) in RESERVED_PROFILES


def has_session(environ: "Mapping[str, str]") -> bool:
    """Return whether the shell has a session, even a damaged one; in the no-account state it has none."""
    own = map(environ.get, ("ROLE_ENV_FAMILIES", "ROLE_ENV_ACCESS_KEY_ID", SERVER))
    return any(own) or (has_session_or_no_account(environ) and not environ.get(NO_ACCOUNT_MARK))


def session_key_id(environ: "Mapping[str, str]") -> str:
    """Return the key ID of the session in `environ`. Without a variable of its own, the request has it."""
    return environ.get("ROLE_ENV_ACCESS_KEY_ID") or request_values(environ.get(REQUEST, "")).get("access_key_id", "")


def issue_time(environ: "Mapping[str, str]") -> int:
    """Return when the session in `environ` was issued (epoch seconds), 0 if that is not known."""
    issued = request_values(environ.get(REQUEST, "")).get("issued", "")
    return int(issued) if issued.isdecimal() else 0


def users_region(environ: "Mapping[str, str]") -> str:
    """Return the region that the user had set before the first session; empty for none, or if it is not known.

    In a session the variables have the session's region. REQUEST repeats the user's, for a shell below the session's
    and for a program that `exec` runs: they have no saved values.
    """
    if has_session_or_no_account(environ):
        return request_values(environ.get(REQUEST, "")).get("users_region", "")
    return next(filter(None, map(environ.get, CLOUD_REGIONS)), "")


def has_own_guards(environ: "Mapping[str, str]") -> bool:
    """Return whether role-env set the guards in `environ`, for a session or the no-account state."""
    return any(map(environ.get, ("ROLE_ENV_FAMILIES", NO_ACCOUNT_MARK)))


def is_cli_following(environ: "Mapping[str, str]") -> bool:
    """Return whether the session in `environ` lets the `aliyun` CLI use the profile role-env of its file."""
    return has_own_guards(environ) and FOLLOWING_PROFILE in (environ.get(CLI_PROFILE), environ.get(FIRST_CLI_PROFILE))


def families(session: Session) -> tuple[str, ...]:
    """Return the families that `session` is exported to: the default ones, then those its profile adds."""
    return tuple(dict.fromkeys((*DEFAULT_FAMILIES, *session.families)))


def keys_of(family_names: "Iterable[str]") -> tuple[Key, ...]:
    """Return the access keys' variables in the families of these names."""
    return tuple(key for name in family_names for key in FAMILIES[name].keys)


# --- the values in each state


def guards(*, follows: bool) -> dict[str, str]:
    """Return the guards of a session; with `follows`, those that let the `aliyun` CLI follow the shell."""
    both = dict.fromkeys(DISABLED, "true")
    if follows:
        return both | {CLI_PROFILE: FOLLOWING_PROFILE}
    return both | {CLI_PROFILE: NO_ACCOUNT_VALUE, **dict.fromkeys(IGNORE_PROFILE, "TRUE")}


def served_guards(*, follows: bool) -> dict[str, str]:
    """Return the guards of a served session; with `follows`, those with which the `aliyun` CLI follows it.

    Terraform's provider fails where the first of DISABLED is set.
    """
    both = {CLI_PROFILE: SERVED_PROFILE, TERRAFORM_PROFILE: SERVED_PROFILE, DISABLED[1]: "true"}
    return both | ({FIRST_CLI_PROFILE: FOLLOWING_PROFILE} if follows else dict.fromkeys(IGNORE_PROFILE, "TRUE"))


# ossutil 2 and aliyunlog would otherwise use files of their own.
NO_KEYS = {name: NO_ACCOUNT_VALUE for key in keys_of(("oss", "aliyun_log")) for name in key.names}
NO_ACCOUNT = {**guards(follows=False), **NO_KEYS, NO_ACCOUNT_MARK: "1"}


def assignments(session: Session, *, follows: bool, family_names: "Iterable[str]" = ()) -> dict[str, str]:
    """Return the variables that contain `session`, regions aside; `follows` is as for `guards`.

    The families are those of `family_names`; without it, those of the session's profile.
    """
    names, credentials = tuple(family_names) or families(session), session.credentials
    values: dict[str, str] = {}
    for key in keys_of(names):
        values.update(key.values(credentials))
    with_keys = {"access_key_id": credentials.access_key_id, "expiration": str(credentials.expiration)}
    values.update(_description(session, {**with_keys, "families": " ".join(names)}))
    if session.base_key and not session.policy_name:
        values.update({name: value for name, value in BASE.values(session.base_key).items() if value})
    return values | guards(follows=follows)


def served(session: Session, server: str, *, follows: bool) -> dict[str, str]:
    """Return the variables that let a program ask `server` for `session`, and never fall back to another account.

    `server` is the value of ROLE_ENV_SERVER: the process ID, a space and the URI. `follows` is as for `served_guards`.
    The variables show neither a key nor an expiration.
    """
    described = _description(session, {"families": " ".join(families(session)), "server": server})
    return {CREDENTIALS_URI: server.partition(" ")[2], **served_guards(follows=follows), **NO_KEYS, **described}


def _description(session: Session, specific: "Mapping[str, str]") -> dict[str, str]:
    """Return the variables that show `session`, and REQUEST, which repeats them.

    `specific` has the values that a session with keys has and a served one has not, or the reverse.
    """
    words = {**request_words(session), **specific}
    values = {name: words.get(field, "") for name, field in SHOWN.items()}
    # DESCRIBING has the role too. It is empty for a session that the source gave as it is, without a role of ours.
    described = {name: value for name, value in values.items() if value or name == "ROLE_ENV_ROLE_ARN"}
    return described | {REQUEST: request_text(words)}


# --- REQUEST: the request for the session and all that shows the session, written and read here only

_REQUEST_FORMAT = "2"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@+,")


def request_words(session: Session) -> dict[str, str]:
    """Return what REQUEST says of `session` in every shell, by the names of its words."""
    return {
        **session.request_words,
        "profile": session.profile,
        "role_arn": session.role_arn,
        "account_id": session.account_id,
        "policy": session.policy_name,
        **session.display_keys,
        "issued": str(int(session.credentials.issued)),
    }


def request_text(values: "Mapping[str, str]") -> str:
    """Return the value of REQUEST: the number of its format, then a word `name=value` for each value that is not empty.

    Every byte of a value that is not plain is `%` and its two digits, so a shell reads the words unchanged even without
    quotes.
    """
    return " ".join((_REQUEST_FORMAT, *(f"{name}={_encoded(value)}" for name, value in values.items() if value)))


def request_values(text: str) -> dict[str, str]:
    """Return the values in `text`, a value of REQUEST, by their names; none if role-env did not write it."""
    number, *words = text.split(" ")
    if number != _REQUEST_FORMAT:
        return {}
    try:
        return {key: _decoded(value) for key, _, value in (word.partition("=") for word in words)}
    except ValueError:
        return {}


def _encoded(value: str) -> str:
    if _PLAIN.issuperset(value):
        return value
    return "".join(chr(byte) if chr(byte) in _PLAIN else f"%{byte:02X}" for byte in os.fsencode(value))


def _decoded(word: str) -> str:
    if "%" not in word:
        return word
    first, *others = word.split("%")
    return os.fsdecode(first.encode() + b"".join(bytes.fromhex(part[:2]) + part[2:].encode() for part in others))

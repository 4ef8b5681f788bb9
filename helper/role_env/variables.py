"""The variables that tools read an account from, and those that outrank or change a session.

The README has the table of tools and variables. An outdated alias of higher precedence is used silently (in Terraform,
an old ALICLOUD_ACCESS_KEY instead of a new ALIBABA_CLOUD_ACCESS_KEY_ID), so all families are set and unset together, by
the fixed lists below rather than by a pattern over the environment.
"""

from role_env.credentials import AccessKey, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Key:
    """The variables of one access key: those of its ID, its secret and its token (empty if there is none).

    `names` are the two or three of them, the ID's first.
    """

    def __init__(self, access_key_id: str, access_key_secret: str, security_token: str) -> None:
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret
        self.security_token = security_token
        self.names = tuple(filter(None, (access_key_id, access_key_secret, security_token)))


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
        regions=("ALICLOUD_REGION", "ALICLOUD_REGION_ID"),
    ),
    "oss": Family(Key("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"), regions=("OSS_REGION",)),
    "packer": Family(Key("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "SECURITY_TOKEN"), regions=("ALICLOUD_REGION",)),
    "aliyun_log": Family(Key("ALIYUN_LOG_CLI_ACCESSID", "ALIYUN_LOG_CLI_ACCESSKEY", "ALIYUN_LOG_CLI_STS_TOKEN")),
    "plain": Family(Key("AccessKeyId", "AccessKeySecret", "SecurityToken")),
}
# Always exported: each has a reader that would otherwise use a file of its own.
DEFAULT_FAMILIES = ("alibaba_cloud", "alibabacloud", "alicloud", "oss", "aliyun_log")

# The bare names, which the `aliyun` CLI reads last. Many programs use SECURITY_TOKEN, so a session does not change it;
# only the no-account state unsets it.
BARE = Key("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
BARE_PAIR = Key("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "")


# Every key of the families, each name once. Packer's differs from Terraform's only in its token, the bare one.
KEYS = tuple(key for name, family in FAMILIES.items() if name != "packer" for key in family.keys)
KEY_NAMES = tuple(name for key in KEYS for name in key.names)
KEY_IDS = tuple(key.access_key_id for key in KEYS)
REGIONS = tuple(dict.fromkeys(name for family in FAMILIES.values() for name in family.regions))
OSS_REGIONS = FAMILIES["oss"].regions
# Each tool reads several of the other region variables. The CLI's first three come first, then Terraform's.
CLI_REGIONS = ("ALIBABA_CLOUD_REGION_ID", "ALIBABACLOUD_REGION_ID", "ALICLOUD_REGION_ID", "REGION_ID", "REGION")
_CLOUD_REGIONS = tuple(name for name in REGIONS if name not in OSS_REGIONS)
REGION_GROUPS = ((_CLOUD_REGIONS, (*_CLOUD_REGIONS, *CLI_REGIONS)), (OSS_REGIONS, OSS_REGIONS))
"""Pairs of the names that get a fallback region, and the names that must all be unset for it."""
_NO_REGION_GROUPS = (((), ()), ((), ()))

NO_ACCOUNT_VALUE = "role-env-none"
"""An invalid value that counts as absent: an empty one would let a tool use a file of its own."""
FOLLOWING_PROFILE = "role-env"
"""The profile in the `aliyun` CLI's file that follows the session of the shell."""
SERVED_PROFILE = "role-env-served"
"""The profile of a served session. Only the file that SHARED_FILE names contains it."""
SERVED_FILE_START = f'{{"current":"{SERVED_PROFILE}",'
"""The first characters of the file that SHARED_FILE names."""
RESERVED_PROFILES = (FOLLOWING_PROFILE, NO_ACCOUNT_VALUE, SERVED_PROFILE)
"""The names that no profile of the user's may have; in a variable, such a value counts as absent."""

# --- variables other than keys that choose an account

CLI_PROFILE = "ALIBABA_CLOUD_PROFILE"
FIRST_CLI_PROFILE = "ALIBABACLOUD_PROFILE"
"""The variable that the `aliyun` CLI reads before CLI_PROFILE. No SDK reads it."""
TERRAFORM_PROFILE = "ALICLOUD_PROFILE"
SHARED_FILE = "ALICLOUD_SHARED_CREDENTIALS_FILE"
"""The file of profiles that Terraform's and Pulumi's provider reads instead of the `aliyun` CLI's."""
IGNORE_PROFILE = ("ALIBABA_CLOUD_IGNORE_PROFILE", "ALIBABACLOUD_IGNORE_PROFILE")
CREDENTIALS_URI = "ALIBABA_CLOUD_CREDENTIALS_URI"
EXTERNAL_DISABLED = "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"
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
OTHER_OUTRANKING = (
    "ALIYUN_ACCESS_KEY_ID",
    "ALIYUN_ACCESS_KEY_SECRET",
    "ALICLOUD_ECS_ROLE_NAME",  # the older name of ALIBABA_CLOUD_ECS_METADATA in Terraform, Pulumi and Ansible
    FIRST_CLI_PROFILE,
    TERRAFORM_PROFILE,
)
# A session and the no-account state unset these: a value in them is the user's.
LEFT_UNSET = (*OTHER_OUTRANKING, *(f"{prefix}_{suffix}" for prefix in PREFIXES for suffix in SUFFIXES))

# --- the guards: they keep a tool without a key from using an account of a file or of the machine

DISABLED = ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "ALIBABA_CLOUD_ECS_METADATA_DISABLED")
# Both a session and the no-account state set these: a value in them is never the user's.
FORCED = (*REGIONS, *IGNORE_PROFILE, CLI_PROFILE, *DISABLED)
# The guards of all kinds of sessions. A session unsets those that are not its own.
GUARDS = (*IGNORE_PROFILE, CLI_PROFILE, *DISABLED, FIRST_CLI_PROFILE, TERRAFORM_PROFILE)
SAVED = (*KEY_NAMES, *BARE.names, *FORCED, *LEFT_UNSET)
"""The variables whose former values a shell saves: those of keys at each session, all others only at the first."""


def guards(*, follows: "bool | None" = False) -> dict[str, str]:
    """Return the guards of a session; with `follows`, those that let the `aliyun` CLI follow the shell.

    With None, return only the guards that both sets contain.
    """
    both = dict.fromkeys(DISABLED, "true")
    return both if follows is None else both | profile_guards(follows=follows)


def profile_guards(*, follows: bool) -> dict[str, str]:
    """Return the guards that choose the profile of the `aliyun` CLI's file."""
    if follows:
        return {CLI_PROFILE: FOLLOWING_PROFILE}
    return {CLI_PROFILE: NO_ACCOUNT_VALUE, **dict.fromkeys(IGNORE_PROFILE, "TRUE")}


def served_guards(*, follows: bool) -> dict[str, str]:
    """Return the guards of a served session; with `follows`, those with which the `aliyun` CLI follows it.

    Terraform's provider fails where the first of DISABLED is set.
    """
    both = {CLI_PROFILE: SERVED_PROFILE, TERRAFORM_PROFILE: SERVED_PROFILE, DISABLED[1]: "true"}
    return both | ({FIRST_CLI_PROFILE: FOLLOWING_PROFILE} if follows else dict.fromkeys(IGNORE_PROFILE, "TRUE"))


def has_own_guards(environ: "Mapping[str, str]") -> bool:
    """Return whether role-env set the guards in `environ`, for a session of this version or the no-account state."""
    return bool(environ.get("ROLE_ENV_FAMILIES") or environ.get("ROLE_ENV_NO_ACCOUNT"))


def follows_profile(environ: "Mapping[str, str]") -> bool:
    """Return whether the session in `environ` lets the `aliyun` CLI use the profile role-env of its file."""
    return has_own_guards(environ) and FOLLOWING_PROFILE in (environ.get(CLI_PROFILE), environ.get(FIRST_CLI_PROFILE))


# ossutil 2 and aliyunlog would otherwise use files of their own.
NO_KEYS = dict.fromkeys((*FAMILIES["oss"].keys[0].names, *FAMILIES["aliyun_log"].keys[0].names), NO_ACCOUNT_VALUE)
NO_ACCOUNT = {**guards(), **NO_KEYS, "ROLE_ENV_NO_ACCOUNT": "1"}

# --- variables that describe a session

# The profile's color in the prompt, as the shell keeps it; no tool reads it.
COLOUR = "_role_env_colour"

REQUEST = "ROLE_ENV_REQUEST"
POLICY = "ROLE_ENV_POLICY"
READ_ONLY = "read-only"
"""The value of POLICY for a session that is narrowed to reading."""
PREVIOUS = "ROLE_ENV_PREVIOUS"
"""The REQUEST of the session to which `role-env use -` returns, for that one call."""
SERVER = "ROLE_ENV_SERVER"
BASE = _named("ROLE_ENV_BASE")
OWN = (
    "ROLE_ENV_PROFILE",
    "ROLE_ENV_ROLE_ARN",
    "ROLE_ENV_ACCOUNT_ID",
    "ROLE_ENV_ACCESS_KEY_ID",
    "ROLE_ENV_EXPIRATION",
    "ROLE_ENV_FAMILIES",
    REQUEST,
    POLICY,
    SERVER,
    *BASE.names,
    "ROLE_ENV_NO_ACCOUNT",
)
# A failed switch unsets these. POLICY stays, so that a refused wider session does not succeed at the second try.
TAKEN_AWAY = tuple(name for name in OWN if name != POLICY)

# A session has all of these variables, except a served one. A shell without any of them has no session.
DESCRIBING = ("ROLE_ENV_PROFILE", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_ACCESS_KEY_ID", "ROLE_ENV_EXPIRATION", REQUEST)

# The variables shown of a session besides its expiration. REQUEST repeats their values.
SHOWN = ("ROLE_ENV_PROFILE", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_ACCOUNT_ID", POLICY)


def shown(session: Session) -> str:
    """Return the values of SHOWN for `session`, with spaces between them. They contain nothing that JSON escapes."""
    return f"{session.profile} {session.role_arn} {session.account_id} {session.policy}"


def families(session: Session) -> tuple[str, ...]:
    """Return the families that `session` is exported to: the default ones, then those its profile adds."""
    return tuple(dict.fromkeys((*DEFAULT_FAMILIES, *session.variables)))


def exported_keys(names: "tuple[str, ...]") -> tuple[Key, ...]:
    """Return the access keys' variables in the families `names`."""
    return tuple(key for name in names for key in FAMILIES[name].keys)


def unset(session: Session) -> tuple[str, ...]:
    """Return the names that must be unset beside `session`."""
    kept = {name for key in exported_keys(families(session)) for name in key.names}
    others = (name for name in (*KEY_NAMES, *BARE_PAIR.names) if name not in kept)
    return (*others, *LEFT_UNSET)


def assignments(session: Session, *, follows: "bool | None" = False) -> dict[str, str]:
    """Return the variables that contain `session`, with their values; `follows` is as for `guards`."""
    credentials = session.credentials
    values: dict[str, str] = {}
    for key in exported_keys(families(session)):
        values.update(_values(key, credentials))
    values.update(_description(session))
    values["ROLE_ENV_ACCESS_KEY_ID"] = credentials.access_key_id
    values["ROLE_ENV_EXPIRATION"] = str(credentials.expiration)
    if session.base and not session.policy:
        values.update({name: value for name, value in _values(BASE, session.base).items() if value})
    return values | guards(follows=follows)


def renewed(session: Session) -> dict[str, str]:
    """Return the variables that a renewal replaces besides the keys, with their values."""
    names = ("ROLE_ENV_ACCESS_KEY_ID", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_EXPIRATION", REQUEST, *BASE.names)
    return {name: value for name, value in assignments(session).items() if name in names}


def fallback_regions(session: Session) -> "tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]":
    """Return the REGION_GROUPS whose names get the fallback region of `session`; empty groups if it has none."""
    return REGION_GROUPS if session.fallback_region and not session.region_id else _NO_REGION_GROUPS


def served(session: Session, server: str, *, follows: bool) -> dict[str, str]:
    """Return the variables that let a program ask `server` for `session`, and never fall back to another account.

    `server` is the value of ROLE_ENV_SERVER, as `environ.server` describes it; `follows` is as for `served_guards`.
    """
    values = {CREDENTIALS_URI: server.partition(" ")[2], SERVER: server, **served_guards(follows=follows), **NO_KEYS}
    request = {REQUEST: session.request.removesuffix("}") + served_request(server)}
    return values | _description(session) | request | ({COLOUR: session.color} if session.color else {})


def served_request(server: str) -> str:
    """Return the end of REQUEST in a session of `server`. It has nothing that JSON escapes."""
    return f',"server":"{server}"}}'


def _description(session: Session) -> dict[str, str]:
    values = dict.fromkeys(REGIONS, session.region_id) if session.region_id else {}
    values |= {
        "ROLE_ENV_PROFILE": session.profile,
        "ROLE_ENV_ROLE_ARN": session.role_arn,
        "ROLE_ENV_ACCOUNT_ID": session.account_id,
        "ROLE_ENV_FAMILIES": " ".join(families(session)),
    }
    if session.request:
        values[REQUEST] = session.request
    if session.policy:
        values[POLICY] = session.policy
    return values


def _values(key: Key, access_key: AccessKey) -> dict[str, str]:
    values = {key.access_key_id: access_key.access_key_id, key.access_key_secret: access_key.access_key_secret}
    return values | ({key.security_token: access_key.security_token} if key.security_token else {})

"""The variables that tools read an account from, and what would outrank or add to a session in them.

Which tool reads which: the README's table. A stale alias that ranks higher wins silently (an old
ALICLOUD_ACCESS_KEY beats a fresh ALIBABA_CLOUD_ACCESS_KEY_ID in Terraform), so every family is set and unset as a
whole, by the fixed lists below and never by a pattern over the environment.
"""

from role_env.credentials import AccessKey, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Key:
    """Three variables that make one access key: its id, its secret and its token (a name, or "" for none)."""

    __slots__ = ("access_key_id", "access_key_secret", "security_token")

    def __init__(self, access_key_id: str, access_key_secret: str, security_token: str) -> None:
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret
        self.security_token = security_token

    def names(self) -> tuple[str, ...]:
        """Return the two or three names."""
        return tuple(filter(None, (self.access_key_id, self.access_key_secret, self.security_token)))


class Family:
    """Variables that one group of tools reads: the keys, and the names of the region."""

    __slots__ = ("keys", "regions")

    def __init__(self, *keys: Key, regions: tuple[str, ...] = ()) -> None:
        self.keys = keys
        self.regions = regions

    def names(self) -> tuple[str, ...]:
        """Every variable of the family."""
        return tuple(name for key in self.keys for name in key.names()) + self.regions


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
DEFAULT_FAMILIES = ("alibaba_cloud", "alibabacloud", "alicloud", "oss")

# The bare names, which the `aliyun` CLI reads last. SECURITY_TOKEN belongs to many programs: a session leaves it
# alone, and only the shell that must hold no account at all loses it.
BARE = Key("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")

# Packer's key has the bare token's name.
PACKER = FAMILIES["packer"].keys[0]

CLI_PROFILE = "ALIBABA_CLOUD_PROFILE"
IGNORE_PROFILE = ("ALIBABA_CLOUD_IGNORE_PROFILE", "ALIBABACLOUD_IGNORE_PROFILE")

# What else chooses an account, or changes the one that is chosen.
OUTRANKING = (
    "ALIYUN_ACCESS_KEY_ID",
    "ALIYUN_ACCESS_KEY_SECRET",
    "ALICLOUD_ECS_ROLE_NAME",  # the older name of ALIBABA_CLOUD_ECS_METADATA in Terraform, Pulumi and Ansible
    *(
        prefix + name
        for prefix in ("ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_")
        for name in (
            "PROFILE",
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
    ),
)

# An invalid value that stands for no account, where an empty one would let a tool use a file of its own.
NO_ACCOUNT_VALUE = "role-env-none"

# With these and no key, no tool falls back to an account of a file or of the machine.
NO_ACCOUNT = {
    **dict.fromkeys(IGNORE_PROFILE, "TRUE"),
    "ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true",
    "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
    CLI_PROFILE: NO_ACCOUNT_VALUE,
    "ROLE_ENV_NO_ACCOUNT": "1",
}

# The profile's colour in the prompt, as the shell keeps it; no tool reads it.
COLOUR = "_role_env_colour"

BASE = _named("ROLE_ENV_BASE")
OWN = (
    "ROLE_ENV_PROFILE",
    "ROLE_ENV_ROLE_ARN",
    "ROLE_ENV_ACCESS_KEY_ID",
    "ROLE_ENV_EXPIRATION",
    *BASE.names(),
    "ROLE_ENV_NO_ACCOUNT",
)


CREDENTIALS_URI = "ALIBABA_CLOUD_CREDENTIALS_URI"


def _unique(names: "list[str] | tuple[str, ...]") -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


# Every key of the families, each name once. SECURITY_TOKEN, which Packer shares with the world, is apart.
KEYS = tuple(key for name, family in FAMILIES.items() if name != "packer" for key in family.keys)
KEY_NAMES = tuple(name for key in KEYS for name in key.names())
REGIONS = _unique([name for family in FAMILIES.values() for name in family.regions])


def exported(families: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of keys, secrets, tokens and regions in `families`."""
    return _unique([name for family in families for name in FAMILIES[family].names()])


def unset(session: Session) -> tuple[str, ...]:
    """Return the names that must not stand beside `session`."""
    others = _unique([name for family in FAMILIES.values() for name in family.names()])
    kept = {*exported(session.variables), "SECURITY_TOKEN"}
    chosen = CLI_PROFILE if session.in_cli_file else ""
    outranking = (*OUTRANKING, *IGNORE_PROFILE) if chosen else OUTRANKING  # IGNORE_PROFILE beats any profile
    return (*(name for name in others if name not in kept), *(name for name in outranking if name != chosen))


# What a session sets or unsets beside keys: saved once, at the first session of a shell.
REST = _unique([*REGIONS, *IGNORE_PROFILE, *OUTRANKING])
# Of these, what a session or the state without an account sets: what stands there is never the user's.
FORCED = (*REGIONS, *IGNORE_PROFILE, CLI_PROFILE)
# And what both leave unset: what stands there is the user's.
LEFT_UNSET = tuple(name for name in OUTRANKING if name not in FORCED)
# What the shell without any account loses or gets besides: saved when that happens, back when it ends.
DISABLED = ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "ALIBABA_CLOUD_ECS_METADATA_DISABLED")
NO_ACCOUNT_REST = (*BARE.names(), *DISABLED)
# What leads a program to a credentials URI and to nothing else: the URI is the last that the SDKs ask.
CREDENTIALS_FILE = "ALIBABA_CLOUD_CREDENTIALS_FILE"
SERVED = (CREDENTIALS_URI, CREDENTIALS_FILE, *DISABLED)
# What may not stand beside a credentials URI, which every key outranks and the last one would forbid.
BESIDE_URI = (
    *KEY_NAMES,
    *BARE.names(),
    *OUTRANKING,
    *OWN,
    COLOUR,
    *NO_ACCOUNT,
    "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS",
)


def exported_regions(families: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the region in `families`."""
    return _unique([name for family in families for name in FAMILIES[family].regions])


def assignments(session: Session) -> "Iterator[tuple[str, str]]":
    """Return the variables that hold `session`, with their values."""
    credentials = session.credentials
    for family in session.variables:
        for key in FAMILIES[family].keys:
            yield from _values(key, credentials)
        if session.region_id:
            yield from ((name, session.region_id) for name in FAMILIES[family].regions)
    yield "ROLE_ENV_PROFILE", session.profile
    yield "ROLE_ENV_ROLE_ARN", session.role_arn
    yield "ROLE_ENV_ACCESS_KEY_ID", credentials.access_key_id
    yield "ROLE_ENV_EXPIRATION", str(credentials.expiration)
    if session.base:
        yield from ((name, value) for name, value in _values(BASE, session.base) if value)
    # Without either the `aliyun` CLI goes on as its configured user; the first one gives it the region, too.
    if session.in_cli_file:
        yield CLI_PROFILE, session.profile
    else:
        yield from dict.fromkeys(IGNORE_PROFILE, "TRUE").items()


def served(session: Session, uri: str) -> "Iterator[tuple[str, str]]":
    """Return the variables with which a program asks `uri` for `session`, and falls back to no other account."""
    yield CREDENTIALS_URI, uri
    yield CREDENTIALS_FILE, "/dev/null"
    yield from dict.fromkeys(DISABLED, "true").items()
    yield from dict.fromkeys(IGNORE_PROFILE, "TRUE").items()
    if session.region_id:
        yield from ((name, session.region_id) for name in exported_regions(session.variables))
    yield "ROLE_ENV_PROFILE", session.profile
    yield "ROLE_ENV_ROLE_ARN", session.role_arn
    if session.color:
        yield COLOUR, session.color


def _values(key: Key, access_key: AccessKey) -> "Iterator[tuple[str, str]]":
    yield key.access_key_id, access_key.access_key_id
    yield key.access_key_secret, access_key.access_key_secret
    if key.security_token:
        yield key.security_token, access_key.security_token

"""Access keys, credentials, sessions and role ARNs as values, and their times as STS writes them.

Times are UTC, `2030-01-01T00:00:00Z`. Where the values come from is in `sources/`, where they stay in `keyrings/`.
"""

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = ("AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration")
"""The names under which STS, the metadata service, a credentials URI and the SDKs write credentials."""
ISSUED = "IssuedAt"
"""The field for the time of issue that the credentials URI of `exec --renew` adds."""


_ID_BEGINNINGS = ("LTAI", "STS.", "TMP.")
_SECRET_LENGTH = 30


def has_form_of_secret(text: str) -> bool:
    """Return whether `text` is 30 letters and digits, as the secret of a long-lived key, and does not begin as an ID.

    A key's ID is sent and shown, so a secret in its place would be too.
    """
    is_secret = len(text) == _SECRET_LENGTH and text.isascii() and text.isalnum()
    return is_secret and not text.startswith(_ID_BEGINNINGS)


def shown_id(text: str) -> str:
    """Return an ID as a message may show it: a text that does not begin as one may be a mistyped secret."""
    return text if text.startswith(_ID_BEGINNINGS) else "(an ID of another form)"


class AccessKey:
    """A key that requests are signed with.

    `security_token` is empty for a long-lived key, whose `created` is in epoch seconds, 0 if it is unknown. The repr
    shows the ID only.
    """

    def __init__(
        self, access_key_id: str, access_key_secret: str, security_token: str = "", *, created: int = 0
    ) -> None:
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret
        self.security_token = security_token
        self.created = created

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.shown_id!r})"

    @property
    def shown_id(self) -> str:
        """The ID, as a message may show it."""
        return shown_id(self.access_key_id)


class Credentials(AccessKey):
    """A session's credentials, and how long they last: `issued` and `expiration` are seconds since the epoch, UTC."""

    def __init__(
        self, access_key_id: str, access_key_secret: str, security_token: str, *, issued: float, expiration: int
    ) -> None:
        super().__init__(access_key_id, access_key_secret, security_token)
        self.issued = issued
        self.expiration = expiration

    def document(self, expiration: str) -> "dict[str, str]":
        """Return the credentials as STS writes them; `expiration` is the time as text."""
        values = (self.access_key_id, self.access_key_secret, self.security_token, expiration)
        return dict(zip(FIELDS, values, strict=True))

    def remaining(self) -> float:
        """Return the seconds left; negative after the expiration."""
        return self.expiration - time.time()

    def needs_renewal(self, min_ttl: int = 0) -> bool:
        """Return whether they are due for renewal, or have less than `min_ttl` seconds left."""
        return is_due(self.issued, self.expiration, min_ttl)


def is_due(issued: float, expiration: int, min_ttl: int = 0) -> bool:
    """Return whether a session has less than its `renewal_window`, or less than `min_ttl` seconds, left.

    A session that seems to have more than its whole life left was issued by a clock that has since been set back; it is
    due too, because its end is unknown.
    """
    life, left = expiration - issued, expiration - time.time()
    return left < max(renewal_window(life), min_ttl) or left > life + 60


def renewal_window(lifetime: float) -> float:
    """Return how long before its end a session with this lifetime is renewed: min(300 s, a fifth of the lifetime)."""
    return min(300, lifetime / 5)


class Session:
    """A profile's credentials, with everything that an exporter writes.

    `profile`, `role_arn` and `region_id` are the profile's (the last two may be empty); `account_id` is the role's
    account, or that of a passed-through session; `families` names the families that its profile adds; `request_words`
    has the words of ROLE_ENV_REQUEST with which `renew` asks again; `policy_name` is `read-only`, the digest of a
    session policy, or empty for a full session; `base_key` is the access key that is exported too so that a profile
    with `credential_source = environment` can be renewed, else None; `cli_can_follow` says whether the `aliyun` CLI's
    file has the profile `role-env` as `setup aliyun-cli` writes it, so that `aliyun` can use the session of its shell;
    `fallback_region` is the region of that file's current profile, for a profile and a shell without one;
    `display_keys` has the profile's keys that are only shown, by name.
    """

    def __init__(
        self,
        profile: str,
        role_arn: str,
        credentials: Credentials,
        *,
        account_id: str = "",
        region_id: str = "",
        fallback_region: str = "",
        families: tuple[str, ...],
        policy_name: str = "",
        base_key: AccessKey | None = None,
        cli_can_follow: bool = False,
        display_keys: "Mapping[str, str] | None" = None,
    ) -> None:
        self.profile = profile
        self.role_arn = role_arn
        self.credentials = credentials
        self.account_id = account_id or "".join(role_arn.split(":")[3:4])
        self.region_id = region_id
        self.fallback_region = fallback_region
        self.families = families
        self.request_words: Mapping[str, str] = {}
        self.policy_name = policy_name
        self.base_key = base_key
        self.cli_can_follow = cli_can_follow
        self.display_keys = display_keys or {}

    def for_request(
        self, request_words: "Mapping[str, str]", *, region_id: str, base_key: AccessKey | None
    ) -> "Session":
        """Return the same session with what only the request for it knows."""
        session = object.__new__(Session)
        vars(session).update(vars(self), request_words=request_words, region_id=region_id, base_key=base_key)
        return session


class RoleArn(str):
    """The ARN of a role, `acs:ram::<account>:role/<name>`, unchecked, with its parts; empty where there is no role."""

    account: str
    name: str

    def __new__(cls, text: str = "") -> "RoleArn":
        """Split the ARN `text` once."""
        arn = super().__new__(cls, text)
        head, _, arn.name = text.partition("/")
        arn.account = head.removeprefix("acs:ram::").removesuffix(":role")
        return arn


def shown_minutes(seconds: float) -> str:
    """Return a time in whole minutes, as every message shows it: `59 min`, `11 h 59 min`."""
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def format_utc(seconds: int) -> str:
    """Return `seconds` since the epoch as STS writes times."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def parse_utc(text: str) -> int:
    """Return the seconds since the epoch of a time as STS writes it. Raises ValueError for any other text."""
    seconds = parse_rfc3339(text)
    if seconds < 0 or format_utc(seconds) != text:
        raise ValueError(text)
    return seconds


def parse_rfc3339(text: str) -> int:
    """Return the seconds since the epoch of an RFC 3339 time with any offset. Raises ValueError for any other text."""
    import datetime  # takes 2 ms, and the warm path does not need it
    import re

    pattern = r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)"
    parts = re.fullmatch(pattern, text, re.ASCII)
    try:
        if not parts:
            raise ValueError
        offset = "+00:00" if parts[3] in "Zz" else parts[3]
        return int(datetime.datetime.fromisoformat(f"{parts[1]}T{parts[2]}{offset}").timestamp())
    except ValueError:  # Python's own message does not help a person
        raise ValueError("not an RFC 3339 time") from None


def parse_date(text: str) -> int:
    """Return the seconds since the epoch of an HTTP Date; 0 for any other text."""
    import email.utils

    try:
        return int(email.utils.parsedate_to_datetime(text).timestamp())
    except (TypeError, ValueError, OverflowError):  # the last for a number of twenty digits
        return 0

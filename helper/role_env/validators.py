"""Every key that a profile can have, with its check.

A check takes the text of a value and returns what it means, or raises ValueError, whose text completes a sentence
about the key. The rules are those of STS 2015-04-01, AssumeRole.
"""

from role_env import names, variables
from role_env.command_table.model import ACCOUNT, REGION, SESSION_NAME
from role_env.credentials import RoleArn
from role_env.errors import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    # Takes the text of a value and returns it, or raises ValueError.
    Check = Callable[[str], str]


def _pattern(pattern: str, rule: str) -> "Check":
    def check(text: str) -> str:
        import re  # 5 ms, which the keys of most profiles do without

        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"is not {rule}")
        return text

    return check


def _of_kind(kind: str) -> "Check":
    def check(text: str) -> str:
        if rule := names.value_fault(kind, text):
            raise ValueError(f"is not {rule}")
        return text

    return check


def _one_of(words: "Collection[str]") -> "Check":
    def check(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return check


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ValueError("is not a number of seconds")
    return int(text)


def _most_seconds(text: str) -> int:
    if not 3600 <= _seconds(text) <= 43200:
        raise ValueError("must be between 3600 and 43200")
    return int(text)


_MOST_DIGITS = 6
_LABEL = r"[A-Za-z0-9_-]{1,63}"


def host(text: str) -> str:
    """Check `host` or `host:port` of an endpoint, without `https://`. Raises ValueError; for `http://` too."""
    if text.startswith("http://"):
        raise ValueError("begins with http://, and STS is only asked over TLS; write host or host:port")
    import re

    bare = text.removeprefix("https://").rstrip("/")
    parts = re.fullmatch(rf"({_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{{1,5}}))?", bare)
    if not parts or not 0 < int(parts[2] or 443) < 65536:
        raise ValueError("is not host or host:port")
    return bare


def _families(text: str) -> tuple[str, ...]:
    families = tuple(text.split())
    for name in families:
        if name not in variables.FAMILIES:
            raise ValueError(f"must be words of {' '.join(variables.FAMILIES)}")
    return families


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("yes", "no", "true", "false"):
        raise ValueError("must be yes or no")
    return text.lower() in ("yes", "true")


def _command(text: str) -> str:
    import shlex

    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError("has an unclosed quote") from None
    if not words or "\0" in text:
        raise ValueError("is empty")
    return text


def _token_kind(text: str) -> str:
    if text != "github":
        raise ValueError("is not github; set oidc_token_file or oidc_token_variable for another token")
    return text


def _site_kind(text: str) -> str:
    if text.upper() not in ("CN", "INTL"):
        raise ValueError("must be CN or INTL")
    return text.upper()


def source_identity(text: str) -> str:
    """Return a source identity, checked against STS's rule. Raises ValueError."""
    if text.startswith(("acs:", "aliyun:", "alibabacloud:")):
        raise ValueError("begins with acs:, aliyun: or alibabacloud:")
    return _pattern(r"[\w+=,.@-]{2,64}", "2 to 64 of letters, digits and _+=,.@-")(text)


session_name = _of_kind(SESSION_NAME)
account_id = _of_kind(ACCOUNT)
region = _of_kind(REGION)
key_part = _pattern(r"[\x21-\x7e]+", "printable ASCII without spaces")


def role_arn(text: str) -> RoleArn:
    """Parse the ARN of a role. Raises ValueError."""
    role = RoleArn(text)
    if not names.is_valid_role(role):
        raise ValueError("is not a role's ARN, acs:ram::<account>:role/<name>")
    return role


KEYS: "dict[str, Callable[[str], Any]]" = {
    "role_arn": role_arn,
    "source_profile": one_line,
    "access_key_id": key_part,
    "access_key_secret": key_part,
    "security_token": key_part,
    "credential_source": _one_of(("environment", "ecs_ram_role", "aliyun_cli")),
    "role_name": _of_kind(names.ROLE_NAME),
    "aliyun_profile": one_line,
    "credential_process": _command,
    "cloud_sso_sign_in_url": str,
    "cloud_sso_account_id": account_id,
    "cloud_sso_access_config": _pattern(r"[\w.@-]{1,128}", "the ID or the name of an access configuration"),
    "oauth_site_type": _site_kind,
    "oauth_client_id": _pattern(r"[\w.-]{1,64}", "the ID of an OAuth application"),
    "oidc_provider_arn": _pattern(
        r"acs:ram::[0-9]{1,32}:oidc-provider/[A-Za-z0-9._-]{1,128}",
        "an OIDC provider's ARN, acs:ram::<account>:oidc-provider/<name>",
    ),
    "oidc_token_file": one_line,
    "oidc_token_variable": _pattern(r"[A-Za-z_][A-Za-z0-9_]{0,127}", "the name of a variable"),
    "oidc_token": _token_kind,
    "oidc_audience": one_line,
    "role_session_name": session_name,
    "duration_seconds": _seconds,
    "max_session_duration": _most_seconds,
    "external_id": _pattern(r"[\w+=,.@:/-]{2,1224}", "2 to 1224 of letters, digits and _+=,.@:/-"),
    "policy": str,
    "policy_file": one_line,
    "source_identity": source_identity,
    "expected_account_id": account_id,
    "region_id": region,
    "sts_endpoint": host,
    "sts_region": region,
    "variables": _families,
    "color": _one_of(variables.COLORS),
    "read_only": _yes_or_no,
    "colour": _one_of(variables.COLORS),
}

# The keys that say where a profile's credentials come from, in groups. A profile uses one group.
_SOURCE_GROUPS = (
    ("source_profile",),
    ("access_key_id", "access_key_secret", "security_token"),
    ("credential_source", "role_name", "aliyun_profile"),
    ("credential_process",),
    ("cloud_sso_sign_in_url", "cloud_sso_account_id", "cloud_sso_access_config"),
    ("oauth_site_type", "oauth_client_id"),
    ("oidc_provider_arn", "oidc_token_file", "oidc_token_variable", "oidc_token", "oidc_audience"),
)
# Each of them with the first one of its group.
SOURCES = {key: group[0] for group in _SOURCE_GROUPS for key in group}

"""Validate the names of profiles, sessions, regions and accounts, and suggest near misses."""

import os

from role_env.command_table import ACCOUNT, REGION, SESSION_NAME, TOPICS
from role_env.command_table.commands import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from role_env.credentials import RoleArn

LONGEST = 64
"""The ASCII characters that a profile's name may contain."""

ROLE_NAME = "role name"
# The regions of the public cloud, as in the endpoint tables of Alibaba's SDKs.
_REGIONS = (
    "cn-beijing cn-chengdu cn-fuzhou cn-guangzhou cn-hangzhou cn-heyuan cn-hongkong cn-huhehaote cn-nanjing cn-qingdao"
    " cn-shanghai cn-shenzhen cn-wuhan-lr cn-wulanchabu cn-zhangjiakou cn-zhengzhou-jva cn-zhongwei"
    " cn-beijing-finance-1 cn-hangzhou-finance cn-shanghai-finance-1 cn-shenzhen-finance-1 cn-north-2-gov-1"
    " cn-heyuan-acdr-1 cn-wulanchabu-gic-1 ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2"
    " ap-southeast-3 ap-southeast-5 ap-southeast-6 ap-southeast-7 eu-central-1 eu-west-1 eu-west-2 me-central-1"
    " me-east-1 na-south-1 us-east-1 us-southeast-1 us-west-1"
)
_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_MOST_SIMILAR = 3
_LETTERS = _LOWER + _LOWER.upper()
_SIGNS = "._@+:/-"
# For each kind: its characters, the least and greatest length, and the rule in words. STS 2015-04-01, AssumeRole.
_RULES = {
    SESSION_NAME: (_LETTERS + _DIGITS + ".@-_", 2, 64, "2 to 64 of letters, digits and .@-_"),
    ACCOUNT: (_DIGITS, 1, 32, "the number of an account"),
    ROLE_NAME: (_LETTERS + _DIGITS + "._-", 1, 64, "a role's name"),
    REGION: (_LOWER + _DIGITS + "-", 2, 64, "the ID of a region, such as cn-hangzhou"),
}


def fault(name: str) -> str:
    """Return why `name` cannot be the name of a profile, or an empty text.

    Allowed are letters and digits of any script, with their combining marks, and `._@+:/-`.
    """
    if len(name) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if not name or name.startswith("-"):
        return "it is empty or begins with -"
    if not name.strip(_LETTERS + _DIGITS + _SIGNS):
        return ""
    import unicodedata  # for the letters of other scripts

    if odd := next((c for c in name if c not in _SIGNS and unicodedata.category(c)[0] not in "LMN"), ""):
        return f"it contains {odd!a}"
    return ""


def value_fault(kind: str, value: str) -> str:
    """Return the rule of `kind`, such as REGION, that `value` breaks; empty if it is valid."""
    if kind not in _RULES:
        return ""
    characters, fewest, most, rule = _RULES[kind]
    return "" if fewest <= len(value) <= most and not value.strip(characters) else rule


def region_warning(region: str) -> str:
    """Return a warning if `region` may be a typo of a known region; empty for any other unknown one."""
    known = _REGIONS.split()
    near = "" if region in known else nearest(region, known, cutoff=0.8)
    return f"unknown region {region}: did you mean {near}?" if near else ""


def is_valid_role(role: "RoleArn") -> bool:
    """Return whether `role` is `acs:ram::<account>:role/<name>`."""
    is_whole = role == f"acs:ram::{role.account}:role/{role.name}"
    return is_whole and not value_fault(ACCOUNT, role.account) and not value_fault(ROLE_NAME, role.name)


def nearest(name: str, known: "Iterable[str]", *, cutoff: float = 0.6) -> str:
    """Return the one of `known` that `name` may stand for, never `name` itself; or an empty text.

    A name that differs only in case comes first, then the only one that begins with `name`, then one that `name` may be
    a typo of: of those with a similarity (0 to 1) of at least `cutoff`, the one that begins most like it.
    """
    import difflib  # for failures only

    typed, folded = name.casefold(), {other.casefold(): other for other in known if other != name}
    begun = [other for other in folded if typed and other.startswith(typed)]
    if typed in folded or len(begun) == 1:
        return folded[typed if typed in folded else begun[0]]
    close = difflib.get_close_matches(typed, list(folded), cutoff=cutoff)
    if not close:
        return ""
    return folded[max(close, key=lambda other: len(os.path.commonprefix([typed, other])))]  # noqa: RUF071  no paths


def similar(name: str, known: "Iterable[str]") -> str:
    """Return the ones of `known` that `name` may stand for, such as `a, b or c`; or an empty text.

    Two or three names that begin with `name` are returned together; for more, the text is empty.
    """
    known, typed = list(dict.fromkeys(known)), name.casefold()
    begun = [other for other in known if typed and other.casefold().startswith(typed)]
    if len(begun) < 2 or any(other.casefold() == typed for other in begun):
        return nearest(name, known)
    return f"{', '.join(begun[:-1])} or {begun[-1]}" if len(begun) <= _MOST_SIMILAR else ""


def nearest_command_line(name: str) -> str:
    """Return the command or the help topic that `name` may be a typo of, as it is typed; or an empty text."""
    if name in TOPICS:
        return f"role-env help {name}"
    command = nearest(name, COMMANDS)
    return f"role-env {command}" if command else ""

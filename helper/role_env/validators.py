"""Validate names and the values of profile keys, options and other files, and suggest near misses.

A check takes the text of a value and returns the parsed value, or raises ValueError, whose text completes a sentence
about the key. The rules are those of STS 2015-04-01, AssumeRole.
"""

import os

from role_env.command_table import ACCOUNT, REGION, SESSION_NAME, TOPICS, parse_duration
from role_env.command_table.commands import COMMANDS
from role_env.credentials import RoleArn, has_form_of_secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    # A check that returns the text itself.
    Check = Callable[[str], str]


INCLUDE = "include"
"""The section of a profiles file that names other files. No profile has this name."""
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
# What people call some of them. A part of an ID, such as hangzhou, is found without this.
_REGION_OF_PLACE = {
    "bangkok": "ap-southeast-7",
    "dubai": "me-east-1",
    "frankfurt": "eu-central-1",
    "jakarta": "ap-southeast-5",
    "japan": "ap-northeast-1",
    "london": "eu-west-1",
    "manila": "ap-southeast-6",
    "mexico": "na-south-1",
    "riyadh": "me-central-1",
    "seoul": "ap-northeast-2",
    "singapore": "ap-southeast-1",
    "tokyo": "ap-northeast-1",
}
# An area and a place or direction in letters; what may follow, such as the regions of a private cloud, is not known.
_FORM_OF_REGION = "[a-z]{2,}-[a-z]+(-[a-z0-9]+)*"
_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_MOST_SIMILAR = 3
_LETTERS = _LOWER + _LOWER.upper()
_SIGNS = "._@+:/-"
NAME_RULE = f"letters, digits and {_SIGNS}"
"""The characters that a profile's name may have."""
# For each kind: its characters, the least and greatest length, and the rule in words. STS 2015-04-01, AssumeRole.
_RULES = {
    SESSION_NAME: (_LETTERS + _DIGITS + ".@-_", 2, 64, "2 to 64 of letters, digits and .@-_"),
    ACCOUNT: (_DIGITS, 1, 32, "the number of an account"),
    ROLE_NAME: (_LETTERS + _DIGITS + "._-", 1, 64, "a role's name"),
    REGION: (_LOWER + _DIGITS + "-", 2, 64, "the ID of a region, such as cn-hangzhou"),
}


def name_fault(name: str) -> str:
    """Return why `name` cannot be the name of a profile, or an empty text.

    Allowed are letters and digits of any script, with their combining marks, and `._@+:/-`.
    """
    if len(name) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if not name or name.startswith("-"):
        return "it is empty or begins with -"
    if name == INCLUDE:
        return "[include] is where other files are named"
    if not name.strip(_LETTERS + _DIGITS + _SIGNS):
        return ""
    import unicodedata  # for the letters of other scripts

    if odd := next((c for c in name if c not in _SIGNS and unicodedata.category(c)[0] not in "LMN"), ""):
        return f"it contains {'a space' if odd == ' ' else named_character(odd)}"
    return ""


# What people type or paste by accident, beside the full-width forms that NFKC replaces.
_TYPOGRAPHIC = dict.fromkeys("\u2018\u2019\u201a\u201b", "'") | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
_TYPOGRAPHIC |= dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")


def plain(text: str) -> str:
    """Return `text` with the plain character for each full-width or typographic one, and without invisible ones."""
    return text if text.isascii() else "".join(map(_plain, text))


def _plain(character: str) -> str:
    if character.isascii():
        return character
    import unicodedata

    if character in _TYPOGRAPHIC:
        return _TYPOGRAPHIC[character]
    kind = unicodedata.category(character)
    return "" if kind == "Cf" else " " if kind == "Zs" else unicodedata.normalize("NFKC", character)


def odd_character(text: str, stands_for: str = "") -> str:
    """Return the first character of `text` that `plain` replaces, if given by one of `stands_for`; or an empty text."""
    for character in text:
        replaced = _plain(character)
        if replaced != character and (not stands_for or replaced in stands_for):
            return character
    return ""


def named_character(character: str) -> str:
    """Return `character` as messages name it, with its code: `'\uff1d' (U+FF1D, full-width)`."""
    import unicodedata

    kind, code = unicodedata.category(character), f"U+{ord(character):04X}"
    if kind in ("Cf", "Cc"):
        return f"{code} ({unicodedata.name(character, 'a control character').lower()}, invisible)"
    if kind == "Zs":
        return f"{code} ({unicodedata.name(character).lower()})"
    is_wide = unicodedata.east_asian_width(character) == "F"
    return f"'{character}' ({code}{', full-width' if is_wide else ''})"


def what_to_type(character: str) -> str:
    """Return what to do about an odd `character`: `type =`, or `delete it`."""
    meant = _plain(character)
    return f"type {'a space' if meant == ' ' else meant}" if meant else "delete it"


def value_fault(kind: str, value: str) -> str:
    """Return the rule of `kind`, such as REGION, that `value` breaks; empty if it is valid."""
    if kind not in _RULES:
        return ""
    characters, fewest, most, rule = _RULES[kind]
    return "" if fewest <= len(value) <= most and not value.strip(characters) else rule


def region_fault(region: str) -> str:
    """Return that `region` cannot be the ID of a region, with the closest one, to complete a sentence about it.

    Return an empty text for one that can be, such as one that is newer than this list.
    """
    import re

    if re.fullmatch(_FORM_OF_REGION, region):
        return ""
    meant = _region_meant(region)
    return "is not the ID of a region" + (f": did you mean {meant}?" if meant else ", such as cn-hangzhou")


def region_warning(region: str) -> str:
    """Return a warning if `region` may be a typo of a known region; empty for any other unknown one."""
    meant = _region_meant(region)
    return f"unknown region {region}: did you mean {meant}?" if meant else ""


def _region_meant(region: str) -> str:
    """Return the known region that `region` names or may be a typo of; empty if it is known itself, and for others."""
    known = _REGIONS.split()
    if region in known:
        return ""
    return _REGION_OF_PLACE.get(region.casefold()) or nearest(region, known, cutoff=0.8)


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
    """Return the ones of `known` that `name` may stand for, such as `a, b or c`; or an empty text."""
    *others, last = near_names(name, known) or [""]
    return f"{', '.join(others)} or {last}" if others else last


def near_names(name: str, known: "Iterable[str]") -> "list[str]":
    """Return the ones of `known` that `name` may stand for.

    Two or three names that begin with `name` are returned together; if there are more, none is.
    """
    known, typed = list(dict.fromkeys(known)), name.casefold()
    begun = [other for other in known if typed and other.casefold().startswith(typed)]
    if len(begun) < 2 or any(other.casefold() == typed for other in begun):
        found = nearest(name, known)
        return [found] if found else []
    return begun if len(begun) <= _MOST_SIMILAR else []


def nearest_command_line(name: str) -> str:
    """Return the command or the help topic that `name` may be a typo of, as it is typed; or an empty text."""
    if name in TOPICS:
        return f"role-env help {name}"
    command = nearest(name, COMMANDS)
    return f"role-env {command}" if command else ""


def _check(is_valid: "Callable[[str], object]", fault: str) -> "Check":
    """Return the check that `is_valid` is true of a value; `fault` completes a sentence about any other value."""

    def check(text: str) -> str:
        if not is_valid(text):
            raise ValueError(fault)
        return text

    return check


def pattern(pattern: str, rule: str) -> "Check":
    """Return the check that a value matches `pattern`, in ASCII; `rule` describes a valid value."""

    def matches(text: str) -> bool:
        import re  # takes 5 ms, and most profiles do not need it

        return bool(re.fullmatch(pattern, text, re.ASCII))

    return _check(matches, f"is not {rule}")


def of_kind(kind: str) -> "Check":
    """Return the check for a kind of value whose rule is in `names`. Each rule rejects an empty value."""
    return _check(lambda text: not value_fault(kind, text), f"is not {value_fault(kind, '')}")


def one_of(words: "Collection[str]") -> "Check":
    """Return the check that a value is one of `words`."""
    return _check(words.__contains__, f"must be one of {', '.join(words)}")


def one_line(text: str) -> str:
    """Return `text`, checked to be safe as a value on one line of a file. Raises ValueError.

    It contains no control character, no other line separator, and only valid UTF-8.
    """
    if not text.isprintable():
        import unicodedata  # only for unprintable text, such as a joined emoji

        if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
            raise ValueError("contains a control character")
    return text


def seconds(text: str) -> int:
    """Parse a duration, as seconds or as `30m` or `1h`. Raises ValueError."""
    found = parse_duration(text)
    if found is None:
        raise ValueError("is not a number of seconds, or a duration such as 30m or 1h")
    return found


def longest_seconds(text: str) -> int:
    """Parse the longest duration that a role allows, in seconds. Raises ValueError."""
    longest = seconds(text)
    if not 3600 <= longest <= 43200:
        raise ValueError("must be between 3600 and 43200")
    return longest


_LABEL = r"[A-Za-z0-9_-]{1,63}"


def host(text: str) -> str:
    """Return the `host` or `host:port` of an endpoint, without `https://`. Raises ValueError, also for `http://`."""
    if text.startswith("http://"):
        raise ValueError("begins with http://, and STS is only asked over TLS; write host or host:port")
    import re

    bare = text.removeprefix("https://").rstrip("/")
    parts = re.fullmatch(rf"({_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{{1,5}}))?", bare)
    if not parts or not 0 < int(parts[2] or 443) < 65536:
        raise ValueError("is not host or host:port")
    return bare


def yes_or_no(text: str) -> bool:
    """Parse yes, no, true or false, in any case. Raises ValueError."""
    if text.lower() not in ("yes", "no", "true", "false"):
        raise ValueError("must be yes or no")
    return text.lower() in ("yes", "true")


def command(text: str) -> str:
    """Return a command line, checked to have balanced quotes. Raises ValueError."""
    import shlex

    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError("has an unclosed quote") from None
    if not words or "\0" in text:
        raise ValueError("is empty")
    return text


def token_kind(text: str) -> str:
    """Return the name of a service that issues OIDC tokens. Raises ValueError."""
    if text != "github":
        raise ValueError("is not github; set oidc_token_file or oidc_token_variable for another token")
    return text


def site_kind(text: str) -> str:
    """Parse the name of a site, in any case. Raises ValueError."""
    if text.upper() not in ("CN", "INTL"):
        raise ValueError("must be CN or INTL")
    return text.upper()


def source_identity(text: str) -> str:
    """Return a source identity that STS accepts. Raises ValueError."""
    if text.startswith(("acs:", "aliyun:", "alibabacloud:")):
        raise ValueError("begins with acs:, aliyun: or alibabacloud:")
    return pattern(r"[\w+=,.@-]{2,64}", "2 to 64 of letters, digits and _+=,.@-")(text)


session_name = of_kind(SESSION_NAME)
account_id = of_kind(ACCOUNT)
region = of_kind(REGION)
external_id = pattern(r"[\w+=,.@:/-]{2,1224}", "2 to 1224 of letters, digits and _+=,.@:/-")
access_configuration = pattern(r"[\w.@-]{1,128}", "the ID or the name of an access configuration")
agents = one_of(("read-only", "full"))
key_part = pattern(r"[\x21-\x7e]+", "printable ASCII without spaces")


def key_id(text: str) -> str:
    """Return the ID of an access key. Raises ValueError, also for a secret: an ID is sent, and shown in messages."""
    if has_form_of_secret(text):
        raise ValueError("has the form of a secret: the ID and the secret are swapped")
    return key_part(text)


def role_arn(text: str) -> RoleArn:
    """Parse the ARN of a role. Raises ValueError."""
    role = RoleArn(text)
    if not is_valid_role(role):
        raise ValueError("is not a role's ARN, acs:ram::<account>:role/<name>")
    return role

"""Profiles: an INI file becomes Profile objects, checked key by key, and the chain that leads to a role.

What keeps the file from being read concerns every profile; what is wrong inside a section concerns that profile and
the chains through it. Each error names the profile, the key, the file and the line, and never a value that could be a
secret.
"""

import configparser
import difflib
import getpass
import io
import json
import os
import re
import socket
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs

from role_env import variables
from role_env.credentials import AccessKey
from role_env.errors import ProfileError
from role_env.origin import Origin

COMMANDS = (
    *("export", "exec", "process", "off", "init", "setup", "list", "status", "whoami", "login", "logout"),
    *("clear", "explain", "doctor", "console", "use"),
)
DEFAULT = "DEFAULT"
LONGEST_NAME = 64

# The keys that say where a profile's credentials come from: one of these groups a profile.
_SOURCES = {
    "source_profile": "source_profile",
    "access_key_id": "access_key_id",
    "access_key_secret": "access_key_id",
    "security_token": "access_key_id",
    "credential_source": "credential_source",
    "role_name": "credential_source",
    "aliyun_profile": "credential_source",
    "credential_process": "credential_process",
    "oidc_provider_arn": "oidc_provider_arn",
    "oidc_token_file": "oidc_provider_arn",
    "oidc_token": "oidc_provider_arn",
    "oidc_audience": "oidc_provider_arn",
}
_SECRETS = ("access_key_secret", "security_token")


@dataclass(frozen=True)
class Profile:
    """One checked section of a profiles file.

    `role_arn` is empty for a source. Exactly one of `source_profile`, `access_key` and `credential_source` is set.
    Durations are seconds.
    """

    name: str
    where: str
    role_arn: str = ""
    source_profile: str = ""
    access_key: AccessKey | None = None
    credential_source: str = ""
    role_session_name: str = ""
    duration_seconds: int = 3600
    max_session_duration: int = 3600
    external_id: str = ""
    policy: str = ""
    source_identity: str = ""
    expected_account_id: str = ""
    region_id: str = ""
    endpoint: str = ""
    variables: tuple[str, ...] = variables.DEFAULT_FAMILIES
    colour: str = ""

    def with_duration(self, seconds: int) -> "Profile":
        """The profile with another duration, as far as it may be; raises ProfileError."""
        if not 900 <= seconds <= self.max_session_duration:
            raise _duration_error(self.name, seconds, self.max_session_duration, self.where)
        return replace(self, duration_seconds=seconds)

    def with_session_name(self, name: str) -> "Profile":
        """The profile with another session name."""
        return replace(self, role_session_name=name)


def account_of(role_arn: str) -> str:
    """The account id in the ARN of a role, `acs:ram::<account>:role/<name>`."""
    return role_arn.split(":")[3]


def locate(config: str, origin: Origin) -> Path:
    """The profiles file: `config`, else ROLE_ENV_CONFIG, else the user's own, else Alibaba's.

    Raises ProfileError when there is none.
    """
    for chosen, by in ((config, "--config"), (origin.variable("ROLE_ENV_CONFIG"), "ROLE_ENV_CONFIG")):
        if chosen:
            if origin.exists(Path(chosen)):
                return Path(chosen).absolute()
            raise ProfileError(f"{by} names {chosen}, which is no file", hint="give the path of a profiles file")
    own = own_file(origin)
    for path in (own, *_alibaba_files(origin)):
        if origin.exists(path):
            return path.absolute()
    raise ProfileError("there is no profiles file", hint=f"write one at {own}, or name one with --config")


def own_file(origin: Origin) -> Path:
    """Where role-env's own profiles file is, or would be: in the user's folder for settings."""
    for name in ("HOME", "XDG_CONFIG_HOME"):
        origin.variable(name)
    return Path(platformdirs.user_config_dir("role-env", appauthor=False)) / "profiles.ini"


def _alibaba_files(origin: Origin) -> list[Path]:
    chosen = origin.variable("ALIBABA_CLOUD_CREDENTIALS_FILE")
    folder = Path("~/.alibabacloud").expanduser()
    return [*([Path(chosen)] if chosen else []), folder / "credentials.ini", folder / "credentials"]


class Section:
    """A section as it stands in the file: its keys in lower case with their values, and the line of each."""

    def __init__(self, path: Path, name: str, values: Mapping[str, str], lines: Mapping[str, int]) -> None:
        self.path = path
        self.name = name
        self.values = dict(values)
        self._lines = lines

    def where(self, key: str = "") -> str:
        """The file and line of `key`, or of the section's head."""
        line = self._lines.get(key) or self._lines.get("")
        return f"{self.path}, line {line}" if line else f"{self.path}"

    def error(self, key: str, what: str, *, hint: str = "") -> ProfileError:
        """A ProfileError about `key` of this profile."""
        return ProfileError(f"profile {self.name}: {key} {what} ({self.where(key)})", hint=hint)


class ProfilesFile:
    """A profiles file, read and parsed; its profiles are checked when they are asked for.

    Raises ProfileError when the file cannot be read as a whole: syntax, something twice, a name that no profile can
    have, or permissions.
    """

    def __init__(self, path: Path, origin: Origin) -> None:
        self.path = path
        self._origin = origin
        self._is_alibabas = path in [candidate.absolute() for candidate in _alibaba_files(origin)]
        try:
            content, status = origin.read(path)
        except OSError as error:
            what = error.strerror or str(error)
            raise ProfileError(f"the profiles file {path} cannot be read: {what}") from None
        self._sections, defaults = _parse(path, content)
        secret = any(key in values for values in (defaults, *self._raw()) for key in _SECRETS)
        _check_permissions(path, status, secret=secret)
        self._check_names()

    def _raw(self) -> list[dict[str, str]]:
        return [section.values for section in self._sections.values()]

    def names(self) -> list[str]:
        """The names of the profiles, in file order."""
        return list(self._sections)

    def profile(self, name: str) -> Profile:
        """The profile `name`, checked. Raises ProfileError."""
        if name not in self._sections:
            raise ProfileError(f"there is no profile {name} in {self.path}", hint=self._nearest(name))
        section = self._sections[name]
        if self._is_alibabas:
            section = _translated(section)
        else:
            _check_keys(section)
        return _checked(section, self._origin)

    def chain(self, name: str) -> list[Profile]:
        """The profiles from where the chain of `name` begins to `name` itself. Raises ProfileError for a loop."""
        chain = [self.profile(name)]
        while source := chain[0].source_profile:
            names = [hop.name for hop in reversed(chain)]
            if source in names:
                loop = " -> ".join([*names[names.index(source) :], source])
                raise ProfileError(
                    f"profile {name}: its source profiles go round in a loop, {loop} ({chain[0].where})",
                    hint="one of them needs a key or another source",
                )
            if source not in self._sections:
                raise ProfileError(
                    f"profile {chain[0].name}: source_profile names {source}, which is not in the file"
                    f" ({chain[0].where})",
                    hint=self._nearest(source),
                )
            chain.insert(0, self.profile(source))
        return chain

    def _nearest(self, name: str) -> str:
        nearest = difflib.get_close_matches(name, self._sections, n=1)
        return f"the nearest is {nearest[0]}" if nearest else "role-env list shows what there is"

    def _check_names(self) -> None:
        for name, section in list(self._sections.items()):
            fault = name_fault(name)
            if fault and self._is_alibabas:
                del self._sections[name]
            elif fault:
                raise ProfileError(
                    f"[{name[:LONGEST_NAME]}] is no name for a profile: {fault} ({section.where()})",
                    hint="a name is letters, digits and . _ @ + : / - and not a command's",
                )


def name_fault(name: str) -> str:
    """What keeps `name` from being a profile's, or an empty text.

    Letters and digits of any script, with the marks that belong to them, and `._@+:/-`.
    """
    if len(name) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} characters"
    if name in COMMANDS:
        return "it is the name of a command"
    if not name or name.startswith("-"):
        return "it is empty or begins with -"
    if odd := next((c for c in name if c not in "._@+:/-" and unicodedata.category(c)[0] not in "LMN"), ""):
        return f"it holds {odd!a}"
    return ""


def _parse(path: Path, content: bytes) -> tuple[dict[str, Section], dict[str, str]]:
    """The sections of the file by name, each with the defaults in it, and the defaults."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ProfileError(f"{path}, line {line}: this is not UTF-8", hint="save the file as UTF-8") from None
    if "\0" in text:
        raise ProfileError(f"{path}, line {text[: text.index(chr(0))].count(chr(10)) + 1}: a NUL byte")
    parser = configparser.RawConfigParser(
        delimiters=("=",), comment_prefixes=("#", ";"), default_section=DEFAULT, empty_lines_in_values=False
    )
    lines = io.StringIO(text, newline=None).read().split("\n")
    numbers = _line_numbers(path, lines)
    try:
        parser.read_file(f"{line}\n" for line in lines)
    except configparser.Error as error:
        raise _syntax_error(path, error) from None
    defaults = dict(parser.defaults())
    sections = {
        name: Section(path, name, _without_other_sources(dict(parser[name]), name, numbers), numbers[name])
        for name in parser.sections()
    }
    return sections, defaults


def _without_other_sources(values: dict[str, str], name: str, numbers: dict[str, dict[str, int]]) -> dict[str, str]:
    """`values` without a source that only [DEFAULT] names, where the section itself names one."""
    own = {key for key in values if key in numbers[name]}
    if not own & set(_SOURCES):
        return values
    return {key: value for key, value in values.items() if key in own or key not in _SOURCES}


def _line_numbers(path: Path, lines: list[str]) -> dict[str, dict[str, int]]:
    """For each section the line of its head (under "") and of its keys, for messages.

    configparser tells no lines, and passes over a second [DEFAULT]: that is found here.
    """
    numbers: dict[str, dict[str, int]] = {}
    section: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if head := re.match(r"\[(.+)\]", line):
            if head[1] == DEFAULT and DEFAULT in numbers:
                raise ProfileError(f"{path}, line {number}: a second [{DEFAULT}]", hint="make one of the two")
            section = numbers.setdefault(head[1], {"": number})
        elif key := re.match(r"\s*([^=#;\s][^=]*?)\s*=", line):
            section.setdefault(key[1].lower(), number)
    return numbers


def _syntax_error(path: Path, error: configparser.Error) -> ProfileError:
    """The error with its line and without the line's text, which may hold a secret."""
    if isinstance(error, configparser.DuplicateSectionError):
        return ProfileError(f"{path}, line {error.lineno}: a second [{error.section}]", hint="make one of the two")
    if isinstance(error, configparser.DuplicateOptionError):
        return ProfileError(
            f"{path}, line {error.lineno}: {error.option} is there twice in [{error.section}]",
            hint="keep one",
        )
    number = getattr(error, "lineno", None)
    if isinstance(error, configparser.MissingSectionHeaderError):
        return ProfileError(f"{path}, line {number}: a key before the first [profile]")
    if isinstance(error, configparser.ParsingError) and getattr(error, "errors", None):
        number = error.errors[0][0]
    return ProfileError(
        f"{path}, line {number}: this is neither [profile] nor key = value",
        hint="a comment is a line of its own that begins with # or ;",
    )


def _check_permissions(path: Path, status: os.stat_result, *, secret: bool) -> None:
    if os.name != "posix":
        return
    if status.st_uid not in (os.geteuid(), 0):
        raise ProfileError(
            f"the profiles file {path} belongs to another user (uid {status.st_uid})",
            hint="take a copy of your own",
        )
    if status.st_mode & 0o022:
        raise ProfileError(f"others can write the profiles file {path}", hint=f"chmod go-w {path}")
    if secret and status.st_mode & 0o044:
        raise ProfileError(f"the profiles file {path} holds a secret and others can read it", hint=f"chmod 600 {path}")


def _check_keys(section: Section) -> None:
    for key in section.values:
        if key not in KEYS:
            nearest = difflib.get_close_matches(key, KEYS, n=1)
            raise section.error(
                key,
                "is no key that role-env knows",
                hint=f"the nearest is {nearest[0]}" if nearest else "",
            )


def _translated(section: Section) -> Section:
    """A section of Alibaba's own file in role-env's keys; keys of other programs are passed over."""
    values = section.values
    kind = values.get("type", "").strip()
    if kind in ("ecs_ram_role", "oidc_role_arn"):
        raise section.error("type", f"= {kind} is not yet available", hint="use a profile with an access key")
    known = {key: value for key, value in values.items() if key in KEYS}
    return Section(section.path, section.name, known, section._lines)


def _checked(section: Section, origin: Origin) -> Profile:
    """The profile of `section`, every key checked against STS's own rules. Raises ProfileError."""
    values: dict[str, Any] = {}
    for key, text in section.values.items():
        try:
            values[key] = KEYS[key](text)
        except ValueError as error:
            raise section.error(key, str(error)) from None
    values = {key: value for key, value in values.items() if value != ""}
    source = _source(section, values)
    policy = _policy(section, values, origin)
    profile = Profile(
        section.name,
        section.where(),
        **source,
        policy=policy,
        endpoint=_endpoint(section, values, origin),
        **{key: values[key] for key in _PLAIN if key in values},
    )
    if not profile.role_session_name:
        profile = replace(profile, role_session_name=default_session_name())
    return profile.with_duration(profile.duration_seconds)


def _source(section: Section, values: Mapping[str, Any]) -> dict[str, Any]:
    """The one source that the section names, as fields of Profile."""
    named = {_SOURCES[key]: key for key in values if key in _SOURCES}
    if len(named) > 1:
        first, second = sorted(named.values())[:2]
        raise section.error(first, f"and {second} both say where the credentials come from", hint="keep one")
    kind: str = next(iter(named), "")
    if kind == "":
        raise ProfileError(
            f"profile {section.name}: no key says where its credentials come from ({section.where()})",
            hint="add source_profile, access_key_id with access_key_secret, or credential_source = environment",
        )
    if kind == "source_profile":
        if "role_arn" not in values:
            raise section.error("source_profile", "is of no use without role_arn")
        return {"source_profile": values["source_profile"]}
    if kind == "access_key_id":
        return {"access_key": _access_key(section, values)}
    if values.get("credential_source") == "environment":
        return {"credential_source": "environment"}
    key = named[kind]
    raise section.error(key, "is not yet available in this release", hint="use an access key or source_profile")


def _access_key(section: Section, values: Mapping[str, str]) -> AccessKey:
    for key in ("access_key_id", "access_key_secret"):
        if key not in values:
            raise ProfileError(
                f"profile {section.name}: {key} is missing ({section.where()})",
                hint="an access key is access_key_id and access_key_secret together",
            )
    return AccessKey(values["access_key_id"], values["access_key_secret"], values.get("security_token", ""))


def _policy(section: Section, values: Mapping[str, Any], origin: Origin) -> str:
    """The session policy, from the key or from the file that it names; at most 2048 characters of JSON."""
    if "policy" in values and "policy_file" in values:
        raise section.error("policy", "and policy_file are both there", hint="keep one")
    key, text = "policy", str(values.get("policy", ""))
    if "policy_file" in values:
        key, path = "policy_file", section.path.parent / Path(values["policy_file"]).expanduser()
        try:
            text = origin.read(path)[0].decode("utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            what = getattr(error, "strerror", None) or "it is no text file in UTF-8"
            raise section.error(key, f"names {path}, which cannot be read: {what}") from None
    elif "policy" not in values:
        return ""
    if len(text) > 2048:
        raise section.error(key, f"holds {len(text)} characters, and STS takes 2048", hint="leave out white space")
    try:
        is_policy = isinstance(json.loads(text), dict)
    except ValueError:
        is_policy = False
    if not is_policy:
        raise section.error(key, "is not a policy in JSON")
    return text


def _endpoint(section: Section, values: Mapping[str, str], origin: Origin) -> str:
    """`host[:port]` of STS: the profile's, ALIBABA_CLOUD_STS_ENDPOINT, the region's, or the general one."""
    from_environment = origin.variable("ALIBABA_CLOUD_STS_ENDPOINT")
    if "sts_endpoint" in values:
        return values["sts_endpoint"]
    if from_environment:
        return checked_endpoint(from_environment)
    return f"sts.{values['sts_region']}.aliyuncs.com" if "sts_region" in values else "sts.aliyuncs.com"


def checked_endpoint(text: str) -> str:
    """ALIBABA_CLOUD_STS_ENDPOINT, checked. Raises ProfileError."""
    try:
        return _host(text)
    except ValueError as error:
        raise ProfileError(f"the variable ALIBABA_CLOUD_STS_ENDPOINT {error}") from None


def _duration_error(name: str, seconds: int, most: int, where: str) -> ProfileError:
    return ProfileError(
        f"profile {name}: duration_seconds = {seconds} is not between 900 and {most} ({where})",
        hint="above 3600 the role must allow it, and max_session_duration must say so (at most 43200)",
    )


def default_session_name() -> str:
    """user@host in the letters that STS takes, 2 to 64 of them."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no entry for this uid, as in many containers
        user = f"uid-{os.getuid()}"
    name = re.sub(r"[^A-Za-z0-9.@_-]", "-", f"{user}@{socket.gethostname().split('.')[0]}")
    return name[:64].ljust(2, "-")


# Takes the text of a value and gives it back, or raises ValueError with what it is not.
Check = Callable[[str], str]


def _pattern(pattern: str, rule: str) -> Check:
    def check(text: str) -> str:
        if text and not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"is not {rule}")
        return text

    return check


def _seconds(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise ValueError("is not a number of seconds")
    return int(text)


def _most_seconds(text: str) -> int:
    if not 3600 <= _seconds(text) <= 43200:
        raise ValueError("is not between 3600 and 43200")
    return int(text)


def _host(text: str) -> str:
    if text.startswith("http://"):
        raise ValueError("begins with http://, and STS is only asked over TLS; write host or host:port")
    host = text.removeprefix("https://").rstrip("/")
    if not re.fullmatch(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", host):
        raise ValueError("is not host or host:port")
    return host


def _families(text: str) -> tuple[str, ...]:
    names = tuple(text.split())
    for name in names:
        if name not in variables.FAMILIES:
            raise ValueError(f"names {name}, which is none of {' '.join(variables.FAMILIES)}")
    return names or variables.DEFAULT_FAMILIES


def _source_kind(text: str) -> str:
    if text not in ("environment", "ecs_ram_role", "aliyun_cli", ""):
        raise ValueError("is none of environment, ecs_ram_role, aliyun_cli")
    return text


def source_identity(text: str) -> str:
    """A source identity, checked against STS's rule. Raises ValueError."""
    if text.startswith(("acs:", "aliyun:", "alibabacloud:")):
        raise ValueError("begins with acs:, aliyun: or alibabacloud:")
    return _pattern(r"[\w+=,.@-]{2,64}", "2 to 64 of letters, digits and _+=,.@-")(text)


session_name = _pattern(r"[A-Za-z0-9.@_-]{2,64}", "2 to 64 of letters, digits and .@-_")
account_id = _pattern(r"[0-9]{1,32}", "the number of an account")
region = _pattern(r"[a-z0-9-]{2,64}", "the id of a region, such as cn-hangzhou")
_printable = _pattern(r"[\x21-\x7e]+", "printable ASCII without spaces")

# Every key that a profile can have, with its check. The rules are those of STS 2015-04-01, AssumeRole.
KEYS: dict[str, Callable[[str], Any]] = {
    "role_arn": _pattern(
        r"acs:ram::[0-9]{1,32}:role/[A-Za-z0-9._-]{1,64}", "a role's ARN, acs:ram::<account>:role/<name>"
    ),
    "source_profile": str,
    "access_key_id": _printable,
    "access_key_secret": _printable,
    "security_token": _printable,
    "credential_source": _source_kind,
    "role_name": str,
    "aliyun_profile": str,
    "credential_process": str,
    "oidc_provider_arn": str,
    "oidc_token_file": str,
    "oidc_token": str,
    "oidc_audience": str,
    "role_session_name": session_name,
    "duration_seconds": _seconds,
    "max_session_duration": _most_seconds,
    "external_id": _pattern(r"[\w+=,.@:/-]{2,1224}", "2 to 1224 of letters, digits and _+=,.@:/-"),
    "policy": str,
    "policy_file": str,
    "source_identity": source_identity,
    "expected_account_id": account_id,
    "region_id": region,
    "sts_endpoint": _host,
    "sts_region": region,
    "variables": _families,
    "colour": _pattern(r"[a-z]{1,16}", "the name of a colour"),
}
_PLAIN = (
    *("role_arn", "role_session_name", "duration_seconds", "max_session_duration", "external_id"),
    *("source_identity", "expected_account_id", "region_id", "variables", "colour"),
)

"""Profiles: an INI file becomes Profile objects, checked key by key, and the chain that leads to a role.

What keeps the file from being read concerns every profile; what is wrong inside a section concerns that profile and
the chains through it. Each error names the profile, the key, the file and the line, and never a value that could be a
secret.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from role_env import names, paths, variables
from role_env import validators as keys
from role_env.errors import ProfileError, UsageError
from role_env.fingerprint import Origin
from role_env.profiles import ini
from role_env.profiles.ini import Section

if TYPE_CHECKING:
    from role_env.sources.base import Source

DEFAULT = "DEFAULT"
# How long a session lasts where nothing says otherwise.
DURATION_SECONDS = 3600

# Which keys count in Alibaba's own file, by its `type`.
_WITHOUT_SOURCE = {key for key in keys.KEYS if key not in keys.SOURCES}
_ALIBABAS = {
    "": set(keys.KEYS),
    "access_key": _WITHOUT_SOURCE - {"role_arn"} | {"access_key_id", "access_key_secret", "security_token"},
    "ram_role_arn": _WITHOUT_SOURCE | {"access_key_id", "access_key_secret", "security_token"},
    "ecs_ram_role": _WITHOUT_SOURCE - {"role_arn"} | {"credential_source", "role_name"},
    "oidc_role_arn": _WITHOUT_SOURCE | {"oidc_provider_arn", "oidc_token_file"},
}
_SECRETS = ("access_key_secret", "security_token")


class Profile(NamedTuple):
    """One checked section of a profiles file.

    `role_arn` is empty for a source. Either `source_profile` or `source` says where the credentials come from.
    `path` is the file, `where` the file and line of the section. Durations are seconds.
    """

    name: str
    where: str
    path: Path
    role_arn: str = ""
    source_profile: str = ""
    source: "Source | None" = None
    role_session_name: str = ""
    duration_seconds: int = DURATION_SECONDS
    max_session_duration: int = 3600
    external_id: str = ""
    policy: str = ""
    source_identity: str = ""
    expected_account_id: str = ""
    region_id: str = ""
    endpoint: str = ""
    variables: tuple[str, ...] = variables.DEFAULT_FAMILIES
    colour: str = ""

    @property
    def source_kind(self) -> str:
        """Where its credentials come from: the name of its source profile, or the kind of its source."""
        return self.source.kind if self.source else self.source_profile

    def with_duration(self, seconds: int) -> "Profile":
        """Return the profile with the duration of the option --duration. Raises UsageError."""
        if 900 <= seconds <= self.max_session_duration:
            return self._replace(duration_seconds=seconds)
        raise UsageError(
            f"--duration {seconds} must be between 900 and {self.max_session_duration} for profile {self.name}",
            hint="above 3600 the role must allow it, and max_session_duration must say so (at most 43200)",
        )

    def with_session_name(self, name: str) -> "Profile":
        """The profile with another session name."""
        return self._replace(role_session_name=name)


def account_of(role_arn: str) -> str:
    """The account id in the ARN of a role, `acs:ram::<account>:role/<name>`."""
    return role_arn.split(":")[3]


def locate(config: str, origin: Origin) -> Path:
    """The profiles file: `config`, else ROLE_ENV_CONFIG, else the user's own, else Alibaba's; an absolute path.

    What is there and cannot be read is chosen too: reading it fails, and no other account is used instead.
    Raises ProfileError when there is none.
    """
    for chosen, by in ((config, "--config"), (origin.variable("ROLE_ENV_CONFIG"), "ROLE_ENV_CONFIG")):
        if chosen:
            path = _absolute(chosen)
            if path and origin.exists(path):
                return path
            raise ProfileError(f"{by} names {chosen}, which is no file", hint="give the path of a profiles file")
    if path := usual(origin):
        return path
    own = own_files(origin)
    hint = f"write one at {own[0]}, or name one with --config" if own else "name one with --config, or set HOME"
    raise ProfileError("there is no profiles file", hint=hint)


def usual(origin: Origin) -> Path | None:
    """The profiles file where nothing names one: the user's own, else Alibaba's; None when there is neither."""
    return next((path for path in (*own_files(origin), *sdk_files(origin)) if origin.exists(path)), None)


def _absolute(path: str) -> Path | None:
    """`path` from the working folder on; None when that has been deleted."""
    try:
        return Path(path).absolute()
    except OSError:
        return None


def own_files(origin: Origin) -> list[Path]:
    """Where role-env's own profiles file is, or would be: one path, and none for a user without a home folder."""
    origin.variable("HOME")
    origin.variable("XDG_CONFIG_HOME")
    usual = paths.usual_folder(os.environ, paths.CONFIG) if sys.platform == "linux" else ""
    try:
        folder = Path(usual, "role-env") if usual else _config_folder()
    except RuntimeError:
        return []
    return [folder / "profiles.ini"] if folder.is_absolute() else []


def _config_folder() -> Path:
    """Raises RuntimeError for a user without a home folder."""
    import platformdirs  # with what it imports 10 ms, and a shell completes words with the names of profiles

    return Path(platformdirs.user_config_dir("role-env", appauthor=False))


def sdk_files(origin: Origin) -> list[Path]:
    """The candidates for the Alibaba SDKs' own file, the first first."""
    origin.variable("HOME")
    chosen = origin.variable("ALIBABA_CLOUD_CREDENTIALS_FILE")
    folder = os.path.expanduser("~/.alibabacloud")  # noqa: PTH111  Path's raises where there is no home folder
    paths = [_absolute(chosen) if chosen else None, Path(folder, "credentials.ini"), Path(folder, "credentials")]
    return [path for path in paths if path and path.is_absolute()]


class ProfilesFile:
    """The profiles file at `path` (absolute), read and parsed; its profiles are checked when they are asked for.

    With `planned`, a content that is not yet written, it is what the file would be.

    Raises ProfileError when the file cannot be read as a whole: syntax, something twice, a name that no profile can
    have, or permissions.
    """

    def __init__(self, path: Path, origin: Origin, *, planned: bytes | None = None) -> None:
        self.path = path
        self._origin = origin
        self._is_alibabas = path in sdk_files(origin) and path not in own_files(origin)
        if planned is None:
            self._sections = self._read()
        else:
            origin.watch(path)
            self._sections = ini.parse(path, planned)
        self._defaults = self._sections.pop(DEFAULT, Section(path, DEFAULT, 0))
        self._check_names()

    def _read(self) -> dict[str, Section]:
        try:
            content, status = self._origin.read(self.path)
        except OSError as error:
            what = error.strerror or str(error)
            raise ProfileError(f"the profiles file {self.path} cannot be read: {what}") from None
        sections = ini.parse(self.path, content)
        secret = any(key in section.values for section in sections.values() for key in _SECRETS)
        _check_permissions(self.path, status, secret=secret)
        return sections

    def names(self) -> list[str]:
        """The names of the profiles, in file order."""
        return list(self._sections)

    def profile(self, name: str) -> Profile:
        """The profile `name`, checked. Raises ProfileError."""
        if name not in self._sections:
            hint = self._nearest(name)
            if command := names.nearest_command(name):
                hint += f"; if you meant the command, it is role-env {command}"
            raise ProfileError(f"there is no profile {name} in {self.path}", hint=hint)
        section = _with_defaults(self._sections[name], self._defaults)
        return _checked(_translated(section) if self._is_alibabas else _own(section), self._origin)

    def role_arn(self, name: str) -> str:
        """The role of the profile `name` as it stands in the file, though the rest be wrong; else an empty text."""
        section = self._sections.get(name)
        return section.values.get("role_arn", "") if section else ""

    def lines(self, name: str, names: tuple[str, ...]) -> list[int]:
        """The lines of the file in which the profile `name` has the keys `names`."""
        section = self._sections[name]
        return [section.lines[key] for key in names if key in section.values]

    def chain(self, name: str) -> list[Profile]:
        """The profiles from where the chain of `name` begins to `name` itself. Raises ProfileError for a loop."""
        chain = [self.profile(name)]
        while source := chain[0].source_profile:
            names = [hop.name for hop in reversed(chain)]
            where = self._sections[chain[0].name].where("source_profile")
            if source in names:
                loop = " -> ".join([*names[names.index(source) :], source])
                raise ProfileError(
                    f"profile {name}: its source profiles go round in a loop, {loop} ({where})",
                    hint="one of them needs a key or another source",
                )
            if source not in self._sections:
                raise ProfileError(
                    f"profile {chain[0].name}: source_profile names no profile of the file ({where})",
                    hint=self._nearest(source),
                )
            chain.insert(0, self.profile(source))
        return chain

    def _nearest(self, name: str) -> str:
        nearest = names.nearest(name, self._sections)
        return f"the nearest is {nearest}" if nearest else "role-env list shows what there is"

    def _check_names(self) -> None:
        for name, section in list(self._sections.items()):
            fault = names.fault(name)
            if fault and self._is_alibabas:
                del self._sections[name]
            elif fault:
                raise ProfileError(
                    f"{section.where()}: this is no name for a profile: {fault}",
                    hint="a name has letters, digits and . _ @ + : / -",
                )


def _with_defaults(section: Section, defaults: Section) -> Section:
    """The section with what [DEFAULT] adds.

    A section that names a source of its own takes none from there, and none is its own source.
    """
    added = {key: value for key, value in defaults.values.items() if key not in section.values}
    if any(key in keys.SOURCES for key in section.values) or added.get("source_profile") == section.name:
        added = {key: value for key, value in added.items() if key not in keys.SOURCES}
    return section.with_values({**added, **section.values}, {**defaults.lines, **section.lines})


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


def _own(section: Section) -> Section:
    """A section of role-env's own file: every key is known, and has a value."""
    for key, value in section.values.items():
        if key not in keys.KEYS:
            nearest = names.nearest(key, keys.KEYS)
            raise section.error(
                key,
                "is no key that role-env knows" if ini.told(key) == key else "that role-env does not know",
                hint=f"the nearest is {nearest}" if nearest else "",
            )
        if not value:
            raise section.error(key, "is empty", hint="give it a value, or leave the line out")
    return section


def _translated(section: Section) -> Section:
    """A section of Alibaba's own file in role-env's keys, read as the SDKs read it: a value ends at a #, and what
    belongs to other programs or to another `type` is passed over.
    """
    values = {key: value.split("#")[0].strip() for key, value in section.values.items()}
    kind = values.get("type", "")
    if kind not in _ALIBABAS:
        raise section.error("type", f"is none of {', '.join(filter(None, _ALIBABAS))}")
    if kind == "ecs_ram_role":
        values["credential_source"] = kind
    if kind == "oidc_role_arn" and "oidc_token_file_path" in values:
        values["oidc_token_file"] = values["oidc_token_file_path"]
    taken = _ALIBABAS[kind]
    return section.with_values({key: value for key, value in values.items() if value and key in taken}, section.lines)


def _checked(section: Section, origin: Origin) -> Profile:
    """The profile of `section`, every key checked against STS's own rules. Raises ProfileError."""
    from role_env.profiles import (
        source_keys as profile_source,  # sources and all: not for a shell that completes words with names
    )

    values: dict[str, Any] = {}
    for key, text in section.values.items():
        try:
            values[key] = keys.KEYS[key](text)
        except ValueError as error:
            raise section.error(key, str(error)) from None
    source = profile_source.fields(section, values, origin)
    policy = _policy(section, values, origin)
    profile = Profile(
        section.name,
        section.where(),
        section.path,
        policy=policy,
        endpoint=endpoint(origin, sts_endpoint=values.get("sts_endpoint", ""), sts_region=values.get("sts_region", "")),
        **{**{key: values[key] for key in _PLAIN if key in values}, **source},
    )
    if not profile.role_session_name:
        profile = profile._replace(role_session_name=default_session_name())
    _checked_duration(profile, profile.duration_seconds, section.where("duration_seconds"))
    return profile


def _policy(section: Section, values: Mapping[str, Any], origin: Origin) -> str:
    """The session policy, from the key or from the file that it names; at most 2048 characters of JSON."""
    if "policy" in values and "policy_file" in values:
        raise section.error("policy", "and policy_file are both there", hint="keep one")
    key, text = "policy", str(values.get("policy", ""))
    if "policy_file" in values:
        key = "policy_file"
        try:
            text = origin.read(section.file(key, values[key]))[0].decode("utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            what = (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8"
            hint = f"a relative path begins at {section.path.parent}"
            raise section.error(key, f"names a file that cannot be read: {what}", hint=hint) from None
    elif "policy" not in values:
        return ""
    if len(text) > 2048:
        raise section.error(key, f"holds {len(text)} characters, and STS takes 2048", hint="leave out white space")
    import json

    try:
        is_policy = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):  # nested as deep as no policy is
        is_policy = False
    if not is_policy:
        raise section.error(key, "is not a policy in JSON")
    return text


def endpoint(origin: Origin, *, sts_endpoint: str = "", sts_region: str = "") -> str:
    """`host[:port]` of STS: the profile's own, ALIBABA_CLOUD_STS_ENDPOINT, the region's, or the general one.

    Raises ProfileError for a variable that is none.
    """
    from_environment = origin.variable("ALIBABA_CLOUD_STS_ENDPOINT")
    if sts_endpoint:
        return sts_endpoint
    if from_environment:
        return checked_endpoint(from_environment)
    return f"sts.{sts_region}.aliyuncs.com" if sts_region else "sts.aliyuncs.com"


def checked_endpoint(text: str) -> str:
    """ALIBABA_CLOUD_STS_ENDPOINT, checked. Raises ProfileError."""
    try:
        return keys.host(text)
    except ValueError as error:
        raise ProfileError(f"the variable ALIBABA_CLOUD_STS_ENDPOINT {error}") from None


def _checked_duration(profile: Profile, seconds: int, where: str) -> int:
    if 900 <= seconds <= profile.max_session_duration:
        return seconds
    raise ProfileError(
        f"profile {profile.name}: duration_seconds = {seconds} is not between 900 and {profile.max_session_duration}"
        f" ({where})",
        hint="above 3600 the role must allow it, and max_session_duration must say so (at most 43200)",
    )


def default_session_name() -> str:
    """user@host in the letters that STS takes, 2 to 64 of them."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no entry for this uid, as in many containers
        user = f"uid-{os.getuid()}"
    name = re.sub(r"[^A-Za-z0-9.@_-]", "-", f"{user}@{socket.gethostname().split('.')[0]}")
    return name[:64].ljust(2, "-")


_PLAIN = (
    *("role_arn", "role_session_name", "duration_seconds", "max_session_duration", "external_id"),
    *("source_identity", "expected_account_id", "region_id", "variables", "colour"),
)

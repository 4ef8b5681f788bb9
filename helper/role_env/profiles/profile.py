"""Check one section of a profiles file by the rules of STS, and return it as a Profile."""

import os

from role_env import validators
from role_env.command_table import canonical_name
from role_env.command_table.commands import NAMED_SOURCES
from role_env.credentials import RoleArn
from role_env.dataclass import dataclass, replace
from role_env.errors import ProfileError, UsageError
from role_env.files.dependencies import Dependencies
from role_env.files.private import check_private
from role_env.profiles.endpoint import default_session_name, sts_endpoint
from role_env.sources import registry
from role_env.sources.section import Section, printable_key
from role_env.ui.colors import COLORS
from role_env.variables import DEFAULT_FAMILIES, FAMILIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from role_env.sources.base import Source
    from role_env.sts.hop import Hop

_SHOWN = ("color",)
DURATION_SECONDS = 3600
"""The default lifetime of a session (seconds)."""
CARRIED = {
    "policy": "policy",
    "policy_file": "policy",
    "role_session_name": "role_session_name",
    "duration_seconds": "duration_seconds",
    "external_id": "external_id",
    "source_identity": "source_identity",
}
"""The keys that only a request for a role can carry, each with its field of Profile."""
_DURATION_HINT = "for more than 3600, raise the role's own maximum and set max_session_duration to it (at most 43200)"


def _families(text: str) -> tuple[str, ...]:
    families = tuple(text.split())
    if not FAMILIES.keys() >= set(families):
        raise ValueError(f"must be words of {' '.join(FAMILIES)}")
    return families


@dataclass(frozen=True)
class Profile:
    """One checked section of a profiles file.

    `role_arn` is empty for a profile that assumes no role; then `duration_seconds` is 0 unless a key gives it. The
    credentials come either from `source_profile` or from `source`. `path` is the profiles file in use, `where` the file
    and line of the section, which may be in an included file, `role_where` those of its role_arn. Durations are
    seconds. `families` are those of the key `variables`. `has_default_session_name` is True if neither the profile nor
    an option names its sessions.
    """

    name: str
    where: str
    path: str
    role_arn: RoleArn = RoleArn()
    source_profile: str = ""
    source: "Source | None" = None
    role_session_name: str = ""
    duration_seconds: int = 0
    max_session_duration: int = 3600
    external_id: str = ""
    policy: str = ""
    source_identity: str = ""
    expected_account_id: str = ""
    region_id: str = ""
    endpoint: str = ""
    families: tuple[str, ...] = DEFAULT_FAMILIES
    color: str = ""
    read_only: bool = False
    agents: str = ""
    has_default_session_name: bool = False
    role_where: str = ""

    @property
    def source_kind(self) -> str:
        """The name of the source profile, or the kind of the source."""
        return self.source.kind if self.source else self.source_profile

    @property
    def account_id(self) -> str:
        """The account of its role; without a role, the expected account, which may be empty."""
        return self.role_arn.account or self.expected_account_id

    @property
    def display_keys(self) -> dict[str, str]:
        """The keys that are only shown, in a prompt for example, with their values."""
        values = {key: getattr(self, key) for key in _SHOWN}
        return {key: value for key, value in values.items() if value}

    @property
    def hop(self) -> "Hop":
        """The request to STS for the profile's role."""
        from role_env.sts.hop import Hop  # `list` makes no request

        return Hop(
            self.name,
            self.where,
            self.endpoint,
            self.role_arn,
            self.role_session_name,
            self.duration_seconds,
            policy=self.policy,
            external_id=self.external_id,
            source_identity=self.source_identity,
            role_where=self.role_where,
        )

    def check_duration(self, seconds: int) -> None:
        """Raise UsageError if --duration is not a duration that the profile allows."""
        if not 900 <= seconds <= self.max_session_duration:
            raise UsageError(
                f"--duration {seconds} must be between 900 and {self.max_session_duration} for profile {self.name}",
                hint=_DURATION_HINT,
            )


_FIELDS: "dict[str, Callable[[str], Any]]" = {
    "role_arn": validators.role_arn,
    "role_session_name": validators.session_name,
    "duration_seconds": validators.seconds,
    "max_session_duration": validators.longest_seconds,
    "external_id": validators.external_id,
    "policy": str,
    "source_identity": validators.source_identity,
    "expected_account_id": validators.account_id,
    "region_id": validators.region,
    "color": validators.one_of(COLORS),
    "read_only": validators.yes_or_no,
    "agents": validators.agents,
}
_OTHERS: "dict[str, Callable[[str], Any]]" = {
    "variables": _families,
    "policy_file": validators.one_line,
    "sts_endpoint": validators.host,
    "sts_region": validators.region,
    "colour": validators.one_of(COLORS),
}
_CHOOSERS: "dict[str, Callable[[str], Any]]" = {
    registry.SOURCE_PROFILE: lambda text: canonical_name(validators.one_line(text)),
    registry.CREDENTIAL_SOURCE: validators.one_of(NAMED_SOURCES),
}
_CHECKS = _FIELDS | _OTHERS | _CHOOSERS
"""The keys that are no source's own, with their checks."""
PROFILE_KEYS = (_FIELDS | registry.CHOOSERS | _OTHERS).keys()
"""Every key that a profile can have."""
# What to do about keys that people know from other tools.
_KEYS_OF_OTHERS = {
    "mfa_serial": "remove it: STS takes no MFA code; sign in with CloudSSO or OAuth instead (`role-env help sources`)",
    "output": "remove it: role-env has no such setting, and each program has its own",
    "region": "write region_id",
}


def parse_profile(section: Section, dependencies: Dependencies) -> Profile:
    """Check every key of `section` and return the profile. Raises ProfileError."""
    _check_keys(section)
    values: dict[str, Any] = {}
    for key, text in section.values.items():
        try:
            values[key] = check_of(key)(text)
        except ValueError as error:
            hint = _value_hint(key, text)
            raise section.value_error(key, str(error), hint=hint, check=check_of(key)) from None
    if "colour" in values:
        if "color" in values:
            raise section.error("colour", "and color are the same key", hint="keep one")
        values["color"] = values.pop("colour")
    source = _choose_source(section, values, dependencies)
    has_role = "role_arn" in values or "role_arn" in source
    for key in _drop_inherited(section, _not_carried(source.get("source"), has_role=has_role)):
        values.pop(key, None)
    # All other keys have another name as a field, or choose the source, the policy's file or the STS endpoint.
    chosen = {key: value for key, value in values.items() if key in _FIELDS} | source
    if "policy" in values or "policy_file" in values:
        chosen["policy"] = _read_policy(section, values, dependencies)
    if "variables" in values:
        chosen["families"] = values["variables"]
    if "role_arn" in values:
        chosen["role_where"] = section.where_is("role_arn")
    if has_role and "role_session_name" not in chosen:
        chosen["role_session_name"] = default_session_name(dependencies)
        chosen["has_default_session_name"] = True
    endpoint, region = values.get("sts_endpoint", ""), values.get("sts_region", "")
    chosen["endpoint"] = sts_endpoint(dependencies, endpoint=endpoint, region=region)
    if has_role:
        chosen.setdefault("duration_seconds", DURATION_SECONDS)
    seconds = chosen.get("duration_seconds", DURATION_SECONDS)
    longest = values.get("max_session_duration", Profile.max_session_duration)
    if not 900 <= seconds <= longest:
        what = f"= {seconds} must be between 900 and {longest}"
        raise section.error("duration_seconds", what, hint=_DURATION_HINT)
    return Profile(section.name, section.where, section.profiles_file, **chosen)


def without_keys(profile: Profile, section: Section, keys: "Collection[str]") -> Profile:
    """Return `profile` without those of `keys` that [DEFAULT] gives it. Raises ProfileError if its `section` has one.

    They are some of CARRIED, which no request for the profile can carry.
    """
    fields = {CARRIED[key] for key in _drop_inherited(section, keys)}
    return replace(profile, **{field: getattr(Profile, field) for field in fields})


def _not_carried(source: "Source | None", *, has_role: bool) -> "Collection[str]":
    """Return the keys that no request for a profile with this source (None: another profile) can carry."""
    if has_role:
        return source.not_carried if source else ()
    # Whether a profile of the `aliyun` CLI ends in a role is known only when the chain is resolved.
    return () if source and source.is_cli_profile else CARRIED


def _drop_inherited(section: Section, keys: "Collection[str]") -> list[str]:
    """Return those of `keys` that `section` has from [DEFAULT]. Raises ProfileError for one that it has itself."""
    found = [key for key in keys if key in section.values]
    if own := next((key for key in found if key not in section.inherited), ""):
        what, hint = "requires a role, and the profile assumes none", f"remove {own}, or add the role_arn to assume"
        if len(keys) < len(CARRIED):
            what, hint = "is not taken by the request to STS of this source", f"remove {own}"
        raise section.error(own, what, hint=hint)
    return found


def _choose_source(section: Section, values: "Mapping[str, Any]", dependencies: Dependencies) -> "dict[str, Any]":
    """Return the source that the checked keys `values` choose, as fields of Profile. Raises ProfileError."""
    chosen = {registry.CHOOSERS[key]: key for key in values if key in registry.CHOOSERS}
    if len(chosen) > 1:
        first, second = sorted(chosen.values())[:2]
        raise section.error(first, f"and {second} both choose a credential source", hint="keep one")
    chooser = next(iter(chosen), "")
    if chooser == registry.SOURCE_PROFILE:
        if "role_arn" not in values:
            raise section.error(chooser, "requires role_arn", hint="add the role_arn to assume")
        return {registry.SOURCE_PROFILE: values[chooser]}
    for key in values:
        owner = registry.KIND_OF_KEY.get(key)
        if owner in NAMED_SOURCES and owner != values.get(registry.CREDENTIAL_SOURCE):
            what, hint = f"requires {registry.CREDENTIAL_SOURCE} = {owner}", f"set it to {owner}, or remove {key}"
            raise section.error(key, what, hint=hint)
    source = class_of(registry.kind_of(values)).parse(section, values, dependencies)
    return {"source": source, **source.profile_fields}


def check_of(key: str) -> "Callable[[str], Any]":
    """Return the check of the profile key `key`."""
    return _CHECKS.get(key) or class_of(registry.KIND_OF_KEY[key]).keys[key]


def class_of(kind: str) -> "type[Source]":
    """Return the class of the sources `kind`. Only its own module is imported, since a profile has one source."""
    module, _, name = registry.SOURCES[kind][0].partition(".")
    # importlib imports warnings and more, which costs 1 ms
    found: type[Source] = getattr(__import__(f"role_env.sources.{module}", fromlist=[name]), name)
    return found


def _check_keys(section: Section) -> None:
    for key, value in section.values.items():
        if key not in PROFILE_KEYS:
            shown = printable_key(key)
            nearest = validators.nearest(key, PROFILE_KEYS)
            message = f"profile {section.name}: unknown key{f' {shown}' if shown else ''} ({section.where_is(key)})"
            hint = _KEYS_OF_OTHERS.get(key) or (f"did you mean {nearest}?" if nearest else "")
            raise section.odd_key(key, PROFILE_KEYS) or ProfileError(message, hint=hint)
        if not value:
            raise section.error(key, "is empty", hint="give it a value, or remove the line")


def runs_program(key: str) -> bool:
    """Return whether the value of the key `key` is a command."""
    return key in registry.KIND_OF_KEY and check_of(key) is validators.command


def _value_hint(key: str, text: str) -> str:
    if key == "role_arn":
        return "copy the ARN from the role's page in the RAM console"
    if key == "agents":
        return "read-only narrows what an agent requests; full only names its sessions"
    if key in ("color", "colour") and (near := validators.nearest(text, COLORS)):
        return f"did you mean {near}?"
    return f"correct {key}, or remove the line"


def _read_policy(section: Section, values: "Mapping[str, Any]", dependencies: Dependencies) -> str:
    """Return the session policy, from `policy` or from `policy_file`: JSON of at most 2048 characters."""
    if "policy" in values and "policy_file" in values:
        raise section.error("policy", "and policy_file are both set", hint="keep one")
    from role_env.profiles import policies  # only for a profile with a policy

    key = "policy_file" if "policy_file" in values else "policy"
    text = _read_policy_file(section, values[key], dependencies) if key == "policy_file" else str(values[key])
    try:
        compact = policies.compact(text)
    except policies.PolicyError as error:
        hint = f'give a RAM policy of at most {policies.LONGEST} characters: {{"Version": "1", "Statement": [...]}}'
        raise section.value_error(key, str(error), hint=hint, check=policies.compact) from None
    return text if len(text) <= policies.LONGEST else compact


def _read_policy_file(section: Section, name: str, dependencies: Dependencies) -> str:
    path = section.resolve_path("policy_file", name)
    try:
        content, status = dependencies.read(path)
        check_private(f"the policy_file {path} of {section.name} ({section.where_is('policy_file')})", path, status)
        return content.decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        what = (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8"
        folder = os.path.dirname(section.path)
        hint = f"check the path; relative paths start at {folder}"
        raise section.error("policy_file", f"names a file that cannot be read: {what}", hint=hint) from None

"""Read the profiles file, check its permissions, and check a profile when it is needed.

An error that prevents the file from being read affects every profile. An error inside a section affects that profile
and the chains through it. Errors name the profile, the key, the file and the line, but no value that could be a secret.
"""

import os

from role_env import validators
from role_env.command_table import canonical_name
from role_env.credentials import RoleArn
from role_env.errors import ProfileError, UnknownProfileError, printable
from role_env.files.dependencies import Dependencies
from role_env.profiles.locate import locate, own_file, sdk_files
from role_env.profiles.sections import DEFAULT, Sections, check_shared
from role_env.sources import registry
from role_env.sources.section import Section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from role_env.profiles.profile import Profile

LONGEST_CHAIN = 100
"""The most roles that a chain may assume."""
_NARROWING = ("agents", "read_only", "policy", "policy_file")


def load(config: str, environ: "Mapping[str, str]") -> "ProfilesFile":
    """Locate and read the profiles file; `config` is the value of --config or empty. Raises ProfileError."""
    dependencies = Dependencies(environ)
    return ProfilesFile(locate(config, dependencies), dependencies)


class ProfilesFile:
    """The profiles file at `path` (absolute); `real_path` is the path without symlinks.

    `dependencies` records everything that is read for its profiles. With `contents`, by path, it and the files that it
    includes are as they would be with these; the profiles `new` have no lines in it yet. Raises ProfileError if a file
    as a whole cannot be used, for its syntax, a duplicate or its permissions.
    """

    def __init__(
        self,
        path: str,
        dependencies: Dependencies,
        *,
        contents: "Mapping[str, bytes] | None" = None,
        new: "Iterable[str]" = (),
    ) -> None:
        self.path = path
        self.real_path = os.path.realpath(path)
        self.dependencies = dependencies
        self._profiles: dict[str, Profile] = {}
        self.is_sdk_file = path != own_file(dependencies) and path in sdk_files(dependencies)
        self._read = Sections(path, dependencies, contents or {}, is_of_sdk=self.is_sdk_file)
        self._sections = self._read.by_name
        for name in new:
            self._sections[name].where, self._sections[name].lines = f"not yet in {path}", {}
        if not self.is_sdk_file:
            self._check_lower_case_default()
        for section in self._sections.values():
            if section.path == path:
                _add_defaults(section, self._read.defaults)

    @property
    def name_faults(self) -> "Collection[ProfileError]":
        """The errors of the sections whose names are invalid."""
        return self._read.faults.values()

    def where(self, name: str) -> tuple[str, int]:
        """Return the file of the profile `name`, perhaps an included one, and the line of its section there."""
        return self._sections[name].path, self._sections[name].line

    def names(self) -> list[str]:
        """Return the names of the profiles, in file order."""
        return list(self._sections)

    def profile(self, name: str) -> "Profile":
        """Return the checked profile `name`. Raises ProfileError."""
        if name in self._profiles:
            return self._profiles[name]
        if name not in self._sections:
            raise self.unknown_profile(name)
        from role_env.profiles.profile import parse_profile  # completion needs only names

        section = self._sections[name]
        self._read.record(section)
        check_shared(section)
        if self.is_sdk_file:
            from role_env.profiles.sdk_file import translate_section

            section = translate_section(section)
        self._profiles[name] = parse_profile(section, self.dependencies)
        return self._profiles[name]

    def valid_profiles(self) -> "Iterator[Profile]":
        """Yield the valid profiles, in file order."""
        for name in self.names():
            try:
                yield self.profile(name)
            except ProfileError:
                continue

    def unknown_profile(self, name: str) -> ProfileError:
        """Return the error for a `name` that the file does not contain: that of the section which means it, if any."""
        if fault := self._read.faults.get(name):
            return fault
        known = self.names()
        giving = [each for each in known if self.promises_session(each) is not False]
        return UnknownProfileError(f"there is no profile {name} in {self.path}", name=name, known=known, giving=giving)

    def promises_session(self, name: str) -> bool | None:
        """Return whether the profile `name` gives a session, by the names of its keys.

        Return None if that depends on the `aliyun` CLI's file. Completion uses it, so it needs no import.
        """
        values = self._sections[name].values
        kind = values.get("type", "").split("#")[0].strip() if self.is_sdk_file else ""
        if kind:
            return kind in ("ram_role_arn", "ecs_ram_role", "oidc_role_arn")
        if "role_arn" in values:
            return True
        source = registry.kind_of(values)
        return None if source == registry.ALIYUN_CLI else source not in registry.LONG_LIVED

    def role_arn(self, name: str) -> str:
        """Return the role_arn of the profile `name` as the file has it, even in an invalid profile; else empty."""
        section = self._sections.get(name)
        return section.values.get("role_arn", "") if section else ""

    def has_key(self, name: str, key: str) -> bool:
        """Return whether the profile `name` has `key`, from its section or [DEFAULT]."""
        return name in self._sections and key in self._sections[name].values

    def value(self, name: str, key: str) -> str:
        """Return the value of `key` of the profile `name` as the file has it, [DEFAULT] included; else empty."""
        return self._sections[name].values.get(key, "")

    def own_value(self, name: str, key: str) -> str:
        """Return the value of `key` in the section of the profile `name` itself, not in [DEFAULT]; else empty."""
        section = self._sections[name]
        return "" if key in section.inherited else section.values.get(key, "")

    def summary(self, name: str) -> str:
        """Return the role and the account of the profile `name` as the file has them; empty if it has neither."""
        values = self._sections[name].values
        role = RoleArn(values.get("role_arn", ""))
        account = role.account or values.get("cloud_sso_account_id") or values.get("expected_account_id", "")
        return printable(" of ".join(filter(None, (role.name or values.get("cloud_sso_access_config", ""), account))))

    def users(self, source: str) -> list[str]:
        """Return the names of the profiles whose `source_profile` is `source`."""
        named = {name: section.values.get("source_profile", "") for name, section in self._sections.items()}
        return [name for name, other in named.items() if canonical_name(other) == source]

    def lines(self, name: str, keys: tuple[str, ...]) -> list[int]:
        """Return the lines of its file in which the profile `name` has the keys `keys`."""
        section = self._sections[name]
        return [section.lines[key] for key in keys if key in section.values]

    def chain(self, name: str) -> "list[Profile]":
        """Return the profiles from the chain's source to `name` itself.

        Raises ProfileError, also for a loop, and for a chain of too many roles.
        """
        chain, passed = [self.profile(name)], {name}
        while source := chain[0].source_profile:
            if source in passed:
                raise self._loop(chain, source)
            if len(passed) > LONGEST_CHAIN:
                raise _too_long(chain)
            passed.add(source)
            chain.insert(0, self._source_of(chain[0], source))
        check_length(chain)
        return chain

    def without_keys(self, profile: "Profile", keys: "Collection[str]") -> "Profile":
        """Return `profile` without those of `keys` that only [DEFAULT] gives it.

        Raises ProfileError if its section has one of them.
        """
        from role_env.profiles.profile import without_keys

        return without_keys(profile, self._sections[profile.name], keys)

    def error(self, name: str, key: str, what: str, *, hint: str) -> ProfileError:
        """Return a ProfileError about `key` of the profile `name`."""
        return self._sections[name].error(key, what, hint=hint)

    def _loop(self, chain: "list[Profile]", source: str) -> ProfileError:
        """Return the error for a chain whose first profile names `source`, which is in it."""
        passed = [profile.name for profile in reversed(chain)]
        loop = " -> ".join([*passed[passed.index(source) :], source])
        where = self._sections[chain[0].name].where_is("source_profile")
        return ProfileError(
            f"profile {passed[0]}: its source profiles form a loop, {loop} ({where})",
            hint="give one of them an access key or another source",
        )

    def _source_of(self, profile: "Profile", source: str) -> "Profile":
        """Return the profile `source`, which `profile` names. Raises ProfileError."""
        section = self._sections[profile.name]
        if source not in self._sections:
            near = validators.nearest(source, [name for name in self._sections if name != section.name])
            # A longer text may be a misplaced secret, which has 30 characters.
            is_shown = len(source) <= 24 and not validators.name_fault(source)
            missing = f"[{source}]" if is_shown else "the section that it names"
            hint = f"did you mean {near}?" if near else f"add {missing} with its credentials"
            what = "names no profile of the file"
            raise section.value_error("source_profile", what, hint=hint, check=self._sections.__getitem__)
        named = self.profile(source)
        if named.read_only:
            raise section.error(
                "source_profile",
                f"names {source}, which is read_only and may not assume a role",
                hint="use a source without read_only",
            )
        return named

    def _check_lower_case_default(self) -> None:
        """Raise ProfileError for a section such as [default] that only narrows sessions: [DEFAULT] is meant."""
        for name, section in self._sections.items():
            if section.path != self.path or name.upper() != DEFAULT or "role_arn" in section.values:
                continue
            if any(key in registry.CHOOSERS for key in section.values):
                continue
            if key := next(filter(section.values.__contains__, _NARROWING), ""):
                raise ProfileError(
                    f"[{name}] is a profile without a role, and its {key} narrows no session ({section.where_is(key)})",
                    hint=f"write [{DEFAULT}] for what all profiles share, or remove {key}",
                )


def check_length(chain: "Sequence[Profile]") -> None:
    """Raise ProfileError if `chain` assumes more than LONGEST_CHAIN roles."""
    if sum(bool(profile.role_arn) for profile in chain) > LONGEST_CHAIN:
        raise _too_long(chain)


def _too_long(chain: "Sequence[Profile]") -> ProfileError:
    return ProfileError(
        f"profile {chain[-1].name}: its chain assumes more than {LONGEST_CHAIN} roles ({chain[-1].where})",
        hint="give a profile of the chain a source that is nearer to the account",
    )


def _add_defaults(section: Section, defaults: Section) -> None:
    """Add the keys of [DEFAULT], but no source to a section with one, and no section as its own source."""
    added = {key: value for key, value in defaults.values.items() if key not in section.values}
    if any(key in registry.CHOOSERS for key in section.values) or added.get("source_profile") == section.name:
        added = {key: value for key, value in added.items() if key not in registry.CHOOSERS}
    section.values = {**added, **section.values}
    section.lines = {**defaults.lines, **section.lines}
    section.inherited = added.keys()

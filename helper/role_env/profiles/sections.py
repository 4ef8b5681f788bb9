"""Read the sections of the profiles file, and those of the files that its [include] names.

A team shares such files, so one may neither have a secret nor run a program: `check_shared` refuses that.
"""

import os

from role_env import validators
from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies
from role_env.files.private import check_private
from role_env.profiles import ini
from role_env.sources.section import Section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = "DEFAULT"
SECRETS = ("access_key_secret", "security_token")
"""The keys whose values are secrets."""


class Sections:
    """The profiles' sections, `by_name`, of the file at `path` and of the files that it includes.

    They are in file order, those of an included file where [include] stands. `defaults` is the file's [DEFAULT].
    A section with an invalid name is left out; `faults` has its error, by the name that it may mean. In the Alibaba
    SDKs' own file (`is_of_sdk`) such a section is ignored, and nothing is included. `contents` are read, by their
    paths, instead of the files there.

    `dependencies` records the file. `record` records an included file, once a profile of it is used: a session of
    another profile does not depend on it.

    Raises ProfileError if a file cannot be read or used as a whole.
    """

    def __init__(
        self, path: str, dependencies: Dependencies, contents: "Mapping[str, bytes]", *, is_of_sdk: bool
    ) -> None:
        self.path = path
        self.by_name: dict[str, Section] = {}
        self.faults: dict[str, ProfileError] = {}
        self.defaults = Section(path, DEFAULT, 0)
        self._dependencies = dependencies
        self._contents = contents
        self._is_of_sdk = is_of_sdk
        # The path of each included file, with what its content depends on, and the line that includes it.
        self._included: dict[str, tuple[Dependencies, str]] = {}
        for section in self._read_main().values():
            if section.name == DEFAULT:
                self.defaults = section
            elif section.name != validators.INCLUDE:
                self._add(section)
            elif not is_of_sdk:
                for line, name in section.includes:
                    self._include(name, f"{path}, line {line}")

    def record(self, section: Section) -> None:
        """Record the file of `section` as one that the session depends on."""
        if section.path in self._included:
            self._dependencies.add(self._included[section.path][0])

    def _read_main(self) -> dict[str, Section]:
        path, dependencies = self.path, self._dependencies
        if path in self._contents:
            dependencies.watch(path)
            return ini.parse(path, self._contents[path])
        try:
            content, status = dependencies.read(path)
        except OSError as error:
            what = error.strerror or str(error)
            hint = "check the path and its permissions, or name another file with --config"
            raise ProfileError(f"the profiles file {path} cannot be read: {what}", hint=hint) from None
        sections = ini.parse(path, content)
        has_secret = any(key in section.values for section in sections.values() for key in SECRETS)
        check_private(f"the profiles file {path}", path, status, has_secret=has_secret)
        return sections

    def _include(self, name: str, where: str) -> None:
        """Add the sections of the file that the line at `where` names. Raises ProfileError."""
        may_be_missing = name.startswith("?")
        name = name.removeprefix("?").strip()
        if not name:
            raise ProfileError(f"{where}: path is empty", hint="give it the path of a file, or remove the line")
        path = self._resolve(name, where)
        dependencies = Dependencies(self._dependencies.environ)
        what = f"the included file {path}"
        try:
            content = self._contents.get(path)
            if content is None:
                content, status = dependencies.read(path)
                check_private(what, path, status)
        except FileNotFoundError:
            if may_be_missing:
                return
            hint = f"correct the path, or write path = ?{name} for a file that may be missing"
            raise ProfileError(f"{where}: {what} does not exist", hint=hint) from None
        except OSError as error:
            raise ProfileError(
                f"{where}: {what} cannot be read: {error.strerror or error}",
                hint="name a file of profiles that you can read",
            ) from None
        self._check_new(path, where)
        self._included[path] = (dependencies, where)
        for section in ini.parse(path, content).values():
            if section.name in (DEFAULT, validators.INCLUDE):
                what, hint = (
                    "has no [DEFAULT]",
                    f"write each default into the profiles that need it, or into {self.path}",
                )
                if section.name == validators.INCLUDE:
                    what, hint = "includes no other", f"include it in {self.path}"
                raise ProfileError(f"{section.where}: an included file {what}", hint=hint)
            section.profiles_file = self.path
            self._add(section)

    def _resolve(self, name: str, where: str) -> str:
        """Return the absolute path of `name`; a relative one starts at the file's folder. Raises ProfileError."""
        path = os.path.expanduser(name)
        if path.startswith("~"):
            raise ProfileError(
                f"{where}: the home folder of {name.partition('/')[0]} is unknown", hint="write the path"
            )
        path = os.path.join(os.path.dirname(self.path), path)
        short = os.path.normpath(path)
        return short if os.path.realpath(short) == os.path.realpath(path) else path  # `link/..` may be another folder

    def _check_new(self, path: str, where: str) -> None:
        """Raise ProfileError if the file at `path` is the profiles file, or included already, by whatever path."""
        real = os.path.realpath(path)
        if real == os.path.realpath(self.path):
            raise ProfileError(f"{where}: the file includes itself", hint="remove the line")
        for other, (_, line) in self._included.items():
            if real == os.path.realpath(other):
                raise ProfileError(f"{where}: {path} is included already ({line})", hint="remove one of the two lines")

    def _add(self, section: Section) -> None:
        """Add `section`. Raises ProfileError if another file has a profile of that name."""
        name = section.name
        if fault := validators.name_fault(name):
            if not self._is_of_sdk:
                meant, hint = _meant(name)
                self.faults[meant] = ProfileError(f"{section.where}: invalid profile name: {fault}", hint=hint)
            return
        if name in self.by_name:
            raise ProfileError(
                f"{section.where}: profile {name} already exists ({self.by_name[name].where})",
                hint="rename one of the two",
            )
        self.by_name[name] = section


def check_shared(section: Section) -> None:
    """Raise ProfileError if `section` is of an included file and has a secret, or a key that runs a program."""
    if section.path == section.profiles_file:
        return
    from role_env.profiles.profile import runs_program

    for key in section.values:
        if key in SECRETS:
            what, hint = (
                "is a secret, which no included file may have",
                f"remove it there, and type: `role-env login {section.name}`",
            )
            raise section.error(key, what, hint=hint)
        if runs_program(key):
            what = "runs a program, which no included file may name"
            raise section.error(key, what, hint=f"move the profile to {section.profiles_file}")


def _meant(name: str) -> tuple[str, str]:
    """Return the name that the invalid `name` may mean, `name` itself if that is not known, and what to write."""
    text = validators.plain(name).strip()
    meant = text.removeprefix("profile ").strip()
    if validators.name_fault(meant):
        return name, "use letters, digits and . _ @ + : / -"
    return meant, f"write [{meant}]" if meant == text else f"write [{meant}]; [profile ...] is what the AWS CLI reads"

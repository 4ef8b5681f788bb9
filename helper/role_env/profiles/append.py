"""Append profiles to a profiles file. Every existing byte stays, and a crash leaves either the old or the new file."""

import re
from collections.abc import Mapping, Sequence

from role_env import paths, validators
from role_env.dataclass import dataclass
from role_env.errors import ProfileError, UsageError
from role_env.files.dependencies import Dependencies
from role_env.files.user_file import UserFile
from role_env.profiles import ini
from role_env.profiles.file import ProfilesFile
from role_env.profiles.locate import existing_sdk_file, own_file
from role_env.profiles.sections import DEFAULT


@dataclass(frozen=True)
class NewProfile:
    """A section to append: its name, and its keys with their values."""

    name: str
    values: Mapping[str, str]

    def text(self) -> str:
        """Return the text of the section. Raises ProfileError for a name or value that would change more than it."""
        if fault := "it is that of the defaults" if self.name == DEFAULT else validators.name_fault(self.name):
            raise self._error(f"its name is invalid: {fault}")
        for key, value in self.values.items():
            try:
                validators.one_line(value)
            except ValueError as error:
                raise self._error(f"{key} {error}") from None
            if value != value.strip():
                raise self._error(f"{key} begins or ends with a space")
        return "".join([f"[{self.name}]\n", *(f"{key} = {value}\n" for key, value in self.values.items())])

    def _error(self, what: str) -> ProfileError:
        return ProfileError(f"profile {self.name}: {what}, and nothing was written", hint="give it another value")


def file_to_append_to(config: str, dependencies: Dependencies) -> str:
    """Return the path of the file for a new profile: `config`, else ROLE_ENV_CONFIG, else role-env's own.

    The file may not exist. Raises UsageError if creating role-env's own would hide the profiles of an SDK's file in
    use, and ProfileError for a user without a home folder.
    """
    if chosen := config or dependencies.variable("ROLE_ENV_CONFIG"):
        return paths.absolute(chosen)
    own = own_file(dependencies)
    if own is None:
        raise ProfileError("there is no folder for a profiles file", hint="name a file with --config, or set HOME")
    in_use = None if dependencies.exists(own) else existing_sdk_file(dependencies)
    hidden = ProfilesFile(in_use, dependencies).names() if in_use else []
    if hidden:
        raise UsageError(
            f"{own} does not exist yet, and would hide the profiles of {in_use}: {', '.join(hidden)}",
            hint=f"choose the file: --config {in_use}, or --config {own}",
        )
    return own


def append(path: str, new: Sequence[NewProfile], environ: Mapping[str, str]) -> None:
    """Append the profiles `new` to the file at `path`. A missing file is created for this user only.

    Raises UsageError if it has a profile of one of the names, ProfileError if it cannot be read or written, and
    UnreachableError if other processes keep writing it.
    """
    UserFile(path, environ, keeps_backup=False).replace(lambda content: with_appended(path, content, new))


def with_appended(path: str, content: bytes | None, new: Sequence[NewProfile]) -> bytes:
    """Return `content` (None: no file) of the file at `path`, with the profiles `new` appended.

    Raises UsageError if it has a profile of one of the names, and ProfileError if its content is invalid.
    """
    content = content or b""
    there = ini.parse(path, content)
    for profile in new:
        if profile.name in there:
            raise UsageError(
                f"profile {profile.name} already exists ({there[profile.name].where}), and nothing was changed",
                hint=f"choose another name, or change it with: `role-env configure --edit {profile.name}`",
            )
    new_line = "\r\n" if b"\r\n" in content else "\n"
    gap = "" if not content else "\n" if re.search(rb"[\r\n]\Z", content) else "\n\n"
    text = gap + "\n".join(profile.text() for profile in new)
    return content + text.replace("\n", new_line).encode()

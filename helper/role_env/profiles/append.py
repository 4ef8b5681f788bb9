"""Append profiles to a profiles file: every byte stays, and a crash leaves the old file or the new one."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from role_env.errors import UsageError
from role_env.files import UserFile
from role_env.profiles import ini


class NewProfile:
    """A section that is to be appended: its name, and its keys with their values, which are of one line."""

    def __init__(self, name: str, values: Mapping[str, str]) -> None:
        self.name = name
        self.values = dict(values)

    def text(self) -> str:
        """Return the section as it will stand in the file."""
        return "".join([f"[{self.name}]\n", *(f"{key} = {value}\n" for key, value in self.values.items())])


def append(path: Path, profiles: Sequence[NewProfile]) -> None:
    """Append `profiles` to the file at `path`, which is created for this user alone if it is missing.

    Raises UsageError if it has a profile of one of the names, ProfileError if it cannot be read or written, and
    UnreachableError if other processes keep writing it.
    """
    UserFile(path, keeps_backup=False).replace(lambda content: with_appended(path, content, profiles))


def with_appended(path: Path, content: bytes | None, profiles: Sequence[NewProfile]) -> bytes:
    """Return the file at `path`, which has `content` (None: there is no file), with `profiles` at its end.

    Raises UsageError if it has a profile of one of the names, and ProfileError if it is not a profiles file.
    """
    content = content or b""
    there = ini.parse(path, content)
    for profile in profiles:
        if profile.name in there:
            raise UsageError(
                f"profile {profile.name} exists already ({there[profile.name].where()}), and nothing was changed",
                hint="choose another name, or edit the file",
            )
    new_line = "\r\n" if b"\r\n" in content else "\n"
    gap = "" if not content else "\n" if re.search(rb"[\r\n]\Z", content) else "\n\n"
    text = gap + "\n".join(profile.text() for profile in profiles)
    return content + text.replace("\n", new_line).encode()

"""Add and remove role-env's own profiles in the `aliyun` CLI's file, whose command is `role-env process`.

A profile that `setup` did not write is never changed or removed.
"""

import difflib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from role_env import validators
from role_env.aliyun import document, process_command
from role_env.aliyun.config import DEFAULT_NAME, ConfigFile
from role_env.dataclass import dataclass
from role_env.errors import ProfileError
from role_env.files.dependencies import read_file
from role_env.variables import FOLLOWING_PROFILE

# The profile that follows the session of the shell.
SESSION_NAME = FOLLOWING_PROFILE
# Written only into a new profile, since users may prefer others.
_TASTE = {"output_format": "json", "language": "en"}
_SHOWN = ("name", "mode", "process_command", "region_id", *_TASTE)
# The CLI itself begins the file with this, indentation included.
_EMPTY_DEFAULT = {"name": DEFAULT_NAME, "mode": "", **_TASTE}
_NEW_FILE = b'{\n\t"current": "default",\n\t"profiles": [],\n\t"meta_path": ""\n}\n'


class CliEntry:
    """A profile to write into the CLI's file. Raises ProfileError for a path that no command can contain."""

    def __init__(self, name: str, *, command: str, region_id: str) -> None:
        self.name = name
        try:
            validators.one_line(command)
        except ValueError as error:
            raise ProfileError(
                f"profile {name}: its command {error}",
                hint="move role-env, or the profiles file, to a path without it",
            ) from None
        region = {"region_id": region_id} if region_id or name == SESSION_NAME else {}
        self.command = command
        self.members = {"mode": "External", "process_command": command, **region}


def profiles_file_of(entry: Mapping[str, Any]) -> str:
    """Return the profiles file in the command of a profile that `setup` wrote; an empty text for any other profile."""
    arguments = process_command.own_arguments(entry.get("process_command")) or []
    is_ours = entry.get("mode") == "External" and len(arguments) == 3 and arguments[0] == "--config"
    return arguments[1] if is_ours and arguments[2] == entry.get("name") else ""


def is_session_entry(entry: Mapping[str, Any]) -> bool:
    """Return whether `entry` is the profile role-env as `setup` writes it."""
    is_ours = entry.get("name") == SESSION_NAME and entry.get("mode") == "External"
    return is_ours and not entry.get("region_id") and process_command.is_session_command(entry.get("process_command"))


def is_own(entry: Mapping[str, Any]) -> bool:
    """Return whether `setup` wrote the profile `entry`."""
    is_session = entry.get("name") == SESSION_NAME and process_command.is_session_command(entry.get("process_command"))
    return is_session or bool(profiles_file_of(entry))


@dataclass(frozen=True)
class ShellSettings:
    """The settings that a shell with a session gets from the CLI's file.

    `region_id` is the current profile's, empty if there is none. `has_session_profile` says whether the file has the
    profile role-env as `setup` writes it, and the CLI can use it; `has_changed_profile` whether it has another.
    """

    region_id: str = ""
    has_session_profile: bool = False
    has_changed_profile: bool = False


def shell_settings(path: str) -> ShellSettings:
    """Return the settings in the CLI's file at `path`; empty ones if it is missing or invalid."""
    try:
        content, _ = read_file(path)
        file = ConfigFile(path, content)
    except (OSError, ProfileError):
        return ShellSettings()
    region_id, is_usable = "", file.cli_error() is None
    with suppress(ProfileError):
        region_id = file.profile().region_id
    entry = file.entries.get(SESSION_NAME)
    is_written = entry is not None and is_session_entry(entry)
    return ShellSettings(region_id, is_written and is_usable, entry is not None and not is_written)


def foreign(path: str, content: bytes | None, names: Iterable[str]) -> list[str]:
    """Return those of `names` that the CLI's file has and `setup` did not write. Raises ProfileError."""
    entries = _entries(path, content)
    return [name for name in names if name in entries and not is_own(entries[name])]


def own_names(path: str, content: bytes | None) -> list[str]:
    """Return the names of the profiles that `setup` wrote into the CLI's file. Raises ProfileError."""
    return [name for name, entry in _entries(path, content).items() if is_own(entry)]


def has_profiles(path: str, content: bytes | None) -> bool:
    """Return whether the CLI's file has any profile; if not, `with_entries` adds an empty `default`."""
    return bool(_entries(path, content))


def with_entries(path: str, content: bytes | None, wanted: Sequence[CliEntry]) -> bytes:
    """Return the content of the CLI's file `path` after the profiles `wanted` are added to `content` (None: no file).

    Raises ProfileError for a file that the CLI cannot use, and for a profile that `setup` did not write.
    """
    if theirs := foreign(path, content, (entry.name for entry in wanted)):
        raise ProfileError(
            f"{path} has a profile {theirs[0]} that role-env did not write",
            hint=f"rename it there, or remove it: aliyun configure delete --profile {theirs[0]}",
        )
    return _changed(path, _NEW_FILE if content is None else content, lambda listed: _merge(listed, wanted))


def without_entries(path: str, content: bytes, names: Iterable[str]) -> bytes | None:
    """Return the content of the CLI's file without the profiles `names`; None if the file can be removed.

    It can be removed if only an empty `default` is left, which `setup` had to add. Raises ProfileError.
    """
    names = set(names)

    def remove(listed: list[dict[str, Any]]) -> None:
        listed[:] = [entry for entry in listed if document.folded(entry).get("name") not in names]

    changed = _changed(path, content, remove)
    parsed = document.folded(document.parse(path, changed))
    others = {key: value for key, value in parsed.items() if key not in ("current", "profiles") and value}
    left = ConfigFile(path, changed).entries
    is_empty = not left or (list(left) == [DEFAULT_NAME] and _is_empty_default(left[DEFAULT_NAME]))
    return None if is_empty and not others else changed


def diff(path: str, before: bytes | None, after: bytes | None) -> str:
    """Return the change as a unified diff of the profiles that change, with only the keys that `setup` writes."""
    old, new = _entries(path, before), _entries(path, after)
    lines: list[str] = []
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            lines += difflib.unified_diff(_shown(old.get(name)), _shown(new.get(name)), n=len(_SHOWN), lineterm="")
    lines = [line for line in lines if not line.startswith(("--- ", "+++ ", "@@ "))]
    return "\n".join([f"--- {path}", f"+++ {path}", *lines, ""]) if lines else ""


def _shown(entry: Mapping[str, Any] | None) -> list[str]:
    if entry is None:
        return []
    shown = {key: entry[key] for key in _SHOWN if key in entry}
    lines = json.dumps(shown, ensure_ascii=False, indent=2).split("\n")
    # Characters that could control a terminal, or that cannot be encoded, are shown as escapes.
    return lines if all(line.isprintable() for line in lines) else json.dumps(shown, indent=2).split("\n")


def _entries(path: str, content: bytes | None) -> dict[str, dict[str, Any]]:
    return ConfigFile(path, content).entries if content is not None else {}


def _merge(listed: list[dict[str, Any]], wanted: Sequence[CliEntry]) -> None:
    if not listed:  # without it the CLI cannot start: its current profile would be missing
        listed.append(dict(_EMPTY_DEFAULT))
    by_name: dict[object, dict[str, Any]] = {}
    for existing in listed:
        by_name.setdefault(document.folded(existing).get("name"), existing)
    for entry in wanted:
        if entry.name not in by_name:
            by_name[entry.name] = {"name": entry.name, **entry.members, **_TASTE}
            listed.append(by_name[entry.name])
        existing = by_name[entry.name]
        spelled = {key.lower(): key for key in existing}  # existing keys keep their case
        existing.update({spelled.get(key, key): value for key, value in entry.members.items()})


def _changed(path: str, content: bytes, change: Callable[[list[dict[str, Any]]], None]) -> bytes:
    if error := ConfigFile(path, content).cli_error():
        raise error
    parsed = document.parse(path, content, for_change=True)
    before = json.dumps(parsed)
    spelled = {key.lower(): key for key in parsed}
    listed = parsed.get(spelled.get("profiles", ""))
    listed = parsed[spelled.get("profiles", "profiles")] = [] if listed is None else listed
    change(listed)
    names = [document.folded(entry).get("name") for entry in listed]
    current = spelled.get("current", "current")
    if (DEFAULT_NAME if parsed.get(current) is None else parsed[current]) not in names:
        parsed[current] = names[0] if names else DEFAULT_NAME
    return content if json.dumps(parsed) == before else document.dump(parsed, like=content)


def _is_empty_default(entry: Mapping[str, Any]) -> bool:
    """Return whether a `default` has only the values of _TASTE, and perhaps empty keys, which the CLI adds."""
    return not any(value for key, value in entry.items() if key not in ("name", *_TASTE))

"""role-env's own profiles in the `aliyun` CLI's file: External mode, with `role-env process` as their command.

A profile whose command is not ours is never touched, and every byte of the file that is not ours stays.
"""

import difflib
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from role_env.aliyun import json_text
from role_env.aliyun.config import ConfigFile
from role_env.errors import ProfileError
from role_env.fingerprint import Origin

# What the CLI itself would write first. With a file but without that profile a plain `aliyun` would no longer work.
_FIRST = (
    '{\n\t"current": "default",\n\t"profiles": [\n\t\t{\n\t\t\t"name": "default",\n\t\t\t"mode": "",\n'
    '\t\t\t"output_format": "json",\n\t\t\t"language": "en"\n\t\t}\n\t],\n\t"meta_path": ""\n}\n'
)
# The keys that role-env writes: the last two into a new profile only, since they are a matter of taste.
_TASTE = {"output_format": "json", "language": "en"}
_KEYS = ("name", "mode", "process_command", "region_id", *_TASTE)


class CliEntry:
    """What is to stand in the CLI's file for one of role-env's profiles; `region_id` may be empty."""

    def __init__(self, name: str, *, command: str, region_id: str) -> None:
        self.name = name
        region = {"region_id": region_id} if region_id else {}
        self.members = {"mode": "External", "process_command": command, **region}
        self.new_members = {"name": name, **self.members, **_TASTE}


def process_command(name: str, config: str, environ: Mapping[str, str]) -> str:
    """The command line for the profile `name` of the profiles file `config` (empty: the usual one).

    It has no quotes unless a path needs them: releases of the CLI before 3.4.9 split at white space and nothing else.
    """
    words = [*_program(environ), "process", *(["--config", config] if config else []), name]
    return " ".join(shlex.quote(word) if _needs_quotes(word) else word for word in words)


def needs_quotes(command: str) -> bool:
    """Whether an old CLI, which splits at white space alone, would not run `command` as it is meant."""
    return command.split() != shlex.split(command)


def _needs_quotes(word: str) -> bool:
    """Whether a word stands for itself only in quotes: letters of other scripts do without."""
    odd = any(letter.isspace() or letter in "'\"\\" for letter in word)
    return odd or shlex.split(word) != [word]


def _program(environ: Mapping[str, str]) -> list[str]:
    """This role-env by its bare name where any shell would find it, else by its path."""
    here = Path(sys.argv[0]).absolute()
    if here.name.startswith("__main__"):  # python -m role_env
        here = Path(sys.executable).with_name("role-env")
        if not here.exists():
            return [sys.executable, "-m", "role_env"]
    found = shutil.which("role-env", path=environ.get("PATH"))
    in_venv = environ.get("VIRTUAL_ENV") and here.is_relative_to(environ["VIRTUAL_ENV"])
    same = found and Path(found).is_absolute() and os.path.realpath(found) == os.path.realpath(here)
    return ["role-env"] if same and not in_venv else [str(here)]


def profiles_file_of(entry: Mapping[str, Any]) -> str | None:
    """The profiles file that a profile of our own names, empty for the usual one; None when it is not our own.

    Ours is External, and its command is `role-env process` for the profile of the same name.
    """
    command = entry.get("process_command")
    if entry.get("mode") != "External" or not isinstance(command, str):
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if words[1:3] == ["-m", "role_env"]:
        words[:3] = ["role-env"]
    if not words or Path(words[0]).name.removesuffix(".exe") != "role-env" or words[1:2] != ["process"]:
        return None
    config = words[3] if words[2:3] == ["--config"] and len(words) == 5 else ""
    return config if words[4 if config else 2 :] == [entry.get("name")] else None


def find(name: str, path: Path) -> str | None:
    """The profiles file that our own profile `name` in the CLI's file at `path` names, empty for the usual one; None
    where there is no such profile.
    """
    try:
        content, _ = Origin({}).read(path)  # not a chain's: it may have begun in what the file held before
        entry = _entries(path, content).get(name)
    except (OSError, ProfileError):  # nothing there that the CLI could use
        return None
    return profiles_file_of(entry) if entry else None


def foreign(path: Path, content: bytes | None, names: Iterable[str]) -> list[str]:
    """Those of `names` that are in the CLI's file already and are not our own. Raises ProfileError."""
    entries = _entries(path, content)
    return [name for name in names if name in entries and profiles_file_of(entries[name]) is None]


def changed(path: Path, content: bytes | None, wanted: Sequence[CliEntry]) -> bytes:
    """The CLI's file `path` with the entries `wanted`, where it had `content` (None: there was no file).

    Raises ProfileError for a file that the CLI could not have written, and for a profile that is not our own.
    """
    if content is None:
        content = _FIRST.encode()
    if theirs := foreign(path, content, (entry.name for entry in wanted)):
        raise ProfileError(
            f"{path} has a profile {theirs[0]} that role-env has not written",
            hint=f"rename it there, or remove it: aliyun configure delete --profile {theirs[0]}",
        )
    text = content.decode("utf-8")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    for entry in wanted:
        text = _with_entry(text, entry)
    result = (mark + text).encode()
    _check(path, content, result, wanted)
    return result


def diff(path: Path, before: bytes | None, after: bytes) -> str:
    """The change as a unified diff of the profiles that change, with those of their keys only that role-env writes."""
    old, new = _entries(path, before), _entries(path, after)
    lines: list[str] = []
    for name, entry in new.items():
        if entry != old.get(name):
            lines += difflib.unified_diff(_shown(old.get(name)), _shown(entry), n=len(_KEYS), lineterm="")
    lines = [line for line in lines if not line.startswith(("--- ", "+++ ", "@@ "))]
    return "\n".join([f"--- {path}", f"+++ {path}", *lines, ""]) if lines else ""


def _shown(entry: Mapping[str, Any] | None) -> list[str]:
    if entry is None:
        return []
    shown = {key: entry[key] for key in _KEYS if key in entry}
    lines = json.dumps(shown, ensure_ascii=False, indent=2).split("\n")
    # What could act on a terminal, or is half a letter that no encoding has, is shown as the file may hold it.
    return lines if all(line.isprintable() for line in lines) else json.dumps(shown, indent=2).split("\n")


def _entries(path: Path, content: bytes | None) -> dict[str, dict[str, Any]]:
    return ConfigFile(path, content).entries if content is not None else {}


def _with_entry(text: str, entry: CliEntry) -> str:
    start = text.index("{")
    listed = json_text.member(text, start, "profiles")
    if listed is None or text[listed.value] != "[":
        text = json_text.with_members(text, start, {"profiles": []})
        return _with_entry(text, entry)
    for item in json_text.parts(text, listed.value):
        if json.loads(text[item.value : item.end]).get("name") == entry.name:
            return json_text.with_members(text, item.value, entry.members)
    return json_text.with_item(text, listed.value, entry.new_members)


def _check(path: Path, before: bytes, after: bytes, wanted: Sequence[CliEntry]) -> None:
    """Nothing that is not ours has changed: what the text means now is what it meant, and our entries."""
    document = ConfigFile(path, before).document
    profiles = list(document.get("profiles") or [])
    for entry in wanted:
        for position, there in enumerate(profiles):
            if there.get("name") == entry.name:
                profiles[position] = there | entry.members
                break
        else:
            profiles.append(entry.new_members)
    expected = document | ({"profiles": profiles} if wanted else {})
    if ConfigFile(path, after).document != expected:
        raise AssertionError("the change to the CLI's file would change more than was meant")

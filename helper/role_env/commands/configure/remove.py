"""`configure --remove`: remove a profile, and what belongs to it in the keyring, the cache and the CLI's file.

The section goes first, and the rest after it, so that a repeated call finishes what a kill has interrupted. A sign-in
at CloudSSO is found only by the profile's URL, which a note in the state folder therefore keeps.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import TypeVar

from role_env import paths, ui
from role_env.aliyun import entries
from role_env.aliyun.config import ConfigFile
from role_env.aliyun.location import config_path
from role_env.cli import Invocation, line_checks
from role_env.command_table import REMOVER
from role_env.context import Context
from role_env.errors import KeyringError, ProfileError, UsageError
from role_env.files.dependencies import Dependencies
from role_env.files.user_file import UserFile
from role_env.fingerprint import sha256
from role_env.keyrings import access_keys, sign_ins
from role_env.keyrings.sign_ins import StoredSignIn
from role_env.keyrings.vault import NoKeyring
from role_env.profiles.file import ProfilesFile
from role_env.profiles.locate import locate
from role_env.profiles.removal import without_section
from role_env.rotation.holders import Holders
from role_env.sessions.store import Cache
from role_env.sign_in import isolated
from role_env.sources import registry
from role_env.sources.access_key import KeyringKey
from role_env.sources.base import Source
from role_env.sources.cloud_sso import CloudSso
from role_env.sources.signed_in import SignedInSource
from role_env.ui import prompt

T = TypeVar("T")
_NOTES, _LARGEST = "removed-profiles", 64 * 1024


def run(invocation: Invocation, context: Context) -> None:
    """Show what belongs to the profile, ask, and remove it. Raises any RoleEnvError."""
    name = _name(invocation)
    path = locate(invocation.config, Dependencies(context.environ))
    file = ProfilesFile(path, Dependencies(context.environ))
    belongings = Belongings(file, name, context)
    with belongings.locked_key():  # a rotation of the key comes before every other reason to refuse
        _check_unused(file, name)
    shown = belongings.shown()
    if not shown:
        raise ProfileError(
            f"there is no profile {name} in {path}, and nothing that belonged to it",
            hint=line_checks.nearest_profile(name, file.names()),
        )
    ui.write(shown)
    if invocation.dry_run:
        context.messages.say("nothing was removed")
        return
    if not invocation.yes and not prompt.is_yes("Remove all this? yes or no", default="no"):
        ui.write("nothing was removed\n")
        return
    belongings.remove()
    ui.write(f"removed {name}\n")


def _name(invocation: Invocation) -> str:
    for option in invocation.others_than(REMOVER):
        raise UsageError(
            "configure --remove takes only PROFILE, --yes, --dry-run and --config", hint=f"leave out {option.name}"
        )
    if not invocation.profile:
        raise UsageError("configure --remove requires PROFILE", hint="`role-env list` shows the profiles")
    line_checks.check_profile_name(invocation.profile)
    if not (invocation.yes or invocation.dry_run or prompt.is_possible()):
        raise UsageError("without a terminal, configure --remove requires --yes", hint="add --yes, or --dry-run")
    return invocation.profile


def _check_unused(file: ProfilesFile, name: str) -> None:
    """Raise ProfileError, with the line, if another profile has `name` as its source."""
    for user in file.users(name) if name in file.names() else ():
        raise file.error(
            user,
            registry.SOURCE_PROFILE,
            f"names {name}, so that stays",
            hint=f"give {user} another source, or remove it first: `role-env configure --remove {user}`",
        )


class Belongings:
    """What belongs to the profile `name` of `file`, which may be gone from it already."""

    def __init__(self, file: ProfilesFile, name: str, context: Context) -> None:
        self._name = name
        self._context = context
        self._path = file.path
        self._source = _source_of(file, name)
        place = file.where(name)[0] if name in file.names() else file.path
        self._file = UserFile(place, context.environ, keeps_backup=False)
        self._removal = without_section(place, self._file.read() or b"", name)
        self._holders = Holders(file.path, name, context)
        self._has_keyring = True
        self._key = self._if_readable(self._holders.shown_key)
        self._sign_ins = {stored: self._if_readable(partial(stored.load, context)) for stored in self._places(file)}
        self._cache = Cache(context, everywhere=True)
        self._entries = self._cache.entries_of([name], file.path)
        self._cli_file = UserFile(config_path(context.environ.get("HOME", "")), context.environ)
        self._is_in_cli_file = _is_written_by_setup(self._cli_file, name, file.real_path)

    def shown(self) -> str:
        """Return what will be removed; empty if there is nothing."""
        lines = [f"the access key {self._key} in the keyring"] if self._key else []
        lines += [f"the sign-in at {found.host}" for found in self._sign_ins.values() if found]
        if count := sum(bool(self._cache.load(entry)) for entry in self._entries):
            lines.append(f"{count} cached session{'s' if count > 1 else ''}")
        if self._is_in_cli_file:
            lines.append(f"the profile {self._name} of {self._cli_file.path}, which setup wrote")
        if isolated.has_profile(self._context.environ, self._path, self._name):
            lines.append("its browser profile of console --isolated")
        section = f"{self._removal.text}\n\nof {self._file.path}\n" if self._removal else ""
        return section + "".join(f"{'and ' if section else ''}{line}\n" for line in lines)

    def remove(self) -> None:
        """Remove everything, the section first. Raises any RoleEnvError; a repeated call goes on."""
        from role_env.sign_in import flow  # imports a web server

        with self.locked_key():
            if self._removal:
                self._note_portal()
                self._file.replace(self._without_section)
            if self._key:
                access_keys.delete(self._holders.entry, self._context)
            for stored, found in self._sign_ins.items():
                if found:
                    flow.forget(stored, self._context)
            for entry in self._entries:
                self._cache.delete(entry)
            if self._is_in_cli_file:
                self._cli_file.replace(self._without_cli_entry)
            isolated.remove(self._context.environ, self._path, self._name)
        if reason := self._cache.unreachable(self._entries)[0]:
            raise KeyringError(
                f"cached sessions of {self._name} may remain: the keyring cannot be used, {reason}",
                hint=f"unlock it, then again: `role-env configure --remove {self._name}`",
            )

    def locked_key(self) -> AbstractContextManager[object]:
        """Return a context that holds the lock of the profile's key.

        It raises RefusedError if a rotation of the key is under way, and KeyringError.
        """
        return self._holders.unrotated() if self._has_keyring else nullcontext()

    def _if_readable(self, read: "Callable[[], T | None]") -> "T | None":
        """Return what `read` finds in the keyring; None without a keyring. Raises KeyringError for a locked one.

        If the profile's source is elsewhere, a locked keyring is left alone.
        """
        try:
            return read()
        except KeyringError as error:
            self._has_keyring = False
            is_elsewhere = self._source and not isinstance(self._source, KeyringKey | SignedInSource)
            if is_elsewhere or isinstance(error, NoKeyring):
                return None
            raise

    def _places(self, file: ProfilesFile) -> list[StoredSignIn]:
        """Return the places of the sign-ins that only this profile has: of OAuth, and of its portal of CloudSSO."""
        urls = [self._source.url] if isinstance(self._source, CloudSso) else []
        if not self._removal:
            urls += [url for key, _, url in (line.partition(" ") for line in self._notes()) if key == self._note_key]
        others = {
            profile.source.sign_in.entry.name
            for profile in file.valid_profiles()
            if profile.source and profile.source.sign_in and profile.name != self._name
        }
        found = [sign_ins.of_profile(file.path, self._name), *map(sign_ins.of_portal, dict.fromkeys(urls))]
        return [stored for stored in found if stored.entry.name not in others]

    @property
    def _note_key(self) -> str:
        return sha256(f"{os.path.realpath(self._path)}\0{self._name}")

    def _notes(self) -> list[str]:
        return paths.state_lines(self._context.environ, _NOTES)

    def _note_portal(self) -> None:
        """Note the portal, which only the section names, for a repeated call."""
        if isinstance(self._source, CloudSso):
            with suppress(OSError):
                line = f"{self._note_key} {self._source.url}"
                paths.append_line(self._context.environ, _NOTES, line, largest=_LARGEST)

    def _without_section(self, content: bytes | None) -> bytes | None:
        removal = without_section(self._file.path, content or b"", self._name)
        return removal.content if removal else content

    def _without_cli_entry(self, content: bytes | None) -> bytes | None:
        return content and entries.without_entries(self._cli_file.path, content, [self._name])


def _source_of(file: ProfilesFile, name: str) -> Source | None:
    """Return the source of the profile; None for an invalid one, and for one that is gone."""
    with suppress(ProfileError):
        return file.profile(name).source
    return None


def _is_written_by_setup(cli_file: UserFile, name: str, profiles_file: str) -> bool:
    """Return whether the CLI's file has a profile that `setup` wrote for `name` of the profiles file."""
    with suppress(ProfileError):  # `doctor` reports a file that cannot be used
        content = cli_file.read()
        entry = ConfigFile(cli_file.path, content).entries.get(name) if content else None
        return bool(entry) and os.path.realpath(entries.profiles_file_of(entry or {})) == profiles_file
    return False

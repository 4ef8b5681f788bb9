"""Random orders of what happens to access keys, on two machines of two users, and what must be true after each.

A profile's key works or its state is said; a key that role-env created and that is active at RAM is a profile's, is in
a journal or was named; and from every state there is a way on.
"""

import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from cloud.world import AccessKey
from support.forked_command import Cloud, Done, Fault, Home

CLOCKS = (0.0, 600.0)
"""By how many seconds the clocks of the two machines are ahead."""
USERS = ("test_user1", "test_user2")
_NAMED = re.compile(r"\b(LTAI\w+)\b")
# The words of a line that names a key as one that stays, and of one that says that there may be one.
_NAMING = ("DeleteAccessKey", "stays ", "unknown at RAM", "removed the access key")
_MAY_BE = "may have created a key without an answer"


class Profile(NamedTuple):
    """A profile whose key is in the keyring of a machine."""

    home: Home
    file: Path
    name: str

    def run(self, *words: str, text: str = "", fault: Fault | None = None) -> Done:
        """Run a command for the profile."""
        command, *options = words
        return self.home.run(command, self.name, *options, "--config", str(self.file), text=text, fault=fault)

    @property
    def label(self) -> str:
        """What a trace calls it."""
        return f"{self.home.folder.name}/{self.file.stem}/{self.name}"


class Order:
    """One order, made by the random numbers of `seed`. With `is_quiet` nobody but role-env touches a key."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.chance = random.Random(seed)
        self.is_quiet = self.chance.random() < 0.3
        self.cloud = Cloud(folder)
        self.trace: list[str] = []
        self.created_at_ram: set[str] = set()
        self.named: set[str] = set()
        self.is_one_unnamed = False
        self.known = {user: [self.cloud.world.key_of(user)] for user in USERS}
        self.counts: Counter[str] = Counter()
        for user in USERS:  # who may use the dependent profile too
            self.cloud.world.key_of(user).user.may_assume.add("*")  # type: ignore[union-attr]
        homes = [Home(folder / f"machine{number}", self.cloud, skew) for number, skew in enumerate(CLOCKS, 1)]
        self.profiles = [
            Profile(home, self._write(home, file), name)
            for home in homes
            for file, name in (("one.ini", "a"), ("two.ini", "a"), ("two.ini", "b"))
        ]
        self.focus = self.chance.choice(self.profiles[:3])
        for profile in self.profiles:
            user = USERS[profile.name == "b"]
            if profile.home is homes[0] or self.chance.random() < 0.5:
                self._store(profile, self.known[user][0])

    def _store(self, profile: Profile, key: AccessKey) -> None:
        """Let the profile have `key`, as `login` leaves it."""
        from role_env.keyrings import access_keys, vault
        from role_env.keyrings.index import Index

        entry, path = access_keys.entry_of(str(profile.file), profile.name), profile.home.folder / "keyring.json"
        entries = json.loads(path.read_text("utf-8")) if path.exists() else {}
        entries[f"{entry.service}\n{entry.username}"] = f"role-env key 1\n{key.id}\n{key.secret}\n{int(key.created)}"
        path.write_text(json.dumps(entries), "utf-8")
        Index(profile.home.environ, vault.INDEX, vault.SERVICE).note(entry)

    def _write(self, home: Home, name: str) -> Path:
        path = home.folder / name
        path.write_text(
            f"[a]\n[b]\n[role]\nrole_arn = {self.cloud.sts.role_arn}\nsource_profile = a\n"
            "[DEFAULT]\nsts_endpoint = sts.example.com\n",
            "utf-8",
        )
        path.chmod(0o600)
        return path

    # -- what happens --

    def play(self, moves: int) -> None:
        """Let so many things happen."""
        for _ in range(moves):
            usual = [self._rotate] * 6 + [self._log_in_or_out] * 3 + [self._wait, self._use]
            self.chance.choice(usual if self.is_quiet else [*usual, *[self._at_the_console] * 4])()

    def _some_profile(self) -> Profile:
        """Return the profile that most of the order is about, or any."""
        if self.chance.random() < 0.6:
            return self.focus
        return self.chance.choice([profile for profile in self.profiles if not self.is_quiet or not profile.home.skew])

    def _fault(self, events: int) -> Fault | None:
        """Return what goes wrong in a command of so many events, nothing in half of them."""
        kind = self.chance.choice(("SIGKILL", "SIGKILL", "SIGTERM", "SIGINT", "answer lost", "not sent", *[""] * 6))
        return Fault(kind, self.chance.randrange(1, events if kind.startswith("SIG") else 9)) if kind else None

    def _rotate(self) -> None:
        option = self.chance.choice(((), (), (), ("--finish",), ("--abort",), ("--status",), ("--force",)))
        self.do(self._some_profile(), "rotate", *option, fault=self._fault(90))

    def _log_in_or_out(self) -> None:
        profile, force = self._some_profile(), ("--force",) if self.chance.random() < 0.5 else ()
        if self.chance.random() < 0.3:
            self.do(profile, "logout", *force, fault=self._fault(22))
            return
        self._log_in(profile, self.chance.choice(self.known[self.chance.choice(USERS)]), *force, fault=self._fault(22))

    def _log_in(self, profile: Profile, key: AccessKey, *options: str, fault: Fault | None = None) -> None:
        self.do(profile, "login", *options, text=f"{key.id}\n{key.secret}\n", fault=fault)

    def _wait(self) -> None:
        self.cloud.skip(self.chance.choice((1, 60, 2000)))

    def _use(self) -> None:
        """Somebody signs with a key that is elsewhere too."""
        keys = [key for key in self.cloud.world.keys.values() if key.active]
        self.chance.choice(keys).last_used = self.cloud.sts.now()

    def _at_the_console(self) -> None:
        """Somebody changes a key, or creates one."""
        user = USERS[self.focus.name == "b"] if self.chance.random() < 0.7 else self.chance.choice(USERS)
        world = self.cloud.world
        keys = world.keys_of(user)
        change = self.chance.choice(("active", "inactive", "deleted", "created"))
        if change == "created" or not keys:
            if len(keys) < 2:
                owner = self.known[user][0]
                key = world.add_key(owner.account, owner.user)
                key.created = self.cloud.sts.now()
                self.known[user].append(key)
            return
        key = self.chance.choice(keys)
        self.trace.append(f"console: {key.id} {change}")
        if change == "deleted":
            del world.keys[key.id]
            world.deleted_keys.append(key)
        else:
            key.active = change == "active"
            if key.active:
                self.named.add(key.id)  # by whoever has just made it active

    def do(self, profile: Profile, *words: str, text: str = "", fault: Fault | None = None) -> Done:
        """Run a command for a profile, and note what it says of keys. Raises AssertionError for a bug."""
        before = set(self.cloud.world.keys)
        done = profile.run(*words, text=text, fault=fault)
        new = set(self.cloud.world.keys) - before
        self.created_at_ram |= new
        self.is_one_unnamed = self.is_one_unnamed or (_MAY_BE in done.said)
        for line in done.said.splitlines():
            if any(word in line for word in _NAMING):
                self.named |= set(_NAMED.findall(line))
        at = f" with {fault.kind} at {fault.point}" if fault else ""
        self.trace.append(f"{profile.label}: {' '.join(words)}{at} -> {done.status}\n    {done.said.strip()}")
        self.counts[f"{' '.join(words)} -> {done.status}"] += 1
        assert done.status in (0, 2, 3, 4, 5, 6, 130, 143, -9), done
        assert "Traceback" not in done.err, done
        assert "this is a bug" not in done.err, done
        return done

    # -- what must be --

    def check(self) -> None:
        """Check the profiles and the keys, and that an end can be reached. Raises AssertionError."""
        self._check_profiles()
        self._check_keys()
        for profile in self.profiles:
            self._end(profile)
        self._check_profiles()
        self._check_keys()

    def _check_profiles(self) -> None:
        for profile in self.profiles:
            key_id, secret = self._stored(profile)
            at_ram = self.cloud.world.keys.get(key_id)
            if at_ram and at_ram.active and at_ram.secret == secret:
                continue
            if not key_id and not self._has_journal(profile):
                continue
            said = self.do(profile, "rotate", "--status").out
            if not key_id:
                assert "the keyring has no" in said, f"{profile.label} has no key"
                continue
            assert re.search(rf"{key_id} is (inactive|deleted|unknown at RAM)", said), f"{profile.label}: {key_id}"
            assert not self.is_quiet or profile.home.skew, f"{profile.label}: {key_id} no longer works"

    def _check_keys(self) -> None:
        stored = {self._stored(profile)[0] for profile in self.profiles}
        active = {key.id for key in self.cloud.world.keys.values() if key.active}
        lost = (active & self.created_at_ram) - stored - self.named
        if lost:
            for profile in self.profiles:
                if self._stored(profile)[0] or self._has_journal(profile):
                    self._note_named(self.do(profile, "rotate", "--status").out)
        lost -= self.named
        assert not lost or self.is_one_unnamed, f"nobody names {lost}"

    def _note_named(self, said: str) -> None:
        self.named |= set(_NAMED.findall(said))
        self.is_one_unnamed = self.is_one_unnamed or "a new key was requested and no answer stored" in said

    def _end(self, profile: Profile) -> None:
        """Follow a way out of the rotation, if there is one; what says that it cannot go on names one that can."""
        if not self._has_journal(profile):
            return
        for option in self.chance.choice(((), ("--finish",), ("--abort",))), ("--finish",):
            if self._has_journal(profile):
                done = self.do(profile, "rotate", *option)
                assert done.status in (0, 4), done
                assert done.status == 0 or "hint: " in done.err, done
        if self._has_journal(profile):
            assert self.do(profile, "rotate", "--abort").status in (0, 4), self.trace[-1]
        assert not self._has_journal(profile), f"{profile.label} is still in a rotation"

    def _stored(self, profile: Profile) -> tuple[str, str]:
        """Return the ID and the secret in the keyring, empty without a key."""
        from role_env.keyrings import access_keys

        lines = self._entry(profile, access_keys.entry_of(str(profile.file), profile.name).service).split("\n")
        return (lines[1], lines[2]) if len(lines) > 2 else ("", "")

    def _has_journal(self, profile: Profile) -> bool:
        from role_env.rotation.holders import Holders
        from support.contexts import context

        holders = Holders(str(profile.file), profile.name, context())
        return bool(self._entry(profile, holders.journal_entry.service))

    def _entry(self, profile: Profile, service: str) -> str:
        path = profile.home.folder / "keyring.json"
        entries: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return entries.get(f"{service}\n{profile.name}", "")

"""Whatever happens to access keys, in whatever order, none is lost and there is a way on.

Random orders of what happens to the keys of two users on two machines. After each, a profile's key works or its state
is said; a key that role-env created and that is active at RAM is a profile's, is in a journal or was named; and from
every state there is a way on.

Real are the command line from its arguments to its exit status, the signing and checking of each request, the locks,
the files, SIGKILL and the other signals. Not real are TLS, the keyring (a file), the threads that wait for both, and
the clock, which can be wrong: a command costs some milliseconds, where one in a process of its own beside a real
keyring takes half a second.

ROTATION_ORDERS=3000 plays so many orders, ROTATION_SEED repeats them; pytest's -s shows what happened:
ROTATION_ORDERS=3000 tests/run tests/rotation/test_orders.py -s
ROTATION_KILLS=1 kills a rotation at each request and use of the keyring, and not only at every seventh.
"""

import _thread
import contextlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cloud.answers import Answer
from cloud.ims import LocalIms
from cloud.local_sts import LocalSts
from cloud.ram import LocalRam
from cloud.world import AccessKey
from role_env import deadline
from role_env.http import client as sent
from role_env.http.responses import json_object
from role_env.keyrings import access_keys, vault
from role_env.keyrings.index import Index
from role_env.rotation import network_policy
from role_env.rotation import rotation as steps
from role_env.rotation.holders import Holders
from support.contexts import context
from support.file_keyring import PlaintextKeyring
from support.fork_server import LOCALE, become_command, load_modules, streams, written

ORDERS = int(os.environ.get("ROTATION_ORDERS", "15"))
KILLS = int(os.environ.get("ROTATION_KILLS", "7"))
SEED = os.environ.get("ROTATION_SEED") or str(random.SystemRandom().randrange(10**6))
CLOCKS = (0.0, 600.0)
"""By how many seconds the clocks of the two machines are ahead."""
USERS = ("test_user1", "test_user2")
POLICY = json.dumps(
    {"Version": 1, "Status": "Active", "Statements": [{"Type": "ClassicWhiteList", "IPList": ["10.0.0.0/8"]}]}
)
NO_POLICIES = ("{}", '{"Version": 1, "Status": "Inactive", "Statements": []}')
Done = subprocess.CompletedProcess[str]
_NAMED = re.compile(r"\b(LTAI\w+)\b")
# The words of a line that names a key as one that stays, and of one that says that there may be one.
_NAMING = ("DeleteAccessKey", "stays ", "unknown at RAM", "removed the access key")
_MAY_BE = "may have created a key without an answer"


class Fault(NamedTuple):
    """What happens in a command.

    `kind` is "SIGKILL", "SIGTERM" or "SIGINT", which comes before or after a request or a use of the keyring: at the
    `point`th of these events, from 1. Or it is "answer lost" or "not sent", of the `point`th request.
    """

    kind: str
    point: int


class Cloud:
    """An STS, a RAM and an IMS of one world, which answer without a socket."""

    def __init__(self, folder: Path) -> None:
        self.sts = LocalSts(folder / "sts")
        self.servers = {"STS": self.sts, "RAM": LocalRam(folder / "ram", self.sts)}
        self.servers["IMS"] = LocalIms(folder / "ims", self.sts)
        for server in self.servers.values():
            server.close()
        self.world = self.sts.world

    def skip(self, seconds: float) -> None:
        """Let so many seconds pass."""
        for server in self.servers.values():
            server.clock_offset += seconds

    def answer(self, name: str, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Return the answer of the service of that name."""
        server = self.servers[name]
        return server.answer(method, target, {key.lower(): value for key, value in headers.items()}, body)


class Home:
    """A machine: a home folder with a keyring of its own, and a clock that is `skew` seconds ahead."""

    def __init__(self, folder: Path, cloud: Cloud, skew: float) -> None:
        folder.mkdir(mode=0o700, parents=True)
        self.folder = folder
        self.cloud = cloud
        self.skew = skew
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": LOCALE,
            "PYTHON_KEYRING_BACKEND": "support.file_keyring.PlaintextKeyring",
            "ROLE_ENV_CACHE": "none",
            "SSL_CERT_FILE": str(cloud.sts.ca_file),  # small: each command reads it
        }

    def run(self, *arguments: str, text: str = "", fault: Fault | None = None) -> Done:
        """Run the command line in a child, and answer its requests."""
        load_modules()
        ours, theirs = Pipe()
        with ours, streams(text.encode()) as files:
            child = os.fork()
            if child == 0:
                descriptors = [*(file.fileno() for file in files), theirs.fileno()]
                stage = _Stage(self.skew + self.cloud.sts.clock_offset, fault, pipe=len(files))
                become_command(("role-env", *arguments), self.environ, str(self.folder), descriptors, stage.enter)
            theirs.close()
            with contextlib.suppress(EOFError, ConnectionError):
                while True:
                    ours.send(self.cloud.answer(*ours.recv()))
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            out, err = written(files)
            return subprocess.CompletedProcess(arguments, status, out.decode(), err.decode())


def _work_at_once(worker: deadline.Worker, work: Callable[[], object]) -> None:
    """Do a worker's work without a thread, which on a busy machine is most of what a command costs."""
    worker._result, worker._failure = None, None
    worker._running = _thread.allocate_lock()
    try:
        worker._result = work()
    except Exception as failure:
        worker._failure = failure


class _Stage:
    """What is not real in a command: the clock, RAM and STS behind the descriptor `pipe`, waits, and a fault."""

    def __init__(self, ahead: float, fault: Fault | None, pipe: int) -> None:
        self._ahead = ahead
        self._fault = fault
        self._pipe = Connection(pipe)
        self._events = self._requests = 0

    def enter(self) -> None:
        """Put it all in the place of what is real, in this process."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        real, ahead = time.time, self._ahead
        gmtime = time.gmtime
        time.time = lambda: real() + ahead
        time.gmtime = lambda seconds=None: gmtime(time.time() if seconds is None else seconds)
        sleep = time.sleep
        time.sleep = lambda seconds: sleep(min(float(seconds), 0.002))
        steps.SECONDS, steps.PAUSE_SECONDS = 5.0, 4.97
        network_policy.SECONDS, network_policy.PAUSE_SECONDS = 5.0, 4.97
        exchange: Any = lambda server, method, path, body, headers: self._exchange(  # noqa: E731
            server.name, method, path, headers, body
        )
        sent.Client._exchange = exchange  # type: ignore[method-assign]
        sent.Client.connect = lambda server: None  # type: ignore[method-assign, assignment]
        deadline.Worker.__init__ = _work_at_once  # type: ignore[method-assign, assignment]
        for name in ("get_password", "set_password", "delete_password"):
            setattr(PlaintextKeyring, name, self._watched(getattr(PlaintextKeyring, name)))

    def _watched(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:
            self._event()
            result = operation(*arguments)
            self._event()
            return result

        return watched

    def _exchange(self, *request: Any) -> sent.Response:
        self._requests += 1
        self._event()
        failing = self._fault.kind if self._fault and self._requests == self._fault.point else ""
        if failing == "not sent":
            raise ConnectionRefusedError(111, "Connection refused")
        self._pipe.send(request)
        answer: Answer = self._pipe.recv()
        self._event()
        if failing == "answer lost":
            raise ConnectionResetError(104, "Connection reset by peer")
        return sent.Response(answer.status, answer.headers.get("Date", ""), answer.body, json_object(answer.body))

    def _event(self) -> None:
        """Count an event, and send the signal that comes at it."""
        self._events += 1
        if self._fault and self._events == self._fault.point and self._fault.kind.startswith("SIG"):
            os.kill(os.getpid(), getattr(signal, self._fault.kind))


class Profile(NamedTuple):
    """A profile whose key is in the keyring of a machine."""

    home: Home
    file: Path
    name: str

    @property
    def label(self) -> str:
        """What a trace calls it."""
        return f"{self.home.folder.name}/{self.file.stem}/{self.name}"


class Order:
    """One order, made by the random numbers of `seed`. With `is_quiet` nobody but role-env touches a key."""

    def __init__(self, folder: Path, seed: str, *, is_quiet: bool = False) -> None:
        self.chance = random.Random(seed)
        self.is_quiet = is_quiet or self.chance.random() < 0.3
        self.cloud = Cloud(folder)
        self.trace: list[str] = []
        self.created_at_ram: set[str] = set()
        self.named: set[str] = set()
        self.is_one_unnamed = False
        self.known = {user: [self.cloud.world.key_of(user)] for user in USERS}
        self.replaced: dict[str, str] = {}  # the policy that a key which role-env created has to get
        for user in USERS:
            self.cloud.world.key_of(user).network_policy = self._some_policy()
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
            others = [*[self._at_the_console] * 4, self._store_by_another_program]
            self.chance.choice(usual if self.is_quiet else [*usual, *others])()

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
        profile, is_rotating = self._some_profile(), self._has_journal
        is_refused, (key_id, _) = is_rotating(profile), self._stored(profile)
        if self.chance.random() < 0.3:
            done = self.do(profile, "logout", fault=self._fault(22))
        else:
            key = self.chance.choice(self.known[self.chance.choice(USERS)])
            done = self.do(profile, "login", text=f"{key.id}\n{key.secret}\n", fault=self._fault(22))
        if done.returncode == -signal.SIGKILL:  # perhaps before it could name the key that it had just removed
            self.named.add(key_id)
        assert not is_refused or done.returncode != 0, f"{profile.label}: its key was changed during its rotation"

    def _store_by_another_program(self) -> None:
        """Another program, which knows nothing of rotations, stores a key for a profile."""
        profile, user = self._some_profile(), self.chance.choice(USERS)
        key = self.chance.choice(self.known[user])
        self.trace.append(f"another program stores {key.id} for {profile.label}")
        self._store(profile, key)

    def _wait(self) -> None:
        self.cloud.skip(self.chance.choice((1, 60, 2000)))

    def _some_policy(self) -> str:
        return self.chance.choice((POLICY, POLICY, *NO_POLICIES))

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
                key.network_policy = self._some_policy()
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
        before, (command, *options) = set(self.cloud.world.keys), words
        rotated = self.cloud.world.keys.get(self._stored(profile)[0])
        line = (command, profile.name, *options, "--config", str(profile.file))
        done = profile.home.run(*line, text=text, fault=fault)
        self.created_at_ram |= set(self.cloud.world.keys) - before
        said = done.stdout + done.stderr
        self.is_one_unnamed = self.is_one_unnamed or _MAY_BE in said
        for reported in said.splitlines():
            if any(word in reported for word in _NAMING):
                self.named |= set(_NAMED.findall(reported))
        at = f" with {fault.kind} at {fault.point}" if fault else ""
        self.trace.append(f"{profile.label}: {' '.join(words)}{at} -> {done.returncode}\n    {said.strip()}")
        self.counts[f"{' '.join(words)} -> {done.returncode}"] += 1
        assert done.returncode in (0, 2, 3, 4, 5, 6, 130, 143, -9), done
        assert "Traceback" not in said, done
        assert "this is a bug" not in said, done
        self._check_restrictions(rotated, set(self.cloud.world.keys) - before, is_forced="--force" in options)
        return done

    def _check_restrictions(self, rotated: AccessKey | None, created: set[str], *, is_forced: bool) -> None:
        """Check that no profile has a new key that is less restricted than the one in whose place it is."""
        if rotated and rotated.network_policy not in NO_POLICIES:
            self.replaced |= dict.fromkeys(created, rotated.network_policy)
        stored = {self._stored(profile)[0] for profile in self.profiles} & set(self.replaced)
        for key_id in stored:
            if is_forced:
                del self.replaced[key_id]
            elif key_id in self.cloud.world.keys:
                assert self.cloud.world.keys[key_id].network_policy == self.replaced[key_id], key_id

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
            said = self.do(profile, "rotate", "--status").stdout
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
                    self._note_named(self.do(profile, "rotate", "--status").stdout)
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
                assert done.returncode in (0, 4), done
                assert done.returncode == 0 or "hint: " in done.stderr, done
        if self._has_journal(profile):
            assert self.do(profile, "rotate", "--abort").returncode in (0, 4), self.trace[-1]
        assert not self._has_journal(profile), f"{profile.label} is still in a rotation"

    def _stored(self, profile: Profile) -> tuple[str, str]:
        """Return the ID and the secret in the keyring, empty without a key."""
        lines = self._entry(profile, access_keys.entry_of(str(profile.file), profile.name).service).split("\n")
        return (lines[1], lines[2]) if len(lines) > 2 else ("", "")

    def _has_journal(self, profile: Profile) -> bool:
        holders = Holders(str(profile.file), profile.name, context())
        return bool(self._entry(profile, holders.journal_entry.service))

    def _entry(self, profile: Profile, service: str) -> str:
        path = profile.home.folder / "keyring.json"
        entries: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return entries.get(f"{service}\n{profile.name}", "")


@pytest.mark.timeout(0 if ORDERS > 100 else 240)  # hundreds of commands, one after another
def test_after_any_order_each_key_works_or_is_named_and_there_is_a_way_on(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    began = time.monotonic()
    for number in range(ORDERS):
        order = Order(tmp_path / str(number), f"{SEED} {number}")
        try:
            order.play(order.chance.randrange(3, 12))
            order.check()
        except AssertionError as failure:
            trace = "\n".join(order.trace)
            raise AssertionError(f"order {number} of ROTATION_SEED={SEED}: {failure}\n{trace}") from None
        counts += order.counts
        shutil.rmtree(tmp_path / str(number))
    print(f"\n{ORDERS} orders of seed {SEED}, {counts.total()} commands in {time.monotonic() - began:.0f} s:")
    print(*(f"  {count:6} {what}" for what, count in sorted(counts.items())), sep="\n")


@pytest.mark.timeout(0 if KILLS == 1 else 240)  # three commands for each point where one can be killed
@pytest.mark.parametrize("option", [(), ("--finish",), ("--abort",)])
def test_a_rotation_that_is_killed_anywhere_leaves_a_key_that_works_and_the_way_on(
    tmp_path: Path, option: tuple[str, ...]
) -> None:
    for point in itertools.count(1, KILLS):
        order = Order(tmp_path / str(point), f"killed at {point}", is_quiet=True)
        if option:
            order.do(order.focus, "rotate")
        done = order.do(order.focus, "rotate", *option, fault=Fault("SIGKILL", point))
        order.check()
        shutil.rmtree(tmp_path / str(point))
        if done.returncode != -9:
            break
    assert (point > 3 * KILLS, done.returncode) == (True, 0)

"""The keyring as the place for sessions: what is wrong with it costs one call to STS, a warning, and little time."""

import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from role_env.context import Context
from role_env.context.messages import Messages
from role_env.deadline import Deadline
from role_env.keyrings import Entry, system
from role_env.sessions.store import Cache
from support.cached_sessions import asks, entry_of, kept, put_instead
from support.machine import Machine
from support.secret_service_bus import KeyringBus
from support.silent_bus import SilentBus

LOST = "role-env: the keyring cannot be used, so no session is cached: "
STATE = ".local/state/role-env"


@pytest.fixture(autouse=True)
def keyring_alone(machine: Machine) -> None:
    """The kernel's keyring does not stand in for the one under test here; tests/keyrings/test_kernel.py has that."""
    machine.environ["ROLE_ENV_CACHE"] = "keyring"


# ---- records ----


DAMAGES: dict[str, Callable[[str], str]] = {
    "empty": lambda text: "",
    "truncated": lambda text: text[: len(text) // 2],
    "last byte lost": lambda text: text[:-1],
    "other version": lambda text: text.replace("session 1", "session 2", 1),
    "foreign": lambda text: '{"AccessKeyId": "STS.x"}',
    "lines": lambda text: "\n" * 1000,
    "garbage": lambda text: "\U0001f600\x00é" * 50,
    "no number": lambda text: text.replace("issued ", "issued nan", 1),
    "other token": lambda text: text.replace("security_token ", "security_token x", 1),
}


def test_a_record_that_is_not_whole_is_a_miss_and_is_replaced(machine: Machine) -> None:
    asks(machine, calls=1)
    for name, damage in DAMAGES.items():
        text = kept(machine).secret.decode()
        assert damage(text) != text, name
        put_instead(machine, damage(text))
        asks(machine, calls=1)
        asks(machine, calls=0)


def test_an_entry_shows_what_it_is_and_an_item_of_another_program_is_not_taken_for_it(machine: Machine) -> None:
    asks(machine, calls=1)
    assert kept(machine).attributes["service"].startswith("role-env session ")
    assert kept(machine).attributes["username"] == "profileB"
    attributes = kept(machine).attributes | {"application": "another"}
    machine.bus.put("foreign", attributes, b"not ours")
    done = machine.succeeds("export", "profileB", "--format", "json")
    assert machine.sts.issued[-1].token in done.stdout


# ---- keyrings that cannot be used ----


def test_a_keyring_that_never_answers_is_avoided_for_a_minute_and_no_other_is(
    machine: Machine, silent: SilentBus
) -> None:
    """tests/keyrings/test_unusable.py has all that can be wrong with one."""
    done = machine.role_env("export", "profileB", "--format", "json", **silent.environment)
    assert (done.returncode, machine.sts.issued[-1].token in done.stdout) == (0, True)
    assert done.stderr == LOST + "it timed out; is it locked, or hung?\n"
    before = silent.calls()
    asks(machine, calls=1, **silent.environment)
    assert silent.calls() == before
    asks(machine, calls=1)
    asks(machine, calls=0)


def test_on_a_crowded_machine_a_reply_may_take_three_times_as_long(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks(machine, calls=1)
    entry = entry_of(machine)
    monkeypatch.setattr(system, "TIMEOUT_SECONDS", 3.0)
    monkeypatch.setattr(system, "is_crowded", lambda: True)
    machine.bus.pause()
    resume = threading.Timer(3.3, machine.bus.resume)
    resume.start()
    try:
        found = system.SystemKeyring(Context(machine.environ, None, Messages())).read(entry)
    finally:
        resume.join()
    assert found
    assert machine.sts.issued[-1].token in found


def test_after_a_call_without_a_bus_clear_reaches_the_keyring_again(machine: Machine) -> None:
    machine.bus.clear()  # other tests leave theirs in it
    asks(machine, calls=1)
    machine.role_env("profileB", DBUS_SESSION_BUS_ADDRESS="")
    assert machine.role_env("clear", "profileB").returncode == 0
    assert not [item for item in machine.bus.items() if "role-env session" in item.attributes["service"]]


ODD_BACKEND = """
import logging, sys, warnings
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordSetError
warnings.warn("an odd backend")
logging.getLogger("odd").error("an odd backend")
print("export ODD=1")
class Keyring(KeyringBackend):
    priority = 1
    def get_password(self, service, username):
        print("export ODD=1")
        return None
    def set_password(self, service, username, password):
        logging.getLogger("odd").warning(password)
        raise {error}
    def delete_password(self, service, username):
        raise SystemExit(password)
"""


@pytest.mark.parametrize(
    "error", ["KeyError(password)", "PasswordSetError(password)", "KeyringError(password)", "SystemExit(password)"]
)
def test_a_backend_of_someone_elses_can_neither_tell_a_secret_nor_write_into_the_shell(
    machine: Machine, error: str
) -> None:
    (machine.home / "odd_backend.py").write_text(ODD_BACKEND.format(error=error))
    environ = {"PYTHONPATH": str(machine.home), "PYTHON_KEYRING_BACKEND": "odd_backend.Keyring"}
    for command in ("export", "process"):
        done = machine.succeeds(command, "profileB", **environ)
        assert "export ODD" not in done.stdout
        assert machine.sts.issued[-1].token in done.stdout
        assert "Traceback" not in done.stderr
    assert done.stderr == ""  # of `process`
    # that no secret is on stderr is what the machine's canary looks for


# ---- clear, and the index ----


@pytest.mark.parametrize("index", ["kept", "lost", "emptied", "garbage"])
def test_clear_all_finds_sessions_whatever_became_of_the_index(machine: Machine, index: str) -> None:
    asks(machine, calls=1)
    asks(machine, "--duration", "1200", calls=1)
    file = machine.home / STATE / "sessions"
    if index == "lost":
        file.unlink()
    elif index != "kept":
        file.write_bytes(b"" if index == "emptied" else b"\xff\xfe\t\n\n\x00")
    assert machine.role_env("clear", "--all").returncode == 0
    services = [item.attributes.get("service", "") for item in machine.bus.items()]
    assert not [service for service in services if service.startswith("role-env session")]


def test_the_index_is_private_and_only_added_to_even_without_a_umask(machine: Machine) -> None:
    script = "umask 000; role-env profileB; role-env profileB --refresh; role-env profileB --duration 1200"
    assert machine.shell("dash", script).returncode == 0
    file = machine.home / STATE / "sessions"
    lines = file.read_text().splitlines()
    assert [line.split("\t")[1] for line in lines] == ["profileB"] * 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for folder in file.parents[:3]:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("state", ["file", "world-writable", "link"])
def test_a_state_folder_that_cannot_be_used_costs_the_index_and_no_more(
    machine: Machine, state: str, tmp_path: Path
) -> None:
    folder = machine.home / STATE
    folder.parent.mkdir(parents=True)
    if state == "file":
        folder.touch()
    elif state == "link":
        folder.symlink_to(tmp_path)
    else:
        folder.mkdir()
        folder.chmod(0o777)
    asks(machine, calls=1)
    asks(machine, calls=0)
    assert not (tmp_path / "sessions").exists()


@pytest.mark.parametrize("mode", ["none", "keyring"])
def test_a_user_without_a_home_folder_has_no_index(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise RuntimeError

    monkeypatch.setattr("platformdirs.user_state_dir", fail)
    cache = Cache(Context({"ROLE_ENV_CACHE": mode}, Deadline(20), Messages()))
    assert cache.read_ahead([Entry("role-env session x", "profileB")]) == {}
    assert not cache._index.exists()  # noqa: SLF001  where the folder fails, no path names it


def test_with_verbose_it_says_why_the_secret_service_is_not_read_directly(machine: Machine) -> None:
    machine.role_env("profileB")
    with KeyringBus() as bus, bus.locked():
        done = machine.role_env("profileB", "--verbose", **bus.environment)
    assert "role-env: the Secret Service cannot be read directly (locked): keyring is asked\n" in done.stderr

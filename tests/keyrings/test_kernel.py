"""The Linux kernel's keyring: the place for sessions where there is no other, or the other cannot be used."""

import os
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Iterator

import pytest

from role_env.keyrings import kernel as kernel_keyring
from support.machine import Machine
from support.profiles_folder import needs_root
from support.store_promises import Store, StorePromises
from support.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the keyring of the Linux kernel")
NOBODY, VICTIM, OTHER = (20_000 + os.getpid() % 10_000 * 3 + number for number in range(3))  # of this run alone
# keyctl(2): the number of the operation before its arguments. @u and @s are the user's keyring and the session's.
JOIN_SESSION, SETPERM, LINK, USER, SESSION = 1, 5, 8, -4, -3
LONG = "x" * (30000 if os.geteuid() == 0 else 15000)  # an ordinary user has 20,000 bytes


@pytest.fixture(autouse=True)
def available() -> None:
    try:
        kernel_keyring.names()
    except kernel_keyring.Unavailable as error:
        pytest.skip(f"this kernel keeps no keys for us, as in many containers: {error}")


@pytest.fixture
def name() -> Iterator[str]:
    """A name that nothing else uses."""
    made = f"test {secrets.token_hex(8)}"
    yield made
    kernel_keyring.delete(made)


def as_user(user: int, work: Callable[[], None]) -> int:
    """The exit status of a process of `user`, if we are root, that does `work`: 0 when it raised nothing."""
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def below_su(*turns: tuple[int, Callable[[], None]]) -> None:
    """Do the work of each user in turn, in the session keyring of VICTIM's login, as `su` without `-` leaves it."""

    def login() -> None:
        kernel_keyring.keyctl(LINK, USER, SESSION)

    def work() -> None:
        kernel_keyring.keyctl(JOIN_SESSION, None)
        for user, part in ((VICTIM, login), *turns):
            assert as_user(user, part) == 0

    assert as_user(0, work) == 0


def read_all(key: int) -> list[bytes]:
    """What this user can read of all that he reaches from `key`: the lists of keyrings, and the other keys."""
    try:
        content = kernel_keyring.content_of(key)
    except kernel_keyring.Unavailable:
        return []
    return [content, *(text for number in numbers_in(content) for text in read_all(number))]


def numbers_in(content: bytes) -> list[int]:
    """The keys in the list of a keyring."""
    return [int.from_bytes(content[at : at + 4], "little", signed=True) for at in range(0, len(content) // 4 * 4, 4)]


class TestPromises(StorePromises):
    """The kernel's keyring keeps what every store promises."""

    @pytest.fixture
    def store(self) -> Store:
        """The kernel's keyring, with entries that last a minute."""
        return Store(
            lambda entry: kernel_keyring.read(entry.name),
            lambda entry, text: kernel_keyring.write(entry.name, text, seconds=60),
            lambda entry: kernel_keyring.delete(entry.name),
        )


def test_an_entry_is_among_the_names_until_it_is_deleted(name: str) -> None:
    kernel_keyring.write(name, LONG, seconds=60)
    assert kernel_keyring.read(name) == LONG
    assert name in kernel_keyring.names()
    kernel_keyring.delete(name)
    assert name not in kernel_keyring.names()


def test_the_kernel_drops_an_entry_at_its_end_and_writing_again_renews_the_end(name: str) -> None:
    kernel_keyring.write(name, "session", seconds=1)
    kernel_keyring.write(name, "session", seconds=300)
    time.sleep(1.5)
    assert kernel_keyring.read(name) == "session"
    kernel_keyring.write(name, "session", seconds=1)
    wait_until(lambda: kernel_keyring.read(name) is None)


@needs_root
def test_another_user_below_su_reads_no_entry_of_the_logins_session_keyring(name: str) -> None:
    def write() -> None:
        kernel_keyring.write(name, "first", seconds=60)
        kernel_keyring.write(name, "secret", seconds=60)
        assert any(b"secret" in text for text in read_all(SESSION))

    def attack() -> None:
        texts = read_all(SESSION)
        assert len(texts) >= 2, "this user does not even reach the keyring of the other one"
        assert not any(b"secret" in text for text in texts)

    def read() -> None:
        assert (kernel_keyring.read(name), kernel_keyring.names()) == ("secret", [name])
        kernel_keyring.delete(name)

    below_su((VICTIM, write), (OTHER, attack), (0, attack), (VICTIM, read))


@needs_root
def test_an_entry_that_another_user_puts_into_the_keyring_is_a_miss_and_gives_way(name: str) -> None:
    def plant() -> None:
        key = kernel_keyring.add(name, b"9999999999\nplanted")
        kernel_keyring.keyctl(SETPERM, key, 0x3F3F3F3F)
        (users,) = numbers_in(kernel_keyring.content_of(SESSION))
        kernel_keyring.keyctl(LINK, key, users)

    def read() -> None:
        assert b"9999999999\nplanted" in read_all(USER)
        assert (kernel_keyring.read(name), kernel_keyring.names()) == (None, [])
        kernel_keyring.write(name, "own", seconds=60)
        assert kernel_keyring.read(name) == "own"
        kernel_keyring.delete(name)

    below_su((OTHER, plant), (VICTIM, read))


def test_what_no_key_can_hold_is_unavailable(name: str) -> None:
    with pytest.raises(kernel_keyring.Unavailable):
        kernel_keyring.write(name, "x" * 40000, seconds=60)


def test_an_unknown_machine_has_no_such_keyring(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_keyring, "NUMBERS", {})
    for use in (kernel_keyring.names, lambda: kernel_keyring.read(name), lambda: kernel_keyring.delete(name)):
        with pytest.raises(kernel_keyring.Unavailable):
            use()


def test_25_profiles_of_an_ordinary_user_fit_for_older_ones_give_way() -> None:
    names = [f"test {secrets.token_hex(8)}" for _ in range(25)]

    def work() -> None:
        for number, name in enumerate(names):
            kernel_keyring.write(name, "x" * 2500, seconds=60 + number)
            assert kernel_keyring.read(name) == "x" * 2500
        kept = [name for name in names if kernel_keyring.read(name)]
        assert kept == names[-len(kept) :]
        assert len(kept) >= 5
        for name in kept:
            kernel_keyring.delete(name)

    assert as_user(NOBODY, work) == 0


@pytest.mark.parametrize("arguments", [["process", "profileB"], ["exec", "profileB", "--", "true"]])
def test_it_is_chosen_by_the_variable_too(machine: Machine, arguments: list[str]) -> None:
    machine.environ["ROLE_ENV_CACHE"] = "kernel"
    for _ in range(2):
        done = machine.role_env(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
    assert len(machine.sts.calls_of("AssumeRole")) == 1
    assert not any(machine.sts.issued[0].token.encode() in item.secret for item in machine.bus.items())
    machine.role_env("clear", "profileB")
    machine.role_env(*arguments)
    assert len(machine.sts.calls_of("AssumeRole")) == 2

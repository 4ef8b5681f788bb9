"""Mistakes of a first day: what is typed, what role-env says, its exit status, and that its hint works when followed.

After that the corrected line has to work.
"""

import re
from collections.abc import Iterator

import pytest

from cloud.local_sts import LocalSts
from support.fork_server import ForkServer
from support.machine import Machine
from support.mistakes import Mistake
from support.mistakes_in_file import FROM_STS, IN_FILE, SETTINGS
from support.mistakes_typed import AT_A_TERMINAL, IN_BASH, LOGIN, TYPED
from support.newcomer import HINTS, Newcomer
from support.secret_service_bus import KeyringBus
from support.shells import NOTHING_CHANGED

MISTAKES = (*IN_FILE, *FROM_STS, *TYPED, *SETTINGS, *LOGIN, *AT_A_TERMINAL, *IN_BASH)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, bus: KeyringBus, forks: ForkServer | None) -> Iterator[Machine]:
    """A machine for all rows, since its STS costs more than a row."""
    folder = tmp_path_factory.mktemp("mistakes")
    with LocalSts(folder / "sts") as sts:
        made = Machine(folder / "home", sts, bus)
        made.forks = forks
        yield made
        assert not made.leaks()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_named_and_its_hint_works_when_followed(shared: Machine, mistake: Mistake) -> None:
    shared.write(shared.standard_profiles())
    shared.bus.clear()
    person = Newcomer(shared, mistake)
    make_mistake(person, mistake)
    before = len(shared.sts.calls)
    if mistake.at_terminal:
        status, err = person.type_at_terminal()
    else:
        status, out, err = person.type()
        assert out in ("", NOTHING_CHANGED)
    assert len(shared.sts.calls) - before == mistake.requests
    said = f"role-env: {person.filled(mistake.said)}\n"
    assert (status, err) == (
        mistake.status,
        said + f"role-env: hint: {person.filled(mistake.hint)}\n" * bool(mistake.hint),
    )
    person.message, _, person.hint = err.removesuffix("\n").partition("\nrole-env: hint: ")
    shown = person.follow()
    if not shown and (person.line != mistake.typed or not mistake.at_terminal):
        status, shown, err = person.type(mistake.corrected)
        assert (status, err) == (0, "")
    assert mistake.shows in shown
    if mistake.text:
        assert shared.role_env("logout", "profileA").returncode == 0


def make_mistake(person: Newcomer, mistake: Mistake) -> None:
    """Change what is valid as the row says."""
    file = person.machine.file
    old, new = map(person.filled, mistake.change)
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1) if old else text, "utf-8")
    file.chmod(mistake.mode)
    if not mistake.mode:
        file.unlink()


def test_there_are_more_than_thirty_and_no_way_to_follow_is_unused() -> None:
    hints = [mistake.hint.replace("{{", "{").replace("}}", "}").replace("{file}", "/file") for mistake in MISTAKES]
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) > 30
    assert not [pattern for pattern, _ in HINTS if not any(re.fullmatch(pattern, hint) for hint in hints)]

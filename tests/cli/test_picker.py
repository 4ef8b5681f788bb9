"""`exec` and `console` without a profile ask for one at a terminal, and without a terminal they fail as ever."""

import sys

import pytest

from support.files import write_program
from support.machine import Machine
from support.secret_service_bus import require
from support.silent_bus import SilentBus
from support.terminal import Person

QUESTION = "Profile: a number, or a part of a name, account or role (Enter for none): "
SHOW = "import os; print('in', os.environ.get('ROLE_ENV_PROFILE'))"


@pytest.fixture
def chosen_from(machine: Machine) -> Machine:
    """A machine without fzf, and with a second profile that gives a session."""
    machine.hide("fzf")
    machine.add(f"[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\ncolor = red\n")
    return machine


def in_fzf(machine: Machine, *words: str, own_options: str = "") -> Person:
    """Return a person who has typed `exec` and sees fzf's list. Like a terminal, say where the cursor is."""
    require("fzf")
    person = Person(machine, "exec", *words, FZF_DEFAULT_OPTS=own_options)
    for _ in range(2):
        person.sees("\x1b[6n")
        person.types("\x1b[1;1R")
    person.sees("profileB")
    return person


def test_exec_asks_and_runs_the_command_after_the_dashes_in_that_session(chosen_from: Machine) -> None:
    """One with exactly that name, though another one contains it."""
    chosen_from.add(f"[other-one]\nrole_arn = {chosen_from.sts.role_arn}\nsource_profile = profileA\n")
    person = Person(chosen_from, "exec", "--region", "cn-x", "--", sys.executable, "-c", SHOW)
    person.answers(QUESTION, "other")
    assert "in other\r" in person.ends()


def test_exec_asks_and_runs_the_shell(chosen_from: Machine) -> None:
    shell = chosen_from.write_program("shell", "#!/bin/sh\necho in $ROLE_ENV_PROFILE\n")
    person = Person(chosen_from, "exec", SHELL=str(shell))
    person.answers(QUESTION, "1")
    assert "in profileB" in person.ends()


def test_the_word_after_the_dashes_is_the_profile_where_there_is_one(chosen_from: Machine) -> None:
    assert "in other" in Person(chosen_from, "exec", "--", "other", sys.executable, "-c", SHOW).ends()
    done = chosen_from.role_env("exec", "--", "true")
    assert (done.returncode, done.stdout) == (125, "")
    assert "there is no profile true" in done.stderr


@pytest.mark.parametrize(
    ("leave", "words"),
    [*((leave, ("exec",)) for leave in "mdc"), ("d", ("exec", "--", "sh")), ("m", ("console",)), ("c", ("console",))],
)
def test_enter_ctrl_d_and_ctrl_c_end_with_130_and_do_nothing(
    chosen_from: Machine, leave: str, words: tuple[str, ...]
) -> None:
    person = Person(chosen_from, *words)
    person.sees(QUESTION)
    person.presses(leave)
    assert ("interrupted" if leave == "c" else "no profile was chosen") in person.ends(130)
    assert chosen_from.sts.calls == []


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("exec", "--renew", "--listen", "profileB", "--", "sh"), 125, "profileB is not an IP address"),
        (("exec", "--renew", "--listen", "8.8.8.8"), 125, "8.8.8.8 is neither loopback nor private"),
        (("exec", "--listen", ":0"), 125, "--listen requires --renew"),
        (("exec", "--policy", "nowhere.json", "--", "sh"), 125, "--policy nowhere.json cannot be read"),
        (("export", "--read-only", "--policy", "nowhere.json"), 2, "--policy and --read-only exclude each other"),
        (("console", "--destination", "https://example.com/"), 2, "is not an address of the console"),
        (("console", "--policy", "nowhere.json"), 2, "--policy nowhere.json cannot be read"),
    ],
)
def test_an_option_that_is_invalid_with_any_profile_is_reported_before_the_question(
    chosen_from: Machine, words: tuple[str, ...], status: int, said: str
) -> None:
    shown = Person(chosen_from, *words, ROLE_ENV_PREVIOUS="").ends(status)
    assert (said in shown, "Profile:" in shown) == (True, False), shown


def test_a_policy_from_a_pipe_or_from_the_terminal_is_read_after_the_question(chosen_from: Machine) -> None:
    show = "import os; print('narrowed', bool(os.environ.get('ROLE_ENV_POLICY')))"
    person = Person(chosen_from, "exec", "--policy", "-", "--", sys.executable, "-c", show)
    person.answers(QUESTION, "other")
    person.types('{"Version": "1", "Statement": []}\n\x04')
    assert "narrowed True" in person.ends()


def test_the_choice_is_made_without_network_and_shows_no_secret(chosen_from: Machine, silent: SilentBus) -> None:
    person = Person(chosen_from, "exec", ALIBABA_CLOUD_STS_ENDPOINT="192.0.2.1")
    person.sees("  1  profileB  ")
    person.sees("  2  other ")
    person.answers(QUESTION, "")
    person.ends(130)
    assert not chosen_from.leaks()


def test_hostile_text_of_the_file_cannot_control_the_terminal(chosen_from: Machine) -> None:
    chosen_from.add("[bad]\nrole_arn = acs:ram::1\x1b[2J:role/\x1b]0;x\x07\nsource_profile = profileA\n")
    person = Person(chosen_from, "exec")
    person.sees(QUESTION)
    person.presses("c")
    person.ends(130)
    assert all("\x1b[2J" not in shown.getvalue() for shown in chosen_from.terminals)
    completed = chosen_from.succeeds("--complete", "use", "").stdout
    assert completed.replace("\n", "").replace("\t", "").isprintable()


def test_an_fzf_that_fails_gives_way_to_numbers(chosen_from: Machine) -> None:
    for script in ("exit 2", "kill -9 $$", "echo nonsense", "printf '99\\tx\\n'"):
        write_program(chosen_from.home / "bin" / "fzf", f"#!/bin/sh\ncat >/dev/null\n{script}\n")
        person = Person(chosen_from, "exec", PATH=f"{chosen_from.home}/bin:{chosen_from.environ['PATH']}")
        person.answers(QUESTION, "")
        person.ends(130)


def test_options_of_the_users_own_for_fzf_do_no_harm(machine: Machine) -> None:
    machine.add(f"[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    person = in_fzf(machine, "--", sys.executable, "-c", SHOW, own_options="--multi --print-query --tac")
    person.types("other\r")
    assert "in other" in person.ends()


def test_the_terminal_is_restored_when_role_env_is_ended_during_fzf(machine: Machine) -> None:
    person = in_fzf(machine)
    assert person.has_raw_terminal
    person.interrupts()
    person.sees("interrupted")
    assert not person.has_raw_terminal
    person.ends(130)

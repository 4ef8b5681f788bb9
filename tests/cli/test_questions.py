"""At a terminal a person is asked, once, for a profile that is mistyped and for a sign-in that has ended."""

import pytest

from cloud.cloud_sso_portal import CloudSsoPortal
from support.machine import Machine
from support.shell_terminal import SHELLS, Terminal
from support.terminal import Person

WRONG = "there is no profile profilB; use profileB? [Y/n] "
ENDED = "the sign-in of cloud has ended; sign in now? [Y/n] "


@pytest.mark.parametrize("shell", SHELLS)
def test_a_typo_that_is_corrected_costs_no_session(machine: Machine, shell: str) -> None:
    with Terminal(machine, shell) as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB", prompt="profileB 59m")
        terminal.type("role-env use profilB", shows="use profileB\\? \\[Y/n\\]")
        terminal.type("", prompt="profileB 59m")
        assert len(machine.sts.issued) == 1
        terminal.type("role-env use profilB", shows="use profileB\\? \\[Y/n\\]")
        terminal.type("n", prompt="no account")


def test_the_corrected_name_is_used_with_the_options_that_were_typed(machine: Machine) -> None:
    person = Person(machine, "exec", "profilB", "--read-only", "--", "printenv", "ROLE_ENV_PROFILE", "ROLE_ENV_POLICY")
    person.answers(WRONG, "はい")
    person.sees("type y or n, or press Ctrl-C")
    person.answers(WRONG, "ｙ")  # full-width, as an input method writes it
    assert person.ends() == "ｙ\r\nprofileB\r\nread-only\r\n"


@pytest.mark.parametrize("key", ["c", "d"])
def test_a_choice_that_is_not_made_changes_nothing(machine: Machine, key: str) -> None:
    with Terminal(machine, "bash") as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB", prompt="profileB 59m")
        terminal.type("role-env use profilB", shows="use profileB\\? \\[Y/n\\]")
        terminal.press(f"C-{key}")
        terminal.wait_for_prompt("profileB 59m")
    person = Person(machine, "exec", "profilB", "true")
    person.sees(WRONG)
    person.presses(key)
    assert ("interrupted" if key == "c" else "nothing was chosen, and nothing was changed") in person.ends(130)


def test_of_several_near_names_one_is_chosen(machine: Machine) -> None:
    machine.add(f"[production]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    person = Person(machine, "exec", "pro", "printenv", "ROLE_ENV_PROFILE")
    person.answers("there is no profile pro; use which of these? (Enter for none): ", "production")
    assert "\r\nproduction\r\n" in person.ends()


@pytest.mark.parametrize("variables", [{"CI": "true"}, {"CLAUDECODE": "1"}, {"ROLE_ENV_CHAIN": "x"}])
def test_nobody_is_asked_where_no_person_waits(machine: Machine, variables: dict[str, str]) -> None:
    machine.environ |= variables
    shown = Person(machine, "exec", "profilB", "true").ends(125)
    assert "did you mean profileB?" in shown
    assert "[Y/n]" not in shown


def test_a_command_in_the_background_asks_nothing_and_is_not_stopped(machine: Machine) -> None:
    """Such as one in zsh's `source <(…)`, where nobody could answer."""
    with Terminal(machine, "zsh") as terminal:
        terminal.wait_for_prompt("")
        terminal.type("source <(role-env profilB)", shows="did you mean profileB\\?")
        terminal.wait_for_prompt("")
        assert "[Y/n]" not in terminal.screen()


def test_an_ended_sign_in_is_made_again_and_the_session_follows(machine: Machine, portal: CloudSsoPortal) -> None:
    machine.write(portal.section("cloud"))
    machine.succeeds("login", "cloud", "--no-browser")
    portal.revoke_tokens()
    person = Person(machine, "exec", "cloud", "printenv", "ROLE_ENV_PROFILE")
    person.answers(ENDED, "")
    assert "\r\ncloud\r\n" in person.ends()
    assert machine.succeeds("exec", "cloud", "true").stderr == ""


def test_a_missing_sign_in_is_made_in_the_shell_and_no_is_as_without_a_terminal(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    machine.add(portal.section("cloud"))
    with Terminal(machine, "bash") as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use cloud", shows="cloud is not signed in; sign in now\\? \\[Y/n\\]")
        terminal.type("n", shows="hint: run: role-env login cloud")
        terminal.type("role-env use cloud", shows="cloud is not signed in; sign in now\\? \\[Y/n\\]")
        terminal.type("y", prompt="cloud 59m")


def test_a_narrowed_session_is_not_asked_to_sign_in(machine: Machine, portal: CloudSsoPortal) -> None:
    machine.write(portal.section("cloud"))
    shown = Person(machine, "exec", "--full", "cloud", "true", ROLE_ENV_POLICY="read-only").ends(125)
    assert "[Y/n]" not in shown

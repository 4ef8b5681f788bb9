"""The command line as it is typed: help, options, and usage errors, which fail the shell too."""

import json

import pytest

from role_env.command_table.formats import DOCUMENT_FORMATS, SHELL_FORMATS
from role_env.shells import export as exporters
from support.machine import Machine
from support.shells import NOTHING_CHANGED
from support.silent_bus import SilentBus


def dead_end(silent: SilentBus) -> dict[str, str]:
    """An environment in which asking a keyring or STS would take its time, and be noticed."""
    return {**silent.environment, "ALIBABA_CLOUD_STS_ENDPOINT": "192.0.2.1"}


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("-h",), ("exec", "--help"), ("profileB", "--help")]
)
def test_help_and_version_touch_neither_keyring_nor_network(
    machine: Machine, silent: SilentBus, arguments: tuple[str, ...]
) -> None:
    before = silent.calls()
    done = machine.role_env(*arguments, **dead_end(silent))
    assert (done.returncode, done.stderr) == (0, "")
    assert "role-env" in done.stdout
    assert silent.calls() == before


def test_options_may_stand_before_or_after_the_profile(machine: Machine) -> None:
    for arguments in (
        ("--format", "json", "profileB"),
        ("profileB", "--format=json"),
        ("--format=json", "export", "profileB"),
        ("export", "--format", "json", "profileB"),
        ("--format", "json", "--", "profileB"),
        ("--format", "sh", "profileB", "--format", "json"),
    ):
        assert json.loads(machine.role_env(*arguments).stdout)["Profile"] == "profileB", arguments


WRONG_USAGE = [("--bogus",), ("profileB", "--bogus"), ("profileB", "more"), ("profileB", "--duration", "soon")]
WRONG_USAGE += [("export",), ("profileB", "--format", "cobol"), ("--region",), ("profileB", "--session-name", "")]
WRONG_USAGE += [("profileB", "--expect-account", ""), ("profileB", "--region", ""), ("",), ("off", "--bogus")]
WRONG_USAGE += [("profileB", "--min-ttl=-100000")]


@pytest.mark.parametrize("arguments", WRONG_USAGE)
def test_wrong_usage_is_reported_and_fails_the_shell_too(machine: Machine, arguments: tuple[str, ...]) -> None:
    done = machine.role_env(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("role-env: ")
    assert done.stdout == NOTHING_CHANGED


def test_wrong_usage_fails_the_shell_whose_format_was_asked_for_and_prints_nothing_for_a_document(
    machine: Machine,
) -> None:
    for form in SHELL_FORMATS:
        done = machine.role_env("--bogus", "profileB", "--format", form)
        assert done.stdout == exporters.failure(form, {}, take_away=False), form
    for form in DOCUMENT_FORMATS:
        assert machine.role_env("--bogus", "profileB", "--format", form).stdout == "", form

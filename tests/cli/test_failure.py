"""What a failure prints and does to the shell: it has no session of another profile, and no text of a bug."""

from pathlib import Path

import pytest

from role_env.command_table import DOCUMENT_FORMATS, SHELL_FORMATS
from role_env.shells import export as exporters
from support.machine import Machine
from support.shells import NOTHING_CHANGED
from support.silent_bus import SilentBus


def test_a_failed_call_for_another_profile_takes_the_session_away(machine: Machine) -> None:
    for line, stays in (
        ("profileB --bogus", True),
        ("-- profileB --bogus", True),
        ("--region x --bogus profileB", True),
        ("profileC --bogus", False),
        ("--bogus -- profileC", False),
        ("export profileC --duration soon", False),
        ("nobody", False),
    ):
        script = f"source <(role-env profileB)\nsource <(role-env {line} 2>/dev/null) && echo no\n"
        done = machine.shell("bash", script + 'echo "${ALIBABA_CLOUD_ACCESS_KEY_ID-none} ${ROLE_ENV_NO_ACCOUNT-}"')
        (issued,) = machine.sts.issued
        assert done.stdout.split() == ([issued.id] if stays else ["none", "1"]), line


def test_a_bug_is_reported_by_its_kind_and_place_and_without_its_text(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    sabotage = (
        "from role_env.sessions import obtain as o\n"
        "def bug(*_, **__): raise ZeroDivisionError('hunter22')\no.obtain = bug\n"
    )
    (folder / "sitecustomize.py").write_text(sabotage)
    done = machine.role_env("profileB", PYTHONPATH=str(folder))
    assert (done.returncode, done.stdout == NOTHING_CHANGED) == (1, True)
    assert "role-env: ZeroDivisionError in sitecustomize.py, line 2" in done.stderr
    assert "hunter22" not in done.stderr


def test_memory_that_is_missing_for_a_signature_is_no_bug(machine: Machine, tmp_path: Path) -> None:
    """Within a few kilobytes of `ulimit -v`, OpenSSL has no room for a digest, and says so by a ValueError."""
    folder = tmp_path / "site"
    folder.mkdir()
    sabotage = (
        "import hmac, types\nexec('def fail(*_, **__): raise ValueError', vars(hmac))\n"
        "hmac._hashopenssl = types.SimpleNamespace(hmac_new=hmac.fail, UnsupportedDigestmodError=KeyError)\n"
    )
    (folder / "sitecustomize.py").write_text(sabotage)
    done = machine.role_env("profileB", PYTHONPATH=str(folder), ROLE_ENV_CACHE="none")
    assert (done.returncode, "no more memory" in done.stderr) == (5, True), done.stderr


@pytest.mark.parametrize("broken", ["source_profile = nosuch", "source_profile = profileA\nduration_seconds = 1"])
def test_a_profile_that_now_has_another_role_ends_the_session_even_if_it_is_invalid(
    machine: Machine, broken: str
) -> None:
    machine.write(f"[profileB]\nrole_arn = acs:ram::2222222222222222:role/other\n{broken}\n")
    session = {"ROLE_ENV_PROFILE": "profileB", "ROLE_ENV_ROLE_ARN": machine.sts.role_arn}
    session["ROLE_ENV_ACCESS_KEY_ID"] = "STS.of-it"  # by which it is a session, and not a user's ROLE_ENV_PROFILE
    done = machine.role_env("profileB", **session)
    assert done.returncode == 3
    assert "role-env-none" in done.stdout
    same = machine.role_env("profileB", **session | {"ROLE_ENV_ROLE_ARN": "acs:ram::2222222222222222:role/other"})
    assert "role-env-none" not in same.stdout


def test_a_line_without_any_name_takes_nothing_away(machine: Machine) -> None:
    done = machine.role_env(ROLE_ENV_PROFILE="profileB")
    assert done.returncode == 2
    assert "role-env-none" not in done.stdout


# ---- usage errors ----


def test_help_and_version_touch_neither_keyring_nor_network(machine: Machine, silent: SilentBus) -> None:
    before = silent.calls()
    dead_end = {**silent.environment, "ALIBABA_CLOUD_STS_ENDPOINT": "192.0.2.1"}  # to ask either would take its time
    for arguments in (("--help",), ("--version",), ("-h",), ("exec", "--help"), ("profileB", "--help")):
        done = machine.role_env(*arguments, **dead_end)
        assert (done.returncode, done.stderr) == (0, "")
        assert "role-env" in done.stdout
    assert silent.calls() == before


def test_a_usage_error_fails_the_shell_of_the_format_and_prints_nothing_for_a_document(machine: Machine) -> None:
    for form in SHELL_FORMATS:
        done = machine.role_env("--bogus", "profileB", "--format", form)
        assert done.stdout == exporters.failure(form, {}, take_away=False), form
    for form in DOCUMENT_FORMATS:
        assert machine.role_env("--bogus", "profileB", "--format", form).stdout == "", form

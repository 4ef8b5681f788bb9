"""What a failure prints and does to the shell: it has no session of another profile, and no text of a bug."""

from pathlib import Path

import pytest

from support.machine import Machine
from support.shells import NOTHING_CHANGED


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


def test_a_shell_integration_that_is_none_fails_the_shell(machine: Machine) -> None:
    done = machine.shell("bash", 'eval "$(role-env init tcsh)"')
    assert done.returncode == 1


def test_a_bug_is_reported_by_its_kind_and_place_and_without_its_text(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    sabotage = (
        "import role_env.sessions.obtain as s\ndef bug(*a, **k): raise ZeroDivisionError('hunter22')\ns.obtain = bug\n"
    )
    (folder / "sitecustomize.py").write_text(sabotage)
    done = machine.role_env("profileB", PYTHONPATH=str(folder))
    assert (done.returncode, done.stdout == NOTHING_CHANGED) == (1, True)
    assert "role-env: ZeroDivisionError in sitecustomize.py, line 2" in done.stderr
    assert "hunter22" not in done.stderr


@pytest.mark.parametrize("broken", ["source_profile = nosuch", "source_profile = profileA\nduration_seconds = 1"])
def test_a_profile_whose_role_has_changed_takes_the_old_session_away_though_it_is_wrong(
    machine: Machine, broken: str
) -> None:
    machine.write(f"[profileB]\nrole_arn = acs:ram::2222222222222222:role/other\n{broken}\n")
    session = {"ROLE_ENV_PROFILE": "profileB", "ROLE_ENV_ROLE_ARN": machine.sts.role_arn}
    done = machine.role_env("profileB", **session)
    assert done.returncode == 3
    assert "role-env-none" in done.stdout
    same = machine.role_env("profileB", **session | {"ROLE_ENV_ROLE_ARN": "acs:ram::2222222222222222:role/other"})
    assert "role-env-none" not in same.stdout


def test_a_line_without_any_name_takes_nothing_away(machine: Machine) -> None:
    done = machine.role_env(ROLE_ENV_PROFILE="profileB")
    assert done.returncode == 2
    assert "role-env-none" not in done.stdout

"""A narrowed session changes none of role-env's own secrets."""

import pytest

from support.machine import Machine

NARROWED = {"ROLE_ENV_POLICY": "read-only"}


def changing(machine: Machine) -> dict[str, list[str]]:
    """Return a valid line of each command that changes role-env's own secrets."""
    return {
        "login": ["login", "stored"],
        "rotate": ["rotate", "stored", "--status"],
        "configure": ["configure", "new", "--role-arn", machine.sts.role_arn, "--source-profile", "profileA"],
        "logout": ["logout", "stored"],
    }


@pytest.fixture
def stored(machine: Machine) -> Machine:
    """A machine whose profile `stored` has its key in the keyring."""
    machine.add(f"[stored]\n[user]\nrole_arn = {machine.sts.role_arn}\nsource_profile = stored\n")
    machine.log_in("stored")
    return machine


def keys_of(machine: Machine) -> list[bytes]:
    """Return the access keys in the keyring."""
    return sorted(item.secret for item in machine.bus.items() if item.secret.startswith(b"role-env key "))


@pytest.mark.parametrize("command", ["login", "rotate", "configure", "logout"])
def test_a_narrowed_session_changes_no_secret_of_role_env_without_full(stored: Machine, command: str) -> None:
    line, before = changing(stored)[command], keys_of(stored)
    calls, text = len(stored.sts.calls), stored.file.read_text()
    inside = ["exec", "--read-only", "profileB", "--", "role-env"]
    said, keys = f"{command} changes role-env's own secrets", stored.key_lines()
    done = stored.fails(*inside, *line, status=2, said=said, text=keys)
    assert "role-env off" in done.stderr
    assert "--full" in done.stderr
    assert done.stdout == ""
    assert keys_of(stored) == before
    assert [call.action for call in stored.sts.calls[calls:]] == ["AssumeRole"]  # for the narrowed session itself
    assert stored.file.read_text() == text
    stored.succeeds(*line, "--full", text=keys, **NARROWED)

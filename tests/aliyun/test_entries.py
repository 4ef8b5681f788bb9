"""role-env's own profiles in the `aliyun` CLI's file: which ones count as its own."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from role_env.aliyun import entries, process_command
from support.files import write_program

SESSION = {"name": "role-env", "mode": "External", "process_command": "role-env process --session", "region_id": ""}


def write(folder: Path, *profiles: dict[str, Any], mark: bytes = b"") -> Path:
    path = folder / "config.json"
    path.write_bytes(mark + json.dumps({"current": "default", "profiles": list(profiles)}).encode())
    return path


@pytest.mark.parametrize(
    ("entry", "is_session"),
    [
        (SESSION, True),
        ({**SESSION, "process_command": "/opt/bin/role-env process --session"}, True),
        ({**SESSION, "process_command": "/usr/bin/python3 -m role_env process --session"}, True),
        ({**SESSION, "access_key_id": "STS.x", "sts_token": "written back by an SDK"}, True),
        ({key.title(): value for key, value in SESSION.items()}, True),
        ({**SESSION, "name": "role-env-2"}, False),
        ({**SESSION, "mode": "AK"}, False),
        ({**SESSION, "mode": "external"}, False),
        ({**SESSION, "region_id": "cn-hangzhou"}, False),
        ({**SESSION, "process_command": "role-env process role-env"}, False),
        ({**SESSION, "process_command": "role-env process --session --verbose"}, False),
        ({**SESSION, "process_command": "env HOME=/ role-env process --session"}, False),
        ({**SESSION, "process_command": "other process --session"}, False),
        ({**SESSION, "process_command": ["role-env"]}, False),
    ],
)
def test_only_what_setup_writes_is_the_session_profile(tmp_path: Path, entry: dict[str, Any], is_session: bool) -> None:
    assert entries.shell_settings(str(write(tmp_path, {"name": "default"}, entry))).has_session_profile is is_session


def test_it_does_not_count_in_a_file_that_the_cli_cannot_use(tmp_path: Path) -> None:
    assert not entries.shell_settings(str(tmp_path / "missing.json")).has_session_profile
    assert not entries.shell_settings(str(tmp_path)).has_session_profile
    config = write(tmp_path, SESSION)  # no profile `default`, which is the current one
    assert not entries.shell_settings(str(config)).has_session_profile
    write(tmp_path, {"name": "default"}, SESSION, mark=b"\xef\xbb\xbf")
    assert not entries.shell_settings(str(config)).has_session_profile
    config.write_text("half-writt")
    assert not entries.shell_settings(str(config)).has_session_profile


@pytest.mark.parametrize(
    ("command", "is_ours"),
    [
        ("role-env process x", True),
        ("/opt/role-env process --config '/a b/c.ini' x", True),
        ("/usr/bin/python3 -m role_env process x", True),
        ("env ROLE_ENV_CONFIG=x.ini /usr/bin/role-env process x", True),
        ("role-env process --session", True),
        ("role-env --config x.ini process x", True),
        ("role-env --refresh --config=x.ini process x", True),
        ("role-env --refresh exec x -- process", False),
        ("role-env export process", False),
        ("role-env export x", False),
        ("my-role-env process x", False),
        ("sh -c 'echo role-env process x'", False),
        ("role-env 'process", False),
        ("", False),
    ],
)
def test_a_command_of_role_envs_own_is_recognized(command: str, is_ours: bool) -> None:
    assert process_command.runs_process(command) is is_ours


def test_a_session_command_needs_no_path_if_role_env_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = write_program(tmp_path / "bin" / "role-env", "#!/bin/sh\n")
    monkeypatch.setattr("sys.argv", [str(program)])
    assert process_command.session_command({"PATH": str(program.parent)}) == "role-env process --session"
    assert process_command.session_command({"PATH": os.defpath}) == f"{program} process --session"

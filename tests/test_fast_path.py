"""The warm path: nothing but speed tells it from the ordinary way."""

import json
import os
import random
import subprocess
import sys
import time

import pytest

from role_env import paths, variables
from role_env.keyrings.notes import KeyringNotes
from support.machine import Machine
from support.secret_service_bus import SilentBus

# What a warm call may load beside what `python -c pass` has: every module costs 0.1 ms or more.
WARM_MODULES = {
    "_socket",
    "_sha2" if sys.version_info >= (3, 12) else "_sha256",
    *(
        "role_env",
        "role_env.__main__",
        "role_env.cli",
        "role_env.cli.invocation",
        "role_env.command_table",
        "role_env.credentials",
        "role_env.digests",
    ),
    *("role_env.errors", "role_env.fast_path", "role_env.fingerprint", "role_env.keyrings", "role_env.keyrings.entry"),
    *(
        "role_env.keyrings.dbus",
        "role_env.keyrings.fast",
        "role_env.keyrings.notes",
        "role_env.keyrings.secret_service",
        "role_env.paths",
        "role_env.sessions",
    ),
    *("role_env.sessions.record", "role_env.shells", "role_env.shells.export", "role_env.shells.fish"),
    *(
        "role_env.shells.parent",
        "role_env.shells.posix",
        "role_env.timestamps",
        "role_env.ui",
        "role_env.ui.stdout",
    ),
    *("role_env.names", "role_env.variables"),
}
PROBE = """
import sys
before = set(sys.modules)
import os
ended = os._exit
def tell(status):
    os.write(2, "\\n".join(sorted(set(sys.modules) - before)).encode())
    ended(status)
os._exit = tell
sys.argv = ["role-env", *sys.argv[1:]]
from role_env.__main__ import main
main()
"""


@pytest.mark.parametrize(
    "arguments", [["profileB"], ["export", "profileB", "--format", "zsh"], ["process", "profileB"]]
)
def test_a_warm_call_loads_these_modules_and_no_other(machine: Machine, arguments: list[str]) -> None:
    assert machine.role_env("profileB").returncode == 0
    done = machine.run(sys.executable, "-c", PROBE, *arguments)
    assert done.returncode == 0
    assert set(done.stderr.split()) == WARM_MODULES


@pytest.mark.parametrize(
    "arguments",
    [
        ["profileB"],
        ["export", "profileB"],
        *(["profileB", "--format", form] for form in ("bash", "zsh", "sh", "fish")),
        ["--format", "fish", "profileB"],
        ["process", "profileB"],
    ],
)
@pytest.mark.parametrize(
    "keys",
    ["", "region_id = cn-shanghai", "variables = packer plain\nregion_id = cn-hangzhou", "variables = aliyun_log"],
)
def test_the_warm_path_writes_what_the_ordinary_way_writes(machine: Machine, arguments: list[str], keys: str) -> None:
    machine.add(keys)
    machine.role_env("profileB")
    warm, ordinary = machine.role_env(*arguments), machine.role_env(*arguments, "--verbose")
    assert (warm.returncode, warm.stderr) == (0, "")
    assert warm.stdout == ordinary.stdout
    assert len(machine.sts.calls_of("AssumeRole")) == 1


def test_exec_gives_the_command_the_same_environment_both_ways(machine: Machine) -> None:
    machine.role_env("profileB")
    warm = machine.role_env("exec", "profileB", "--", "env", "-0", ALICLOUD_PROFILE="stale")
    ordinary = machine.role_env("exec", "--verbose", "profileB", "--", "env", "-0", ALICLOUD_PROFILE="stale")
    assert warm.stdout == ordinary.stdout
    assert "ALICLOUD_PROFILE" not in warm.stdout
    for command, status in ((["sh", "-c", "exit 7"], 7), (["no-such-command"], 127), ([str(machine.home)], 126)):
        assert machine.role_env("exec", "profileB", *command).returncode == status


@pytest.mark.parametrize(
    "environ",
    [
        {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
        {"ROLE_ENV_CACHE": "none"},
        {"XDG_CURRENT_DESKTOP": "KDE"},
        {"KEYRING_PROPERTY_SCHEME": "KeePassXC"},
        {"XDG_CONFIG_HOME": "relative"},
        {"HOME": ""},
        {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"},
    ],
)
def test_where_another_keyring_or_file_is_chosen_the_ordinary_way_decides(
    machine: Machine, environ: dict[str, str]
) -> None:
    machine.role_env("profileB")
    quick, ordinary = machine.role_env("profileB", **environ), machine.role_env("profileB", "--verbose", **environ)
    assert quick.returncode == ordinary.returncode
    assert (quick.stdout == "{ \\false; }\n") == (quick.returncode != 0)


def test_a_keyringrc_file_chooses(machine: Machine) -> None:
    machine.role_env("profileB")
    settings = machine.home / ".config" / "python_keyring" / "keyringrc.cfg"
    settings.parent.mkdir(parents=True)
    settings.write_text("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n")
    machine.role_env("profileB")
    assert len(machine.sts.calls_of("AssumeRole")) == 2


def test_a_profiles_file_that_comes_or_goes_or_changes_is_noticed(machine: Machine) -> None:
    machine.role_env("profileB")
    machine.write(machine.standard_profiles().replace("[profileB]", "[profileB]\nexternal_id = another"))
    assert machine.role_env("profileB").returncode == 0
    machine.file.unlink()
    assert machine.role_env("profileB").returncode == 3
    assert len(machine.sts.calls_of("AssumeRole")) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="the warm path is Linux's")
@pytest.mark.parametrize("environ", [{"HOME": "/h"}, {"HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"}])
def test_the_usual_folders_are_those_of_platformdirs(environ: dict[str, str]) -> None:
    code = (
        "import json, platformdirs as p; "
        "print(json.dumps([p.user_config_dir('x', appauthor=False), p.user_state_dir('x', appauthor=False)]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], env={"PATH": os.environ["PATH"], **environ}, capture_output=True, check=True
    )
    expected = [f"{paths.usual_folder(environ, kind)}/x" for kind in (paths.CONFIG, paths.STATE)]
    assert json.loads(told.stdout) == expected


def test_no_command_is_looked_for_in_the_keyring(machine: Machine) -> None:
    with SilentBus() as silent:
        before = silent.calls()
        for command in ("off", "init", "status"):
            machine.role_env(command, **silent.environment)
        assert silent.calls() == before


@pytest.mark.parametrize("value", ["abc", "-1", "0"])
def test_a_bad_timeout_is_told_though_a_session_is_kept(machine: Machine, value: str) -> None:
    machine.role_env("profileB")
    assert machine.role_env("profileB", ROLE_ENV_TIMEOUT=value).returncode == 3
    assert machine.role_env("profileB", ROLE_ENV_TIMEOUT="20").returncode == 0


def test_a_mark_from_the_future_does_not_count(machine: Machine) -> None:
    machine.role_env("profileB")
    notes = KeyringNotes(machine.environ)
    assert notes.avoid() == ""
    (mark,) = (machine.home / ".local/state/role-env").glob("keyring-avoided-*")
    assert notes.is_avoided()
    os.utime(mark, (time.time() + 3600, time.time() + 3600))
    assert not notes.is_avoided()


@pytest.mark.parametrize("seed", range(8))
def test_both_ways_agree_over_generated_profiles(machine: Machine, seed: int) -> None:
    chosen = random.Random(seed)
    name = "".join(chosen.choices("aZ9._@+:/日é", k=chosen.randint(1, 20))) + "x"
    families = chosen.sample(sorted(variables.FAMILIES), chosen.randint(1, len(variables.FAMILIES)))
    keys = [
        f"variables = {' '.join(families)}",
        f"region_id = {chosen.choice(['cn-hangzhou', 'eu-central-1', 'ap-northeast-1'])}",
        f"role_session_name = {chosen.choice(['a.b@c', 'x_y-z'])}",
        f"duration_seconds = {chosen.randint(900, 3600)}",
        'policy = {"Version": "1",\n    "Statement": []}',
    ]
    kept = "\n".join(chosen.sample(keys, chosen.randint(0, len(keys))))
    machine.add(f"[{name}]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n{kept}\n")
    for arguments in ([name], ["export", name, "--format", chosen.choice(["bash", "zsh", "fish"])], ["process", name]):
        ordinary, warm = machine.role_env(*arguments, "--verbose"), machine.role_env(*arguments)
        assert (ordinary.returncode, warm.returncode, warm.stderr) == (0, 0, "")
        assert ordinary.stdout == warm.stdout
    assert len(machine.sts.calls_of("AssumeRole")) == 1


def test_what_another_owner_of_the_name_tells_is_no_session(machine: Machine) -> None:
    machine.role_env("profileB")
    with SilentBus(answers=99, secret=b"role-env session 2\nprofile profileB\nlies\nend") as liar:
        done = machine.role_env("profileB", **liar.environment)
    assert done.returncode == 0
    assert len(machine.sts.issued) == 2
    assert machine.sts.issued[1].token in done.stdout

"""The fast path: it differs from the slow one in nothing but speed."""

import json
import os
import random
import re
import shlex
import subprocess
import sys
import sysconfig
import time

import pytest

from role_env import paths, variables
from role_env.command_table import FORMATS, SHELL_FORMATS, SHELLS
from role_env.keyrings import KeyringNotes
from support.cached_sessions import SLOW_WAY
from support.files import settle, write_private
from support.machine import Machine
from support.prompts import session
from support.silent_bus import SilentBus
from support.waiting import wait_until


def below(package: str, *modules: str) -> set[str]:
    """The modules of a package, and the package itself."""
    return {f"role_env.{package}", *(f"role_env.{package}.{module}" for module in modules)}


# What each row may load beside what `python -c pass` has: every module costs 0.1 ms or more.
COMMAND_LINE = {"gc", "role_env", "role_env.__main__"} | below("cli")
COMMAND_LINE |= below("command_table", "commands")
DISPATCH = COMMAND_LINE | {"role_env.errors", "role_env.commands"} | below("ui")
DISPATCH |= below("context", "messages", "stderr")
PAGE = COMMAND_LINE | {"role_env.cli.help"} | below("ui")
CACHED = COMMAND_LINE | below("keyrings", "dbus", "secret_service")
CACHED |= below("sessions", "record") | below("ui")
CACHED |= {f"role_env.{name}" for name in ("credentials", "fast_path", "fingerprint", "paths", "variables")}
CACHED |= {"_socket", "_sha2" if sys.version_info >= (3, 12) else "_sha256"}
PROCESS = CACHED | {"role_env.documents"}
CACHED = CACHED | below("shells", "export") | {"role_env.sessions.shell_request"}
POSIX = CACHED | {SHELLS["sh"].dialect}
DOCUMENT = CACHED | {"role_env.documents"}
SERVED_FORMATS = tuple(form for form in FORMATS if form != "github")
"""The formats that the fast path prints. `github` writes files too."""
PARENT, OPTION_VALUE = {"role_env.shells.parent"}, {"role_env.validators"}
DECISION = {"role_env.errors"} | below("context", "messages", "stderr")
EXECUTION = CACHED - below("ui") | below("live_sessions", "execution")
ROWS = {
    "profileB": POSIX | PARENT,
    **{f"export profileB --format {name}": CACHED | {shell.dialect} for name, shell in SHELLS.items()},
    "profileB --format json": DOCUMENT,
    "process profileB": PROCESS,
    "exec profileB -- true": EXECUTION,
    "exec profileB": EXECUTION,
    "profileB --min-ttl 10m --config .config/role-env/profiles.ini": POSIX | PARENT,
    "--expect-account 2222222222222222 profileB": POSIX | PARENT | OPTION_VALUE,
    "profileB --format sh --region cn-shanghai": POSIX | OPTION_VALUE,
    "process profileB --verbose": PROCESS | DECISION,
    "--version": COMMAND_LINE | below("ui"),
    "--help": PAGE,
    "exec --help": PAGE,
    "init bash": DISPATCH | {"role_env.commands.init"},
    "help list": DISPATCH | {"role_env.commands.help", "role_env.cli.help"},
}
PROBE = """
import sys
before = set(sys.modules)
import os
def reporting(end):
    def report(*words):
        os.write(int(os.environ["REPORT"]), "\\n".join(sorted(set(sys.modules) - before)).encode())
        end(*words)
    return report
os._exit, os.execvpe = reporting(os._exit), reporting(os.execvpe)
sys.argv = ["role-env", *sys.argv[1:]]
from role_env.__main__ import main
main()
"""


def slow(machine: Machine, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs the command without its fast path."""
    return machine.run(sys.executable, "-c", SLOW_WAY, *arguments, **environ)


def without_minutes(output: str) -> str:
    """What two calls write alike, though a minute ends between them."""
    return re.sub(r" for \d+ min'", " for … min'", output)


def loaded(machine: Machine, *arguments: str, python: str = sys.executable, **environ: str) -> set[str]:
    """The modules that a command which succeeds has loaded at its end."""
    report = machine.home / "report"
    script = f"exec {python} -c {shlex.quote(PROBE)} {shlex.join(arguments)} 3>{shlex.quote(str(report))}"
    done = machine.run("sh", "-c", script, REPORT="3", **environ)
    assert done.returncode == 0
    return set(report.read_text().split())


def loaded_quickly(
    machine: Machine, modules: set[str], *arguments: str, python: str = sys.executable, **environ: str
) -> set[str]:
    """The modules that are loaded, by the third try at the latest if they are to be `modules`.

    On a busy machine the keyring can take longer than the fast path waits for it.
    """
    for _ in range(2):
        if (found := loaded(machine, *arguments, python=python, **environ)) == modules:
            return found
    return loaded(machine, *arguments, python=python, **environ)


@pytest.fixture
def cached(machine: Machine) -> Machine:
    """A machine with a cached session of profileB, which the fast path may use."""
    machine.settle()
    machine.succeeds("profileB")
    return machine


def test_each_row_loads_these_modules_and_no_other(cached: Machine) -> None:
    for line, modules in ROWS.items():
        assert loaded_quickly(cached, modules, *line.split()) == modules, line


@pytest.mark.parametrize("form", sorted({*SERVED_FORMATS} - {*SHELL_FORMATS}))
def test_a_document_loads_no_more_than_its_times_need(cached: Machine, form: str) -> None:
    assert loaded_quickly(cached, DOCUMENT, "profileB", "--format", form) <= DOCUMENT


def test_without_the_key_agents_an_agent_takes_the_fast_path_to_a_persons_session(cached: Machine) -> None:
    assert loaded_quickly(cached, ROWS["profileB"], "profileB", CLAUDECODE="1") == ROWS["profileB"]
    assert len(cached.sts.calls_of("AssumeRole")) == 1


def test_with_the_key_agents_a_person_and_an_agent_each_have_a_session_on_the_fast_path(machine: Machine) -> None:
    machine.add("agents = read-only\n")
    machine.settle()
    for agent in ({}, {"CLAUDECODE": "1"}):
        machine.succeeds("profileB", **agent)
        modules = ROWS["profileB"] | {"role_env.agents"}
        assert loaded_quickly(machine, modules, "profileB", **agent) == modules
    assert len(machine.sts.calls_of("AssumeRole")) == 2


@pytest.mark.parametrize("line", ["list", "list --names", "list --names --sessions", "status"])
def test_what_shells_call_often_loads_no_module_that_costs_more_than_its_work(machine: Machine, line: str) -> None:
    machine.settle()
    assert machine.role_env("profileB").returncode == 0
    costly = {"dataclasses", "inspect", "json", "keyring", "platformdirs", "typing", "ssl", "http.client", "logging"}
    if line in ("list --names", "status"):
        costly |= {"urllib.request", "ctypes", "subprocess", "difflib", "hashlib", "role_env.keyrings"}
        costly |= {f"role_env.{name}" for name in ("sessions", "sources.base", "sts", "profiles.profile")}
    assert loaded(machine, *line.split(), **session()).isdisjoint(costly)


def test_two_installations_used_in_turn_both_load_no_more_than_one(machine: Machine) -> None:
    second = machine.home / "second"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", second], check=True)
    (packages,) = second.glob("lib/python*/site-packages")
    (packages / "first.pth").write_text(sysconfig.get_path("purelib"))
    machine.settle()
    both = (sys.executable, str(second / "bin" / "python"))
    for python in both:
        loaded(machine, "profileB", python=python)
    for python in both * 2:
        assert loaded_quickly(machine, ROWS["profileB"], "profileB", python=python) == ROWS["profileB"], python


def test_a_process_that_meets_another_one_at_its_request_waits_and_loads_little_more(machine: Machine) -> None:
    machine.settle()
    for command in ("export", "clear"):
        assert machine.role_env(command, "profileB").returncode == 0
    machine.sts.fault("delay:1.5", times=1)
    first = machine.start("profileB")
    wait_until(lambda: len(machine.sts.calls) == 2)
    waiting = {"errno", "fcntl", "role_env.agents", "role_env.context"} | below("files", "locks")
    assert loaded(machine, "process", "profileB") <= DOCUMENT | waiting
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert len(machine.sts.calls) == 2


def test_a_user_of_only_the_sdks_own_file_has_the_fast_path_and_waits_for_nobody(machine: Machine) -> None:
    own = machine.home / ".alibabacloud" / "credentials.ini"
    key = f"access_key_id = {machine.sts.access_key_id}\naccess_key_secret = {machine.sts.access_key_secret}\n"
    write_private(own, f"[mine]\ntype = ram_role_arn\n{key}role_arn = {machine.sts.role_arn}\n")
    machine.file.unlink()
    settle(own)
    machine.succeeds("mine")
    assert loaded_quickly(machine, ROWS["profileB"], "mine") == ROWS["profileB"]
    assert len(machine.sts.calls_of("AssumeRole")) == 1


def test_a_lock_that_the_slow_way_does_not_need_is_released(machine: Machine) -> None:
    """The profiles file has gone between the fast path, which has taken its entry's lock, and the slow way."""
    code = SLOW_WAY.replace("lambda *line: None", "lambda *line: taken").replace(
        "fast_path.answer",
        "from role_env.files.locks import Lock\nimport os\ntaken = Lock('other', os.environ)\n"
        "taken.take()\nos.execvpe = lambda *line: os._exit(taken.is_taken)\nfast_path.answer",
        1,
    )
    assert machine.run(sys.executable, "-c", code, "exec", "profileB", "true").returncode == 0


def generated(machine: Machine, name: str, chosen: random.Random) -> str:
    """Return the section of a profile with keys and values by chance."""
    families = chosen.sample(sorted(variables.FAMILIES), chosen.randint(1, len(variables.FAMILIES)))
    keys = [
        f"variables = {' '.join(families)}",
        f"region_id = {chosen.choice(['cn-hangzhou', 'eu-central-1', 'ap-northeast-1'])}",
        f"role_session_name = {chosen.choice(['a.b@c', 'x_y-z'])}",
        f"duration_seconds = {chosen.randint(900, 3600)}",
        'policy = {"Version": "1",\n    "Statement": []}',
    ]
    kept = "\n".join(chosen.sample(keys, chosen.randint(0, len(keys))))
    return f"[{name}]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n{kept}\n"


def test_both_ways_follow_the_aliyun_clis_file_alike(machine: Machine) -> None:
    machine.add("region_id = cn-shanghai\n")
    assert machine.role_env("setup", "aliyun-cli").returncode == 0
    settle(machine.file, machine.home / ".aliyun/config.json")
    machine.role_env("profileB")
    for form in SHELL_FORMATS:
        line = ("export", "profileB", "--format", form)
        warm, ordinary = machine.role_env(*line), slow(machine, *line)
        assert f"'{variables.FOLLOWING_PROFILE}'" in warm.stdout, form
        assert without_minutes(warm.stdout) == without_minutes(ordinary.stdout), form
    assert len(machine.sts.calls_of("AssumeRole")) == 1


def test_a_path_through_a_symlink_and_back_names_the_file_that_the_system_opens(machine: Machine) -> None:
    (machine.home / "elsewhere" / "below").mkdir(parents=True)
    (machine.home / "link").symlink_to(machine.home / "elsewhere" / "below")
    text = machine.standard_profiles()
    other = write_private(machine.home / "elsewhere" / "profiles.ini", text.replace("switchrolesbc", "operator"))
    settle(other, write_private(machine.home / "profiles.ini", text))
    for config, role in (("profiles.ini", "switchrolesbc"), ("link/../profiles.ini", "operator")) * 2:
        done = machine.role_env("profileB", "--format", "json", "--config", config)
        assert json.loads(done.stdout)["RoleArn"] == f"acs:ram::2222222222222222:role/{role}", config


def test_a_keyringrc_file_chooses(cached: Machine) -> None:
    settings = cached.home / ".config" / "python_keyring" / "keyringrc.cfg"
    settings.parent.mkdir(parents=True)
    settings.write_text("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n")
    cached.role_env("profileB")
    assert len(cached.sts.calls_of("AssumeRole")) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="the warm path is Linux's")
@pytest.mark.parametrize("environ", [{"HOME": "/h"}, {"HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"}])
def test_the_usual_folders_are_those_of_platformdirs(environ: dict[str, str]) -> None:
    code = (
        "import json, platformdirs as p; "
        "print(json.dumps([p.user_config_dir('x', appauthor=False), p.user_state_dir('x', appauthor=False)]))"
    )
    reported = subprocess.run(
        [sys.executable, "-c", code], env={"PATH": os.environ["PATH"], **environ}, capture_output=True, check=True
    )
    expected = [f"{paths.xdg_folder(environ, kind)}/x" for kind in (paths.CONFIG, paths.STATE)]
    assert json.loads(reported.stdout) == expected


def test_no_command_is_looked_for_in_the_keyring(machine: Machine, silent: SilentBus) -> None:
    for command in ("off", "init", "status"):
        machine.role_env(command, **silent.environment)
    assert not silent.calls()


def test_a_mark_from_the_future_does_not_count(machine: Machine) -> None:
    machine.role_env("profileB")
    notes = KeyringNotes(machine.environ)
    notes.avoid()
    (mark,) = (machine.home / ".local/state/role-env").glob("keyring-avoided-*")
    assert notes.is_avoided()
    os.utime(mark, (time.time() + 3600, time.time() + 3600))
    assert not notes.is_avoided()


WORDS = ["profileB", "profileA", "nobody", "list", "--", "--verbose", "--show", "--refresh", "--bogus", "--help"]
WORDS += ["--region cn-shanghai", "--region=X", "--min-ttl 20m", "--min-ttl 59m", "--min-ttl 1h", "--min-ttl -1"]
WORDS += ["--config .config/role-env/profiles.ini", "--config ./other.ini", "--config nothing.ini", "--config="]
WORDS += ["--expect-account ACCOUNT", "--expect-account 1", "--session-name me", "--duration 30m", "--no-cache"]
WORDS += [f"--format {form}" for form in (*FORMATS, "cobol")]
NO_KEYRING = {"DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND"}
ENVIRONMENTS = [
    {},
    {"ROLE_ENV_TIMEOUT": "20"},
    {"ROLE_ENV_TIMEOUT": "never"},
    {"ROLE_ENV_CONFIG": "other.ini"},
    {"ROLE_ENV_CHAIN": "nothing"},
    {"ROLE_ENV_CACHE": "none"},
    {"ROLE_ENV_CACHE": "odd"},
    {"ALIBABA_CLOUD_REGION_ID": "cn-beijing", "ALICLOUD_ACCESS_KEY": "LTAI1"},
    {"ROLE_ENV_PROFILE": "profileB", "ROLE_ENV_ACCESS_KEY_ID": "STS.old", "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.old"},
    {"ROLE_ENV_PROFILE": "other", "ROLE_ENV_ROLE_ARN": "acs:ram::1:role/x", "ROLE_ENV_EXPIRATION": "9"},
    {"ROLE_ENV_NO_ACCOUNT": "1", "SHELL": "/bin/true"},
    {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"},
    {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
    {"XDG_CURRENT_DESKTOP": "KDE"},
    {"KEYRING_PROPERTY_SCHEME": "KeePassXC"},
    {"XDG_CONFIG_HOME": "relative"},
    {"HOME": ""},
]


@pytest.mark.parametrize("seed", range(2))
def test_both_ways_answer_any_line_in_any_environment_byte_for_byte(machine: Machine, seed: int) -> None:
    chosen = random.Random(seed)
    name = "".join(chosen.choices("aZ9._@+:/日é", k=chosen.randint(1, 20))) + "x"
    machine.add(generated(machine, name, chosen))
    other = write_private(machine.home / "other.ini", machine.standard_profiles() + "region_id = cn-hongkong\n")
    account = machine.sts.role_arn.split(":")[3]
    settle(machine.file, other)  # a call that reads a young file leaves another record behind
    for line in ([name], ["profileB"], ["profileB", "--config", "other.ini"]):
        machine.succeeds(*line)
    for environ in ENVIRONMENTS[seed::2]:
        words = " ".join(chosen.choices(WORDS, k=chosen.randint(0, 3))).replace("ACCOUNT", account).split()
        position = chosen.randint(0, len(words))
        command = chosen.choice([[], ["export"], ["process"], ["exec"]])
        line = [*words[:position], *command, chosen.choice(["profileB", name]), *words[position:]]
        line += ["--", "env", "-0"] if command == ["exec"] else []
        ordinary = slow(machine, *line, **environ)
        quick = machine.role_env(*line, **environ)
        assert (quick.returncode, quick.stderr) == (ordinary.returncode, ordinary.stderr), (line, environ)
        written = [without_minutes(output).split("\0") for output in (quick.stdout, ordinary.stdout)]
        assert is_made_anew(line, environ) or sorted(written[0]) == sorted(written[1]), (line, environ)


def is_made_anew(line: list[str], environ: dict[str, str]) -> bool:
    """Whether each call makes a session of its own, so that two of them differ."""
    has_no_cache = environ.get("ROLE_ENV_CACHE") == "none" or not NO_KEYRING.isdisjoint(environ)
    return has_no_cache or not {"--refresh", "--no-cache", "59m"}.isdisjoint(line)

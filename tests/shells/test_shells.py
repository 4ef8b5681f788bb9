"""What a person sees in a real shell: failed switches, readonly variables, tracing, nested shells, the integration."""

import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from role_env import variables
from role_env.shells import export as exporters
from role_env.shells import programs
from support.machine import ENDPOINTS, Machine
from support.readers import write_foreign_files
from support.secret_service_bus import require
from support.shell_terminal import POSIX_SHELLS, init
from support.shells import (
    CLEAN,
    COMMANDS,
    FORMATS,
    INTO_SHELL,
    NOTHING_CHANGED,
    SHELLS,
    check_no_account,
    encoded,
    environment,
    exported,
    run,
    session_of,
)
from support.waiting import wait_until

EVAL = 'eval "$(role-env {0} || echo false)"'
OFF = dict.fromkeys(SHELLS, 'eval "$(role-env off || echo false)"') | {"fish": "role-env off --format fish | source"}
POSIX = ("bash", "zsh", "dash")
# Prints what is exported, for `snapshots` to compare. Not into a file: a secret in one is a leak.
SNAPSHOT = "env -0; printf '\\0-----\\0'\n"
CHAIN = """\
import importlib, os, sys
from alibabacloud_credentials.client import Client
from alibabacloud_credentials.utils import auth_util
for text in sys.stdin.read().split("\\0-----\\0")[:-1]:
    os.environ.clear()
    os.environ.update(pair.split("=", 1) for pair in text.split("\\0") if "=" in pair)
    importlib.reload(auth_util)  # which reads the variables when it is imported
    try:
        print(Client().get_credential().access_key_id)
    except Exception:
        print("nobody")
"""
"""Prints whose key the SDK's default chain finds in each SNAPSHOT."""


def snapshots(output: str) -> list[dict[str, str]]:
    """What each SNAPSHOT printed."""
    return [environment(text) for text in output.split("\0-----\0")[:-1]]


def tried(shell: str, line: str) -> str:
    """The line, and its status on stderr."""
    return f"{line}\necho status=$status >&2\n" if shell == "fish" else f"{line}\necho status=$? >&2\n"


# --- cut off


@pytest.mark.parametrize("take", ["source", "eval"])
@pytest.mark.parametrize("group", ["session", "failure"])
@pytest.mark.parametrize("shell", SHELLS)
def test_output_cut_off_anywhere_sets_nothing_and_runs_nothing(
    shell: str, group: str, take: str, tmp_path: Path
) -> None:
    form = FORMATS[shell]
    before = {"ALICLOUD_REGION": "mine", "SECURITY_TOKEN": "mine"}
    if group == "session":
        text = exporters.export(session_of("id", "it's; touch marker\n", "token", region="r"), form, before)
    else:
        before |= {"ROLE_ENV_PROFILE": "other", "ROLE_ENV_ACCESS_KEY_ID": "id", "OSS_ACCESS_KEY_ID": "id"}
        text = exporters.failure(form, before, take_away=True)
    content = text.rstrip("\n")  # without its last line's end it is still whole
    # Of fish's first word the beginnings are words too, which no one has as a command.
    first = len("begin") if shell == "fish" else 1
    dice = random.Random(f"{shell}{group}{take}")
    cuts = {*range(first, first + 20), *range(len(content) - 20, len(content)), *dice.sample(range(len(content)), 160)}
    cuts = {cut for cut in cuts if cut >= first}
    lost = "touch marker; return 127"
    script = {
        "bash": f"command_not_found_handle() {{ {lost}; }}\n",
        "zsh": f"command_not_found_handler() {{ {lost}; }}\n",
        "fish": "function fish_command_not_found; touch marker; end\n",
        "dash": "",
    }[shell]
    for cut in sorted(cuts):
        (tmp_path / f"cut{cut}").write_bytes(encoded(content[:cut]))
        if shell == "fish":
            line = f"source cut{cut}" if take == "source" else f"cat cut{cut} | source"
            script += f"{line} 2>/dev/null\nenv -0 >out{cut}; set -n >set{cut}\n"
        else:
            line = f". ./cut{cut}" if take == "source" else f'eval "$(cat cut{cut})"'
            script += f"(trap 'set >set{cut}; exec env -0 >out{cut}' EXIT; {line}) 2>/dev/null\n"
    (tmp_path / "script").write_text(script)
    done = run(COMMANDS[shell], "script", folder=tmp_path, **before)
    assert done.stdout == b""
    assert {cut for cut in cuts if exported((tmp_path / f"out{cut}").read_bytes()) != CLEAN | before} == set()
    assert {cut for cut in cuts if re.search(rb"^_r(\w*env|e)_", (tmp_path / f"set{cut}").read_bytes(), re.M)} == set()
    assert all(b"SECURITY_TOKEN" in (tmp_path / f"set{cut}").read_bytes() for cut in cuts)
    assert not (tmp_path / "marker").exists()


# --- a failed switch


REFUSED = "\n[refused]\nrole_arn = acs:ram::2222222222222222:role/strangers\nsource_profile = profileA\n"
FAR = "\n[far]\nrole_arn = acs:ram::1:role/far\nsource_profile = profileA\nsts_endpoint = 127.0.0.1:9\n"
# What is in the file beside the standard profiles, what is added to it once the session is there, what is asked for.
FAILURES = [
    ("", "", "nosuch"),
    ("", "nonsense", "profileC"),
    (REFUSED, "", "refused"),
    (FAR, "", "far"),
    ("", "", "nosuch --nonsense"),
]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_failed_switch_leaves_no_account_and_off_brings_back_what_was_there(machine: Machine, shell: str) -> None:
    ways = [(INTO_SHELL[shell], failure) for failure in FAILURES]
    ways += [(EVAL, FAILURES[0])] if shell in POSIX_SHELLS else []
    for way, (more, spoilt, asked) in ways:
        machine.write(machine.standard_profiles() + more)
        spoil = f"echo {spoilt} >>'{machine.file}'\n" if spoilt else ""
        done = machine.shell(
            shell,
            f"{way.format('profileB')}\n{spoil}{tried(shell, way.format(asked))}{SNAPSHOT}{OFF[shell]}\n{SNAPSHOT}",
            OSS_ACCESS_KEY_ID="mine",
            OSS_ACCESS_KEY_SECRET="mine too",
        )
        assert "status=1" in done.stderr, done.stderr
        assert "role-env: " in done.stderr
        assert len(machine.sts.issued) == 1
        middle, end = snapshots(done.stdout)
        check_no_account(middle)
        left = {name for name in end if name in variables.KEY_NAMES or name.startswith(("ROLE_ENV", "ALI"))}
        assert left == {"OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", *ENDPOINTS}
        assert end["OSS_ACCESS_KEY_SECRET"] == "mine too"


def test_a_universal_token_of_fish_shows_again_once_the_shell_has_an_account(machine: Machine) -> None:
    require("fish")
    way, show = INTO_SHELL["fish"], "set -qg SECURITY_TOKEN; and echo hidden; or echo $SECURITY_TOKEN"
    failed = f"set -U SECURITY_TOKEN mine\n{way.format('profileB')}\n{way.format('nosuch')}\n{show}\n"
    for end in ("off", "profileB"):
        done = machine.run("fish", "-c", f"{failed}{way.format(end)}\n{show}")  # --no-config has no universal ones
        assert done.stdout == "hidden\nmine\n"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_role_env_answers_the_shell_even_when_terminated(machine: Machine, number: signal.Signals, status: int) -> None:
    machine.sts.fault("hang")
    there = {"ROLE_ENV_PROFILE": "other", "ROLE_ENV_ACCESS_KEY_ID": "STS.other"}
    process = machine.start("profileB", "--format", "sh", **there)
    wait_until(lambda: machine.sts.requests_seen)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == status
    done = machine.run("dash", "-c", f"{out}echo status=$? >&2\nenv -0", **there)
    assert done.stderr == "status=1\n"
    if number == signal.SIGINT:  # Ctrl-C changes nothing
        assert there.items() <= environment(done.stdout).items()
        assert "ROLE_ENV_NO_ACCOUNT" not in environment(done.stdout)
    else:
        check_no_account(environment(done.stdout))


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_strict_script_ends_at_a_failed_switch(machine: Machine, shell: str) -> None:
    done = machine.shell(shell, "set -euo pipefail\nsource <(role-env nosuch)\necho reached")
    assert done.returncode == 1
    assert done.stdout == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_failed_renewal_takes_nothing_away(machine: Machine, shell: str) -> None:
    way = INTO_SHELL[shell]
    again = way.format("profileB --refresh")
    lost = "ALIBABA_CLOUD_STS_ENDPOINT"
    lose = f"set -gx {lost} 127.0.0.1:9" if shell == "fish" else f"export {lost}=127.0.0.1:9"
    script = f"{way.format('profileB')}\n{lose}\n{SNAPSHOT}{tried(shell, again)}{SNAPSHOT}"
    done = machine.shell(shell, script)
    assert "status=1" in done.stderr, done.stderr
    one, two = snapshots(done.stdout)
    assert one["ROLE_ENV_PROFILE"] == "profileB"
    for name in ("_", "SHLVL"):  # zsh counts down when it runs its last command
        one.pop(name, None)
        two.pop(name, None)
    assert two == one


def test_a_failed_renewal_takes_nothing_away_where_only_the_roles_case_differs(machine: Machine) -> None:
    there = {"ROLE_ENV_PROFILE": "profileB", "ALIBABA_CLOUD_STS_ENDPOINT": "127.0.0.1:9"}
    for role, nothing in ((machine.sts.role_arn.replace("role/s", "role/S"), True), ("acs:ram::1:role/x", False)):
        done = machine.role_env("profileB", "--refresh", "--format", "bash", ROLE_ENV_ROLE_ARN=role, **there)
        assert (done.stdout == NOTHING_CHANGED) is nothing


@pytest.mark.parametrize("shell", SHELLS)
def test_the_sdk_finds_the_session_and_after_a_failed_switch_no_account_at_all(machine: Machine, shell: str) -> None:
    """Though the files of somebody else's account lie where the SDK looks."""
    write_foreign_files(machine.home, "LTAIother", "x" * 30)
    (machine.home / "chain.py").write_text(CHAIN)
    way = INTO_SHELL[shell]
    seen = machine.shell(
        shell,
        f"{SNAPSHOT}{way.format('profileB')}\n{SNAPSHOT}{way.format('nosuch')}\n{SNAPSHOT}{OFF[shell]}\n{SNAPSHOT}",
    )
    done = machine.run(sys.executable, "chain.py", text=seen.stdout)
    (issued,) = machine.sts.issued
    assert done.stdout.split() == ["LTAIother", issued.id, "nobody", "LTAIother"]


# --- readonly variables


@pytest.mark.parametrize(
    "name", ["ALICLOUD_ACCESS_KEY", "ROLE_ENV_PROFILE", "ALIBABA_CLOUD_REGION_ID", "ALICLOUD_ROLE_ARN"]
)
@pytest.mark.parametrize("shell", POSIX)
def test_a_readonly_variable_is_named_and_no_session_or_second_account_comes(shell: str, name: str) -> None:
    first = exporters.export(session_of("first", "s1", "t1"), "sh", {})
    second = exporters.export(session_of("second", "s2", "t2", region="r"), "sh", {})
    for there in ("", first):
        script = f"{there}readonly {name}=kept\n{second}echo status=$? >&2\nenv -0\n"
        done = run(COMMANDS[shell], "-c", script)
        assert done.stderr.decode() == (
            f"role-env: {name} is readonly in this shell and cannot be set or unset\n"
            "role-env: hint: start a new shell without it\nstatus=1\n"
        )
        found = exported(done.stdout)
        found.pop(name, None)
        if there or name == "ROLE_ENV_PROFILE":  # which says that a session is there
            check_no_account(found)
        else:
            assert found.keys() == CLEAN.keys()


# --- options of the shell


def test_tracing_shows_no_secret_and_goes_on_afterwards(machine: Machine) -> None:
    to_file = "exec 9>trace\nBASH_XTRACEFD=9\n"
    for shell, begin in (
        ("bash", "set -x"),
        ("bash", f"{to_file}set -x"),
        ("zsh", "set -x"),
        ("fish", "set fish_trace 1"),
    ):
        switch = INTO_SHELL[shell].format("profileB")
        done = machine.shell(shell, f"{begin}\n{switch}\n{OFF[shell]}\n{switch}\necho after")
        reported = (machine.home / "trace").read_text() if to_file in begin else done.stderr
        (issued,) = machine.sts.issued
        assert "echo after" in reported
        assert issued.secret not in reported
        assert issued.token not in reported


@pytest.mark.parametrize("shell", POSIX)
def test_allexport_leaves_saved_values_unexported_and_is_on_again_afterwards(shell: str) -> None:
    old = "OSS_ACCESS_KEY_ID=mine\nexport OSS_ACCESS_KEY_ID\n"
    made = exporters.export(session_of("id", "secret", "token"), "sh", {"OSS_ACCESS_KEY_ID": "mine"})
    script = f"{old}set -a\n{made}fresh=1\nenv -0"
    done = run(COMMANDS[shell], "-c", script)
    found = exported(done.stdout)
    assert found["fresh"] == "1"
    assert found["OSS_ACCESS_KEY_ID"] == "id"
    assert not [name for name in found if name.startswith("_role_env")]
    assert done.stderr == b""


@pytest.mark.parametrize("families", [variables.DEFAULT_FAMILIES, ("packer",)], ids=["default", "packer"])
@pytest.mark.parametrize(("outer", "inner"), [("bash", "bash"), ("bash", "fish"), ("zsh", "dash"), ("fish", "zsh")])
def test_a_nested_shell_can_switch_and_end(outer: str, inner: str, families: tuple[str, ...], tmp_path: Path) -> None:
    require(inner)

    def text(number: int, shell: str) -> str:
        made = session_of(f"id{number}", f"secret{number}", f"token{number}", region="r", families=families)
        environ = variables.assignments(session_of("id1", "secret1", "token1", region="r", families=families))
        return exporters.export(made, FORMATS[shell], environ if number > 1 else {})

    environ = variables.assignments(session_of("id2", "secret2", "token2", region="r", families=families))
    ends = exporters.off(FORMATS[inner], environ)
    (tmp_path / "inner").write_text(f"{text(2, inner)}env -0 >switched\n{ends}env -0 >ended\n")
    script = f"{text(1, outer)}{' '.join(COMMANDS[inner])} inner\n"
    done = run(COMMANDS[outer], "-c", script, folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    switched = environment((tmp_path / "switched").read_text())
    assert switched["ROLE_ENV_ACCESS_KEY_ID"] == switched["ALICLOUD_ACCESS_KEY"] == "id2"
    assert exported((tmp_path / "ended").read_bytes()).keys() == CLEAN.keys()


def test_exec_passes_on_no_token_of_the_session_around_it_and_the_users_own(machine: Machine) -> None:
    machine.add(f"variables = packer\n\n[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    inner = ("exec", "other", "--", "env", "-0")
    found = environment(machine.role_env("exec", "profileB", "--", "role-env", *inner).stdout)
    outer, issued = machine.sts.issued
    assert (found["ROLE_ENV_ACCESS_KEY_ID"], "SECURITY_TOKEN" in found) == (issued.id, False)
    assert outer.token not in found.values()
    assert environment(machine.role_env(*inner, SECURITY_TOKEN="mine").stdout)["SECURITY_TOKEN"] == "mine"


def test_a_success_says_nothing_in_a_strict_shell(machine: Machine) -> None:
    strict = {"bash": "set -euo pipefail", "zsh": "set -eu; setopt warn_create_global", "dash": "set -eu", "fish": ""}
    for shell, way in INTO_SHELL.items():
        switch = way.format("profileB")
        done = machine.shell(shell, f"{strict[shell]}\n{switch}\n{switch}\n{OFF[shell]}")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), shell


# --- the integration


def test_the_shells_own_role_env_switches_ends_and_passes_on_all_else(machine: Machine, shell: str) -> None:
    start = init(shell) if shell == "fish" else f"set -eu\n{init(shell)}"
    script = (
        f"{start}role-env list --names\nrole-env --version\nprintf '\\0-----\\0'\nrole-env use profileB\n{SNAPSHOT}"
        f"role-env off\n{SNAPSHOT}{'' if shell == 'fish' else 'set +e'}\n{tried(shell, 'role-env use nosuch')}"
    )
    done = machine.shell(shell, script)
    assert done.stdout.split()[:3] == ["profileA", "profileB", "role-env"]
    _, during, after = snapshots(done.stdout)
    (issued,) = machine.sts.issued
    assert during["OSS_ACCESS_KEY_ID"] == issued.id
    assert "OSS_ACCESS_KEY_ID" not in after
    assert done.stderr.endswith("status=3\n")


# --- what linters say, and what is packed

# SC2016: code for eval is in single quotes. SC2043: a loop over one name is the same text as one over many. SC2154:
# options may be in a variable that is set in a case. SC2163: a word that is exported has its value with it. SC2194: a
# line break that has become a space shows that the quotes are missing.
EXCLUDED = "SC2016,SC2043,SC2154,SC2163,SC2194,SC2195,SC3045"


def shellcheck(*arguments: str | Path) -> str:
    """What shellcheck says of a file."""
    require("shellcheck")
    return subprocess.run(["shellcheck", *arguments], capture_output=True, text=True, check=False).stdout


def test_shellcheck_finds_nothing_in_the_texts_for_posix_shells(tmp_path: Path) -> None:
    made = session_of("id", "it's", "token", families=tuple(variables.FAMILIES))
    texts = {
        "session": exporters.export(made, "sh", {}),
        "renewal": exporters.renewal(made, "sh", {}),
        "off": exporters.off("sh", {}),
        "failure": exporters.failure("sh", {}, take_away=True),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        assert shellcheck("--shell=sh", f"--exclude={EXCLUDED}", tmp_path / name) == ""


def test_shellcheck_finds_nothing_in_the_integration_for_bash_with_its_tables(tmp_path: Path) -> None:
    """Apart from variables for others (SC2034), a loop over one family (SC2066) and quotes within quotes (SC1003)."""
    (tmp_path / "integration").write_text(programs.read("init.bash"))
    assert shellcheck("--shell=bash", "--exclude=SC2034,SC2066,SC1003", tmp_path / "integration") == ""

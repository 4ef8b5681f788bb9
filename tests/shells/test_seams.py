"""What shells do to the text: missing quotes, tracing, a caller's variables, a session of an older version."""

from pathlib import Path

import pytest

from role_env import variables
from role_env.shells import export as exporters
from support.machine import Machine
from support.shells import CLEAN, COMMANDS, FORMATS, SHELLS, check_no_account, encoded, exported, run, session_of

POSIX = {name: COMMANDS[name] for name in ("bash", "zsh", "dash")}
POSIX |= {"ksh": ("ksh",), "mksh": ("mksh",), "ash": ("busybox", "ash")}
INTERACTIVE = {"bash -i": (*POSIX["bash"], "-i"), "zsh -i": (*POSIX["zsh"], "-i")}
ALL = {**POSIX, "fish": COMMANDS["fish"]}
# Names that could be words of the text, patterns that it contains, or code.
ODD_NAMES = ["in", "esac", "case", "-n", "~", "#", '"', "\\eval", "\\set", "a b", "{ x; }"]
ODD_NAMES += ["x)", "x*)", "e)", "s)", "true)", "touch owned)", "*", "?", "[a]"]
ODD_NAMES += ["')", "; touch owned;", "'; touch owned; '", "`touch owned`", "$(touch owned)"]
NEW = session_of("STS.new", "the-secret", "the-token", region="cn-x", profile="new")
OLD = session_of("STS.old", "old-secret", "old-token", profile="old")
SECRETS = ("the-secret", "the-token", "old-secret", "old-token")


def evaluate(command: tuple[str, ...], script: str, folder: Path, **environ: str) -> tuple[dict[str, str], str]:
    """The environment that a script prints by `env -0`, and its stderr."""
    done = run(command, "-c", script, folder=folder, **environ)
    return exported(done.stdout), done.stderr.decode("utf-8", "surrogateescape")


def write(folder: Path, **texts: str) -> None:
    """Write each text into the file of its name."""
    for name, text in texts.items():
        (folder / name).write_text(text)


# --- missing quotes


@pytest.mark.parametrize("shell", [*POSIX, *INTERACTIVE])
def test_without_quotes_no_session_is_set_no_secret_is_shown_and_no_file_name_acts(shell: str, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for name in ODD_NAMES:
        (folder / name).touch()
    (tmp_path / "text").write_text(exporters.export(NEW, "sh", {}))
    script = "eval $(cat ../text)\necho status=$? >&2\nenv -0"
    found, errors = evaluate({**POSIX, **INTERACTIVE}[shell], script, folder)
    assert "status=1" in errors
    line = f'type eval "$(role-env {NEW.profile} || echo false)"'
    assert f"role-env: the quotes around $(…) are missing: no session was set\nrole-env: hint: {line}\n" in errors
    assert not [secret for secret in SECRETS if secret in errors]
    assert not [name for name in found if name.startswith(("ALI", "OSS", "ROLE", "_role"))]
    assert sorted(path.name for path in folder.iterdir()) == sorted(ODD_NAMES)


@pytest.mark.parametrize("failed", [False, True], ids=["session", "failure"])
@pytest.mark.parametrize("shell", POSIX)
def test_without_quotes_a_session_is_taken_away_and_off_restores_all(shell: str, failed: bool, tmp_path: Path) -> None:
    environ = variables.assignments(OLD) | {"OSS_ACCESS_KEY_ID": "mine"}
    new = exporters.failure("sh", environ, take_away=True) if failed else exporters.export(NEW, "sh", environ)
    old = exporters.export(OLD, "sh", {"ACCESS_KEY_ID": "bare"})
    write(tmp_path, old=old, text=new, off=exporters.off("sh", variables.NO_ACCOUNT))
    script = (
        "ACCESS_KEY_ID=bare; export ACCESS_KEY_ID; . ./old; OSS_ACCESS_KEY_ID=mine; OSS_ACCESS_KEY_SECRET=mine-too\n"
        "eval $(cat text); echo status=$? >&2; env -0 >middle; . ./off; env -0 >end; set | grep -E '^_r(.*env|e)_' >&2"
    )
    _, errors = evaluate(POSIX[shell], script, tmp_path)
    assert errors.startswith("status=1" if failed else "role-env: the quotes")
    assert "_role_env" not in errors
    check_no_account(exported((tmp_path / "middle").read_bytes()))
    left = exported((tmp_path / "end").read_bytes())
    mine = {"ACCESS_KEY_ID": "bare", "OSS_ACCESS_KEY_ID": "mine", "OSS_ACCESS_KEY_SECRET": "mine-too"}
    assert {name: value for name, value in left.items() if name not in CLEAN} == mine


@pytest.mark.parametrize("text", ["off", "renewal"])
@pytest.mark.parametrize("shell", POSIX)
def test_without_quotes_off_and_renew_change_nothing_and_say_so(shell: str, text: str, tmp_path: Path) -> None:
    environ = variables.assignments(OLD)
    code = exporters.off("sh", environ) if text == "off" else exporters.renewal(NEW, "sh", environ)
    write(tmp_path, old=exporters.export(OLD, "sh", {}), text=code)
    script = ". ./old; env -0 >one; eval $(cat text); echo status=$? >&2; env -0 >two"
    _, errors = evaluate(POSIX[shell], script, tmp_path)
    assert errors.startswith("role-env: the quotes around $(…) are missing: nothing was changed\n")
    assert errors.endswith("status=1\n")
    assert exported((tmp_path / "one").read_bytes()) == exported((tmp_path / "two").read_bytes())


def test_fish_joins_lines_by_spaces_and_has_the_same_session(machine: Machine) -> None:
    script = "eval (role-env profileB); role-env status; and eval (role-env off); role-env status"
    done = machine.shell("fish", script)
    assert done.stdout.startswith("profileB  role switchrolesbc of 2222222222222222  59 min left")
    assert done.stderr.startswith("role-env: this shell has no session\n")
    done = machine.shell("fish", "eval (role-env profileB); eval (role-env nosuch); role-env status")
    assert "role-env: a switch to another profile failed" in done.stderr


def test_fish_joins_the_lines_of_a_value_too(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(exporters.export(session_of("a\nb", "'\n'\\n", "\n\n"), "fish", {}))
    found, errors = evaluate(ALL["fish"], "eval (cat text); env -0", tmp_path)
    assert errors == ""
    names = ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN")
    assert [found[name] for name in names] == ["a\nb", "'\n'\\n", "\n\n"]


# --- tracing


# ksh and mksh read, and print, more than a line at a time: nothing in the text can help it.
@pytest.mark.parametrize("way", [". ./text", 'eval "$(cat text)"'])
@pytest.mark.parametrize("shell", ["bash", "zsh", "dash", "ash"])
def test_set_v_shows_no_secret_and_is_on_again_afterwards(shell: str, way: str, tmp_path: Path) -> None:
    script = f"set -v\n{way}\necho after\n. ./off\ncase $- in *v*) echo verbose ;; esac\n"
    end = exporters.off("sh", variables.assignments(NEW))
    write(tmp_path, text=exporters.export(NEW, "sh", {}), off=end, script=script)
    done = run(POSIX[shell], "script", folder=tmp_path)
    assert done.stdout == b"after\nverbose\n"
    assert b"echo after" in done.stderr
    assert not [secret for secret in SECRETS if secret.encode() in done.stderr]


# --- a value that does not stay


@pytest.mark.parametrize("shell", ["bash", "mksh"])
def test_a_callers_local_variable_that_comes_back_is_reported_and_the_session_gone(shell: str, tmp_path: Path) -> None:
    text = exporters.export(NEW, "sh", {"ALIBABA_CLOUD_ROLE_ARN": "x"})
    write(tmp_path, text=text, off=exporters.off("sh", variables.NO_ACCOUNT))
    script = (
        "ALIBABA_CLOUD_ROLE_ARN=outer; export ALIBABA_CLOUD_ROLE_ARN\n"
        "inner() { . ./text; echo status=$? >&2; env -0 >middle; }\n"
        "outer() { local ALIBABA_CLOUD_ROLE_ARN=x; inner; }\nouter\n. ./off\nenv -0"
    )
    found, errors = evaluate(POSIX[shell], script, tmp_path)
    assert errors.startswith("role-env: ALIBABA_CLOUD_ROLE_ARN does not keep the value that role-env sets\n")
    assert errors.endswith("status=1\n")
    check_no_account(exported((tmp_path / "middle").read_bytes()))
    assert found["ALIBABA_CLOUD_ROLE_ARN"] == "outer"


def test_a_local_variable_of_a_fish_function_is_reported_and_the_session_taken_away(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(exporters.export(NEW, "fish", {}))
    script = "function f; set -l OSS_ACCESS_KEY_ID x; source text; echo status=$status >&2; end; f; env -0"
    found, errors = evaluate(ALL["fish"], script, tmp_path)
    assert errors.startswith("role-env: OSS_ACCESS_KEY_ID does not keep the value that role-env sets\n")
    assert errors.endswith("status=1\n")
    check_no_account(found)


@pytest.mark.parametrize(
    ("shell", "attribute"),
    [("bash", "declare -u"), ("bash", "declare -i"), ("zsh", "typeset -u"), ("ksh", "typeset -u")],
)
def test_an_attribute_of_a_variable_changes_no_value(shell: str, attribute: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text(exporters.export(NEW, "sh", {}))
    script = f"{attribute} OSS_REGION OSS_ACCESS_KEY_SECRET; . ./text; echo status=$? >&2; env -0"
    found, errors = evaluate(POSIX[shell], script, tmp_path)
    assert errors == "status=0\n"
    assert (found["OSS_REGION"], found["OSS_ACCESS_KEY_SECRET"]) == ("cn-x", "the-secret")


# --- a renewal


@pytest.mark.parametrize("shell", ALL)
def test_a_renewal_replaces_what_is_the_sessions_and_off_restores_all_the_same(shell: str, tmp_path: Path) -> None:
    form = "fish" if shell == "fish" else "sh"
    first = variables.assignments(OLD)
    again = session_of("STS.new", "the-secret", "the-token", profile="old")
    write(
        tmp_path,
        old=exporters.export(OLD, form, {"OSS_ACCESS_KEY_ID": "before"}),
        again=exporters.renewal(again, form, first | {"OSS_ACCESS_KEY_ID": "mine"}),
        off=exporters.off(form, variables.assignments(again)),
    )
    put = "set -gx OSS_ACCESS_KEY_ID mine; set -e ALIYUN_LOG_CLI_ACCESSID"
    if shell != "fish":
        put = "OSS_ACCESS_KEY_ID=mine; unset ALIYUN_LOG_CLI_ACCESSID"
    take = "source" if shell == "fish" else "."
    status = "$status" if shell == "fish" else "$?"
    script = (
        f"{take} ./old; {put}; {take} ./again; echo status={status} >&2; env -0 >middle\n"
        f"{take} ./again; echo status={status} >&2; {take} ./off; env -0"
    )
    found, errors = evaluate(ALL[shell], script, tmp_path, OSS_ACCESS_KEY_ID="before")
    changed = "role-env: the session of this shell has changed meanwhile; it was not renewed\n"
    assert errors == f"status=0\n{changed}status=1\n"
    middle = exported((tmp_path / "middle").read_bytes())
    assert middle["OSS_ACCESS_KEY_ID"] == "mine"
    assert "ALIYUN_LOG_CLI_ACCESSID" not in middle
    kept = {name: value for name, value in middle.items() if value.startswith(("STS.old", "old-"))}
    assert kept == {}
    assert middle["ALICLOUD_ACCESS_KEY"] == middle["ROLE_ENV_ACCESS_KEY_ID"] == "STS.new"
    assert {name: value for name, value in found.items() if name not in CLEAN} == {"OSS_ACCESS_KEY_ID": "mine"}


@pytest.mark.parametrize("shell", POSIX)
def test_a_renewal_that_meets_a_readonly_variable_changes_nothing(shell: str, tmp_path: Path) -> None:
    first = variables.assignments(OLD)
    again = exporters.renewal(NEW, "sh", first)
    write(tmp_path, old=exporters.export(OLD, "sh", {}), again=again)
    script = (
        ". ./old; readonly OSS_SESSION_TOKEN; env -0 >one\n"
        "if . ./again; then echo 0 >&2; else echo 1 >&2; fi; env -0 >two"
    )
    _, errors = evaluate(POSIX[shell], script, tmp_path)
    assert errors.startswith("role-env: OSS_SESSION_TOKEN is readonly in this shell and cannot be set or unset\n")
    assert errors.endswith("1\n")
    assert exported((tmp_path / "one").read_bytes()) == exported((tmp_path / "two").read_bytes())


# --- guards and regions


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("region", ["", "ALIBABACLOUD_REGION_ID", "REGION"])
def test_the_cli_follows_the_shell_only_where_a_region_is_known(shell: str, region: str, tmp_path: Path) -> None:
    made = session_of("STS.new", "the-secret", "the-token", in_cli_file=True)
    text = exporters.export(made, FORMATS[shell], {region: "eu"} if region else {})
    (tmp_path / "text").write_bytes(encoded(text))
    take = "source" if shell == "fish" else "."
    found, errors = evaluate(COMMANDS[shell], f"{take} ./text; env -0", tmp_path, **({region: "eu"} if region else {}))
    assert errors == ""
    guards = {name: value for name, value in found.items() if "PROFILE" in name and name != "ROLE_ENV_PROFILE"}
    assert guards == {n: v for n, v in variables.guards(follows=bool(region)).items() if "PROFILE" in n}


def test_exec_has_the_guards_the_fallback_region_and_no_variable_of_the_integration() -> None:
    made = session_of("STS.new", "the-secret", "the-token", in_cli_file=True, fallback_region="cn-fallback")
    integration = {"ROLE_ENV_PROMPT": "profileA 5m", "ROLE_ENV_INIT": "1.0", "_role_env_name": "x"}
    environ = exporters.environment(made, {"PATH": "/bin", **integration, "OSS_REGION": "mine"})
    assert variables.guards(follows=True).items() <= environ.items()
    assert not integration.keys() & environ.keys()
    assert (environ["OSS_REGION"], environ["ALICLOUD_REGION"]) == ("mine", "cn-fallback")
    without = exporters.environment(made, {"ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS": "true"})
    assert variables.guards().items() <= without.items()


def test_documents_have_the_guards_for_a_reader_elsewhere_and_no_request() -> None:
    made = session_of("STS.new", "the-secret", "the-token", in_cli_file=True, region="cn-x")
    lines = dict(line.split("=", 1) for line in exporters.export(made, "dotenv", {}).splitlines())
    assert variables.guards().items() <= lines.items()
    assert "ROLE_ENV_REQUEST" not in lines
    assert lines["ROLE_ENV_FAMILIES"].split() == list(variables.DEFAULT_FAMILIES)


def test_a_profiles_families_come_on_top_of_the_default_ones() -> None:
    made = session_of("STS.new", "the-secret", "the-token", families=("plain", "oss"))
    values = variables.assignments(made)
    assert values["AccessKeyId"] == values["OSS_ACCESS_KEY_ID"] == values["ALIBABA_CLOUD_ACCESS_KEY_ID"] == "STS.new"
    assert values["ROLE_ENV_FAMILIES"].split() == [*variables.DEFAULT_FAMILIES, "plain"]


# --- upgrades


@pytest.mark.parametrize("shell", [*POSIX, "fish"])
@pytest.mark.parametrize("between", ["", "session", "failure", "child"])
def test_a_session_of_the_version_before_can_be_ended_or_replaced(shell: str, between: str, tmp_path: Path) -> None:
    """`before` is what version 0.1.0 printed; the user had a key, and guards of their own."""
    form = "fish" if shell == "fish" else "sh"
    own = {"OSS_ACCESS_KEY_ID": "mine", "ACCESS_KEY_ID": "bare"}
    own |= {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true", "ALIBABA_CLOUD_PROFILE": "mine"}
    texts = {
        "before": (Path(__file__).parent / f"session-0.1.0.{form}.txt").read_text(),
        "session": exporters.export(NEW, form, own),
        "failure": exporters.failure(form, own, take_away=True),
        "off": exporters.off(form, own),
    }
    write(tmp_path, **texts)
    take = "source" if shell == "fish" else "."
    steps = [f"{take} ./{name}" for name in ("before", between, "off") if name in texts]
    if between == "child":
        (tmp_path / "child").write_text(f"{take} ./off\nenv -0\n")
        steps[1:] = [" ".join((*ALL[shell], "child"))]
    else:
        steps.append("env -0")
    found, errors = evaluate(ALL[shell], "\n".join(steps), tmp_path, **own)
    assert errors == ""
    left = {name: value for name, value in found.items() if name not in CLEAN}
    # A shell inside a shell does not know what the outer one has saved.
    lost = {"OSS_ACCESS_KEY_ID", "ALIBABA_CLOUD_PROFILE"} if between == "child" else set()
    assert left == {name: value for name, value in own.items() if name not in lost}


# --- the text itself


def test_the_output_has_at_most_14_kb_with_a_long_token_and_request() -> None:
    made = session_of("STS." + "x" * 26, "y" * 44, "t" * 1000, region="cn-hangzhou", request="r" * 400)
    assert len(exporters.export(made, "sh", {})) <= 14_336
    assert len(exporters.export(made, "fish", {})) <= 14_336

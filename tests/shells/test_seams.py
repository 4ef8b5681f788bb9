"""What shells do to the text: cut off, without quotes, under options, beside readonly variables; and the way back."""

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from role_env import variables
from role_env.command_table import INTEGRATED_SHELLS
from role_env.shells import export as exporters
from support.living_shell import ExportedShell
from support.machine import Machine
from support.shells import CLEAN, COMMANDS, FORMATS, SHELLS, check_no_account, encoded, exported, run, session_of

POSIX = {name: COMMANDS[name] for name in ("bash", "zsh", "dash")}
OTHERS = {"ksh": ("ksh",), "mksh": ("mksh",), "ash": ("busybox", "ash")}
INTERACTIVE = {"bash -i": (*POSIX["bash"], "-i"), "zsh -i": (*POSIX["zsh"], "-i")}
ALL = {**POSIX, **OTHERS, **INTERACTIVE, "fish": COMMANDS["fish"]}
OLD = session_of("STS.old", "old-secret" * 5, "old-token" * 9, profile="old")
NEW = session_of("STS.new", "it's; touch marker; the-secret", "the-token" * 9, region="cn-x", profile="new")
AGAIN = session_of("STS.again", "again-secret" * 5, "again-token" * 9, profile="old")
SECRETS = ("the-secret", "the-token", "old-secret", "old-token", "again-secret", "again-token", "my-secret")
MINE = {"OSS_ACCESS_KEY_ID": "mine", "OSS_ACCESS_KEY_SECRET": "my-secret", "ALICLOUD_ROLE_ARN": "acs:ram::1:role/x"}
"""What the user has set before."""
SAVED = {variables.SAVED: " ".join(name for name in variables.USERS if name in MINE)}
LOST = MINE | variables.NO_ACCOUNT | SAVED
LOST.pop("ALICLOUD_ROLE_ARN")
"""The variables after a failed switch."""
NAMES = (*variables.USERS, *variables.OWN, variables.SAVED, *(f"_role_env_old_{name}" for name in MINE))


def steps(form: str) -> dict[str, tuple[str, dict[str, str], int]]:
    """Each program of a shell, in an order that they can have: its text, the variables after it, and its status."""
    first = exporters.environment(OLD, MINE) | SAVED
    renewed = first | variables.assignments(AGAIN, follows=False)
    last = exporters.environment(NEW, LOST) | SAVED
    return {
        "session": (exporters.export(OLD, form, MINE), first, 0),
        "renewal": (exporters.renewal(AGAIN, form, first), renewed, 0),
        "failure": (exporters.failure(form, renewed, take_away=True), LOST, 1),
        "again": (exporters.export(NEW, form, LOST), last, 0),
        "off": (exporters.off(form, last), MINE, 0),
        "nothing": (exporters.failure(form, MINE, take_away=True), MINE, 1),
    }


# --- cut off


@pytest.mark.parametrize("program", steps("sh"))
@pytest.mark.parametrize("shell", SHELLS)
def test_a_program_that_is_cut_off_anywhere_sets_and_runs_nothing(shell: str, program: str, tmp_path: Path) -> None:
    """Each beginning is evaluated, except within a word behind its first letter. Only the flags may be noted."""
    before, form = MINE, FORMATS[shell]
    for name, (made, after, _) in steps(form).items():
        if name == program:
            text = made.rstrip("\n")
            break
        before = after
    (tmp_path / "program").write_bytes(encoded(text))
    # fish's first word has beginnings that are words too, which no one has as a command.
    first = len("begin") if shell == "fish" else 1
    cuts = [cut for cut in range(first, len(text)) if not re.fullmatch(r"\w{3}", text[cut - 2 : cut + 1])]
    if shell == "fish":
        script = (
            f'function seen; set -g now "{"/".join(f"${name}" for name in NAMES)}"; end\nseen; set before $now\n'
            "set text (cat program | string collect)\n"
            f"for cut in {' '.join(map(str, cuts))}\n"
            "string sub -l $cut -- $text | source 2>/dev/null\n"
            'seen; test "$now" = "$before"; or echo $cut\nend\n'
        )
    else:
        # An error in a text would end dash.
        read = '(trap check EXIT; eval "$text") 2>/dev/null' if shell == "dash" else 'eval "$text" 2>/dev/null; check'
        script = (
            f'seen() {{ now="{"/".join(f"${{{name}-}}" for name in NAMES)}"; }}; seen; before=$now\n'
            'check() { seen; [ "$now" = "$before" ] || echo "${#text}"; }\n'
            "text=$(cat program)\n"
        )
        for longer, cut in itertools.pairwise([len(text), *reversed(cuts)]):
            script += f"text=${{text%{'?' * (longer - cut)}}}\n{read}\n"
    (tmp_path / "script").write_text(script)
    done = run(COMMANDS[shell], "script", folder=tmp_path, LC_ALL="C", **before)
    assert (done.stdout, done.stderr if shell != "fish" else b"") == (b"", b"")  # fish reports each cut text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["program", "script"]


# --- each way to read it, under each option


def ways() -> Iterator[tuple[str, str, str]]:
    """Each shell, with a line that evaluates a text and the options of the shell."""
    options = ["", *"euxva", "eua", "uxva", "euxva"]
    for shell, option in itertools.product(["bash", "zsh", "dash", "ash"], options):
        if "e" not in option or shell in ("bash", "zsh"):  # a . that fails ends the other ones, with `if` too
            yield shell, ". ./{}", option
        if "x" not in option:  # which shows the words of `eval` itself, as -v does where they are one line
            yield shell, 'eval "$(cat {})"', option
        if not set(option) & {"x", "v"}:
            yield shell, "eval $(cat {})", option
    for shell in (*OTHERS, *INTERACTIVE):
        yield shell, 'eval "$(cat {})"', ""
        yield shell, "eval $(cat {})", ""
    yield from (("fish", way, option) for way in ("source {}", "cat {} | source") for option in ("", "x"))
    yield "fish", "eval (cat {})", ""


@pytest.mark.parametrize(("shell", "way", "options"), [*ways()])
def test_each_program_does_its_work_and_shows_no_secret(shell: str, way: str, options: str, tmp_path: Path) -> None:
    programs = steps("fish" if shell == "fish" else "sh")
    script = ("set fish_trace 1\n" if shell == "fish" else f"set -{options}\n") * bool(options)
    for name, (text, _, _) in programs.items():
        (tmp_path / name).write_bytes(encoded(text))
        if shell == "fish":
            script += f"{way.format(name)}; echo $status\ncommand env -0 >{name}.out\n"
        else:
            script += f"if {way.format(name)}; then echo 0; else echo $?; fi\ncommand env -0 >{name}.out\n"
    script += "set -n >variables\n" if shell == "fish" else "set >variables; echo $-\n"
    (tmp_path / "script").write_text(script)
    done = run(ALL[shell], "script", folder=tmp_path, **MINE)
    output, errors = done.stdout.decode().split(), done.stderr.decode("utf-8", "surrogateescape")
    assert output[: len(programs)] == [str(status) for _, _, status in programs.values()], errors
    for name, (_, expected, _) in programs.items():
        found = exported((tmp_path / f"{name}.out").read_bytes())
        assert {key: value for key, value in found.items() if key not in CLEAN and value} == expected, name
    assert not [secret for secret in SECRETS if secret in errors]
    assert shell == "fish" or set(options) <= set(output[-1])
    assert not [line for line in (tmp_path / "variables").read_text().splitlines() if line.startswith(("_role", "_re"))]


@pytest.mark.parametrize("shell", SHELLS)
def test_without_quotes_a_session_of_an_odd_path_works_beside_odd_files(machine: Machine, shell: str) -> None:
    file = machine.file.parent / "two  blanks, it's *.ini"
    machine.file.rename(file)
    folder = machine.home / "files"
    folder.mkdir()
    for name in ("data (copy)", "i) ;; esac; role-env version; case a in i)", "*i*)", "_re_any=x", "[", "two_blanks"):
        (folder / name).touch()
    substitution = "({})" if shell == "fish" else "$({})"
    lines = [f"eval {substitution.format('role-env ' + words)}" for words in ("profileB", "renew", "nosuch", "off")]
    first = f"cd {shlex.quote(str(folder))}\n{'shopt -s nullglob; ' if shell == 'bash' else ''}"
    script = first + "\nrole-env status\n".join([*lines, ""])
    done = machine.shell(shell, script, ROLE_ENV_CONFIG=str(file))
    assert re.sub(r" \(.*\)", "", done.stdout) == "profileB  role switchrolesbc of 2222222222222222  59 min left\n" * 2
    assert "role-env: a switch to another profile failed" in done.stderr
    assert "role-env: this shell has no session\n" in done.stderr


# --- readonly variables


KINDS = (
    *("ALICLOUD_ACCESS_KEY", "OSS_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_PROFILE"),
    *("ALICLOUD_ROLE_ARN", "ROLE_ENV_PROFILE", "ROLE_ENV_REQUEST", "ROLE_ENV_EXPIRATION"),
)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("shell", POSIX)
def test_a_readonly_variable_is_named_and_no_session_or_second_account_comes(
    shell: str, name: str, tmp_path: Path
) -> None:
    for action in ("new", "session", "failure", "off"):
        living = ExportedShell(shell, tmp_path)
        if action != "new":
            assert living.session(OLD) == 0
        assert living.run(f"export {name}=kept; readonly {name}") == 0
        before = living.exported()
        status = living.off() if action == "off" else living.fail() if action == "failure" else living.session(NEW)
        assert status == 1, action
        found, errors = living.exported(), living.errors()
        living.close()
        (tmp_path / "errors").unlink()
        assert name in errors
        assert errors.count("a readonly variable, named above, is in the way") == (action != "failure")
        if action == "new":
            assert found == before, action
        else:
            assert found.pop(name) == "kept"
            check_no_account(found | {key: value for key, value in variables.NO_ACCOUNT.items() if key == name})


@pytest.mark.parametrize("name", ["ALICLOUD_ACCESS_KEY", "OSS_ACCESS_KEY_SECRET", "ROLE_ENV_EXPIRATION"])
@pytest.mark.parametrize("shell", POSIX)
def test_a_renewal_that_meets_a_readonly_variable_changes_nothing(shell: str, name: str, tmp_path: Path) -> None:
    living = ExportedShell(shell, tmp_path)
    assert living.session(OLD) == 0
    assert living.run(f"readonly {name}") == 0
    before = living.exported()
    assert living.renew(AGAIN) == 1
    assert living.exported() == before
    assert name in living.errors()
    living.close()


# --- a renewal


@pytest.mark.parametrize("shell", SHELLS)
def test_a_renewal_replaces_what_is_the_sessions_and_off_restores_what_was_there(shell: str, tmp_path: Path) -> None:
    living = ExportedShell(shell, tmp_path, **MINE)
    assert living.session(OLD) == 0
    living.put({"OSS_ACCESS_KEY_ID": "later", "ALIYUN_LOG_CLI_ACCESSID": ""})
    assert living.renew(AGAIN) == 0
    found = living.exported()
    assert (found["OSS_ACCESS_KEY_ID"], "ALIYUN_LOG_CLI_ACCESSID" in found) == ("later", False)
    assert found["ALICLOUD_ACCESS_KEY"] == found["ROLE_ENV_ACCESS_KEY_ID"] == "STS.again"
    own = {name for name, value in found.items() if value.startswith(("STS.old", "old-"))}
    assert own == {"OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN", "ALIYUN_LOG_CLI_ACCESSKEY", "ALIYUN_LOG_CLI_STS_TOKEN"}
    assert living.off() == 0
    assert living.exported() == CLEAN | MINE
    assert living.errors().startswith("role-env: OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET, ")
    living.close()


# --- `off` is the way back


@pytest.mark.parametrize("shell", SHELLS)
def test_whatever_happened_off_removes_what_sessions_set_and_restores_what_was_before(
    shell: str, tmp_path: Path
) -> None:
    own = {"OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN", "ROLE_ENV_ACCESS_KEY_ID"}
    first = variables.assignments(OLD, follows=False)
    accidents: dict[str, dict[str, str]] = {
        "nothing": {},
        "a key of an earlier session came back": {name: first[name] for name in own},
        "all of an earlier session came back": first,
        "another key was set": {"ALIBABA_CLOUD_ACCESS_KEY_ID": "x", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "y"},
        "another key ID is named": {"ROLE_ENV_ACCESS_KEY_ID": "STS.other"},
        "nothing names it": dict.fromkeys(variables.DESCRIBING, ""),
        "an outranking variable was set": {"ALIBABA_CLOUD_CREDENTIALS_URI": "http://x", "ALICLOUD_ROLE_ARN": "x"},
        "a guard was removed": dict.fromkeys(variables.GUARDS, ""),
    }
    for words, changed in accidents.items():
        for saved in (MINE, {}):
            living = ExportedShell(shell, tmp_path, **saved)
            assert (living.session(OLD), living.session(NEW)) == (0, 0)
            living.put(changed)
            inside = living.exported()
            assert living.off() == 0
            assert (living.exported(), living.leftovers()) == (CLEAN | saved, set()), words
            living.close()
            below = ExportedShell(shell, tmp_path, **inside)  # which has no values from before
            assert below.off() == 0
            assert below.exported() == CLEAN, words
            assert not saved or f"role-env: {', '.join(saved)} are not restored: this shell does not" in below.errors()
            below.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_off_ends_a_session_of_which_only_keys_and_guards_are_left(shell: str, tmp_path: Path) -> None:
    first = {name: value for name, value in variables.assignments(OLD, follows=False).items() if "ROLE_ENV" not in name}
    living = ExportedShell(shell, tmp_path, **first)
    assert living.off() == 0
    assert living.exported() == CLEAN
    living.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_bare_token_is_packers_or_the_users(shell: str, tmp_path: Path) -> None:
    packers = session_of(token="the-token", families=("packer", "plain"))
    living = ExportedShell(shell, tmp_path, SECURITY_TOKEN="mine")
    for made, token in ((OLD, "mine"), (packers, "the-token"), (OLD, "mine"), (packers, "the-token")):
        assert living.session(made) == 0
        assert living.exported()["SECURITY_TOKEN"] == token
    assert living.fail() == 1
    assert "SECURITY_TOKEN" not in living.exported()
    assert living.session(OLD) == 0
    assert living.exported()["SECURITY_TOKEN"] == "mine"
    assert living.off() == 0
    assert (living.exported(), living.leftovers()) == (CLEAN | {"SECURITY_TOKEN": "mine"}, set())
    living.close()


# --- other programs


@pytest.mark.parametrize("shell", [*INTEGRATED_SHELLS, "dash"])
def test_each_text_for_a_shell_empties_the_prompts_text_and_keeps_its_export(machine: Machine, shell: str) -> None:
    """A program that shows an exported ROLE_ENV_PROMPT, in a shell without the integration, shows no former session."""
    stale = "set -gx ROLE_ENV_PROMPT stale" if shell == "fish" else "export ROLE_ENV_PROMPT=stale"
    form = "role-env {} | source" if shell == "fish" else 'eval "$(role-env {})"'
    lines = [
        f"{stale}\n{form.format(words)}\ncommand env | grep ^ROLE_ENV_PROMPT="
        for words in ("profileB", "nosuch", "profileB", "off")
    ]
    assert machine.shell(shell, "\n".join(lines)).stdout == "ROLE_ENV_PROMPT=\n" * len(lines)


def test_exec_has_the_guards_the_fallback_region_and_no_variable_of_the_integration() -> None:
    made = session_of("STS.new", "the-secret", "the-token", cli_can_follow=True, fallback_region="cn-fallback")
    integration = {"ROLE_ENV_PROMPT": "profileA 5m", "ROLE_ENV_INIT": "1.0", "_role_env_name": "x"}
    environ = exporters.environment(made, {"PATH": "/bin", **integration, "OSS_REGION": "mine"})
    assert variables.guards(follows=True).items() <= environ.items()
    assert not integration.keys() & environ.keys()
    assert (environ["OSS_REGION"], environ["ALICLOUD_REGION"]) == ("mine", "cn-fallback")
    without = exporters.environment(made, {"ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS": "true"})
    assert variables.guards(follows=False).items() <= without.items()


def test_documents_have_the_guards_for_a_reader_elsewhere_and_no_request() -> None:
    made = session_of("STS.new", "the-secret", "the-token", cli_can_follow=True, region="cn-x")
    lines = dict(line.split("=", 1) for line in exporters.export(made, "dotenv", {}).splitlines())
    assert variables.guards(follows=False).items() <= lines.items()
    assert "ROLE_ENV_REQUEST" not in lines
    assert lines["ROLE_ENV_FAMILIES"].split() == list(variables.DEFAULT_FAMILIES)


def test_a_profiles_families_come_on_top_of_the_default_ones() -> None:
    made = session_of("STS.new", "the-secret", "the-token", families=("plain", "oss"))
    values = variables.assignments(made, follows=False)
    assert values["AccessKeyId"] == values["OSS_ACCESS_KEY_ID"] == values["ALIBABA_CLOUD_ACCESS_KEY_ID"] == "STS.new"
    assert values["ROLE_ENV_FAMILIES"].split() == [*variables.DEFAULT_FAMILIES, "plain"]

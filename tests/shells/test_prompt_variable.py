"""What ROLE_ENV_PROMPT contains."""

import os
import re
import time

import pytest

from role_env import variables
from role_env.supervise.served_file import publish
from support import prompts
from support.machine import Machine
from support.prompts import KEY_IDS, LIVE, live, shown
from support.shell_terminal import HOOK, POSIX_SHELLS, Terminal, export, interactive

SERVED = LIVE | dict.fromkeys((*KEY_IDS, "AccessKeyId", "ROLE_ENV_EXPIRATION", "ROLE_ENV_ACCESS_KEY_ID"), "")
URI = "http://127.0.0.1:1/"
SERVED |= dict.fromkeys(variables.GUARDS, "") | variables.NO_KEYS | variables.served_guards(follows=False)
SERVER = f"{os.getpid()} {URI}"
SERVED |= {"ALIBABA_CLOUD_CREDENTIALS_URI": URI, "ROLE_ENV_SERVER": SERVER}
SERVED_REQUEST = LIVE["ROLE_ENV_REQUEST"].removesuffix("}") + variables.served_request(SERVER)
SERVED |= {"ALICLOUD_SHARED_CREDENTIALS_FILE": publish("true"), "ROLE_ENV_REQUEST": SERVED_REQUEST}
NOT_REQUESTED = ["{}", "[]", "none", LIVE["ROLE_ENV_REQUEST"].replace("shown", "said")]
NOT_REQUESTED += [LIVE["ROLE_ENV_REQUEST"].replace("access_key_id", "id"), prompts.request(ROLE_ENV_PROFILE="other")]


def narrowed(policy: str) -> dict[str, str]:
    """Return the variables of a session with this policy."""
    return {"ROLE_ENV_POLICY": policy, "ROLE_ENV_REQUEST": prompts.request(ROLE_ENV_POLICY=policy)}


# The seconds that are left, the variables that change (END is the expiration), and the text.
STATES: list[tuple[float, dict[str, str], str]] = [
    (42 * 60 + 50, {}, "profileB 42m"),
    (42 * 60 + 50, {"ROLE_ENV_EXPIRATION": "0END"}, "profileB 42m"),
    (4 * 60 + 50, {}, "profileB 4m"),
    (50, {}, "profileB 0m"),
    (-1, {}, "profileB expired"),
    (42 * 60 + 50, {"AccessKeyId": "another"}, "profileB≠ 42m"),
    (42 * 60 + 50, {"AccessKeyId": "STS.mine"}, "profileB 42m"),
    (42 * 60 + 50, {"AccessKeyId": ""}, "profileB 42m"),
    (42 * 60 + 50, {"ROLE_ENV_NO_ACCOUNT": "1"}, "profileB≠ 42m"),
    (42 * 60 + 50, {"ROLE_ENV_NO_ACCOUNT": ""}, "profileB 42m"),
    *(
        state
        for name, value in {**LIVE, "ALICLOUD_ROLE_ARN": ""}.items()
        if name in (*KEY_IDS, *variables.guards(), "ALICLOUD_ROLE_ARN", "ROLE_ENV_REQUEST")
        for state in (
            (40 * 60 + 50, {name: "" if value else "another"}, "profileB≠ 40m"),
            (42 * 60 + 50, {name: value}, "profileB 42m"),
        )
    ),
    (42 * 60 + 50, {"ROLE_ENV_FAMILIES": LIVE["ROLE_ENV_FAMILIES"] + " plain"}, "profileB≠ 42m"),
    (42 * 60 + 50, narrowed("read-only"), "profileB (read-only)≠ 42m"),
    (42 * 60 + 50, {"AccessKeyId": "STS.mine"}, "profileB (read-only) 42m"),
    (42 * 60 + 50, narrowed("0123456789abcdef"), "profileB (narrowed) 42m"),
    (42 * 60 + 50, narrowed(""), "profileB 42m"),
    # What describes the session is not what was requested.
    *((42 * 60 + 50, {"ROLE_ENV_REQUEST": text}, "profileB≠ 42m") for text in NOT_REQUESTED),
    (42 * 60 + 50, narrowed(""), "profileB 42m"),
    (-1, {"ROLE_ENV_EXPIRATION": "soon"}, "profileB ?"),
    (-1, {"ROLE_ENV_PROFILE": "", **dict.fromkeys(KEY_IDS, ""), **variables.NO_ACCOUNT}, "no account"),
    (-1, {"ALIBABA_CLOUD_IGNORE_PROFILE": ""}, "no account≠"),
    (-1, {"ALIBABA_CLOUD_IGNORE_PROFILE": "TRUE", "OSS_ACCESS_KEY_ID": "another"}, "no account≠"),
    (-1, {"ROLE_ENV_NO_ACCOUNT": ""}, "unknown session≠"),
    *((-1, {name: ""}, "unknown session≠") for name in ("ROLE_ENV_ROLE_ARN", "ROLE_ENV_ACCESS_KEY_ID")),
    (-1, {"ROLE_ENV_REQUEST": ""}, "unknown session≠"),  # the end of a session is left
    (-1, {"ROLE_ENV_EXPIRATION": ""}, ""),
    # A session that exec serves has no key in any family.
    (0, SERVED, "profileB"),
    (0, SERVED | {"ALIBABA_CLOUD_CREDENTIALS_URI": "http://127.0.0.1:2/"}, "profileB≠"),
    (0, SERVED | {"ALICLOUD_ACCESS_KEY": "another"}, "profileB≠"),
    (0, SERVED | {"ALICLOUD_SHARED_CREDENTIALS_FILE": ""}, "profileB≠"),
    (0, SERVED | {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": ""}, "profileB≠"),
]


def test_the_variable_contains_the_name_and_the_minutes_left(machine: Machine, shell: str) -> None:
    lines = ""
    for seconds, more, _ in STATES:
        end = str(int(time.time() + seconds))
        for name, value in ({"ROLE_ENV_EXPIRATION": "END"} | more).items():
            lines += export(shell, name, f"'{value.replace('END', end)}'") + "\n"
        lines += f"{HOOK[shell]}; printf '<%s>\\n' \"$ROLE_ENV_PROMPT\"\n"
    done = interactive(machine, shell, lines, "--no-prompt", **live(0))
    assert re.findall("<([^%>]*)>", done.stdout) == [text for _, _, text in STATES]


def test_a_session_of_an_older_version_is_marked_and_one_line_says_what_to_type(machine: Machine, shell: str) -> None:
    lines = f'{HOOK[shell]}\n{HOOK[shell]}; echo "<$ROLE_ENV_PROMPT>"'
    done = interactive(machine, shell, lines, **live(999, ROLE_ENV_REQUEST=""))
    assert "<profileB≠ 16m>" in done.stdout
    assert done.stderr.count("role-env: hint: role-env use profileB\n") == 1


def test_what_an_outer_shell_has_exported_is_not_shown(machine: Machine, shell: str) -> None:
    assert shown(machine, shell, ROLE_ENV_PROMPT="outer 59m") == ""
    assert shown(machine, shell, ROLE_ENV_PROMPT="outer 59m", **live(999)) == "profileB 16m"


@pytest.mark.parametrize("version", ["5.2.37(1)-release", "4.4.23(1)-release", "3.2.57(1)-release"])
def test_every_bash_reads_the_time_by_what_it_has(machine: Machine, version: str) -> None:
    """Each older version is played by this bash, which takes the way of the version that it reports."""
    before = f"BASH_VERSION='{version}'"
    assert shown(machine, "bash", before=before, **live(42 * 60 + 50)) == "profileB 42m"
    assert shown(machine, "bash", before=before + "\nSECONDS=99", **live(-5)) == "profileB expired"


def test_nothing_planted_in_the_environment_acts_and_no_control_character_shows(machine: Machine, shell: str) -> None:
    names = (
        *("ROLE_ENV_EXPIRATION", "ROLE_ENV_ACCESS_KEY_ID", "OSS_ACCESS_KEY_ID", "EPOCHSECONDS", "SECONDS", "NO_COLOR"),
        *("role", "env", "_comps", "PROMPT_DIRTRIM"),
        *("_role_env_colour", "_role_env_end", "_role_env_window", "_role_env_retry", "_role_env_base"),
        *("_role_env_last", "_role_env_age", "_role_env_next", "_role_env_seen", "_role_env_options"),
    )
    planted = dict.fromkeys(names, "a[$(touch planted)]")
    name = "x\x1b[31m\x07\x9b1m\n%F{red}$(touch planted)`touch planted`${planted}\\$(touch planted)"
    with Terminal(machine, shell, "--renew", ROLE_ENV_PROFILE=name, **planted) as terminal:
        terminal.type("")
        head = re.escape("x[31m1m%F{red}$(touch planted)`touch planted`${planted}\\$(touch")
        terminal.wait_for_prompt(head + r".*")
        text = terminal.screen(colours=True)
        assert "\x1b[31mx" not in text
    assert not (machine.home / "planted").exists()
    for locale in ("C", "C.UTF-8"):
        environ = live(60, ROLE_ENV_PROFILE="x\x1b[31m\x07\x9b1m\n\x7fé", LC_ALL=locale)
        reported = shown(machine, shell, before="true", **environ).removesuffix(" 1m").removesuffix(" 0m")
        assert "".join(c for c in reported if c.isprintable() and c.isascii()) == "x[31m1m"
        assert all(c.isprintable() or "\udc80" <= c <= "\udcff" for c in reported)
        assert "\x9b" not in reported.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def test_bash_and_zsh_hold_a_reference_in_the_prompt_and_never_the_text(machine: Machine) -> None:
    for shell in POSIX_SHELLS:
        done = interactive(machine, shell, "printf '{%s}\\n' \"$PS1\"", **live(999))
        assert "{" in done.stdout
        assert "profileB" not in done.stdout


def test_the_colour_of_a_profile_comes_with_its_session_and_goes_with_it(machine: Machine, shell: str) -> None:
    machine.add("color = cyan\n")
    reported = 'echo "<$_role_env_plain$_role_env_colour>"'
    lines = f"role-env use profileB\n{HOOK[shell]}\n{reported}\nenv | grep role_env_colour\n"
    done = interactive(machine, shell, f"{lines}role-env off\n{HOOK[shell]}\nenv | grep -c role_env_colour", "")
    assert re.search("<.*(36|6).*cyan>", done.stdout), done
    assert "\n_role_env_colour=cyan\n" in done.stdout
    assert done.stdout.rstrip().split("\n")[-1].endswith("0")


def test_a_command_in_a_session_has_its_profiles_colour_and_no_other(machine: Machine) -> None:
    machine.add("color = cyan\n")
    machine.add(f"[plain]\nsource_profile = profileA\nrole_arn = {machine.sts.role_arn}\n")
    outer = {"_role_env_colour": "red"}
    for profile, colours in (("profileB", ["_role_env_colour=cyan"]), ("plain", [])):
        for more in ((), (), ("--renew",)):
            done = machine.role_env("exec", profile, *more, "--", "env", **outer)
            assert [line for line in done.stdout.split("\n") if line.startswith("_role_env")] == colours

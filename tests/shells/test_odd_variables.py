"""Sessions in shells whose variables are not plain: locals of a function, namerefs, and options like `set -k`."""

import re

import pytest

from role_env.command_table import INTEGRATED_SHELLS
from support.machine import Machine
from support.shell_terminal import LOOK, SHELLS, STATUS, init, interactive
from support.shells import INTO_SHELL, OFF, environment

SHOW = "command env | grep -e ^OSS_ACCESS_KEY_ID= -e ^ALIBABA_CLOUD_ACCESS_KEY_ID= | sort"


@pytest.mark.parametrize("above", ["", "G"])
def test_off_restores_no_local_variable_of_a_function_as_a_global_one(machine: Machine, above: str) -> None:
    first = f"export ALIBABA_CLOUD_ACCESS_KEY_ID={above} ALIBABA_CLOUD_ACCESS_KEY_SECRET={above}\n" if above else ""
    local = "local ALIBABA_CLOUD_ACCESS_KEY_ID=Z ALIBABA_CLOUD_ACCESS_KEY_SECRET=z"
    lines = f"{first}f() {{ {local}; role-env use profileB; }}\nf; echo $?\n{SHOW}\nrole-env off\n{SHOW}\n"
    done = machine.shell("bash", init("bash") + lines)
    after = f"ALIBABA_CLOUD_ACCESS_KEY_ID={above}\n" if above else ""
    assert done.stdout == f"1\nOSS_ACCESS_KEY_ID=role-env-none\n{after}"
    assert (
        "role-env: ALIBABA_CLOUD_ACCESS_KEY_ID ALIBABA_CLOUD_ACCESS_KEY_SECRET does not keep the value" in done.stderr
    )


@pytest.mark.parametrize("shell", INTEGRATED_SHELLS)
def test_a_local_variable_that_hides_the_session_is_named_and_no_account_is_left(machine: Machine, shell: str) -> None:
    declare = "set -l OSS_ACCESS_KEY_ID Z" if shell == "fish" else "local OSS_ACCESS_KEY_ID=Z"
    take = INTO_SHELL[shell].format("profileB")
    function = f"function f; {declare}; {take}; end\n" if shell == "fish" else f"f() {{ {declare}; {take}; }}\n"
    export = "set -gx OSS_ACCESS_KEY_ID G" if shell == "fish" else "export OSS_ACCESS_KEY_ID=G"
    status = "echo $status" if shell == "fish" else "echo $?"
    done = machine.shell(shell, f"{export}\n{function}f\n{status}\n{OFF[shell]}\n{SHOW}\n")
    assert done.stdout == "1\nOSS_ACCESS_KEY_ID=G\n"
    assert done.stderr.startswith("role-env: OSS_ACCESS_KEY_ID does not keep the value that role-env sets\n")


def test_a_failed_switch_within_a_function_leaves_no_account_and_saves_no_local(machine: Machine) -> None:
    lines = "f() { local OSS_ACCESS_KEY_ID=Z; role-env use nosuch; }\nrole-env use profileB\nf\n"
    done = machine.shell("bash", f"{init('bash')}{lines}{SHOW}\nrole-env off\n{SHOW}\n")
    assert done.stdout == "OSS_ACCESS_KEY_ID=role-env-none\n"


def test_a_nameref_becomes_a_variable_of_the_session_and_leaves_the_named_one_alone(machine: Machine) -> None:
    reference = "declare -n OSS_ACCESS_KEY_ID=MINE\nMINE=mine\n"
    lines = f"{reference}role-env use profileB\n{SHOW}\necho $MINE\n"
    again = f"unset OSS_ACCESS_KEY_ID\n{reference}role-env use nosuch\n{SHOW}\necho $MINE\n"
    done = machine.shell("bash", init("bash") + lines + again)
    key = machine.sts.issued[-1].id
    session = f"ALIBABA_CLOUD_ACCESS_KEY_ID={key}\nOSS_ACCESS_KEY_ID={key}\nmine\n"
    assert done.stdout == f"{session}OSS_ACCESS_KEY_ID=role-env-none\nmine\n"


def test_under_set_k_a_session_comes_and_goes_and_no_secret_is_shown(machine: Machine) -> None:
    """With `set -k` each NAME=value of a command is for its environment: `export NAME=value` prints all variables."""
    for steps in (
        "role-env use profileB\nSHOW\nrole-env use nosuch\nSHOW\nrole-env off\necho $-\n",
        'eval "$(role-env profileB)"\nSHOW\neval "$(role-env nosuch)"\nSHOW\neval "$(role-env off)"\necho $-\n',
    ):
        done = machine.shell("bash", f"{init('bash')}set -k\n{steps.replace('SHOW', SHOW)}")
        key = machine.sts.issued[-1].id
        session = f"ALIBABA_CLOUD_ACCESS_KEY_ID={key}\nOSS_ACCESS_KEY_ID={key}\n"
        assert done.stdout == f"{session}OSS_ACCESS_KEY_ID=role-env-none\nhkBc\n"


@pytest.mark.parametrize("shell", [*SHELLS, "dash"])
def test_each_text_for_a_shell_empties_the_prompts_text_and_keeps_its_export(machine: Machine, shell: str) -> None:
    """A program that shows an exported ROLE_ENV_PROMPT, in a shell without the integration, shows no former session."""
    stale = "set -gx ROLE_ENV_PROMPT stale" if shell == "fish" else "export ROLE_ENV_PROMPT=stale"
    expire = "set -gx ROLE_ENV_EXPIRATION 1" if shell == "fish" else "export ROLE_ENV_EXPIRATION=1"
    form = "role-env {} | source" if shell == "fish" else 'eval "$(role-env {})"'
    steps = [f"{expire}\n{form.format('renew')}", *map(form.format, ("nosuch", "off", "nosuch"))]
    lines = [f"{stale}\n{step}\ncommand env | grep ^ROLE_ENV_PROMPT=" for step in (form.format("profileB"), *steps)]
    assert machine.shell(shell, "\n".join(lines)).stdout == "ROLE_ENV_PROMPT=\n" * 5


@pytest.mark.parametrize("shell", ["rbash", "zsh"])
def test_a_restricted_shell_keeps_its_session_and_code_for_it_says_nothing_else(machine: Machine, shell: str) -> None:
    """A restricted shell may not redirect to a file."""
    old = environment(machine.shell("bash", 'eval "$(role-env profileB)"; env -0').stdout)
    session = {name: value for name, value in old.items() if name.startswith(("ALI", "OSS", "ROLE"))}
    start = ("rbash", "--norc") if shell == "rbash" else ("zsh", "-f", "-r")
    for words in ("nosuch", "profileB", "off"):
        done = machine.run(*start, "-c", f'eval "$(role-env {words})"; echo $?; env -0', **session)
        status, _, after = done.stdout.partition("\n")
        assert status == "1"
        assert session.items() <= environment(after).items()
        assert done.stderr.endswith("role-env: this shell is restricted: nothing in it was changed\n")


# ---- variables of a session that are partly lost ----


LOST = {
    "the profile": ("ROLE_ENV_PROFILE",),
    "the key ID too": ("ROLE_ENV_PROFILE", "ROLE_ENV_ACCESS_KEY_ID"),
    "all but the request": (
        *("ROLE_ENV_PROFILE", "ROLE_ENV_ACCESS_KEY_ID", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_ACCOUNT_ID"),
        *("ROLE_ENV_EXPIRATION", "ROLE_ENV_FAMILIES"),
    ),
}
"""Variables of a session that somebody unsets."""
LAST = {"role-env off": "", "role-env use nosuch": "no account", "role-env use other": "other"}
"""What is typed then, and the text of the prompt after it, without its minutes."""
ASK = "role-env status; echo status {0}; role-env whoami; role-env process --session; echo process {0}\n"


def begun(machine: Machine) -> dict[str, str]:
    """Return the environment of a command in a session of profileB, beside which there is another profile."""
    machine.add(f"[other]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = profileA\n")
    return environment(machine.succeeds("exec", "profileB", "--", "env", "-0").stdout)


def lose(shell: str, lost: str, last: str, key_id: str) -> str:
    """Return lines that unset variables, look at the prompt, end the session by `last`, and look for its key."""
    unset = "set -e" if shell == "fish" else "unset -v"
    return f"{unset} {' '.join(LOST[lost])}\n{LOOK[shell]}{last}\nenv | grep -c {key_id}\n{LOOK[shell]}"


def check(output: str, cases: list[tuple[str, str]]) -> None:
    """Check what was seen before and after each case, and that no variable has the key of the session any more."""
    seen = [re.sub(r" \d+m$", "", text) for text in re.findall("<([^%>]*)>", output)]
    found = dict(zip(cases, zip(seen[::2], seen[1::2], strict=True), strict=True))
    assert found == {(lost, last): ("unknown session≠", LAST[last]) for lost, last in cases}
    assert output.count("\n0\n") == len(cases), output


def test_the_prompt_and_status_say_so_and_off_and_use_leave_no_key_of_it(machine: Machine, shell: str) -> None:
    key_id = begun(machine)["ROLE_ENV_ACCESS_KEY_ID"]
    cases = [(lost, last) for lost in LOST for last in LAST]
    lines = ""
    for lost, last in cases:
        ask = ASK.format(STATUS[shell]) if last == "role-env off" else ""
        lines += f"role-env use profileB\n{lose(shell, lost, ask + last, key_id)}role-env off\n"
    done = interactive(machine, shell, lines, "--no-prompt")
    check(done.stdout, cases)
    assert (done.stdout.count("status 1\n"), done.stdout.count("process 3\n")) == (len(LOST), len(LOST))
    assert done.stderr.count("the variables of the session are invalid: ROLE_ENV_PROFILE") == len(LOST)
    assert done.stderr.count("the session in this shell is not whole; role-env status says why") == len(LOST)


def test_in_a_shell_below_they_leave_no_key_of_it_either(machine: Machine, shell: str) -> None:
    variables = begun(machine)
    begin = SHELLS.index(shell)
    for lost, last in zip(LOST, [*LAST, *LAST][begin:], strict=False):  # together the shells have each pair
        lines = lose(shell, lost, last, variables["ROLE_ENV_ACCESS_KEY_ID"])
        check(interactive(machine, shell, lines, "--no-prompt", **variables).stdout, [(lost, last)])


@pytest.mark.parametrize("lost", LOST)
def test_the_key_of_a_session_never_counts_as_the_users_own(machine: Machine, lost: str) -> None:
    variables = begun(machine) | dict.fromkeys(LOST[lost], "")
    machine.add(f"[here]\nrole_arn = {machine.sts.world.role('hub').arn}\ncredential_source = environment\n")
    machine.fails("export", "here", "--format", "json", status=3, said="credential_source = environment", **variables)

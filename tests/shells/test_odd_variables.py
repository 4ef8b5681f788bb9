"""Sessions in shells whose variables are not plain: locals of a function, namerefs, and options like `set -k`."""

import pytest

from role_env.command_table.formats import INTEGRATED_SHELLS
from support.machine import Machine
from support.shell_terminal import SHELLS, init
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
def test_a_restricted_shell_keeps_its_session_and_no_code_for_it_says_anything_else(
    machine: Machine, shell: str
) -> None:
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

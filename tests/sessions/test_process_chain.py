"""Chains that begin with a `credential_process`, through the installed command."""

import json
import shlex
import sys

from support.cached_sessions import exports
from support.chains import add_profile, assumed, key_document
from support.machine import Machine
from support.shells import NOTHING_CHANGED


def process(machine: Machine, script: str) -> None:
    """[p], whose process is this Python script; [q] assumes the role with it."""
    program = machine.home / "process.py"
    program.write_text(script)
    command = shlex.join([sys.executable, str(program)])
    machine.add(f"[p]\ncredential_process = {command}\n[q]\nrole_arn = {machine.sts.role_arn}\nsource_profile = p\n")


def test_a_process_gives_the_key_and_gets_the_chain(machine: Machine) -> None:
    machine.environ["KEY"] = key_document(machine)
    process(machine, "import os, sys\nprint(os.environ['KEY'])\nprint(os.environ['ROLE_ENV_CHAIN'], file=sys.stderr)\n")
    done = machine.succeeds("q", "--format", "json")
    assert [item.split("#")[0] for item in done.stderr.split()] == ["p", "q"]
    assert assumed(machine) == ["switchrolesbc"]
    exports(machine, "q")
    assert assumed(machine) == []
    done = machine.role_env("process", "q", "--refresh")
    assert (done.returncode, done.stderr) == (0, "")
    done = machine.role_env("export", "p", "--format", "sh")  # what the process says comes first
    assert (done.returncode, done.stdout) == (3, NOTHING_CHANGED)
    assert "role-env: profile p: its source gives a key that does not expire" in done.stderr


def test_a_process_that_gives_a_session_can_be_handed_out_as_it_is(machine: Machine) -> None:
    assert exports(machine, "profileB")
    machine.add("[lent]\ncredential_process = role-env process profileB\nregion_id = cn-beijing\n")
    assumed(machine)
    document = exports(machine, "lent")
    assert document["AccessKeyId"] == machine.sts.issued[-1].id
    assert (document["RoleArn"], document["RegionId"]) == (None, "cn-beijing")
    assert assumed(machine) == []
    done = machine.shell("bash", "source <(role-env lent); printenv ALIBABA_CLOUD_SECURITY_TOKEN ROLE_ENV_ROLE_ARN")
    assert done.stdout == f"{machine.sts.issued[-1].token}\n\n"
    assert machine.role_env("lent", "--expect-account", "2222222222222222").returncode == 0
    machine.fails("lent", "--expect-account", "1111111111111111", status=4, said="is of account 2222222222222222")


def test_a_process_whose_answer_depends_on_a_variable_is_asked_each_time(machine: Machine) -> None:
    add_profile(machine, "hub", "hub")
    machine.add("[lent]\ncredential_process = sh -c 'role-env process $LENT'\n")
    for name in ("profileB", "hub", "profileB"):
        own = exports(machine, name)["AccessKeyId"]
        assert exports(machine, "lent", LENT=name)["AccessKeyId"] == own


def test_a_session_that_is_handed_out_as_it_is_counts_as_any_other(machine: Machine) -> None:
    machine.add("[lent]\ncredential_process = role-env process profileB\n")
    done = machine.shell("bash", "source <(role-env lent); role-env status && role-env status --json")
    assert (done.returncode, done.stdout.startswith("lent  account 2222222222222222  ")) == (0, True)
    document = json.loads(done.stdout.partition("\n")[2])
    assert (document["profile"], document["role_arn"], document["valid"]) == ("lent", None, True)
    rows = json.loads(machine.role_env("list", "--json").stdout)
    assert [row["expiration"] for row in rows if row["profile"] == "lent"] == [None]
    assert machine.role_env("exec", "lent", "--", "role-env", "status").returncode == 0
    assert machine.role_env("exec", "--renew", "lent", "--", "role-env", "status").returncode == 0


def test_an_unknown_owner_of_a_session_is_reported_with_the_profile(machine: Machine) -> None:
    bogus = {"mode": "StsToken", "sts_token": "bogus", "expiration": "2037-01-01T00:00:00Z"}
    (machine.home / "print.sh").write_text(f"echo '{key_document(machine, **bogus)}'\n")
    machine.add(f"[lent]\ncredential_process = sh {machine.home}/print.sh\nexpected_account_id = 2222222222222222\n")
    machine.refuses("lent", 4, "profile lent: STS said InvalidSecurityToken")
    (machine.home / "print.sh").unlink()


def test_two_at_once_of_a_session_that_is_not_cached_do_not_wait_for_each_other(machine: Machine) -> None:
    program = machine.write_program(
        "both",
        """#!/bin/sh
        touch "$HOME/ran.$$"
        for _ in $(seq 60); do
            set -- "$HOME"/ran.*
            [ $# = 2 ] && exec role-env process profileB
            sleep 0.2
        done
        exit 1
        """,
    )
    machine.add(f"[lent]\ncredential_process = {program}\n")
    exports(machine, "profileB")
    both = [machine.start("lent", "--format", "json") for _ in range(2)]
    assert [process.communicate(timeout=60)[1] for process in both] == ["", ""]
    assert [process.returncode for process in both] == [0, 0]


def test_a_process_that_comes_back_is_a_loop_at_once(machine: Machine) -> None:
    add_profile(machine, "back", "hub", "credential_process = role-env process back")
    machine.refuses("back", 3, "its credential process comes back to it, back -> back")
    add_profile(machine, "one", "hub", "credential_process = role-env process two")
    add_profile(machine, "two", "hub", "credential_process = role-env process one")
    machine.refuses("one", 3, "one -> two -> one")
    exports(machine, "profileB")
    machine.refuses("profileB", 3, "comes back to it", ROLE_ENV_CHAIN="profileB")
    assert machine.role_env("process", "profileB", ROLE_ENV_CHAIN="profileB").returncode == 3

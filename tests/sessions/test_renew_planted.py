"""role-env renew, and variables that somebody planted: only a shell that holds a session can renew it."""

import json
import time
from collections.abc import Callable

import pytest

from support.machine import Machine
from support.shell_sessions import begin, changed, expired
from support.shells import NOTHING_CHANGED, environment

Variables = dict[str, str]


@pytest.fixture
def full(machine: Machine) -> Variables:
    """The variables of a shell with a full session, whose request is proven, and that has expired."""
    return expired(begin(machine))


@pytest.fixture
def narrow(machine: Machine, full: Variables) -> Variables:
    """The variables of a shell with a read-only session of the same profile that has expired."""
    assert full
    return expired(begin(machine, "--read-only", "profileB"))


def refuses(machine: Machine, variables: Variables) -> str:
    """`renew` gives no session, changes nothing, and names the line that begins one; return what it says."""
    before = len(machine.sts.calls)
    done = machine.role_env("renew", "--format", "sh", **variables)
    assert (done.returncode, done.stdout) == (3, NOTHING_CHANGED), done.stderr
    assert "role-env: hint: role-env use profileB\n" in done.stderr
    assert len(machine.sts.calls) == before
    return done.stderr


def renews(machine: Machine, variables: Variables) -> str:
    """`renew` gives a session; return its code."""
    done = machine.role_env("renew", "--format", "sh", **variables)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def without_policy(variables: Variables) -> Variables:
    return variables | {"ROLE_ENV_POLICY": ""}


def request(variables: Variables) -> Variables:
    return {"ROLE_ENV_REQUEST": variables["ROLE_ENV_REQUEST"]}


def key_id(variables: Variables) -> Variables:
    return {name: variables[name] for name in ("ROLE_ENV_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_ID")}


WIDENED: dict[str, Callable[[Variables, Variables], Variables]] = {
    "another's request": lambda narrow, full: without_policy(narrow) | request(full),
    "and its key ID": lambda narrow, full: without_policy(narrow) | request(full) | key_id(full),
    "another's request with the own key ID": lambda narrow, full: changed(
        without_policy(narrow) | request(full), access_key_id=narrow["ROLE_ENV_ACCESS_KEY_ID"]
    ),
    "and the own token": lambda narrow, full: changed(
        without_policy(narrow) | request(full),
        **{name: json.loads(narrow["ROLE_ENV_REQUEST"])[name] for name in ("access_key_id", "token_digest", "seal")},
    ),
    "the own request without its option": lambda narrow, full: changed(
        without_policy(narrow),
        **{name: json.loads(full["ROLE_ENV_REQUEST"])[name] for name in ("options", "policy_digest", "shown")},
    ),
}
"""What somebody plants in a read-only shell to make it full."""


@pytest.mark.parametrize("planted", WIDENED)
def test_a_read_only_session_is_renewed_as_no_full_one(
    machine: Machine, narrow: Variables, full: Variables, planted: str
) -> None:
    variables = WIDENED[planted](narrow, full)
    assert variables != narrow
    refuses(machine, variables)
    assert machine.sts.issued[0].id not in renews(machine, narrow)


def test_a_profile_that_is_wider_by_now_widens_no_session_with_a_planted_description(machine: Machine) -> None:
    role = f"{machine.standard_profiles()}read_only = yes\n"
    machine.write(role)
    narrow = expired(begin(machine))
    machine.write(machine.standard_profiles())
    full = begin(machine)  # which proves the wider request
    shown, digest = (json.loads(full["ROLE_ENV_REQUEST"])[name] for name in ("shown", "policy_digest"))
    refuses(machine, changed(without_policy(narrow), shown=shown, policy_digest=digest))


@pytest.mark.parametrize("name", ["ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_ACCESS_KEY_ID"])
@pytest.mark.parametrize("value", ["", "planted"])
def test_who_knows_all_of_a_session_but_its_token_gets_no_session(
    machine: Machine, full: Variables, name: str, value: str
) -> None:
    assert "no variable contains the token" in refuses(machine, full | {name: value})
    assert renews(machine, full)


@pytest.mark.parametrize("name", ["seal", "token_digest"])
@pytest.mark.parametrize("value", ["", "0" * 32])
def test_a_session_without_a_seal_such_as_one_of_an_older_version_is_not_renewed(
    machine: Machine, full: Variables, name: str, value: str
) -> None:
    refuses(machine, changed(full, **{name: value}))
    older = json.loads(full["ROLE_ENV_REQUEST"])
    del older[name]
    refuses(machine, full | {"ROLE_ENV_REQUEST": json.dumps(older, separators=(",", ":"))})


def test_each_session_of_one_request_is_renewed_however_many_were_issued_since(machine: Machine) -> None:
    shells = [expired(begin(machine))]
    shells += [expired(begin(machine, "--refresh", "profileB")) for _ in range(4)]
    assert len({shell["ROLE_ENV_ACCESS_KEY_ID"] for shell in shells}) == 5
    for shell in shells:
        renews(machine, shell)


def test_sessions_that_several_processes_request_first_at_the_same_moment_are_all_renewed(machine: Machine) -> None:
    lender = machine.write_program("lender", "#!/bin/sh\nexec role-env process profileB --refresh\n")
    machine.add(f"[lent]\ncredential_process = {lender}\n")
    machine.sts.fault("delay:0.5", times=6, action="AssumeRole")
    shells = [machine.start("exec", "lent", "--", "env", "-0") for _ in range(6)]
    for shell in shells:
        renews(machine, expired(environment(shell.communicate(timeout=60)[0])))


def test_the_session_of_a_role_on_the_way_is_renewed_too(machine: Machine) -> None:
    role = machine.sts.world.role
    machine.add(f"[hub]\nrole_arn = {role('hub').arn}\nsource_profile = profileA\n")
    machine.add(f"[spoke]\nrole_arn = {role('spoke1').arn}\nsource_profile = hub\n")
    machine.succeeds("process", "spoke")
    hub = expired(begin(machine, "hub"))
    assert len(machine.sts.issued) == 2
    renews(machine, hub)


def test_a_session_that_neither_reads_nor_writes_the_cache_is_not_renewed(machine: Machine, full: Variables) -> None:
    assert full
    refuses(machine, expired(begin(machine, "--no-cache", "profileB")))


def test_a_session_is_renewed_by_another_cache_than_its_own_only_with_a_proof_there(machine: Machine) -> None:
    shell = expired(begin(machine))
    machine.environ["ROLE_ENV_CACHE"] = "kernel"
    refuses(machine, shell)
    del machine.environ["ROLE_ENV_CACHE"]
    renews(machine, shell)


def test_the_key_of_a_proof_is_no_text_of_any_file(machine: Machine, full: Variables) -> None:
    assert full
    keys = [item.secret.decode().split("\n")[-1] for item in machine.bus.items() if b"role-env proof" in item.secret]
    assert [len(key) for key in keys] == [32]
    paths = [path for path in machine.home.rglob("*") if path.is_file() and "keyring" not in path.parts]
    assert not [path for path in paths if keys[0].encode() in path.read_bytes()]
    assert keys[0] not in full["ROLE_ENV_REQUEST"]
    assert time.time() > int(full["ROLE_ENV_EXPIRATION"])

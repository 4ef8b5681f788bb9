"""Narrower sessions: `--policy`, `--read-only`, and profiles that are read-only."""

import json

import pytest

from role_env.profiles import policies
from support.cached_sessions import exports, key_id
from support.machine import Machine

POLICY = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}]}


def policy_file(machine: Machine, policy: object) -> str:
    file = machine.home / "policy.json"
    file.write_text(json.dumps(policy, indent=2))
    return str(file)


def test_the_policy_of_a_file_or_of_stdin_is_what_sts_gets(machine: Machine) -> None:
    text = json.dumps(POLICY, separators=(",", ":"))
    exports(machine, "profileB", "--policy", policy_file(machine, POLICY))
    machine.run("role-env", "export", "profileB", "--policy", "-", "--format", "json", "--refresh", text=f" {text}\n")
    sent = [call.policy for call in machine.sts.calls_of("AssumeRole")]
    assert sent == [text, text]


def test_narrowed_sessions_have_entries_of_their_own_and_clear_deletes_them_all(machine: Machine) -> None:
    other = {**POLICY, "Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:*", "Resource": "*"}]}
    words: tuple[list[str], ...] = ([], ["--read-only"], ["--policy", policy_file(machine, POLICY)])
    first = [key_id(machine, "profileB", *more) for more in words]
    assert len(set(first)) == 3
    assert [key_id(machine, "profileB", *more) for more in words] == first
    policy_file(machine, other)
    assert key_id(machine, "profileB", *words[2]) not in first
    assert machine.role_env("clear", "profileB").returncode == 0
    assert not {key_id(machine, "profileB", *more) for more in words} & set(first)


def test_a_read_only_profile_never_gives_a_wider_session(machine: Machine) -> None:
    machine.add(f"[readers]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\nread_only = yes\n")
    exports(machine, "readers")
    exports(machine, "readers", "--read-only")
    sent = {call.policy for call in machine.sts.calls_of("AssumeRole")}
    assert sent == {policies.read_only()}
    machine.fails("readers", "--policy", policy_file(machine, POLICY), status=2, said="readers: read_only = yes")


def test_the_policy_of_a_profile_stays_beside_reading_only(machine: Machine) -> None:
    machine.add(f"policy = {json.dumps(POLICY)}\n")
    exports(machine, "profileB", "--read-only")
    sent = json.loads(machine.sts.calls_of("AssumeRole")[-1].policy)
    assert sent["Statement"][0] == POLICY["Statement"][0]
    assert [statement["Effect"] for statement in sent["Statement"]] == ["Allow", "Deny", "Deny"]


@pytest.mark.parametrize(
    ("words", "added", "status", "expected"),
    [
        (["--policy", "nosuch"], "", 2, "--policy nosuch cannot be read"),
        (["--policy", "{file}", "--read-only"], "", 2, "exclude each other"),
        (["--policy", "{file}"], "policy = {}\n", 2, "which has a policy"),
        (["--policy", "{long}"], "", 2, "STS accepts 2048"),
        (["--read-only"], "policy = {long_policy}\n", 2, "together contain"),
        ([], "read_only = perhaps\n", 3, "must be yes or no"),
        ([], "agents = yes\n", 3, "agents must be one of read-only, full"),
    ],
)
def test_what_cannot_be_narrowed_is_refused(
    machine: Machine, words: list[str], added: str, status: int, expected: str
) -> None:
    long = {**POLICY, "Note": "x" * 1500}
    (machine.home / "long.json").write_text(json.dumps({**POLICY, "Note": "x" * 2048}))
    names = {"{file}": policy_file(machine, POLICY), "{long}": str(machine.home / "long.json")}
    machine.add(added.replace("{long_policy}", json.dumps(long, separators=(",", ":"))))
    done = machine.role_env("export", "profileB", "--format", "json", *(names.get(word, word) for word in words))
    assert (done.returncode, done.stdout) == (status, "")
    assert expected in done.stderr
    assert not machine.sts.calls_of("AssumeRole")


def test_a_read_only_profile_is_no_source(machine: Machine) -> None:
    machine.add(f"read_only = yes\n[next]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileB\n")
    machine.fails("next", status=3, said="which is read_only")


@pytest.mark.parametrize("within", ["read-only", "0" * 64])
def test_within_a_narrowed_session_a_wider_one_needs_full(machine: Machine, within: str) -> None:
    exports(machine, "profileB")
    inside = {"ROLE_ENV_POLICY": within}
    refused = machine.role_env("export", "profileB", "--format", "json", **inside)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--full" in refused.stderr
    assert exports(machine, "profileB", "--full", **inside)["Profile"] == "profileB"
    same = machine.role_env("export", "profileB", "--format", "json", "--read-only", **inside)
    assert same.returncode == (0 if within == "read-only" else 2)


def test_a_narrowed_session_says_so_in_its_variables_in_status_and_in_explain(machine: Machine) -> None:
    done = machine.role_env("exec", "--read-only", "profileB", "--", "role-env", "status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "profileB (read-only)" in done.stdout
    assert "narrowed: read-only" in machine.role_env("explain", "--read-only", "profileB").stdout
    full = machine.role_env("exec", "profileB", "--", "sh", "-c", 'echo "${ROLE_ENV_POLICY-none}"')
    assert full.stdout == "none\n"

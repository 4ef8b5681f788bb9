"""The profile role-env of the `aliyun` CLI's file, which a session refers to, and somebody changes."""

import json

import pytest

from support import aliyun_cli
from support.machine import Machine
from support.shell_terminal import init
from support.shells import environment

# What `aliyun configure set --profile role-env …` leaves in the file.
CHANGES = {
    "key": {"mode": "AK", "access_key_id": "LTAIstranger", "access_key_secret": "x"},
    "region": {"region_id": "eu-west-1"},
    "command": {"process_command": "role-env process profileB"},
}
REPORT = "profile role-env is not as role-env setup aliyun-cli writes it"


def change(machine: Machine, values: dict[str, str]) -> str:
    """Return a line of shell that changes the profile role-env in the CLI's file."""
    program = machine.temporary / "change.py"
    program.write_text(
        "import json, pathlib\n"
        f"path = pathlib.Path({str(machine.home / '.aliyun' / 'config.json')!r})\n"
        "document = json.loads(path.read_text())\n"
        "entry = next(each for each in document['profiles'] if each['name'] == 'role-env')\n"
        f"entry.update({values!r})\n"
        "path.write_text(json.dumps(document))\n"
    )
    return f"python3 {program}\n"


def test_the_next_use_says_that_aliyun_was_another_account_and_the_new_session_does_not_refer_to_it(
    machine: Machine,
) -> None:
    machine.add("region_id = cn-shanghai\n")
    machine.succeeds("setup", "aliyun-cli")
    lines = f"{init('bash')}role-env use profileB\n{change(machine, CHANGES['key'])}"
    # Another process has stored what it found: the session comes from the fast path.
    lines += "env -0; echo '|'\nsh -c 'role-env profileB >/dev/null'\necho again >&2\n"
    lines += "role-env use profileB\nrole-env use profileB\nenv -0\n"
    done = machine.shell("bash", lines)
    between, after = map(environment, done.stdout.split("|\n"))
    assert aliyun_cli.read(between)["AccessKeyId"] == "LTAIstranger"
    assert aliyun_cli.read(after)["AccessKeyId"] == machine.sts.issued[0].id
    assert done.stderr.partition("again")[2].count(f"{REPORT}: until now, aliyun used that profile") == 1


@pytest.mark.parametrize("kind", CHANGES)
def test_doctor_reports_the_profile_and_its_fix_works(machine: Machine, kind: str) -> None:
    machine.add("region_id = cn-shanghai\n")
    machine.succeeds("setup", "aliyun-cli")
    path = machine.home / ".aliyun" / "config.json"
    lines = f"source <(role-env profileB)\n{change(machine, CHANGES[kind])}role-env doctor --json"
    (finding,) = findings(machine.shell("bash", lines).stdout)
    assert (finding["status"], f"{REPORT}, and in this shell aliyun uses it" in finding["message"]) == ("fail", True)
    assert "stranger" not in str(finding)
    (finding,) = findings(machine.role_env("doctor", "--json").stdout)
    assert (finding["status"], REPORT in finding["message"]) == ("warn", True)
    assert finding["fix"] == ("aliyun configure delete --profile role-env; to have it again: role-env setup aliyun-cli")
    document = json.loads(path.read_text())
    document["profiles"] = [each for each in document["profiles"] if each["name"] != "role-env"]
    path.write_text(json.dumps(document))
    machine.succeeds("setup", "aliyun-cli")
    assert findings(machine.role_env("doctor", "--json").stdout) == []


def findings(output: str) -> list[dict[str, str]]:
    """Return what doctor found in the CLI's file."""
    found = [each for each in json.loads(output) if each["check"] == "aliyun CLI"]
    return [each for each in found if each["status"] != "ok"]

"""role-env process: one line of what `External` of the `aliyun` CLI reads, of a profile or of the shell."""

import json

from cloud.world import format_time
from support.machine import Machine


def test_it_prints_one_line_of_exactly_what_external_mode_reads_of_a_profile_or_of_the_shell(machine: Machine) -> None:
    done = machine.succeeds("process", "profileB")
    (issued,) = machine.sts.issued
    key = {"access_key_id": issued.id, "access_key_secret": issued.secret, "sts_token": issued.token}
    assert json.loads(done.stdout) == {"mode": "StsToken", **key, "expiration": format_time(issued.expiration)}
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
    session, ask = "source <(role-env profileB --region cn-beijing)", "role-env process --session"
    shell = machine.shell("bash", f"{session}; {ask}; unset ALIBABA_CLOUD_SECURITY_TOKEN; {ask}")
    assert (shell.returncode, shell.stdout) == (3, done.stdout)
    assert shell.stderr.startswith("role-env: the session in this shell is not whole\n")
    assert len(machine.sts.calls) == 1

"""role-env process: one line of what `External` of the `aliyun` CLI reads, of a profile or of the shell, or nothing."""

import json
import time

from cloud.world import Session, format_time
from role_env.credentials import parse_utc
from support.cases import case
from support.machine import Machine

ASK = "role-env process --session"


def document(issued: Session) -> dict[str, str]:
    """What is printed of a session."""
    key = {"access_key_id": issued.id, "access_key_secret": issued.secret, "sts_token": issued.token}
    return {"mode": "StsToken", **key, "expiration": format_time(issued.expiration)}


def test_process_prints_one_line_of_exactly_what_external_mode_reads(machine: Machine) -> None:
    done = machine.role_env("process", "profileB")
    (issued,) = machine.sts.issued
    assert json.loads(done.stdout) == document(issued)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


# ---- of the shell ----


def in_session(machine: Machine, *lines: str) -> tuple[int, str, str]:
    """Run `lines` in a bash that has a session of profileB; return the status, stdout and stderr of the last one."""
    done = machine.shell("bash", "\n".join(["source <(role-env profileB --region cn-beijing)", *lines]))
    return done.returncode, done.stdout, done.stderr


def test_it_prints_the_session_of_its_environment_without_a_region(machine: Machine) -> None:
    status, out, err = in_session(machine, ASK)
    (issued,) = machine.sts.issued
    assert (status, err) == (0, "")
    assert json.loads(out) == document(issued)
    assert len(machine.sts.calls) == 1


def test_a_session_that_is_missing_expired_or_not_whole_is_exit_3(machine: Machine) -> None:
    for spoil in (
        "export ROLE_ENV_EXPIRATION=1700000000",
        "export ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI.other",
        "export OSS_ACCESS_KEY_ID=LTAI.other",
        "unset ALIBABA_CLOUD_SECURITY_TOKEN",
        "unset ROLE_ENV_ACCESS_KEY_ID",
        "export ROLE_ENV_NO_ACCOUNT=1",
        "source <(role-env nobody 2>/dev/null)",
        'eval "$(role-env off)"',
    ):
        status, out, err = in_session(machine, spoil, ASK)
        with case(spoil):
            assert (status, out) == (3, "")
            assert err.startswith("role-env: ")
            assert "hint:" in err


def test_in_a_served_session_it_asks_the_uri(machine: Machine) -> None:
    done = machine.role_env("exec", "--renew", "profileB", "--", "role-env", "process", "--session")
    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    assert printed["access_key_id"] == machine.sts.issued[-1].id
    assert parse_utc(printed["expiration"]) > time.time()
    assert "region_id" not in printed

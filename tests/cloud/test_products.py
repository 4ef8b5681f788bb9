"""The stand-ins for ECS, KMS and OSS answer a session what its role and its policy allow, and nothing else.

tests/sessions/test_narrow.py has what a read-only session may do of that.
"""

import subprocess
import sys

from cloud.api_client import Key, assume, call
from cloud.local_sts import LocalSts
from cloud.products import SECRET_VALUE
from cloud.world import ACCOUNT_B, ACCOUNT_C, role_arn
from support import cloud_call
from support.waiting import DEADLINE

ONE_BUCKET = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Resource":"acs:oss:*:*:mine*"}]}'


def operator(sts: LocalSts, policy: str = "") -> Key:
    """A session of the role that may do everything in ECS, KMS and OSS."""
    return assume(sts, role=role_arn(ACCOUNT_B, "operator"), Policy=policy).key


def program(sts: LocalSts, key: Key, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program that a user would run, with the session in its environment."""
    environ = {
        "SSL_CERT_FILE": str(sts.ca_file),
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key.id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": key.token,
    }
    command = [sys.executable, cloud_call.__file__, sts.endpoint, *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=DEADLINE, check=False)


def test_a_session_policy_cannot_widen_what_the_role_allows(sts: LocalSts) -> None:
    everything = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    session = assume(sts, Policy=everything).key
    assert call(sts, session, "DeleteInstance", "2014-05-26", InstanceId="i-bp1web").code == "Forbidden.RAM"


def test_a_narrowed_session_assumes_no_role_that_its_policy_leaves_out(sts: LocalSts) -> None:
    spoke = role_arn(ACCOUNT_C, "spoke1")
    onward = f'{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{spoke}"}}]}}'
    codes = [assume(sts, operator(sts, policy), spoke).code for policy in ("", onward, ONE_BUCKET)]
    assert codes == ["", "", "NoPermission"]
    assert call(sts, operator(sts, ONE_BUCKET), "GetCallerIdentity").status == 200


def test_a_program_of_the_users_is_refused_what_the_policy_leaves_out(sts: LocalSts) -> None:
    key = operator(sts, ONE_BUCKET)
    assert SECRET_VALUE in program(sts, key, "oss:GetObject", "/mine/key").stdout
    assert program(sts, key, "oss:PutObject", "/mine/key").returncode == 0
    refused = program(sts, key, "oss:GetObject", "/yours/key")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("GetObject: 403 AccessDenied: ")
    assert program(sts, key, "kms:ListKeys").stderr.startswith("ListKeys: 403 Forbidden.RAM: ")


def test_a_request_to_oss_with_another_secret_is_refused(sts: LocalSts) -> None:
    key = operator(sts)
    wrong = Key(key.id, "wrong", key.token)
    assert "400 SignatureDoesNotMatch" in program(sts, wrong, "oss:GetObject", "/mine/key").stderr

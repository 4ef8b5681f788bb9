"""Which key real Python clients find, for one environment after another.

Reads a JSON object of variables a line, and prints a JSON object for each: the key ID, secret and token that each
client would sign with, or null. The clients are Alibaba's credentials SDK, a program that gives the older SDK's client
the key of the variables, the SDK of ossutil 2's family, and aliyunlog. HOME is that of the process.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping

import aliyunlogcli.config as aliyunlog
from alibabacloud_credentials.client import Client
from alibabacloud_credentials.utils import auth_util
from alibabacloud_oss_v2.credentials import EnvironmentVariableCredentialsProvider
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.auth.signers.signer_factory import SignerFactory

Key = tuple[str, str, str]


def credentials_sdk() -> Key:
    """Ask the default chain of alibabacloud-credentials, which reads the variables when it is imported."""
    importlib.reload(auth_util)
    found = Client().get_credential()
    return found.access_key_id, found.access_key_secret, found.security_token or ""


def older_sdk() -> Key:
    """Ask aliyun-python-sdk-core, given the key of the variables; ALIYUN_ACCESS_KEY_ID outranks it."""
    names = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN")
    values = [os.environ.get(name, "") for name in names]
    given = StsTokenCredential(*values) if values[0] else None
    used = SignerFactory.get_signer({"credential": given}, "cn-hangzhou", None)._credential  # noqa: SLF001  the SDK shows it nowhere
    if isinstance(used, StsTokenCredential):
        return used.sts_access_key_id, used.sts_access_key_secret, used.sts_token
    return used.access_key_id, used.access_key_secret, ""


def oss_sdk() -> Key:
    """Ask alibabacloud-oss-v2, which reads what ossutil 2 reads."""
    found = EnvironmentVariableCredentialsProvider().get_credentials()
    return found.access_key_id, found.access_key_secret, found.security_token or ""


def log_cli() -> Key:
    """Ask aliyunlog, which has a file of its own."""
    key_id, secret, _, token, *_ = aliyunlog.load_default_config_from_file_env()
    return key_id, secret, aliyunlog.verify_sts_token(key_id, token, use=True) or ""


CLIENTS = {"credentials SDK": credentials_sdk, "older SDK": older_sdk, "OSS SDK": oss_sdk, "aliyunlog": log_cli}


def key(find: Callable[[], Key]) -> Key | None:
    """Return what `find` does, None if the client finds no key."""
    try:
        found = find()
    except Exception:  # each client has classes of its own
        return None
    return found if found[0] else None


def answer(environ: Mapping[str, str]) -> dict[str, Key | None]:
    """Return what each client finds in `environ`."""
    os.environ.clear()
    os.environ.update(environ)
    return {name: key(find) for name, find in CLIENTS.items()}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)

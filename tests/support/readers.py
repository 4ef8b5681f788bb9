"""Which key each tool finds in an environment, by the order in which it reads the variables."""

import json
from collections.abc import Mapping
from pathlib import Path

from support.files import write_private

CLIENTS = Path(__file__).parents[2] / ".venv-nox" / "clients"
"""The venv of real clients, which `tests/run` makes."""
PROGRAMS = Path(__file__).parents[1] / "clients"

Key = tuple[str, str, str]
"""The ID, the secret and the token."""
Fields = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _names(*prefixes: str) -> Fields:
    return (
        tuple(f"{prefix}_ACCESS_KEY_ID".lstrip("_") for prefix in prefixes),
        tuple(f"{prefix}_ACCESS_KEY_SECRET".lstrip("_") for prefix in prefixes),
        tuple(f"{prefix}_SECURITY_TOKEN".lstrip("_") for prefix in prefixes),
    )


_CLOUD, _OLDER = _names("ALIBABA_CLOUD"), _names("ALIBABA_CLOUD", "ALIBABACLOUD")
ORDERS: dict[str, Fields] = {
    "SDKs": _CLOUD,
    "aliyun": _names("ALIBABA_CLOUD", "ALIBABACLOUD", "ALICLOUD", ""),
    "Terraform, Pulumi": (
        ("ALICLOUD_ACCESS_KEY", *_OLDER[0]),
        ("ALICLOUD_SECRET_KEY", *_OLDER[1]),
        ("ALICLOUD_SECURITY_TOKEN", *_OLDER[2]),
    ),
    "ossutil 2": (("OSS_ACCESS_KEY_ID",), ("OSS_ACCESS_KEY_SECRET",), ("OSS_SESSION_TOKEN",)),
    "aliyunlog": (
        ("ALIYUN_LOG_CLI_ACCESSID", *_CLOUD[0]),
        ("ALIYUN_LOG_CLI_ACCESSKEY", *_CLOUD[1]),
        ("ALIYUN_LOG_CLI_STS_TOKEN", *_CLOUD[2]),
    ),
}
"""For each tool, as `role-env status` names it, the order of the variables, by its source (see environ/tools.py)."""


def keys_by_order(environ: Mapping[str, str]) -> dict[str, Key | None]:
    """Return the key that each tool finds, each field by itself; None without one, or for role-env-none."""
    return {tool: _find(fields, environ) for tool, fields in ORDERS.items()}


def _find(fields: Fields, environ: Mapping[str, str]) -> Key | None:
    key_id, secret, token = (next((environ[n] for n in names if environ.get(n)), "") for names in fields)
    return None if key_id in ("", "role-env-none") else (key_id, secret, token)


def write_foreign_files(home: Path, key_id: str, secret: str) -> None:
    """Give each tool a file of its own with another user's key; the `aliyun` CLI's profiles are `mine` and `token`."""
    mine = {"name": "mine", "mode": "AK", "access_key_id": key_id, "access_key_secret": secret}
    token = mine | {"name": "token", "mode": "StsToken", "sts_token": "another"}
    document = {"current": "mine", "profiles": [profile | {"region_id": "cn-beijing"} for profile in (mine, token)]}
    for name, text in {
        ".aliyun/config.json": json.dumps(document),
        ".alibabacloud/credentials.ini": (
            f"[default]\ntype = access_key\naccess_key_id = {key_id}\naccess_key_secret = {secret}\n"
        ),
        ".aliyunlogcli": f"[main]\naccess-id = {key_id}\naccess-key = file\n",
    }.items():
        write_private(home / name, text)

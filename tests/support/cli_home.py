"""A home folder with a profiles file and the `aliyun` CLI's file, in each form that it may have before `setup`."""

import json
import subprocess
from typing import Any

from role_env.aliyun import entries
from role_env.aliyun.config import ConfigFile
from role_env.aliyun.entries import CliEntry
from role_env.files.user_file import BACKUP_SUFFIX, UserFile
from support.machine import ROLE_ENV, Machine

PROFILES = """\
[source]
access_key_id = LTAI.source
access_key_secret = the-secret-of-the-profile

[profileB]
role_arn = acs:ram::2222222222222222:role/deploy
source_profile = source
region_id = cn-beijing

[team/日本:prod]
role_arn = acs:ram::2222222222222222:role/prod
source_profile = source

[broken]
role_arn = no role
source_profile = source
"""
KEY = {"access_key_id": "LTAI.cli", "access_key_secret": "the-secret-of-the-cli"}
SESSION = {**KEY, "sts_token": "the-token-of-the-cli", "sts_expiration": 1900000000}
CLI = {"output_format": "json", "language": "zh", "retry_timeout": 0}


class Home:
    """The home folder of a machine, with a profiles file, and perhaps the CLI's file."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.path, self.profiles, self.environ = machine.home, machine.file, machine.environ
        machine.write(PROFILES)
        self.config = self.path / ".aliyun/config.json"
        self.backup = self.config.with_name(self.config.name + BACKUP_SUFFIX)

    def write(self, content: bytes | dict[str, Any], mode: int = 0o600) -> None:
        """Make the CLI's file, a document as the CLI itself writes it."""
        self.config.parent.mkdir(exist_ok=True)
        self.config.write_bytes(content if isinstance(content, bytes) else json.dumps(content, indent="\t").encode())
        self.config.chmod(mode)

    def setup(
        self, *arguments: str, environ: dict[str, str] | None = None, status: int = 0, said: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the command, which has to end with `status`, report `said` on stderr, and show no secret."""
        done = self._machine.role_env("setup", "aliyun-cli", *arguments, **(environ or {}))
        for word in ("the-secret", "the-token", "Traceback"):
            assert word not in done.stdout + done.stderr
        assert (done.returncode, said in done.stderr) == (status, True), done.stderr
        return done

    def command(self, name: str = "profileB") -> str:
        """Return the command that a profile gets."""
        return f"{ROLE_ENV} process --config {self.profiles} {name}"

    def entry(self, name: str = "profileB") -> dict[str, Any]:
        """Return a profile in the CLI's file."""
        return ConfigFile(str(self.config), self.config.read_bytes()).entries[name]

    def names(self) -> list[str]:
        """Return the names of the profiles in the CLI's file."""
        return list(ConfigFile(str(self.config), self.config.read_bytes()).entries)

    def leftovers(self) -> list[str]:
        """Return what lies beside the CLI's file and its backup."""
        return [path.name for path in self.config.parent.iterdir() if path not in (self.config, self.backup)]


def written(*profiles: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the document of the CLI's file with these profiles."""
    names = [there.get("name") for there in profiles]
    current = "default" if not names or "default" in names else names[0]
    return {"current": current, "profiles": list(profiles), "meta_path": "", **more}


def profile(mode: str, **values: Any) -> dict[str, Any]:
    """Return the default profile in a mode."""
    return {"name": "default", "mode": mode, **values, "region_id": "cn-hangzhou", **CLI}


def dumped(*profiles: dict[str, Any], indent: int | str | None = "\t", **more: Any) -> bytes:
    """Return a file with these profiles; without `indent`, in one line."""
    return json.dumps(written(*profiles, **more), indent=indent).encode()


ROLE = {"ram_role_arn": "acs:ram::1:role/x", "ram_session_name": "me", "expired_seconds": 900}
CHAINED = {"name": "c", "mode": "ChainableRamRoleArn", "source_profile": "default", **ROLE}
AK = profile("AK", **KEY)
ONE = dumped(AK, indent=None)
OURS = {"name": "profileB", "mode": "External", "process_command": "role-env process --config x.ini profileB"}
FILES: dict[str, bytes] = {
    "AK": dumped(AK),
    "StsToken": dumped(profile("StsToken", **SESSION)),
    "RamRoleArn": dumped(profile("RamRoleArn", **KEY, **ROLE)),
    "EcsRamRole": dumped(profile("EcsRamRole", ram_role_name="node")),
    "Chainable": dumped(AK, CHAINED),
    "OIDC": dumped(profile("OIDC", oidc_provider_arn="x", oidc_token_file="/t", **ROLE), indent=2),
    "External": dumped(profile("External", process_command="get 'a key' \"b\""), indent=4),
    "CredentialsURI": dumped(profile("CredentialsURI", credentials_uri="http://x/?a=b&c"), indent=None),
    "CloudSSO": dumped(profile("CloudSSO", **SESSION, access_token="the-secret-one")),
    "OAuth": dumped(profile("OAuth", **SESSION, oauth_refresh_token="the-token-two")),
    "unknown keys": dumped(profile("AK", later={"a": [1, {}]}, **KEY), plugins=[{"x": None}], indent=1),
    "one line": ONE,
    "no spaces": json.dumps(written(AK), separators=(",", ":")).encode(),
    "odd spaces": b'  {"profiles"  :  [ { "name" :"default"  ,\n "mode": "AK" } ,\n\n  {"name":"x" } ]\n ,  "n":0 }\n',
    "CRLF": dumped(AK, indent=2).replace(b"\n", b"\r\n"),
    "other scripts": json.dumps(written(AK, {"name": "生产"}), indent=2, ensure_ascii=False).encode(),
    "escapes": b'{"current": "d\\u0065fault", "profiles": [{"name": "\\u0064efault", "x": "\\ud83d\\ude00 \\/ \\n"}]}',
    "numbers": b'{"profiles": [{"name": "default"}], "n": 1.5, "b": 12345678901234567890123, "c": -0.25, "d": 1e30}',
    "other case": b'{"Current": "default", "Profiles": [{"Name": "default", "Mode": "AK"}], "META_PATH": ""}',
    "half a letter": b'{"profiles": [{"name": "default", "x": "\\ud83d"}]}',
    "no profiles": b'{\n\t"current": "default",\n\t"profiles": [],\n\t"meta_path": ""\n}',
    "empty": b"{}",
    "null": b'{"current": "", "profiles": null}',
    "ours by hand": dumped({**OURS, "language": "zh"}),
}


THEIRS: list[dict[str, Any]] = [
    {"name": "profileB", "mode": "AK", **KEY},
    {"name": "profileB", "mode": "External", "process_command": "other-tool process profileB"},
    {"name": "profileB", "mode": "External", "process_command": "role-env process --config x.ini another"},
    {"name": "profileB", "mode": "External", "process_command": "role-env process --config x.ini profileB; echo"},
    {"name": "profileB", "mode": "External", "process_command": "sh -c 'role-env process --config x.ini profileB'"},
    {"name": "profileB", "mode": "External", "process_command": "role-env export profileB"},
    {"name": "profileB", "mode": "External", "process_command": "role-env 'process profileB"},
    {"name": "profileB", "mode": "External"},
    {"name": "profileB", "mode": "AK", "process_command": "role-env process --config x.ini profileB"},
    {"name": "profileB", "mode": "External", "process_command": ["role-env", "process", "profileB"]},
]


ENTRY = [CliEntry("profileB", command="role-env process --config x.ini profileB", region_id="cn-beijing")]


def replace(home: Home) -> bool:
    """Write the profile of ENTRY into the CLI's file; return whether that changed it."""
    file = UserFile(str(home.config), home.environ)
    return file.replace(lambda content: entries.with_entries(file.path, content, ENTRY))

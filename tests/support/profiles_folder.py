"""A home folder with a profiles file that is read by this process, and what an error of it says."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from role_env.credentials import AccessKey
from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies
from role_env.profiles.file import ProfilesFile
from role_env.profiles.locate import locate
from role_env.profiles.profile import Profile
from role_env.sources.access_key import FileKey
from support.contexts import fails
from support.files import write_private

ARN = "acs:ram::2222222222222222:role/switchRoleSbc"
ENDPOINT = "ALIBABA_CLOUD_STS_ENDPOINT"
SECRET = "LongLivedSecret0123456789abcd="
KEY = f"access_key_id = LTAI5tExample\naccess_key_secret = {SECRET}\n"
A = f"[a]\n{KEY}"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user")


def role(name: str, source: str) -> str:
    """Return the section of a role that is assumed from a source profile."""
    return f"[{name}]\nrole_arn = {ARN}\nsource_profile = {source}\n"


B = role("b", "a")


def key_of(profile: Profile) -> AccessKey:
    """Return the key in the profile."""
    assert isinstance(profile.source, FileKey)
    return profile.source.access_key


class Folder:
    """A home folder with role-env's own profiles file, read by this process, and nothing that names another place."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.file = home / ".config" / "role-env" / "profiles.ini"
        self.file.parent.mkdir(parents=True)
        self.set_variable = monkeypatch.setenv
        for name in ("XDG_CONFIG_HOME", "ROLE_ENV_CONFIG", "ALIBABA_CLOUD_CREDENTIALS_FILE", ENDPOINT):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(home))

    def alibaba(self, name: str, text: str) -> Path:
        """Write a file of the Alibaba SDKs."""
        path = self.home / ".alibabacloud" / name
        write_private(path, text)
        return path

    def read(self, text: str | bytes, *, path: Path | None = None) -> ProfilesFile:
        """Return the profiles file with `text` in it."""
        path = path or self.file
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(0o600)
        return self.load(path)

    def load(self, path: Path | None = None) -> ProfilesFile:
        """Return the profiles file as it is."""
        return ProfilesFile(str(path or self.file), Dependencies(os.environ))

    def with_keys(self, keys: str) -> Profile:
        """Return the checked profile [b] of role switchRoleSbc with these keys besides."""
        return self.read(f"{A}{B}{keys}\n").profile("b")

    def fault(self, text: str, name: str = "b") -> str:
        """Return what is reported of a profile's chain in the file with `text`, which can be read."""
        file = self.read(text)
        return failure(lambda: file.chain(name))

    def located(self, config: str = "") -> Path:
        """Return the file that is chosen."""
        return Path(locate(config, Dependencies(os.environ)))


def failure(call: Callable[[], object], kind: type[ProfileError] = ProfileError) -> str:
    """Return what the error of this kind says, which is checked."""
    return said(fails(kind, call))


def said(error: ProfileError) -> str:
    """Return what an error says, hint included; check that it is exit 3, one printable line, and has no secret."""
    assert error.exit_status == 3
    reported = f"{error.message} | {error.hint}"
    assert SECRET.strip("=").lower() not in reported.lower()
    assert reported.isprintable()
    return reported


def check_said(error: ProfileError, file: Path) -> None:
    """Check what an error says, and that it names the file."""
    assert str(file) in said(error)


PROVIDER = "acs:ram::1:oidc-provider/x"
OIDC = f"oidc_provider_arn = {PROVIDER}\n"
ALIBABAS = f"""\
[default]                      # default client
enable = true                  # Enabled by default
type = access_key              # Certification type
access_key_id = LTAI5tExample  # Key
access_key_secret = {SECRET}   # Secret
role_arn = {ARN}

[role]
type = ram_role_arn
access_key_id = LTAI5tExample
access_key_secret = {SECRET}
role_arn = {ARN}
role_session_name = session # name
policy =
session_expiration = 900

[a bad name]
frobnicate = 1
[list]
type = access_key

[ecs]
type = ecs_ram_role
role_name = r

[oidc]
type = oidc_role_arn
role_arn = {ARN}
oidc_provider_arn = {PROVIDER}
oidc_token_file_path = /run/token
role_session_name = pod
[rsa]
type = rsa_key_pair
"""
"""A file of the Alibaba SDKs, in each form of a section."""

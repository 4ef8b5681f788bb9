"""What the tests of shells share: how each is started and fed, and what a command in it sees."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from role_env import variables
from role_env.credentials import Credentials, Session
from support.secret_service_bus import require
from support.waiting import DEADLINE

NOTHING_CHANGED = "{ false; }\n"
"""What a POSIX shell gets from a failure that takes nothing away."""
INTO_SHELL = {
    "bash": "source <(role-env {0})",
    "zsh": "source <(role-env {0})",
    "fish": "role-env {0} | source",
    "dash": 'eval "$(role-env {0} || echo false)"',
}
SHELLS = tuple(INTO_SHELL)
OFF = dict.fromkeys(SHELLS, 'eval "$(role-env off)"') | {"fish": "role-env off | source"}
COMMANDS = {
    "bash": ("bash", "--norc"),
    "zsh": ("zsh", "-f"),
    "fish": ("fish", "--no-config"),
    "dash": ("dash",),
}
FORMATS = {"bash": "bash", "zsh": "zsh", "fish": "fish", "dash": "sh"}
# What a shell counts, or sets where it is absent; the last two are ksh93's.
_OWN_COUNTS = ("_", "SHLVL", "PWD", "OLDPWD", "USER", "LOGNAME", "A__z", "_AST_FEATURES")
CLEAN = {"PATH": os.environ["PATH"], "HOME": "/", "LANG": "C.UTF-8"}


def run(
    command: tuple[str, ...], *arguments: str, folder: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a shell in a clean environment, with `environ`."""
    require(command[0])
    return subprocess.run(
        [*command, *arguments], cwd=folder, env=CLEAN | environ, capture_output=True, timeout=DEADLINE, check=False
    )


def environment(output: str) -> dict[str, str]:
    """Return what `env -0` printed."""
    return dict(pair.split("=", 1) for pair in output.split("\0") if "=" in pair)


def exported(output: bytes) -> dict[str, str]:
    """Return what `env -0` printed, but for what a shell itself counts and notes."""
    pairs = environment(output.decode("utf-8", "surrogateescape")).items()
    return {name: value for name, value in pairs if name not in _OWN_COUNTS}


def encoded(value: str) -> bytes:
    """Return a value as a shell has it."""
    return value.encode("utf-8", "surrogateescape")


def check_no_account(environ: dict[str, str]) -> None:
    """Check that the environment is that of a shell without an account."""
    keys = {*variables.KEY_NAMES, *variables.BARE.names} - variables.NO_KEYS.keys()
    assert not keys & environ.keys()
    assert {name for name in variables.OWN if name in environ} == {"ROLE_ENV_NO_ACCOUNT"}
    assert variables.NO_ACCOUNT.items() <= environ.items()
    assert not [name for name in environ if name.startswith("_role_env")]


def session_of(
    key_id: str = "STS.id",
    secret: str = "the-secret",
    token: str = "the-token",
    *,
    region: str = "",
    profile: str = "profileB",
    families: tuple[str, ...] = variables.DEFAULT_FAMILIES,
    cli_can_follow: bool = False,
    fallback_region: str = "",
    config: str = "/it's x.ini",
) -> Session:
    """Return a session of the profile with these credentials."""
    credentials = Credentials(key_id, secret, token, issued=0, expiration=1_900_000_000)
    made = Session(
        profile,
        "acs:ram::1:role/name",
        credentials,
        region_id=region,
        families=families,
        cli_can_follow=cli_can_follow,
        fallback_region=fallback_region,
    )
    made.request_words = {"config": config, "sts_endpoint": "sts.aliyuncs.com"}
    return made

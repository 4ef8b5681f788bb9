"""Check the files of tools that act as a user of their own, whatever session the shell has."""

import shutil
from pathlib import Path

from role_env.doctor.finding import OK, WARN, Finding, Surroundings

_OSSUTIL = ("ossutil", "ossutil64")


def check(at: Surroundings) -> list[Finding]:
    """Report the files of ossutil and of aliyunlog, and sections named role-env-none in the SDKs' files."""
    home = at.environ.get("HOME", "")
    if not home:
        return []
    return [*_ossutil(Path(home, ".ossutilconfig"), at), *_aliyunlog(Path(home, ".aliyunlogcli"))]


def _ossutil(file: Path, at: Surroundings) -> list[Finding]:
    if not file.exists():
        return []
    what = f"{file}: ossutil 1 always acts as the user in it; ossutil 2 uses it only without a session"
    if not any(shutil.which(name, path=at.environ.get("PATH")) for name in _OSSUTIL):
        return [Finding("other tools", OK, what)]
    return [Finding("other tools", WARN, what, "use ossutil 2; role-env help programs shows the line for ossutil 1")]


def _aliyunlog(file: Path) -> list[Finding]:
    if not file.exists():
        return []
    return [Finding("other tools", OK, f"{file}: aliyunlog uses it only without a session")]

"""Check the files that make tools act as another user than the session's."""

import shutil
from pathlib import Path

from role_env.doctor.finding import OK, WARN, Finding, Surroundings

_OSSUTIL = ("ossutil", "ossutil64")


def check(at: Surroundings) -> list[Finding]:
    """Report the files of ossutil and of aliyunlog."""
    home = at.environ.get("HOME", "")
    if not home:
        return []
    findings = []
    ossutil, aliyunlog = Path(home, ".ossutilconfig"), Path(home, ".aliyunlogcli")
    if ossutil.exists():
        what = f"{ossutil}: ossutil 1 always acts as the user in it; ossutil 2 uses it only without a session"
        fix = "use ossutil 2; role-env help programs shows the line for ossutil 1"
        has_ossutil = any(shutil.which(name, path=at.environ.get("PATH")) for name in _OSSUTIL)
        findings.append(Finding("other tools", WARN, what, fix) if has_ossutil else Finding("other tools", OK, what))
    if aliyunlog.exists():
        findings.append(Finding("other tools", OK, f"{aliyunlog}: aliyunlog uses it only without a session"))
    return findings

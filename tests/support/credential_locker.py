"""A stand-in for Windows' Credential Locker, which this system does not have.

It has the three calls that `keyring`'s own backend for Windows makes, with the limits of the real one. That backend
itself is the real one.

`LOCKER` in the environment names the file of the entries. With `LOCKER_LASTS` the process is killed, as by SIGKILL,
upon the write or deletion after so many.
"""

import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

BACKEND = "keyring.backends.Windows.WinVaultKeyring"
LARGEST_BLOB, NOT_FOUND, BAD_STUB_DATA = 5 * 512, 1168, 1783

# The package that the backend looks for, as a folder of this text makes it.
_PACKAGE = "from credential_locker import pywintypes, win32cred\n"


class WindowsError(Exception):
    """What pywin32 raises: an exception of its own, which `keyring` does not know."""

    def __init__(self, winerror: int, funcname: str, strerror: str) -> None:
        super().__init__(winerror, funcname, strerror)
        self.winerror, self.funcname, self.strerror = winerror, funcname, strerror


class CredentialLocker:
    """One entry per target name, with one user and at most 2,560 bytes of UTF-16."""

    __name__ = "win32cred"
    CRED_TYPE_GENERIC = 1
    CRED_PERSIST_ENTERPRISE = 3

    def CredRead(self, Type: int, TargetName: str) -> dict[str, Any]:
        entry = read_entries().get(TargetName)
        if entry is None:
            raise WindowsError(NOT_FOUND, "CredRead", "Element not found.")
        return {"UserName": entry[0], "CredentialBlob": entry[1].encode("utf-16-le")}

    def CredWrite(self, Credential: dict[str, Any], Flags: int) -> None:
        text = Credential["CredentialBlob"]
        if len(text.encode("utf-16-le")) > LARGEST_BLOB:
            raise WindowsError(BAD_STUB_DATA, "CredWrite", "The stub received bad data.")
        _keep(read_entries() | {Credential["TargetName"]: [Credential["UserName"], text]})

    def CredDelete(self, Type: int, TargetName: str) -> None:
        entries = read_entries()
        if entries.pop(TargetName, None) is None:
            raise WindowsError(NOT_FOUND, "CredDelete", "Element not found.")
        _keep(entries)


win32cred = CredentialLocker()
pywintypes = SimpleNamespace(error=WindowsError)
_changes = 0


def environment(folder: Path, *, lasts: int | None = None) -> dict[str, str]:
    """Return the variables with which `keyring` believes that it runs on Windows."""
    package = folder / "win32ctypes" / "pywin32"
    package.mkdir(parents=True, exist_ok=True)
    (folder / "win32ctypes" / "__init__.py").touch()
    (package / "__init__.py").write_text(_PACKAGE)
    (folder / "credential_locker.py").write_text(Path(__file__).read_text("utf-8"), "utf-8")
    environ = {"PYTHONPATH": str(folder), "PYTHON_KEYRING_BACKEND": BACKEND, "LOCKER": str(folder / "keyring.json")}
    return environ | ({} if lasts is None else {"LOCKER_LASTS": str(lasts)})


def read_entries(name: str = "") -> dict[str, list[str]]:
    """Return the entries of a file, by default that of `LOCKER`, by their names: the user and the text of each."""
    file = Path(name or os.environ["LOCKER"])
    entries: dict[str, list[str]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return entries


def _keep(entries: dict[str, list[str]]) -> None:
    global _changes  # noqa: PLW0603 - of this process, which is what is killed
    if _changes == int(os.environ.get("LOCKER_LASTS") or -1):
        os.kill(os.getpid(), signal.SIGKILL)
    _changes += 1
    new = Path(os.environ["LOCKER"] + ".new")
    new.write_text(json.dumps(entries), "utf-8")
    new.replace(os.environ["LOCKER"])

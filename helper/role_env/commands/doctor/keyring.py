"""Check the places where sessions are cached, each by a round trip through the code that caches them.

Under `auto`, the kernel keyring replaces an absent keyring, and a container needs none, so neither is a fault. Fixes
suggest only places that can be used.
"""

import shutil
import sys
import time
from collections.abc import Mapping
from secrets import token_hex

from role_env.cli import Invocation
from role_env.commands.doctor.finding import FAIL, OK, WARN, Finding
from role_env.context import Context
from role_env.dataclass import replace
from role_env.deadline import within
from role_env.keyrings import SESSION_SERVICE, Entry, KeyringNotes, backends
from role_env.keyrings.container import is_container
from role_env.keyrings.faults import INSTALL, OTHER_BACKEND
from role_env.keyrings.order import KernelKeyring
from role_env.keyrings.system import SystemKeyring
from role_env.sessions.store import cache_mode

_TEXT = "role-env doctor"
_LONGEST_CHOICE = 2.0  # seconds
_NAMES = {
    "keyring.backends.SecretService.Keyring": "the desktop's keyring (Secret Service)",
    "keyring.backends.libsecret.Keyring": "the desktop's keyring (Secret Service)",
    "keyring.backends.kwallet.DBusKeyring": "KWallet",
    "keyring.backends.macOS.Keyring": "the macOS Keychain",
}
"""The names by which people know the backends."""
_SERVICES = ("gnome-keyring-daemon", "keepassxc", "kwalletd6", "kwalletd5")
"""The programs on Linux that provide a keyring which `keyring` finds."""


def check(invocation: Invocation, context: Context) -> list[Finding]:
    """Check the places that ROLE_ENV_CACHE names."""
    mode = cache_mode(context.environ)
    if mode == "none":
        return [Finding("keyring", OK, "ROLE_ENV_CACHE=none: no session is cached")]
    if mode == "kernel":
        took, reason = _kernel_round_trip()
        if reason:
            return [Finding("kernel keyring", FAIL, f"it cannot be used: {reason}", "unset ROLE_ENV_CACHE")]
        return [Finding("kernel keyring", OK, f"wrote, read and deleted an entry in {took}")]
    KeyringNotes(context.environ).use_again()  # a keyring that timed out a moment ago is tried again
    ring = SystemKeyring(context)
    chosen = _chosen(ring, invocation, context.environ)
    took, is_stored = _round_trip(ring)
    if not ring.fault:
        return [_of_usable(chosen, took, is_stored=is_stored)]
    what = f"{ring.reason}{_why_absent(context.environ)}" if ring.is_absent else f"{chosen}: {ring.reason}"
    fault = Finding("keyring", FAIL, what, ring.fix)
    return [fault] if mode == "keyring" else _replaced(ring, fault, context.environ)


def _round_trip(ring: SystemKeyring | KernelKeyring) -> tuple[str, bool]:
    """Write, read and delete an entry. Return the time that it took, and whether the entry was read as written."""
    entry, began = Entry(f"{SESSION_SERVICE}{token_hex(12)}", _TEXT), time.monotonic()
    ring.write(entry, _TEXT, seconds=30)
    stored = ring.read(entry)
    ring.delete(entry)
    return f"{(time.monotonic() - began) * 1000:.0f} ms", stored == _TEXT


def _of_usable(chosen: str, took: str, *, is_stored: bool) -> Finding:
    if not is_stored:
        return Finding("keyring", WARN, f"{chosen}: it stores nothing", OTHER_BACKEND)
    what = f"{chosen}: wrote, read and deleted an entry in {took}"
    if "plaintext" not in chosen.lower():
        return Finding("keyring", OK, what)
    return Finding("keyring", WARN, f"{what}; it writes secrets to a file in plain text", f"{INSTALL}, and choose it")


def _replaced(ring: SystemKeyring, fault: Finding, environ: Mapping[str, str]) -> list[Finding]:
    """Return the findings for an unusable keyring under `auto`, and for the kernel keyring that replaces it."""
    if is_container(environ):
        if not ring.is_absent:
            return [replace(fault, status=WARN)]
        what = "there is none, as in most containers, and none is needed: each call asks STS for a new session"
        return [Finding("keyring", OK, what)]
    took, reason = _kernel_round_trip()
    if reason:
        blocked = Finding("kernel keyring", OK, f"it cannot replace the keyring: {reason}")
        return [replace(fault, status=WARN if ring.is_absent else FAIL), blocked]
    what = (
        f"it is used instead (entry written, read and deleted in {took}): sessions are in memory until they expire or"
        " the machine restarts"
    )
    kernel = Finding("kernel keyring", OK, what)
    if ring.is_absent:
        nothing = f"{fault.message}, so sessions go to the kernel keyring; role-env login needs a keyring: {fault.fix}"
        return [Finding("keyring", OK, nothing), kernel]
    return [replace(fault, status=WARN), kernel]


def _kernel_round_trip() -> tuple[str, str]:
    ring = KernelKeyring()
    took, is_stored = _round_trip(ring)
    return took, ring.reason or ("" if is_stored else "it does not return what was stored")


def _chosen(ring: SystemKeyring, invocation: Invocation, environ: Mapping[str, str]) -> str:
    try:
        name = within(_LONGEST_CHOICE, ring.backend_name)
    except Exception:  # the use of the keyring fails too, and is reported
        name = "this system's keyring"
    shown = name if invocation.verbose else _NAMES.get(name, name)
    settings = backends.settings_file()
    by = "PYTHON_KEYRING_BACKEND" if "PYTHON_KEYRING_BACKEND" in environ else settings if settings.exists() else ""
    return f"{shown} ({by} names it)" if by else shown


def _why_absent(environ: Mapping[str, str]) -> str:
    """Return, in parentheses, what a keyring on Linux requires and this process lacks; or an empty text."""
    if sys.platform != "linux":
        return ""
    lacks = [] if environ.get("DBUS_SESSION_BUS_ADDRESS") else ["DBUS_SESSION_BUS_ADDRESS is not set"]
    if not any(shutil.which(name, path=environ.get("PATH")) for name in _SERVICES):
        lacks.append(f"none of {', '.join(_SERVICES)} is on the PATH")
    return f" ({'; '.join(lacks)})" if lacks else ""

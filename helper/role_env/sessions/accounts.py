"""The accounts of key IDs, remembered in the state folder: GetCallerIdentity is called once for each."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from role_env.digests import sha256
from role_env.paths import append_line, state_folder

# The file is started anew beyond this size (bytes): a line has about 85.
_LARGEST = 64 * 1024


def find(access_key_id: str, environ: Mapping[str, str]) -> str:
    """Return the remembered account of the key ID, or an empty text."""
    try:
        lines = _file(environ).read_text("ascii", "replace").splitlines()
    except OSError:
        return ""
    digest = sha256(access_key_id)
    pairs = [line.split(" ") for line in lines]
    return next((pair[1] for pair in pairs if len(pair) == 2 and pair[0] == digest and pair[1].isdigit()), "")


def remember(access_key_id: str, account: str, environ: Mapping[str, str]) -> None:
    """Remember the account of the key ID, of which only a digest is stored, unless the folder cannot be written."""
    with contextlib.suppress(OSError):
        append_line(_file(environ), f"{sha256(access_key_id)} {account}", largest=_LARGEST)


def _file(environ: Mapping[str, str]) -> Path:
    return state_folder(environ) / "accounts"

"""Helpers for the tests of cached sessions: read one from the keyring, change it, and count what a request costs."""

import json
from typing import Any

from role_env.keyrings import Entry
from role_env.sessions import record as records
from support.machine import Machine
from support.secret_service_bus import KeptItem

SLOW_WAY = """
import sys
from role_env import fast_path
fast_path.answer = lambda *line: None
sys.argv = ["role-env", *sys.argv[1:]]
from role_env.__main__ import main
main()
"""
"""The program that is the installed command without its fast path."""


def asks(machine: Machine, *arguments: str, calls: int, **environ: str) -> str:
    """Check that printing a session of profileB makes `calls` AssumeRole calls, and return its JSON."""
    before = len(machine.sts.calls_of("AssumeRole"))
    done = machine.role_env("export", "profileB", "--format", "json", *arguments, **environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(machine.sts.calls_of("AssumeRole")) - before == calls
    return done.stdout


def exports(machine: Machine, profile: str, *options: str, **environ: str) -> dict[str, Any]:
    """Return the session of `profile` as JSON."""
    done = machine.role_env("export", profile, "--format", "json", *options, **environ)
    assert (done.returncode, done.stderr) == (0, "")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def key_id(machine: Machine, profile: str, *options: str) -> str:
    """Return the key ID of the session of `profile`."""
    return str(exports(machine, profile, *options)["AccessKeyId"])


def kept(machine: Machine) -> KeptItem:
    """Return the one session in the keyring that belongs to this machine."""
    token = machine.sts.issued[-1].token.encode()
    (item,) = (item for item in machine.bus.items() if token in item.secret)
    return item


def entry_of(machine: Machine) -> Entry:
    """Return the entry of the machine's cached session."""
    attributes = kept(machine).attributes
    return Entry(attributes["service"], attributes["username"])


def put_instead(machine: Machine, text: str) -> None:
    """Replace the stored session of the machine by `text`, as keyring itself would."""
    machine.bus.replace(kept(machine), text.encode("utf-8"))


def age(machine: Machine, seconds: int, profile: str = "profileB") -> None:
    """Make the cached session of `profile` `seconds` older, as if the time had passed."""
    record = records.parse_record(kept(machine).secret.decode(), profile)
    assert record
    record.session.credentials.issued -= seconds
    record.session.credentials.expiration -= seconds
    put_instead(machine, records.text_of(record))

"""explain: the chain and the decision, without asking anyone; what it announces is what then happens."""

import json
from typing import Any

from support.cached_sessions import age
from support.machine import Machine


def explained(machine: Machine, *arguments: str, **environ: str) -> dict[str, Any]:
    """Return what `explain --json` prints; it sends STS nothing."""
    calls = len(machine.sts.calls)
    done = machine.role_env("explain", *arguments, "--json", **environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(machine.sts.calls) == calls
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def uses_cache(machine: Machine, profile: str, *options: str, **environ: str) -> bool:
    """Whether explain says that the cached session is used; checks that list and a request then show the same."""
    valid: bool = explained(machine, profile, *options, **environ)["cached"]["valid"]
    if not options:
        rows = json.loads(machine.succeeds("list", "--json", **environ).stdout)
        assert [bool(row["expiration"]) for row in rows if row["profile"] == profile] == [valid]
    calls = len(machine.sts.calls_of("AssumeRole"))
    machine.succeeds(profile, *options, **environ)
    assert (len(machine.sts.calls_of("AssumeRole")) == calls) is valid
    return valid


def test_what_is_announced_happens(machine: Machine) -> None:
    assert not uses_cache(machine, "profileB")
    assert uses_cache(machine, "profileB")
    machine.file.touch()
    why = "who requests it, and what is requested, is the same"
    assert explained(machine, "profileB")["cached"]["why"] == why
    assert uses_cache(machine, "profileB")
    machine.add("[other]\n")
    assert uses_cache(machine, "profileB")
    assert not uses_cache(machine, "profileB", "--refresh")
    age(machine, 5)
    assert not uses_cache(machine, "profileB", "--min-ttl", "3599")
    assert not uses_cache(machine, "profileB", "--no-cache")
    assert not uses_cache(machine, "profileB", "--duration", "1200")
    assert uses_cache(machine, "profileB", "--duration", "1200")
    machine.write(machine.file.read_text("utf-8").replace("[profileB]", "[profileB]\nexternal_id = xy"))
    assert not uses_cache(machine, "profileB")
    assert uses_cache(machine, "profileB")
    machine.role_env("clear", "profileB")
    assert not uses_cache(machine, "profileB")

"""What tests of a rotation look at: the keys at RAM, the secrets in the keyring, and a rotation stopped on its way."""

import signal
import subprocess

from cloud.ram import LocalRam
from cloud.world import AccessKey
from support.machine import Machine
from support.secret_service_bus import KeptItem
from support.waiting import DEADLINE, wait_until

ROTATE = "role-env rotate profileA"


def states(ram: LocalRam, user: str = "test_user1") -> dict[str, bool]:
    """Return the user's keys, and whether each is active."""
    return {key.id: key.active for key in ram.world.keys_of(user)}


def new_key(ram: LocalRam, old: str) -> AccessKey:
    """Return the key of test_user1 that is not `old`."""
    (new,) = [key for key in ram.world.keys_of("test_user1") if key.id != old]
    return new


def works(machine: Machine, profile: str = "profileB", *options: str) -> bool:
    """Return whether the key in the keyring assumes the role."""
    return machine.role_env("export", profile, "--format", "json", "--no-cache", *options).returncode == 0


def lines_of(key: AccessKey) -> str:
    """Return a key as `login` reads it."""
    return f"{key.id}\n{key.secret}\n"


def secrets_in_keyring(machine: Machine, ram: LocalRam) -> set[str]:
    """Return the IDs of the keys whose secrets the keyring has, in whatever entry."""
    stored = b"\n".join(item.secret for item in machine.bus.items())
    keys = (*ram.world.keys.values(), *ram.world.deleted_keys)
    return {key.id for key in keys if key.secret.encode() in stored}


def entry(machine: Machine, kind: str, profile: str = "profileA") -> KeptItem:
    """Return the item of the keyring that is of a `kind`, "key" or "rotation", and of a profile."""
    (found,) = [
        item
        for item in machine.bus.items()
        if item.attributes["service"].startswith(f"role-env {kind} ") and item.attributes["username"] == profile
    ]
    return found


def store(machine: Machine, key: AccessKey) -> None:
    """Store a key for profileA past `login`, as another program could during a rotation."""
    machine.bus.replace(entry(machine, "key"), f"role-env key 1\n{key.id}\n{key.secret}".encode())


def start_creating(machine: Machine, ram: LocalRam, **environ: str) -> "subprocess.Popen[str]":
    """Start a rotation, and return it when it has requested the new key."""
    process = machine.start("rotate", "profileA", **environ)
    wait_until(lambda: ram.calls_of("CreateAccessKey"))
    return process


def stop_after_create(machine: Machine, ram: LocalRam) -> str:
    """Kill a rotation when the journal has the new key, before it works; return the ID of the new key."""
    old = machine.sts.access_key_id
    ram.sts.propagation_seconds = 60
    process = machine.start("rotate", "profileA")
    wait_until(lambda: any(call.access_key_id not in ("", old) for call in list(machine.sts.calls)))
    end(process, signal.SIGKILL)
    ram.sts.propagation_seconds = 0
    return new_key(ram, old).id


def stop_after_swap(machine: Machine, ram: LocalRam) -> str:
    """Let RAM refuse to make the old key inactive, so that the rotation stops there; return the ID of the new key."""
    old = machine.sts.access_key_id
    ram.fault("code:NoPermission:403", action="UpdateAccessKey")
    machine.fails("rotate", "profileA", status=4, said="RAM said NoPermission")
    return new_key(ram, old).id


def end(process: "subprocess.Popen[str]", number: int) -> tuple[int, str]:
    """Send a signal to a command, and return its exit status and what it reported."""
    process.send_signal(number)
    _, reported = process.communicate(timeout=DEADLINE)
    return process.returncode, reported

"""The topics `headless` and `uninstall`: the recipes of the first lead to a session, with the real programs."""

import json
import re
import shutil
from pathlib import Path

import pytest

from cloud.ram import LocalRam
from support.documents import topic
from support.machine import Machine
from support.rotated import secrets_in_keyring, states
from support.secret_service_bus import require

TEXT = topic("headless").read_text("utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def block(containing: str) -> str:
    """The one block of the topic that contains this."""
    (found,) = [text for _, text in BLOCKS if containing in text]
    return found


def document(machine: Machine) -> str:
    """The document of the topic with test_user1's key, on one line."""
    described = json.loads(block('"mode"'))
    key = {"access_key_id": machine.sts.access_key_id, "access_key_secret": machine.sts.access_key_secret}
    assert described.keys() == {"mode", *key}
    return json.dumps(described | key)


def use_profiles(machine: Machine, containing: str) -> None:
    """Make the topic's profiles those of the machine, for the role that its STS knows."""
    text = block(containing).replace("/home/me", str(machine.home)) + block("source_profile")
    machine.write(re.sub("(?<=role_arn = ).*", machine.sts.role_arn, text))


@pytest.fixture
def server(machine: Machine, folder: Path) -> Machine:
    """A machine without a desktop: no session bus, and no place for a session but this call."""
    del machine.environ["DBUS_SESSION_BUS_ADDRESS"]
    machine.environ |= {"ROLE_ENV_CACHE": "none", "XDG_RUNTIME_DIR": str(folder), "USER": "me"}
    return machine


def test_pass_decrypts_the_key_when_it_is_needed(server: Machine, folder: Path) -> None:
    require("pass", "gpg")
    server.environ["GNUPGHOME"] = str(folder)
    new_key = "gpg --batch --quiet --passphrase '' --quick-gen-key role-env default default never"
    try:
        done = server.run("sh", "-c", f"{new_key} && pass init role-env")
        assert done.returncode == 0, done.stderr
        done = server.run("sh", "-c", block("pass insert"), text=f"{document(server)}\n")
        assert done.returncode == 0, done.stderr
        use_profiles(server, "pass show")
        server.succeeds("profileB")
    finally:
        server.run("gpgconf", "--kill", "all")


def test_age_decrypts_the_key_when_it_is_needed(server: Machine) -> None:
    require("age")
    done = server.run("sh", "-ec", block("age-keygen"), text=f"{document(server)}\n")
    assert done.returncode == 0, done.stderr
    use_profiles(server, "age --decrypt")
    server.succeeds("profileB")


def test_the_program_of_1password_is_called_as_its_manual_has_it(server: Machine) -> None:
    """It is in no distribution and needs an account: a stand-in answers what `op read` is documented to answer."""
    checks = 'test "$*" = "read op://servers/profileA/document" && test "$OP_SERVICE_ACCOUNT_TOKEN" = t'
    server.write_program("bin/op", f"#!/bin/sh\n{checks} && cat document\n")
    (server.home / "document").write_text(document(server))
    server.environ["PATH"] = f"{server.home / 'bin'}:{server.environ['PATH']}"
    use_profiles(server, "op read")
    try:
        server.succeeds("profileB", OP_SERVICE_ACCOUNT_TOKEN="t")
    finally:
        (server.home / "document").unlink()


def test_a_key_in_the_file_is_used_once_nobody_else_can_read_it(server: Machine) -> None:
    server.file.chmod(0o644)
    server.fails("profileB", status=3, said="chmod 600")
    assert server.run("sh", "-ec", block("chmod 600")).returncode == 0
    server.succeeds("profileB")


PASSWORD = "a password of this test"
LOG_IN = 'printf "%s\\n" "$ID" "$SECRET" | role-env login profileA; echo "login: $?"\n'


def typed(machine: Machine, *lines: str) -> str:
    """What a shell below `dbus-run-session` shows when these lines are typed into it, and the password where asked."""
    require("dbus-run-session", "gnome-keyring-daemon")
    key = {"ID": machine.sts.access_key_id, "SECRET": machine.sts.access_key_secret}
    done = machine.run("bash", "-c", block("dbus-run-session"), text="\n".join(lines), **key)
    return done.stdout + done.stderr


@pytest.fixture
def without_key(server: Machine) -> Machine:
    """A server whose profileA has its key in the keyring, once somebody logs in."""
    server.write(f"[profileA]\n[profileB]\nrole_arn = {server.sts.role_arn}\nsource_profile = profileA\n")
    return server


def unlocking() -> str:
    (line,) = {line for _, text in BLOCKS for line in text.splitlines() if "read -rs" in line}
    return line


def test_a_keyring_without_a_desktop_stores_a_key_for_the_next_time_too(without_key: Machine) -> None:
    assert "login: 0\n" in typed(without_key, unlocking(), PASSWORD, LOG_IN)
    shown = typed(without_key, unlocking(), PASSWORD, "role-env whoami profileB")
    assert "switchrolesbc" in shown


def test_a_locked_keyring_without_a_desktop_is_unlocked(without_key: Machine) -> None:
    """`killall` is a stand-in, which ends the keyring of this bus alone: the real one would end other tests' too."""
    require("dbus-send")
    owner = "dbus-send --session --dest=org.freedesktop.DBus --print-reply=literal /org/freedesktop/DBus"
    asking = f"{owner} org.freedesktop.DBus.GetConnectionUnixProcessID string:org.freedesktop.secrets"
    script = f'test "$*" = "-u me gnome-keyring-daemon" && kill $({asking} | sed "s/.* //") && sleep 1\n'
    without_key.write_program("bin/killall", f"#!/bin/sh\n{script}")
    without_key.environ["PATH"] = f"{without_key.home / 'bin'}:{without_key.environ['PATH']}"
    typed(without_key, unlocking(), PASSWORD, LOG_IN)
    killing, reading = block("killall").splitlines()
    shown = typed(without_key, LOG_IN, killing, reading, PASSWORD, LOG_IN)
    assert "role-env: the keyring cannot be used: it is locked" in shown
    assert re.findall("login: [0-9]", shown) == ["login: 6", "login: 0"]


def test_no_block_of_the_topic_is_hidden_from_these_tests() -> None:
    source = Path(__file__).read_text("utf-8")
    named = re.findall(r"""(?:block|use_profiles)\((?:server, )?["'](.+?)["']\)""", source)
    assert [text for _, text in BLOCKS if not any(part in text for part in (*named, "read -rs"))] == []
    assert shutil.which("op") is None or "op read" in named


# ---- `uninstall`: after its commands a search of HOME and the keyring finds nothing of role-env's ----


def commands() -> list[str]:
    """Return the commands of the topic, in order."""
    text = topic("uninstall").read_text("utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines()]


def use_everything(machine: Machine) -> None:
    """Leave what role-env can leave: sessions, a key, profiles of the CLI with a backup, and a line in an rc file."""
    machine.write(f"[profileA]\n[profileB]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    machine.write_cli_file({"current": "default", "profiles": [{"name": "default", "mode": "AK"}]})
    (machine.home / ".bashrc").write_text('alias ll="ls -l"\neval "$(role-env init bash)"\n')
    machine.log_in("profileA")
    options = ("--role-arn", machine.sts.role_arn, "--login")
    machine.succeeds("configure", "other", *options, text=machine.key_lines())
    for line in ("profileB", "profileB --duration 900", "other", "setup aliyun-cli", "setup aliyun-cli --all", "list"):
        machine.succeeds(*line.split())
    assert len(of_role_env(machine)) >= 5


def of_role_env(machine: Machine) -> list[str]:
    """Return the files below HOME that are role-env's or mention it, and its entries in the keyring."""
    files = []
    for path in machine.home.rglob("*"):
        mentions = path.is_file() and b"role-env" in path.read_bytes()
        if "role-env" in path.name or mentions:
            files.append(str(path))
    return files + [str(item.attributes) for item in machine.bus.items() if "role-env" in str(item.attributes)]


def test_after_the_commands_of_the_topic_nothing_of_role_env_is_left(machine: Machine) -> None:
    machine.bus.clear()  # of other tests' entries
    use_everything(machine)
    done = machine.shell("bash", "\n".join(["set -e", *commands()]))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert of_role_env(machine) == []
    assert (machine.home / ".bashrc").read_text() == 'alias ll="ls -l"\n'
    assert "default" in (machine.home / ".aliyun/config.json").read_text()


def test_the_commands_stop_at_a_key_that_is_being_rotated_and_work_once_the_hint_is_followed(
    machine: Machine, ram: LocalRam
) -> None:
    machine.bus.clear()
    use_everything(machine)
    machine.succeeds("rotate", "profileA")
    script = "\n".join(["set -e", *commands()])
    done = machine.shell("bash", script)
    assert done.returncode == 123
    assert re.search(r"hint: finish the rotation: role-env rotate \w+ --finish; or go back: ", done.stderr)
    assert len(states(ram)) == len(secrets_in_keyring(machine, ram)) == 2
    machine.succeeds("rotate", "profileA", "--finish")
    assert machine.shell("bash", script).returncode == 0
    assert of_role_env(machine) == []

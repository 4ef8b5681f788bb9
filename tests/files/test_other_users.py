"""Neither root in another user's folders nor a user beside another one changes, reveals or blocks anything."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.machine import ROLE_ENV, Machine

MALLORY = 4711
AS_MALLORY = ("setpriv", f"--reuid={MALLORY}", f"--regid={MALLORY}", "--clear-groups")
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux" or not shutil.which("setpriv"), reason="only root can be two users"
)
COMMANDS = (
    ("setup", "aliyun-cli"),
    ("setup", "aliyun-cli", "--remove"),
    ("configure", "new", "--role-arn", "acs:ram::1:role/x", "--source-profile", "profileA", "--no-verify"),
    ("clear", "--all"),
)


@pytest.fixture
def home(folder: Path) -> Path:
    """The home folder of Mallory, which everybody can enter, with a file of the CLI and one of role-env's."""
    for path in (folder / ".aliyun" / "config.json", folder / ".config" / "role-env" / "profiles.ini"):
        path.parent.mkdir(parents=True)
        path.write_text('{"current": "", "profiles": []}\n' if path.suffix == ".json" else "[profileA]\n")
        path.chmod(0o600)
    (folder / ".local" / "state" / "role-env" / "browsers" / "kept").mkdir(parents=True)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, MALLORY, MALLORY)
    folder.chmod(0o755)
    return folder


def contents(home: Path) -> dict[str, tuple[int, int, str, bytes]]:
    """What is in a folder: each path with its mode, its owner, where it leads, and its content."""
    return {
        str(path): (
            path.lstat().st_mode,
            path.lstat().st_uid,
            str(path.readlink()) if path.is_symlink() else "",
            path.read_bytes() if path.is_file() else b"",
        )
        for path in (home, *home.rglob("*"))
    }


def links(home: Path, elsewhere: Path) -> None:
    """Point Mallory's files at root's, by links to the files and to a folder."""
    for name in (".aliyun/config.json", ".config/role-env/profiles.ini"):
        target = elsewhere / Path(name).name
        shutil.copy(home / name, target)
        target.chmod(0o600)
        (home / name).unlink()
        (home / name).symlink_to(target)
        os.chown(home / name, MALLORY, MALLORY, follow_symlinks=False)
    shutil.rmtree(home / ".local/state/role-env")
    (elsewhere / "browsers").mkdir()
    (home / ".local/state/role-env").symlink_to(elsewhere)
    os.chown(home / ".local/state/role-env", MALLORY, MALLORY, follow_symlinks=False)


def folders_of_root(home: Path, _elsewhere: Path) -> None:
    """Let root own what an earlier `sudo` has made in Mallory's home folder, which Mallory can exchange."""
    for path in home.rglob("*"):
        os.chown(path, 0, 0)


def nothing_yet(home: Path, _elsewhere: Path) -> None:
    """Leave Mallory's home folder empty."""
    for path in home.iterdir():
        shutil.rmtree(path)


def as_it_is(_home: Path, _elsewhere: Path) -> None:
    """Let Mallory own his files."""


@pytest.mark.parametrize("prepare", [as_it_is, links, folders_of_root, nothing_yet])
def test_root_writes_nothing_in_the_home_of_another_user(
    machine: Machine, home: Path, tmp_path: Path, prepare: Callable[[Path, Path], None]
) -> None:
    elsewhere = tmp_path / "root's"
    elsewhere.mkdir()
    prepare(home, elsewhere)
    before = contents(home), contents(elsewhere)
    removing = ("configure", "--remove", "profileA", "--yes")
    for command in (*COMMANDS, *([] if prepare is nothing_yet else [removing])):
        machine.fails(*command, status=3, said="belongs to another user", HOME=str(home))
    assert (contents(home), contents(elsewhere)) == before


def test_a_file_in_a_folder_of_another_user_is_not_written(machine: Machine, folder: Path) -> None:
    shared = folder / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    os.chown(shared, 1234, 1234)
    folder.chmod(0o755)
    path = shared / "profiles.ini"
    path.write_text("[profileA]\n")
    path.chmod(0o600)
    os.chown(path, MALLORY, MALLORY)
    command = ("configure", "new", "--role-arn", "acs:ram::1:role/x", "--source-profile", "profileA", "--no-verify")
    environ = {"HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"), "TMPDIR": "/tmp"}
    if machine.run(*AS_MALLORY, ROLE_ENV, "--version").returncode:
        pytest.skip("this installation is closed to other users")
    done = machine.run(*AS_MALLORY, ROLE_ENV, *command, "--config", str(path), **environ)
    assert (done.returncode, f"{shared} belongs to another user (uid 1234)" in done.stderr) == (3, True), done.stderr
    assert path.read_text() == "[profileA]\n"


def test_a_pipe_of_another_user_is_not_waited_for(machine: Machine) -> None:
    pipe = machine.home / "pipe"
    os.mkfifo(pipe)
    os.chown(pipe, MALLORY, MALLORY)
    for name in ("SSL_CERT_FILE", "ALIBABA_CLOUD_CA_BUNDLE"):
        machine.fails("profileB", status=3, said=f"{pipe} of {name} belongs to another user", **{name: str(pipe)})
    machine.fails("profileB", "--policy", str(pipe), status=3, said=f"{pipe} of --policy belongs to another user")


def test_another_user_who_locks_the_folder_blocks_nothing(machine: Machine, home: Path) -> None:
    for path in (home, *home.rglob("*")):
        os.chown(path, 0, 0)
    (home / ".aliyun").chmod(0o755)
    (home / ".config").chmod(0o755)
    (home / ".config/role-env").chmod(0o755)
    lock = [*AS_MALLORY, "flock", "--no-fork"]
    for name in (".aliyun", ".config/role-env"):
        lock += [str(home / name)]
        lock += ["flock", "--no-fork"] if name == ".aliyun" else ["sh", "-c", "echo locked; exec sleep 600"]
    with subprocess.Popen(lock, stdout=subprocess.PIPE, text=True) as blocking:
        assert blocking.stdout
        assert blocking.stdout.readline() == "locked\n"
        try:
            for command in COMMANDS:
                machine.succeeds(*command, HOME=str(home))
        finally:
            blocking.kill()

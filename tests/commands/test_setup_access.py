"""Who may read the `aliyun` CLI's file before `setup`, and nobody else, may read it afterwards."""

import os
import stat
import struct
import sys
from pathlib import Path

import pytest

from support.cli_home import AK, written
from support.machine import ROLE_ENV, Machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the ACL of another system is no attribute of the file")

ACL, DEFAULT_ACL = "system.posix_acl_access", "system.posix_acl_default"
BOB, GUEST = 4711, 4712
"""Another user, and a group of others."""
USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER, NONE = 1, 2, 4, 8, 16, 32, 0xFFFFFFFF
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to any group")


def acl(*named: tuple[int, int], group: int = 0, mask: int = 4) -> bytes:
    """An ACL as the kernel writes it, with entries (tag, id) that may read, the owning group's rights and the mask."""
    entries = [(USER_OBJ, 6, NONE), *((tag, 4, one) for tag, one in named if tag == USER), (GROUP_OBJ, group, NONE)]
    entries += [*((tag, 4, one) for tag, one in named if tag == GROUP), (MASK, mask, NONE), (OTHER, 0, NONE)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def rights(path: Path) -> tuple[int, int, int, bytes]:
    """Return mode, owner, group and ACL of a file."""
    status = path.stat()
    return status.st_mode, status.st_uid, status.st_gid, os.getxattr(path, ACL) if ACL in os.listxattr(path) else b""


@pytest.fixture
def file(machine: Machine) -> Path:
    """The CLI's file with a key."""
    path = machine.write_cli_file(written(AK))
    try:
        os.setxattr(path, ACL, acl())
        os.removexattr(path, ACL)
    except OSError:
        pytest.skip("this file system has no ACL")
    path.chmod(0o600)
    return path


def check_same_readers(machine: Machine, path: Path) -> None:
    """Run setup, which must leave mode, owner and ACL of the file as they are, and its backup to the user."""
    before, number = rights(path), path.stat().st_ino
    machine.succeeds("setup", "aliyun-cli", "profileB")
    assert path.stat().st_ino != number
    assert rights(path) == before
    assert stat.S_IMODE(path.with_name("config.json.role-env-backup").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "attribute",
    [acl((USER, BOB)), acl((GROUP, GUEST)), acl((USER, BOB), (GROUP, GUEST), group=4), acl((USER, BOB), mask=0)],
    ids=["a user", "a group", "both", "a mask that denies"],
)
def test_an_acl_stays_and_its_mask_becomes_no_right_of_the_group(
    machine: Machine, file: Path, attribute: bytes
) -> None:
    os.setxattr(file, ACL, attribute)
    check_same_readers(machine, file)


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_no_acl_is_inherited_from_the_folder(machine: Machine, file: Path, mode: int) -> None:
    file.chmod(mode)
    os.setxattr(file.parent, DEFAULT_ACL, acl((USER, BOB), (GROUP, GUEST), group=4))
    check_same_readers(machine, file)


@needs_root
def test_the_group_stays_in_a_folder_of_another_group(machine: Machine, file: Path) -> None:
    file.chmod(0o640)
    os.chown(file.parent, -1, GUEST)
    file.parent.chmod(0o2755)
    check_same_readers(machine, file)


@needs_root
@pytest.mark.parametrize("attribute", [b"", acl((USER, BOB), group=4)], ids=["a mode", "an ACL"])
def test_a_group_that_one_is_no_longer_in_is_not_replaced_by_another_that_reads(
    machine: Machine, file: Path, attribute: bytes
) -> None:
    file.chmod(0o640)
    if attribute:
        os.setxattr(file, ACL, attribute)
    os.chown(file, -1, GUEST)
    assert machine.run("setpriv", "--bounding-set=-chown", ROLE_ENV, "setup", "aliyun-cli", "profileB").returncode == 0
    assert rights(file) == (stat.S_IFREG | 0o600, 0, os.getegid(), b"")

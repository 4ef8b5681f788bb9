"""A key that another file may contain is not made inactive unseen."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud.ram import LocalRam
from support.machine import Machine
from support.rotated import states


def make_folder(path: Path) -> None:
    path.mkdir(parents=True)


def make_pipe(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)


def make_loop(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(path)


def make_large(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b" " * (64 << 20))


@pytest.mark.parametrize("make", [make_folder, make_pipe, make_loop, make_large])
def test_a_file_of_the_cli_that_cannot_be_read_is_named_and_stops_the_rotation(
    machine: Machine, ram: LocalRam, make: Callable[[Path], None]
) -> None:
    path = machine.home / ".aliyun" / "config.json"
    make(path)
    before = states(ram)
    done = machine.fails("rotate", "profileA", status=4, said=f"{path} cannot be read (")
    assert f"so it may contain the access key {machine.sts.access_key_id} too" in done.stderr
    assert "hint: make it readable, or add --force" in done.stderr
    assert states(ram) == before
    machine.succeeds("rotate", "profileA", "--force")


def test_no_file_of_the_cli_is_no_reason_to_stop(machine: Machine, ram: LocalRam) -> None:
    (machine.home / ".aliyun").write_text("a file where the folder would be", "utf-8")
    machine.succeeds("rotate", "profileA")

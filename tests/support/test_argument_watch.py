"""The canary: its watch over argument lists, and what it finds."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.argument_watch import Arguments, ArgumentWatch
from support.machine import Machine
from support.waiting import wait_until


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="argument lists are read from /proc")
def test_a_secret_is_seen_among_the_arguments_that_a_process_has_later(tmp_path: Path) -> None:
    watch = ArgumentWatch(tmp_path / "seen")
    watch.start()
    before = Arguments(tmp_path / "seen")
    script = 'read line; exec sh -c "read line" sh "$line"'
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin
        wait_until(lambda: [text for text in before.seen() if script.encode() in text])
        meanwhile = Arguments(tmp_path / "seen")
        process.stdin.write("made-up-secret\n")
        process.stdin.flush()
        wait_until(lambda: [text for text in meanwhile.seen() if b"made-up-secret" in text])
    watch.end()


def test_a_secret_is_found_in_each_text_and_argument_list_though_others_begin_alike(machine: Machine) -> None:
    start, seen = "x" * 200, machine.arguments
    texts = [start + machine.sts.access_key_secret, start]
    machine.reported += texts
    machine.arguments = lambda: [text.encode() for text in texts]
    assert machine.leaks() == [f"reported: {start}", f"arguments: {start.encode()!r}"]
    machine.reported.clear()
    machine.arguments = seen

"""The canary's watch over argument lists."""

import subprocess
import sys
import time
from types import SimpleNamespace
from typing import cast

import pytest

from support.machine import ArgumentWatch, Machine
from support.waiting import wait_until


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="argument lists are read from /proc")
def test_a_secret_is_seen_among_the_arguments_that_a_process_has_later() -> None:
    watch = ArgumentWatch(cast(Machine, SimpleNamespace(secrets=lambda: {"made-up-secret"})))
    watch.start()
    script = 'read line; exec sh -c "read line" sh "$line"'
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin
        time.sleep(0.2)
        assert not watch.seen
        process.stdin.write("made-up-secret\n")
        process.stdin.flush()
        wait_until(lambda: watch.seen)
    watch.end()
    assert all(b"made-up-secret" in arguments for arguments in watch.seen)

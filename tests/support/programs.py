"""The system's programs without some of them."""

import os
from pathlib import Path

from support.machine import INSTALLED, Machine


def hide(machine: Machine, *names: str) -> None:
    """Take the programs `names` off the machine's PATH: all others are links in one folder, which is made once.

    It is outside HOME, where the canary would read each of them.
    """
    folder = machine.home.parents[1] / "-".join(("without", *names))
    if not folder.exists():
        folder.mkdir()
        for directory in reversed(os.environ["PATH"].split(":")):
            for program in Path(directory).iterdir() if Path(directory).is_dir() else ():
                link = folder / program.name
                if program.name not in names:
                    link.unlink(missing_ok=True)
                    link.symlink_to(program)
    machine.environ["PATH"] = f"{INSTALLED}:{folder}"

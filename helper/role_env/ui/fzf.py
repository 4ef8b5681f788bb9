"""Let a person choose a line in fzf, a program that searches while one types."""

import os
import shutil
import subprocess
from collections.abc import Sequence

# The statuses of fzf without a choice: no line matched; Esc, Ctrl-C or Ctrl-D.
_CANCELED = (1, 130)
_SECONDS_TO_END = 2.0


class UnusableError(Exception):
    """The program fzf is not installed, or it failed."""


def choose(lines: Sequence[str], *, question: str) -> int | None:
    """Return the index of the line that a person chooses, or None. Raises UnusableError."""
    program = shutil.which("fzf")
    if program is None:
        raise UnusableError
    # The number in front, which is not shown, distinguishes lines that look the same.
    numbered = "".join(f"{index}\t{line}\n" for index, line in enumerate(lines))
    options = ("--ansi", "--no-multi", "--height=40%", "--reverse", "--delimiter=\t", "--with-nth=2..")
    try:
        fzf = subprocess.Popen(  # noqa: S603  the user's own program, with options of ours
            [program, *options, f"--prompt={question} "], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    except OSError:
        raise UnusableError from None
    try:
        chosen, _ = fzf.communicate(numbered.encode())
    except BaseException:
        fzf.terminate()  # unlike a kill, it lets fzf restore the terminal
        fzf.wait(_SECONDS_TO_END)
        raise
    if fzf.returncode in _CANCELED:
        return None
    # The user's own options of fzf may add lines, such as what was typed.
    numbers = [int(text) for line in chosen.split(b"\n") if (text := line.partition(b"\t")[0]).isdigit()]
    if fzf.returncode != os.EX_OK or not numbers or numbers[-1] >= len(lines):
        raise UnusableError
    return numbers[-1]

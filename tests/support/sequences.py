"""Random sequences of requests on one machine, as tests of sessions play them."""

from collections import Counter
from typing import Protocol

from support.machine import Machine


class Sequences(Protocol):
    """What plays one sequence after another, with what it found and its last steps."""

    found: Counter[str]
    log: list[str]

    def sequence(self) -> None:
        """Play one sequence and check it."""


def play(walk: Sequences, machine: Machine, *, count: int, seed: object) -> None:
    """Play `count` sequences and print what was found; after a failure, print the last steps."""
    for number in range(count):
        if number % 100 == 99:
            print(number + 1, dict(sorted(walk.found.items())), flush=True)
        try:
            walk.sequence()
        except BaseException:
            print(f"seed {seed}, sequence {number}", *walk.log[-25:], sep="\n")
            if not machine.bus.revive():  # else gnome-keyring has ended by itself: KeyringBus.revive says when it does
                raise
    print(f"\n{count} sequences: {dict(sorted(walk.found.items()))}")

"""Random sequences of requests on one machine, as tests of sessions play them."""

import random
from collections import Counter

from support.machine import Machine


class Walk:
    """Requests on one machine, one sequence after another, with what was found and the steps so far."""

    def __init__(self, machine: Machine, dice: random.Random) -> None:
        self.machine = machine
        self.dice = dice
        self.found: Counter[str] = Counter()
        self.log: list[str] = []

    def sequence(self) -> None:
        """Play one sequence and check it."""
        raise NotImplementedError

    def clear(self, *words: str) -> None:
        """Clear the sessions, which a keyring that is slow on a busy machine may refuse."""
        done = self.machine.role_env("clear", *words)
        self.log.append(f"clear {done.returncode}")
        assert done.returncode in (0, 6), done.stderr


def play(walk: Walk, *, count: int, seed: object) -> None:
    """Play `count` sequences and print what was found; after a failure, print the last steps."""
    for number in range(count):
        if number % 100 == 99:
            print(number + 1, dict(sorted(walk.found.items())), flush=True)
        try:
            walk.sequence()
        except BaseException:
            print(f"seed {seed}, sequence {number}", *walk.log[-25:], sep="\n")
            if (
                not walk.machine.bus.revive()
            ):  # else gnome-keyring has ended by itself: KeyringBus.revive says when it does
                raise
    print(f"\n{count} sequences: {dict(sorted(walk.found.items()))}")

"""Many cases in one test, where each alone would cost a machine: a failure names its case."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def case(*names: object) -> Iterator[None]:
    """Put the names of a case before what an assertion that fails in it says."""
    try:
        yield
    except AssertionError as failure:
        raise AssertionError(f"{' '.join(map(str, names))}: {failure}") from failure

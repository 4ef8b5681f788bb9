"""Files that are old enough for their stat to be trusted."""

import time
from pathlib import Path

SETTLED_SECONDS = 2.1


def settle(*paths: Path) -> None:
    """Wait until the files at `paths` are more than two seconds old, the coarsest times of a file system."""
    youngest = max((max(path.stat().st_mtime, path.stat().st_ctime) for path in paths if path.exists()), default=0)
    time.sleep(max(0, min(SETTLED_SECONDS, youngest + SETTLED_SECONDS - time.time())))

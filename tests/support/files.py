"""Files of a test: old enough for their stat to be trusted, private, or programs."""

import time
from pathlib import Path

SETTLED_SECONDS = 2.1


def settle(*paths: Path) -> None:
    """Wait until the files at `paths` are more than two seconds old, the coarsest times of a file system."""
    youngest = max((max(path.stat().st_mtime, path.stat().st_ctime) for path in paths if path.exists()), default=0)
    time.sleep(max(0, min(SETTLED_SECONDS, youngest + SETTLED_SECONDS - time.time())))


def write_private(path: Path, text: str) -> Path:
    """Write a file that only its owner can read, and the folder that it is in; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return path


def write_program(path: Path, text: str) -> Path:
    """Write a program, and the folder that it is in; return its path."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o755)
    return path

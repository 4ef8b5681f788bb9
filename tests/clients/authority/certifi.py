"""The certificate authority of the tests for a client that asks this package for the public ones, and nothing else."""

import os
from pathlib import Path


def where() -> str:
    """Return the file of the authority."""
    return os.environ["SSL_CERT_FILE"]


def contents() -> str:
    """Return what is in it."""
    return Path(where()).read_text("ascii")

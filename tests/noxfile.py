"""What `tests/run` runs before the tests, a session each: the wheel, the linters, the types and the clients.

    .venv/bin/nox -f tests/noxfile.py -s lint       one of them, without the clean environment that tests/run makes

Most sessions use .venv, which tests/run makes and in which nox itself is. Those with a venv of their own have it in
.venv-nox.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import nox
from nox.command import CommandFailed
from packaging.requirements import Requirement

TOP = Path(__file__).resolve().parent.parent
PRIMARY = Path(sys.prefix)
WHEELS = PRIMARY / "role-env-wheel"

nox.options.envdir = TOP / ".venv-nox"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = False

OTHER_PYTHON = "3.11" if sys.version_info[:2] == (3, 13) else "3.13"
"""The Python of the smoke tests: with the one that runs this, the oldest in wide use or the newest."""

NODE_CLIENTS = (
    "@alicloud/credentials@2",
    "@alicloud/sts20150401@1",
    "@devcontainers/cli@0",
    "@qwen-code/qwen-code@0",
    "@serverless-devs/credential@0",
    "@vercel/detect-agent@1",
)

INSTALLING = {"HOME": os.environ.get("HOME_FOR_INSTALLING") or os.environ["HOME"]}
"""The user's own home, with the settings and caches of pip, uv and npm. The tests have an empty one."""


@nox.session(venv_backend="none")
def wheel(session: nox.Session) -> None:
    """Build the wheel and install it in .venv, unless this has been done since the last change."""
    session.chdir(TOP)
    package = [path for path in (TOP / "helper").rglob("*.*") if path.suffix in (".py", ".md")]
    files = [TOP / "pyproject.toml", TOP / "README.md", *package, *(TOP / "shell").iterdir()]
    contents = b"".join(f"{path}\n".encode() + path.read_bytes() for path in sorted(files))
    wanted, stamp = hashlib.sha256(contents).hexdigest(), WHEELS / "stamp"
    if stamp.exists() and stamp.read_text("ascii") == f"{wanted} {_installed()}":
        return
    shutil.rmtree(WHEELS, ignore_errors=True)
    # .venv has hatchling: isolation would fetch it anew on every run.
    build = ("wheel", "--no-deps", "--no-build-isolation", "--check-build-dependencies", "-w", str(WHEELS), ".")
    session.run(*_pip(), *build, silent=True, env=INSTALLING)
    session.run(*_pip(), "install", "--force-reinstall", "--no-deps", _built(), silent=True, env=INSTALLING)
    stamp.write_text(f"{wanted} {_installed()}", "ascii")


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Check the Python code, the layers of the package, the shell files and the workflows of CI."""
    session.chdir(TOP)
    # The tests' own folders lie in here; a copy without .gitignore must not lint a whole venv.
    python = (*_programs(), ".", "--extend-exclude", ".venv*")
    posix = [*_files("shell/*.bash"), *_files("shell/*.sh")]
    fish = _files("shell/*.fish")
    actions = _files(".github/actions/*/*.sh")
    _run_all(
        session,
        ("ruff", "check", *python),
        ("ruff", "format", "--check", *python),
        ("lint-imports", "--no-logo", "--no-cache"),
        ("shellcheck", "--enable=all", *posix),
        ("shfmt", "-d", *posix),
        ("shellcheck", *actions),
        ("shfmt", "-d", *actions),
        *(("zsh", "-n", path) for path in _files("shell/*.zsh")),
        *(("fish", "--no-execute", path) for path in fish),
        ("fish_indent", "--check", *fish),
        ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *_files(".github/workflows/*.yml")),
        ("check-jsonschema", "--builtin-schema", "vendor.github-actions", *_files(".github/actions/*/action.yml")),
        ("check-jsonschema", "--builtin-schema", "vendor.github-issue-forms", *_files(".github/ISSUE_TEMPLATE/*.yml")),
        ("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"),
        ("zizmor", "--offline", "--no-progress", "--persona=pedantic", ".github"),
    )


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Check the types, of the package as on macOS too: what only Linux has would show nowhere else."""
    session.chdir(TOP)
    # As modules, since several programs cannot all be __main__.
    everything = ("mypy", "--strict", "--scripts-are-modules", "helper", "tests", *_programs())
    _run_all(session, everything, ("mypy", "--strict", "--platform", "darwin", "helper"))


@nox.session(venv_backend="none")
def collect(session: nox.Session) -> None:
    """Collect the tests once, before each worker of theirs would rewrite the asserts of all modules for itself."""
    session.chdir(TOP)
    session.run(sys.executable, "-m", "pytest", "tests", "--collect-only", "-q", silent=True)


@nox.session(venv_backend="none")
def quick(session: nox.Session) -> None:
    """Run the tests of the layout and of the documents, which start next to no process."""
    session.chdir(TOP)
    session.run(sys.executable, "-m", "pytest", "-q", "tests/test_layout.py", "tests/documents/test_documents.py")


@nox.session(python=OTHER_PYTHON)
def smoke(session: nox.Session) -> None:
    """Run the smoke tests on another Python, where it is on the machine."""
    session.chdir(TOP)
    session.install("--no-compile", "--group", "test", silent=True, env=INSTALLING)
    session.install("--force-reinstall", _built(), silent=True, env=INSTALLING)
    # Importing all the others would take longer than these tests do.
    marked = [str(path) for path in sorted(Path("tests").rglob("test_*.py")) if b"smoke" in path.read_bytes()]
    session.run("python", "-m", "pytest", *marked, "-m", "smoke", "-n", "3", "--processes")


@nox.session
def clients(session: nox.Session) -> None:
    """Install real clients of Alibaba Cloud, apart from the project's own dependencies, for tests/test_clients.py."""
    session.chdir(TOP)
    session.install("--no-compile", "--group", "clients", silent=True, env=INSTALLING)
    folder = Path(session.virtualenv.location)
    stamp, wanted = folder / "role-env-node", " ".join(NODE_CLIENTS)
    if stamp.exists() and stamp.read_text("ascii") == wanted:
        return
    if not shutil.which("npm"):
        session.log("the clients for Node are left out: there is no npm")
        return
    npm = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder))
    network = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=15000")
    try:
        session.run(*npm, *network, *NODE_CLIENTS, silent=True, external=True, env=INSTALLING)
    except CommandFailed:  # npm's network is not pip's; the same client for Python is there
        session.warn("the clients for Node are left out: npm could not bring them")
    else:
        stamp.write_text(wanted, "ascii")


def _pip() -> tuple[str, ...]:
    """Return the command of .venv's pip that asks nothing."""
    return sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check"


def _built() -> str:
    """Return the wheel that the session `wheel` built."""
    return str(next(WHEELS.glob("*.whl")))


def _installed() -> list[int]:
    """Return when the package in .venv was installed: anybody may have done it since."""
    return [path.stat().st_ctime_ns for path in PRIMARY.glob("lib/python*/site-packages/role_env/__init__.py")]


def _files(pattern: str) -> list[str]:
    return [str(path) for path in sorted(Path().glob(pattern))]


def _programs() -> list[str]:
    """Return the Python programs without a suffix, which linters do not find by themselves."""
    candidates = [path for path in sorted(Path("tests").iterdir()) if path.is_file() and not path.suffix]
    return [str(path) for path in candidates if path.read_bytes().startswith(b"#!/usr/bin/env python3")]


def _left_out() -> set[str]:
    """Return the linters that this Python cannot have: the markers in pyproject.toml say so."""
    group = nox.project.load_toml(TOP / "pyproject.toml")["dependency-groups"]["lint"]
    tools = [Requirement(line) for line in group]
    return {tool.name for tool in tools if tool.marker and not tool.marker.evaluate()}


def _run_all(session: nox.Session, *commands: Iterable[str]) -> None:
    """Run every command, though one before it failed. One that is not installed is skipped, and fails in CI."""
    failed, left_out = [], _left_out()
    for command in commands:
        name, *arguments = command
        program = shutil.which(name, path=f"{PRIMARY / 'bin'}{os.pathsep}{os.environ['PATH']}")
        if program is None and name in left_out:
            session.warn(f"{name} is left out: it needs a newer Python than {sys.version.split()[0]}")
            continue
        if program is None:
            session.warn(f"{name} is not installed")
            failed += [name] if os.environ.get("CI") == "true" else []
            continue
        try:
            session.run(program, *arguments, env={"PYTHONPATH": "helper"} if name == "lint-imports" else None)
        except CommandFailed:
            failed.append(name)
    if failed:
        session.error(f"failed: {', '.join(failed)}")

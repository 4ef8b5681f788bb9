"""role-env help: show the page of a command, or a topic of the reference."""

import sys

from role_env import ui
from role_env.cli import Invocation
from role_env.cli import help as pages
from role_env.command_table import TOPICS
from role_env.command_table.commands import COMMANDS
from role_env.context import Context
from role_env.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Without PAGER, the first of these that is installed.
_USUAL = ("less", "more")
# The options of less unless the user has set LESS: a text that fits the screen is printed and stays there.
_LESS = "FRX"


def run(invocation: Invocation, context: Context) -> int:
    """Print the page or the topic, in a pager if stdout is a terminal."""
    topic = invocation.topic
    if topic in COMMANDS:
        ui.write(pages.page(topic))
    elif not topic:
        _show_overview(context.environ)
    elif topic in TOPICS:
        _show_topic(topic, context.environ)
    else:
        meant = _closest(topic)
        hint = f"did you mean `role-env help {meant}`?" if meant else "`role-env help` shows the commands and topics"
        raise UsageError(f"there is no command or help topic {topic[:80]}", hint=hint)
    return 0


def _show_overview(environ: "Mapping[str, str]") -> None:
    """Show the overview in a pager: it is longer than most terminals."""
    _show(pages.page(""), _pager(environ), environ)


def _show_topic(topic: str, environ: "Mapping[str, str]") -> None:
    """Show a topic in a pager, in styles if it passes them on."""
    from role_env.ui.reference import text_of  # a command's page needs none of these
    from role_env.ui.table import columns, has_colors

    pager = _pager(environ)
    has_styles = has_colors(environ, sys.stdout) and _passes_styles(pager, environ)
    _show(text_of(pages.topic(topic), columns=columns(environ), has_styles=has_styles), pager, environ)


def _show(text: str, pager: list[str], environ: "Mapping[str, str]") -> None:
    """Show `text` in the pager; print it if that is empty or cannot be run."""
    if not pager:
        ui.write(text)
        return
    import subprocess

    try:
        # The pager is the user's own setting, and it runs until the person at the terminal leaves it.
        process = subprocess.Popen(pager, stdin=subprocess.PIPE, env={"LESS": _LESS, **environ})  # noqa: S603
    except OSError:
        ui.write(text)
        return
    while True:
        try:
            process.communicate(text.encode("utf-8", "surrogateescape"))
            return
        except KeyboardInterrupt:  # Ctrl-C is for the pager, which ends a search and continues
            text = ""


def _passes_styles(command: list[str], environ: "Mapping[str, str]") -> bool:
    """Return whether the pager passes styles to the terminal. Other pagers may show the escape sequences as text."""
    if not command:
        return True
    options = [environ.get("LESS", _LESS), *(word for word in command[1:] if word.startswith("-"))]
    return command[0].rpartition("/")[2] == "less" and any("R" in option for option in options)


def _pager(environ: "Mapping[str, str]") -> list[str]:
    """Return the person's pager as words; none without a terminal or a pager."""
    import shlex
    import shutil

    if sys.stdout is None or not sys.stdout.isatty() or environ.get("TERM", "dumb") == "dumb":
        return []
    if "PAGER" in environ:
        try:
            return shlex.split(environ["PAGER"])
        except ValueError:
            return []
    path = environ.get("PATH")
    return next(([name] for name in _USUAL if shutil.which(name, path=path)), [])


def _closest(topic: str) -> str:
    """Return the topic or command that `topic` may mean: by its beginning, the words in its text, or its spelling."""
    import re

    from role_env import validators

    known = [*TOPICS, *COMMANDS]
    word = topic.casefold()
    if begun := next((name for name in known if name.startswith(word)), ""):
        return begun
    uses = {name: len(re.findall(rf"\b{re.escape(word)}\b", pages.topic(name).casefold())) for name in TOPICS}
    most = max(uses, key=lambda name: uses[name])
    return most if uses[most] else validators.nearest(topic, known)

"""role-env help: show the page of a command, or a topic of the reference."""

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


def run(invocation: Invocation, context: Context) -> int:
    """Print the page or the topic, in a pager if stdout is a terminal."""
    topic = invocation.topic
    if not topic or topic in COMMANDS:
        ui.write(pages.page(topic))
    elif topic in TOPICS:
        _show_topic(topic, context.environ)
    else:
        meant = _closest(topic)
        hint = f"did you mean role-env help {meant}?" if meant else "role-env help shows the commands and topics"
        raise UsageError(f"there is no command or help topic {topic[:80]}", hint=hint)
    return 0


def _show_topic(topic: str, environ: "Mapping[str, str]") -> None:
    from role_env.ui import pager, reference
    from role_env.ui.table import columns

    text, most = pages.topic(topic), columns(environ)
    pager.show(lambda has_styles: reference.text_of(text, columns=most, has_styles=has_styles), environ)


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

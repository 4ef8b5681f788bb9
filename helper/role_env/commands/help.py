"""role-env help: show the page of a command, or a topic of the reference."""

from role_env.cli import help as pages
from role_env.cli.invocation import Invocation
from role_env.command_model import TOPICS
from role_env.command_table import COMMANDS
from role_env.context import Context
from role_env.errors import UsageError
from role_env.ui import stdout as output


def run(invocation: Invocation, context: Context) -> int:
    """Print the page, or show the topic; on a terminal in a pager."""
    topic = invocation.topic
    if not topic or topic in COMMANDS:
        output.write(pages.page(topic))
        return 0
    if topic not in TOPICS:
        raise _unknown(topic)
    from role_env.ui import pager

    pager.show(pages.topic(topic), context.environ)
    return 0


def _unknown(topic: str) -> UsageError:
    from role_env import names

    meant = names.nearest(topic, [*TOPICS, *COMMANDS])
    hint = f"did you mean role-env help {meant}?" if meant else "role-env help shows the commands and topics"
    return UsageError(f"there is no command or help topic {topic[:80]}", hint=hint)

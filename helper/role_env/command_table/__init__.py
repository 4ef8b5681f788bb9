"""The command line as data: every command with its words, options, choices, examples and exit statuses.

The parser, the dispatch, the help pages, the completion of the shells and the checks of profile names all read these
tables. They are part of each cached call, so they are built from nothing but tuples and three small classes.
"""

from role_env.command_table import profiles, reports, sessions

GROUPS = {
    "sessions": sessions.COMMANDS,
    "profiles, keys and the cache": profiles.COMMANDS,
    "reports and help": reports.COMMANDS,
}
"""The commands by what they are for, in the order in which they are shown."""
COMMANDS = {command.name: command for group in GROUPS.values() for command in group}
"""The commands by their names, in the order in which they are shown."""


def export_words(profile: str) -> str:
    """Return the words that export `profile`; one that is named like a command needs the command."""
    return f"export {profile}" if profile in COMMANDS else profile

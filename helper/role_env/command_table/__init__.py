"""The command line as data: every command with its words, options, choices, examples and exit statuses.

The parser, the dispatch, the help pages, the shells' completion and the checks of profile names all read these tables.
Every cached call loads them, so they consist of tuples and three small classes.
"""

from role_env.command_table import profiles, sessions

GROUPS = {
    "sessions": sessions.COMMANDS,
    "profiles, keys and the cache": profiles.COMMANDS,
    "reports and help": profiles.REPORTS,
}
"""The commands by purpose, in the order of display."""
COMMANDS = {command.name: command for group in GROUPS.values() for command in group}
"""The commands by name, in the order of display."""


def export_words(profile: str) -> str:
    """Return the words that export `profile`. A profile named like a command requires `export` before it."""
    return f"export {profile}" if profile in COMMANDS else profile

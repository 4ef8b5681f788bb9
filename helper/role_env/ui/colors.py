"""The colors that a profile can have in the prompt, in `list` and where it is offered."""

COLORS = {
    "black": "30",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "purple": "35",
    "cyan": "36",
    "white": "37",
    "grey": "90",
    "gray": "90",
    "orange": "38;5;208",
}
"""The names of colors, and their SGR parameters (ECMA-48 8.3.117)."""

"""The user's folders on Linux by the XDG Base Directory Specification, without what platformdirs costs to import.

For the warm path and what it shares with the ordinary one, and only in the usual cases: where one is odd, `usual` says
so and platformdirs decides.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG = ("XDG_CONFIG_HOME", ".config")
STATE = ("XDG_STATE_HOME", ".local/state")


def usual(environ: "Mapping[str, str]", kind: "tuple[str, str]") -> str:
    """The folder of the `kind` CONFIG or STATE as an absolute path, or an empty text where it cannot be told."""
    variable, below_home = kind
    configured, home = environ.get(variable, ""), environ.get("HOME", "")
    if configured:
        return configured if configured.startswith("/") else ""
    return f"{home}/{below_home}" if home.startswith("/") else ""

"""The AI agent that runs role-env, recognized by its variables.

They are those that the `aliyun` CLI knows (its `util/agent.go`). Anybody can set and unset them: what depends on them
protects against accidents. The fast path uses it too, so it imports nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = ("read-only", "full")
"""The values of a profile's key `agents`: what an agent's sessions are without an option."""

NAMES = {
    "CURSOR_AGENT": "cursor",
    "CLAUDECODE": "claude-code",
    "CLAUDE_CODE": "claude-code",
    "GEMINI_CLI": "gemini-cli",
    "AUGMENT_AGENT": "augment",
    "OPENCODE": "opencode",
    "OPENCODE_CLIENT": "opencode",
    "CLINE_ACTIVE": "cline",
    "CODEX_SANDBOX": "codex",
    "QODER_AGENT": "qoder",
    "QODER_CLI": "qoder-cli",
}
"""The agents by the variable that each sets; of several, the first one counts."""
OTHER = "AGENT"
"""The variable in which any other agent gives its name."""
UNNAMED = "agent"
"""The name for an agent whose variable contains no character that a name may have."""

_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")
_LONGEST = 32
_LONGEST_SESSION_NAME = 64


def recognize(environ: "Mapping[str, str]") -> str:
    """Return the name of the agent whose variable is set in `environ`, or an empty text."""
    for variable, name in NAMES.items():
        if environ.get(variable):
            return name
    other = environ.get(OTHER, "")
    return "".join(filter(_CHARACTERS.__contains__, other.lower()))[:_LONGEST] or (UNNAMED if other else "")


def check_name(text: str) -> str:
    """Check the name of an agent, as `recognize` returns it. Raises ValueError."""
    if not text or len(text) > _LONGEST or not _CHARACTERS.issuperset(text):
        raise ValueError("is not the name of an agent")
    return text


def session_name(default: str, agent: str) -> str:
    """Return the session name `<default>.<agent>`, with `<default>` shortened to fit STS's limit of 64 characters."""
    return f"{default[: _LONGEST_SESSION_NAME - 1 - len(agent)]}.{agent}"

"""Recognize the AI agent that runs role-env, by the variables that agents set for the commands that they run.

A variable counts only if a person's own terminal and settings do not have it as well: CURSOR_TRACE_ID, COPILOT_MODEL,
GOOSE_PROVIDER, OPENCODE_CLIENT and TERM_PROGRAM do not. CLAUDECODE counts, though an IDE's terminal may have it. An
agent that sets none of them is taken for a person.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

AGENTS = {
    "AMP_CURRENT_THREAD_ID": "amp",  # before CLAUDECODE, which Amp sets too
    "CURSOR_AGENT": "cursor",
    "CURSOR_EXTENSION_HOST_ROLE": "cursor",
    "CLAUDECODE": "claude-code",
    "CLAUDE_CODE": "claude-code",
    "CLAUDE_CODE_CHILD_SESSION": "claude-code",
    "QWEN_CODE": "qwen-code",
    "GEMINI_CLI": "gemini-cli",
    "CODEX_CI": "codex",
    "CODEX_THREAD_ID": "codex",
    "CODEX_SANDBOX": "codex",  # on macOS only
    "CODEX_SANDBOX_NETWORK_DISABLED": "codex",
    "COPILOT_CLI": "copilot-cli",
    "COPILOT_AGENT_SESSION_ID": "copilot-cli",
    "COPILOT_AGENT": "copilot",  # the one in VS Code
    "VSCODE_AGENT": "copilot",
    "KIRO_SESSION_ID": "kiro",
    "GOOSE_TERMINAL": "goose",
    "HERMES_SESSION_ID": "hermes",
    "ANTIGRAVITY_AGENT": "antigravity",
    "WINDSURF_CASCADE_TERMINAL": "windsurf",
    "AUGMENT_AGENT": "augment",
    "CRUSH": "crush",
    "OPENCODE": "opencode",
    "CLINE_ACTIVE": "cline",
    "QODER_AGENT": "qoder",
    "QODER_CLI": "qoder-cli",
    "PI_CODING_AGENT": "pi",
    "OPENCLAW_SHELL": "openclaw",
}
"""The agents by the variables that they set; of several, the first one counts."""
VALUES = {"CURSOR_EXTENSION_HOST_ROLE": "agent-exec", "OPENCLAW_SHELL": "exec"}
"""The value that counts, for variables that have another one in a person's terminal. Of the others, any one counts."""
NAMING = ("AI_AGENT", "AGENT")
"""The variables in which any other agent gives its name."""
_YES, _NO = ("1", "true"), ("", "0", "false", "no", "off")
_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")
_LONGEST = 32


def agent_of(environ: "Mapping[str, str]") -> str:
    """Return the name of the agent that runs role-env, empty for a person.

    A credential process is run by role-env. An agent that gives no name, or none of our characters, is called `agent`.
    """
    if environ.get("ROLE_ENV_CHAIN"):
        return ""
    for variable, name in AGENTS.items():
        value = environ.get(variable)
        if value and value == VALUES.get(variable, value):
            return name
    return next(filter(None, (_name(environ.get(variable, "")) for variable in NAMING)), "")


def _name(value: str) -> str:
    """Return the name of an agent in `value`, which may be a flag; empty if it says that there is none."""
    value = value.lower()
    if value in _NO:
        return ""
    name = "" if value in _YES else "".join(filter(_CHARACTERS.__contains__, value))[:_LONGEST]
    return name or "agent"

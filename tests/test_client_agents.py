"""Real agents, and the lists of agents that others keep, beside the table in `agents.py`."""

import json
import re
from collections.abc import Iterator, Mapping

import pytest

from cloud.answers import Answer, Document
from cloud.service import Service
from role_env.agents import AGENTS, NAMING, VALUES
from role_env.profiles import policies
from support.machine import Machine
from support.readers import CLIENTS

pytestmark = pytest.mark.clients

MODULES = CLIENTS / "node_modules"
needs_node = pytest.mark.skipif(
    not (CLIENTS / "role-env-node").exists(), reason="there are no clients for Node (tests/run)"
)
LEFT_OUT = {
    "CURSOR_TRACE_ID": "each terminal of the editor has it, a person's too",
    "COPILOT_MODEL": "a setting of the user's",
    "COPILOT_ALLOW_ALL": "a setting of the user's",
    "COPILOT_GITHUB_TOKEN": "a setting of the user's",
    "GOOSE_PROVIDER": "a setting of the user's",
    "OPENCODE_CLIENT": "a setting of the user's",
    "TERM_PROGRAM": "a person's terminal has it too",
    "REPL_ID": "each shell of a workspace has it, a person's too",
    "PATH": "a folder in it says what is installed",
    "ANTIGRAVITY_CLI_ALIAS": "the name of the editor's launcher",
    "CLAUDE_CODE_IS_COWORK": "only beside CLAUDECODE",
    "KIMI_PLUGIN_ROOT": "a plug-in's hooks have it, and the agent's commands do not",
    "GROK_PLUGIN_ROOT": "a plug-in's hooks have it, and the agent's commands do not",
    "GROK_PLUGIN_DATA": "a plug-in's hooks have it, and the agent's commands do not",
    "JUNIE_DATA": "whether a person's terminal has it was not to be found out",
    "JUNIE_SHIM_PATH": "whether a person's terminal has it was not to be found out",
}
"""The variables of other lists that are no sign of an agent here, and why. /opt/.devin is a file."""


def of_npm() -> dict[str, set[str]]:
    """Return the variables that npm's `@vercel/detect-agent` reads, each with the values that it compares."""
    text = (MODULES / "@vercel/detect-agent/dist/index.js").read_text("utf-8")
    found = re.findall(r"process\.env\.([A-Z_]+)(?: === \"([^\"]+)\")?", text)
    return {name: {value for each, value in found if each == name and value} for name, _ in found}


def of_pypi() -> dict[str, set[str]]:
    """Return the variables that PyPI's `detect-agent` reads, each with the values that it compares."""
    (folder,) = CLIENTS.glob("lib/python*/site-packages/detect_agent")
    found: dict[str, set[str]] = {}

    def take(condition: Document) -> None:
        """Take the variables of a condition and of those in it."""
        if "name" in condition:
            values = found.setdefault(str(condition["name"]), set())
            values |= {str(condition["value"])} if "value" in condition else set()
        for inner in condition.get("conditions", []):
            take(inner)

    for agent in json.loads((folder / "agents.json").read_text("utf-8"))["agents"]:
        take(agent["match"])
    code = (folder / "__init__.py").read_text("utf-8")
    return found | {name: set() for name in re.findall(r'environ.get\("([A-Z_]+)"\)', code)}


def test_each_variable_of_another_list_is_in_ours_or_left_out_for_a_reason() -> None:
    if not (CLIENTS / "bin").exists():
        pytest.skip(f"there is no {CLIENTS.name} (tests/run makes it)")
    lists = [of_pypi(), *([of_npm()] if MODULES.exists() else [])]
    assert all(len(variables) > 15 for variables in lists), "their format has changed"
    others = {name: values for variables in lists for name, values in variables.items()}
    for name, values in others.items():
        assert name in {*AGENTS, *NAMING} or name in LEFT_OUT, f"is {name} set for an agent's commands only?"
        if name in VALUES and values:
            assert values == {VALUES[name]}
    if len(lists) == 2:
        assert LEFT_OUT.keys() <= others.keys(), "no list has it any more"


class Model(Service):
    """A stand-in for a language model (OpenAI's chat completions), which asks for one shell command and then ends."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.output = ""
        super().__init__()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the call of the shell tool, or, after its result, the last words."""
        *_, last = json.loads(body)["messages"]
        message: dict[str, object] = {"role": "assistant", "content": "done"}
        if last["role"] == "tool":
            self.output = json.dumps(last["content"])
        else:
            arguments = json.dumps({"command": self.command, "is_background": False})
            call = {"index": 0, "id": "one", "type": "function"}
            function = {"name": "run_shell_command", "arguments": arguments}
            message = {"role": "assistant", "content": None, "tool_calls": [{**call, "function": function}]}
        reason = "tool_calls" if "tool_calls" in message else "stop"
        choice = {"index": 0, "delta": message, "finish_reason": reason}
        chunk = {"id": "one", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        stream = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"
        return Answer(200, stream.encode(), "text/event-stream")


@pytest.fixture
def model() -> Iterator[Model]:
    """A model whose agent is to ask role-env for a session."""
    with Model("role-env export profileB --format json >session; echo role-env ended with $?") as started:
        yield started


@needs_node
def test_qwen_code_runs_role_env_as_an_agent_with_a_session_that_only_reads(machine: Machine, model: Model) -> None:
    machine.add("agents = read-only\n")
    words = ["--bare", "--yolo", "--auth-type", "openai", "--model", "m", "--prompt", "go"]
    server = ["--openai-api-key", "none", "--openai-base-url", f"http://127.0.0.1:{model.port}/v1"]
    done = machine.run("node", str(MODULES / ".bin/qwen"), *words, *server)
    assert "role-env ended with 0" in model.output, done.stderr
    (call,) = machine.sts.calls_of("AssumeRole")
    assert (call.policy, call.session_name.endswith(".qwen-code")) == (policies.read_only(), True)
    (machine.home / "session").unlink()

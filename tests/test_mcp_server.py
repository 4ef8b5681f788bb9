"""One of Alibaba's own MCP servers, started by an agent's program in a session that can only read."""

import json
import os
from typing import Any

import pytest

from cloud.ecs import REGION, LocalEcs
from support.documents import topic
from support.machine import Machine
from support.readers import CLIENTS, PROGRAMS

pytestmark = pytest.mark.clients

SERVER = CLIENTS / "bin" / "alibaba-cloud-ops-mcp-server"
MORE_TOOLS = json.dumps({"ecs": ["StopInstance"]})
READ = ["ECS_DescribeInstances", {"RegionId": REGION}]
CHANGE = ["ECS_StopInstance", {"RegionId": REGION, "InstanceId": "i-bp1web"}]


@pytest.fixture(autouse=True)
def _profile(machine: Machine) -> None:
    """The role `operator`, which may do everything in ECS."""
    operator = machine.sts.world.role("operator").arn
    machine.write(machine.file.read_text().replace(machine.sts.role_arn, operator))


def documented() -> list[str]:
    """Return the command that `role-env help agents` gives an agent's program, with the server that is here."""
    block = topic("agents").read_text("utf-8").split('{"mcpServers"')[1].split("```")[0]
    (entry,) = json.loads('{"mcpServers"' + block)["mcpServers"].values()
    assert entry["args"][-2:] == ["uvx", SERVER.name]
    return [entry["command"], *entry["args"][:-2], str(SERVER)]


def use(machine: Machine, *, without: str = "") -> dict[str, Any]:
    """Return what the agent's program gets from the server: the tools, and the answers to a read and a change."""
    if not SERVER.exists():
        reason = "there is no MCP server (tests/run)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    command = [word for word in documented() if word != without]
    host = [str(CLIENTS / "bin" / "python"), str(PROGRAMS / "mcp_host.py"), json.dumps([READ, CHANGE]), *command]
    with LocalEcs(machine.sts) as ecs:
        done = machine.run(
            *host, "--extra-config", MORE_TOOLS, **ecs.environment, PYTHONPATH=str(PROGRAMS / "authority")
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_mcp_server_lists_its_tools_and_reads_and_what_would_change_something_is_refused(machine: Machine) -> None:
    found = use(machine)
    assert {"ECS_DescribeInstances", "ECS_StopInstance", "OOS_RunCommand"} <= set(found["tools"])
    read, change = found["answers"]
    assert "i-bp1web" in read["text"]
    assert not read["failed"]
    assert "Forbidden.RAM" in change["text"]
    assert change["failed"]
    (asked,) = machine.sts.calls_of("StopInstance")
    assert (asked.access_key_id, asked.code) == (machine.sts.issued[0].id, "Forbidden.RAM")


def test_the_same_server_changes_what_it_is_told_to_in_the_roles_own_session(machine: Machine) -> None:
    """So it is the session that refuses above, and neither the server nor the role."""
    _, change = use(machine, without="--read-only")["answers"]
    assert not change["failed"]
    (asked,) = machine.sts.calls_of("StopInstance")
    assert asked.status == 200

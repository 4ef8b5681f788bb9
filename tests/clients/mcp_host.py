"""What an agent's program does with an MCP server: starts it by the command of the arguments, and calls its tools.

    python mcp_host.py CALLS COMMAND...

CALLS is a JSON list of [tool, arguments]. Prints a JSON object: the names of the tools, and what each call returned.
"""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main(calls: str, command: str, *arguments: str) -> None:
    """List the tools, and make the calls one after the other."""
    server = StdioServerParameters(command=command, args=list(arguments), env=dict(os.environ))
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        tools = [tool.name for tool in (await session.list_tools()).tools]
        answers = []
        for name, given in json.loads(calls):
            done = await session.call_tool(name, given)
            text = "".join(getattr(part, "text", "") for part in done.content)
            answers.append({"failed": bool(done.isError), "text": text})
        print(json.dumps({"tools": tools, "answers": answers}))


asyncio.run(main(*sys.argv[1:]))

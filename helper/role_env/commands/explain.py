"""role-env explain: the chain hop by hop, and whether the kept session stands."""

import argparse
import json
from collections.abc import Mapping

from role_env import timestamps
from role_env.cli import options
from role_env.context import Context
from role_env.sessions import obtain as session
from role_env.sessions.chain import Chain
from role_env.sessions.obtain import CacheDecision
from role_env.sources.base import OidcToken
from role_env.ui import stdout as output

SUMMARY = "show where a profile's credentials come from, and whether its kept session stands, without asking anyone"
EXAMPLES = ("role-env explain profileB", "role-env explain profileB --json")
STATUSES = dict.fromkeys((0, 1, 2, 3, 4, 6), "")
OBTAINS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("profile", metavar="PROFILE")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Prints the hops in the order in which they are called, and the verdict."""
    request = options.request_of(arguments)
    context = Context(arguments.environ, options.deadline_of(arguments.environ), arguments.messages)
    chain, verdict = session.plan(request, context)
    document = {
        "profile": chain.target.name,
        "hops": [_hop(chain, position, arguments.environ) for position in range(len(chain.hops))],
        "cached": {
            "valid": verdict.valid,
            "expiration": timestamps.format_utc(verdict.expiration) if verdict.expiration else None,
            "why": verdict.why,
        },
    }
    if arguments.json:
        output.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        output.write(_text(chain, verdict, arguments.environ))
    return 0


def _hop(chain: Chain, position: int, environ: Mapping[str, str]) -> dict[str, str | None]:
    hop = chain.hops[position]
    kind, place = "source_profile", f"{chain.hops[position - 1].name} ({hop.where})"
    if position == 0:
        kind, place = chain.source.kind, chain.source.told_by(environ)
    return {"profile": hop.name, "kind": kind, "role_arn": hop.role_arn or None, "from": place}


def _text(chain: Chain, verdict: CacheDecision, environ: Mapping[str, str]) -> str:
    lines = [f"{chain.source.kind}: {chain.source.told_by(environ)}"]
    for position, hop in enumerate(chain.hops):
        if not hop.role_arn:
            continue
        with_token = position == 0 and isinstance(chain.source, OidcToken)
        request = "AssumeRoleWithOIDC" if with_token else "AssumeRole"
        lines.append(f"{hop.name}: {request} of {hop.role_arn} for {hop.duration_seconds} s ({hop.where})")
        lines.append(f"  as {hop.role_session_name} at {hop.endpoint}")
    lines.append(f"{'the kept session is used' if verdict.valid else 'a new session is asked for'}: {verdict.why}")
    return "".join(f"{line}\n" for line in lines)

"""role-env explain: the chain hop by hop, and whether the kept session stands."""

import argparse
import json

from role_env import exporters, options, output, session
from role_env.chain import Chain
from role_env.profiles import Profile
from role_env.session import Verdict
from role_env.sources import OidcToken

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
    chain, verdict = session.foresee(
        options.request_of(arguments),
        arguments.environ,
        deadline=options.deadline_of(arguments.environ),
        messages=arguments.messages,
    )
    document = {
        "profile": chain.target.name,
        "hops": [_hop(chain, position) for position in range(len(chain.hops))],
        "cached": {
            "valid": verdict.valid,
            "expiration": exporters.timestamp(verdict.expiration) if verdict.expiration else None,
            "why": verdict.why,
        },
    }
    if arguments.json:
        output.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        output.write(_text(chain, verdict))
    return 0


def _hop(chain: Chain, position: int) -> dict[str, str | None]:
    hop = chain.hops[position]
    kind = chain.source.kind if position == 0 else "source_profile"
    return {"profile": hop.name, "kind": kind, "role_arn": hop.role_arn or None, "from": _place(chain, hop, position)}


def _place(chain: Chain, hop: Profile, position: int) -> str:
    """Which file and line, or variable, says it."""
    return chain.source.told_by() if position == 0 else f"{chain.hops[position - 1].name} ({hop.where})"


def _text(chain: Chain, verdict: Verdict) -> str:
    lines = [f"{chain.source.kind}: {chain.source.told_by()}"]
    for position, hop in enumerate(chain.hops):
        if not hop.role_arn:
            continue
        with_token = position == 0 and isinstance(chain.source, OidcToken)
        request = "AssumeRoleWithOIDC" if with_token else "AssumeRole"
        lines.append(f"{hop.name}: {request} of {hop.role_arn} for {hop.duration_seconds} s ({hop.where})")
        lines.append(f"  as {hop.role_session_name} at {hop.endpoint}")
    lines.append(f"{'the kept session is used' if verdict.valid else 'a new session is asked for'}: {verdict.why}")
    return "".join(f"{line}\n" for line in lines)

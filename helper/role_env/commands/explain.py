"""role-env explain: show the chain hop by hop, and whether the cached session is used."""

from collections.abc import Mapping

from role_env import ui
from role_env.cli import Invocation, options
from role_env.context import Context
from role_env.credentials import format_utc
from role_env.sessions.chain import Chain
from role_env.sessions.obtain import CacheDecision, SessionRequest
from role_env.shells import hints


def run(invocation: Invocation, context: Context) -> int:
    """Print the hops in the order in which they are called, and the cache decision."""
    chain, decision = SessionRequest(options.request_of(invocation, context.environ), context).plan()
    document = {
        "profile": chain.target.name,
        "hops": [_hop(chain, position, context.environ) for position in range(len(chain.profiles))],
        "cached": {
            "valid": decision.valid,
            "expiration": format_utc(decision.expiration) if decision.expiration else None,
            "why": decision.why,
        },
    }
    if invocation.json:
        ui.write_json(document)
    else:
        ui.write(_text(chain, decision, context))
    return 0


def _hop(chain: Chain, position: int, environ: Mapping[str, str]) -> dict[str, str | None]:
    hop = chain.profiles[position]
    kind, place = "source_profile", f"{chain.profiles[position - 1].name} ({hop.where})"
    if position == 0:
        kind, place = chain.source.row.kind, chain.source.location(environ)
    return {"profile": hop.name, "kind": kind, "role_arn": hop.role_arn or None, "from": place}


def _source(chain: Chain, context: Context) -> str:
    """Return the credential source or, if the access key is missing there, how to add it."""
    source = chain.source
    fault = source.find_fault(context)
    if fault and fault.is_certain:
        return f"{fault.message}; {hints.followable(fault.hint, context.environ)}"
    whose = "" if source.profile == chain.target.name else f" of {source.profile}"
    return f"its credentials come from {source.row.kind}{whose} ({source.location(context.environ)})"


def _text(chain: Chain, decision: CacheDecision, context: Context) -> str:
    lines = [f"{chain.target.name}: {_source(chain, context)}"]
    if chain.source.sign_in:
        lines.append(f"  {chain.source.sign_in.state(context)[0]}")
    for position, hop in enumerate(chain.profiles):
        if not hop.role_arn:
            continue
        request = chain.source.row.request_name if position == 0 else "AssumeRole"
        lines.append(f"{hop.name}: {request} of {hop.role_arn} for {hop.duration_seconds} s ({hop.where})")
        lines.append(f"  as {hop.role_session_name} at {hop.endpoint}")
    if chain.policy_name:
        lines.append(f"narrowed: {f'read-only by {chain.why_read_only}' if chain.why_read_only else 'by --policy'}")
    lines.append(f"{'the cached session is used' if decision.valid else 'a new session is requested'}: {decision.why}")
    return "".join(f"{line}\n" for line in lines)

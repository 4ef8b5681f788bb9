"""role-env explain: show the chain hop by hop, and whether the cached session is used."""

from collections.abc import Mapping

from role_env import ui
from role_env.cli import Invocation, obtaining
from role_env.context import Context
from role_env.credentials import format_utc
from role_env.profiles import file as profiles
from role_env.sessions.chain import Chain
from role_env.sessions.forecast import forecast
from role_env.sessions.record import USE, Verdict
from role_env.sessions.resolve import decide_agent, resolve_request
from role_env.sessions.store import Cache


def run(invocation: Invocation, context: Context) -> int:
    """Print the hops in the order in which they are called, and the cache decision."""
    request = obtaining.request_of(invocation, context.environ)
    file = profiles.load(request.config, context.environ)
    request = decide_agent(request, file)
    cache = None if request.no_cache else Cache(context)
    chain = resolve_request(request, file, context)
    record = cache.load(request.entry(file.path)) if cache else None
    verdict = forecast(record, request, file.path, lambda: chain, context)
    expiration = record.session.credentials.expiration if record and chain.is_cacheable else 0
    document = {
        "profile": chain.target.name,
        "hops": [_hop(chain, position, context.environ) for position in range(len(chain.profiles))],
        "cached": {
            "valid": verdict.action == USE,
            "expiration": format_utc(expiration) if expiration else None,
            "why": verdict.why,
        },
    }
    if invocation.json:
        ui.write_json(document)
    else:
        ui.write(_text(chain, verdict, context))
    return 0


def _hop(chain: Chain, position: int, environ: Mapping[str, str]) -> dict[str, str | None]:
    profile = chain.profiles[position]
    kind, place = "source_profile", f"{chain.profiles[position - 1].name} ({profile.where})"
    if position == 0:
        kind, place = chain.source.kind, chain.source.location(environ)
    return {"profile": profile.name, "kind": kind, "role_arn": profile.role_arn or None, "from": place}


def _source(chain: Chain, context: Context) -> str:
    """Return the credential source or, if the access key is missing there, how to add it."""
    source = chain.source
    fault = source.find_fault(context)
    if fault and fault.is_certain:
        return f"{fault.message}; {context.messages.shown(fault.hint)}"
    whose = "" if source.profile == chain.target.name else f" of {source.profile}"
    return f"its credentials come from {source.kind}{whose} ({source.location(context.environ)})"


def _text(chain: Chain, verdict: Verdict, context: Context) -> str:
    lines = [f"{chain.target.name}: {_source(chain, context)}"]
    if chain.source.sign_in:
        lines.append(f"  {chain.source.sign_in.state(context)[0]}")
    for position, profile in enumerate(chain.profiles):
        if not profile.role_arn:
            continue
        request = chain.source.request_name if position == 0 else "AssumeRole"
        what = f"{request} of {profile.role_arn} for {profile.duration_seconds} s"
        lines.append(f"{profile.name}: {what} ({profile.where})")
        lines.append(f"  as {profile.role_session_name or 'the assertion names it'} at {profile.endpoint}")
    if chain.policy_name:
        lines.append(f"narrowed: {f'read-only by {chain.why_read_only}' if chain.why_read_only else 'by --policy'}")
    lines.append(str(verdict))
    return "".join(f"{line}\n" for line in lines)

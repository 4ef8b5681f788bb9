"""Check each STS endpoint that a profile uses: whether it answers, and whether the clocks agree."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

from role_env.commands.doctor.finding import FAIL, OK, WARN, Finding, Surroundings
from role_env.credentials import AccessKey
from role_env.errors import ProfileError, RoleEnvError
from role_env.fingerprint import Fingerprint
from role_env.profiles import file as profiles
from role_env.profiles.endpoint import sts_endpoint
from role_env.sessions import chain as chains
from role_env.sts import client

# STS refuses requests whose time is off by 15 minutes; a clock that is off by one minute will drift further (seconds).
_CLOCK_REFUSED, _CLOCK_ODD = 15 * 60, 60
_MOST_ENDPOINTS = 20


def check(at: Surroundings) -> list[Finding]:
    """Send each endpoint a request signed with a made-up key."""
    endpoints = _endpoints(at)[:_MOST_ENDPOINTS]
    with ThreadPoolExecutor(len(endpoints)) as pool:
        return list(pool.map(lambda endpoint: _finding(endpoint, at), endpoints))


def _endpoints(at: Surroundings) -> list[str]:
    """Return the endpoints of the valid profiles; if there are none, the environment's or the default one."""
    found: list[str] = []
    with contextlib.suppress(ProfileError):
        file = profiles.load(at.config, at.environ)
        hops = (hop for chain in chains.resolve_valid(file) for hop in chain.profiles)
        found = [hop.endpoint for hop in hops if hop.role_arn]
    if not found:
        with contextlib.suppress(ProfileError):
            found = [sts_endpoint(Fingerprint(at.environ))]
    return list(dict.fromkeys(found)) or ["sts.aliyuncs.com"]


def _finding(endpoint: str, at: Surroundings) -> Finding:
    name, began = f"STS {endpoint}", time.monotonic()
    try:
        client.caller_identity(AccessKey("role-env-doctor", "none"), endpoint=endpoint, context=at.context())
    except client.StsError as refusal:
        return _clock_finding(name, refusal.clock_offset, time.monotonic() - began)
    except RoleEnvError as error:
        return Finding(name, FAIL, error.message, error.hint)
    return Finding(name, FAIL, "it accepts a key that does not exist", "check sts_endpoint: this is not STS")


def _clock_finding(name: str, offset: float, took: float) -> Finding:
    if abs(offset) < _CLOCK_ODD:
        return Finding(name, OK, f"answered in {took * 1000:.0f} ms, and the clocks agree")
    what = f"this machine's clock is {abs(offset) / 60:.0f} min {'behind' if offset > 0 else 'ahead of'} that of STS"
    is_refused = abs(offset) >= _CLOCK_REFUSED
    return Finding(
        name,
        FAIL if is_refused else WARN,
        f"{what}, which refuses requests that are 15 min off" if is_refused else what,
        "set the clock, and let the system keep it: timedatectl set-ntp true",
    )

"""The variables of a shell with a session that can be renewed, without a shell."""

import json
import time

from support.cached_sessions import age
from support.machine import INSTALLED, Machine

BEGIN = """
import json, os, sys
from role_env.context import Context
from role_env.sessions.obtain import obtain
from role_env.sessions.request import Request
from role_env.ui.messages import Messages
session = obtain(Request(sys.argv[1], config=sys.argv[2]), Context(os.environ, None, Messages()))
credentials = session.credentials
print(json.dumps({
    "ROLE_ENV_PROFILE": session.profile,
    "ROLE_ENV_ROLE_ARN": session.role_arn,
    "ROLE_ENV_ACCOUNT_ID": session.account_id,
    "ROLE_ENV_POLICY": session.policy,
    "ROLE_ENV_ACCESS_KEY_ID": credentials.access_key_id,
    "ROLE_ENV_EXPIRATION": str(credentials.expiration),
    "ROLE_ENV_REQUEST": session.request,
    "ALIBABA_CLOUD_ACCESS_KEY_ID": credentials.access_key_id,
}))
"""


def begin(machine: Machine, profile: str = "profileB", config: str = "", **environ: str) -> dict[str, str]:
    """Return the variables of a shell in which a session of `profile` begins."""
    done = machine.run(str(INSTALLED / "python"), "-c", BEGIN, profile, config, **environ)
    assert done.returncode == 0, done.stderr
    variables: dict[str, str] = json.loads(done.stdout)
    return variables


def due(machine: Machine, seconds: int = 200) -> dict[str, str]:
    """Return the variables of a shell whose session, of an hour, has `seconds` left."""
    variables = begin(machine)
    age(machine, 3600 - seconds)
    request = json.loads(variables["ROLE_ENV_REQUEST"])
    end = str(int(time.time()) + seconds)
    issued = {"issued": request["issued"] - 3600 + seconds}
    return variables | {"ROLE_ENV_EXPIRATION": end, "ROLE_ENV_REQUEST": json.dumps(request | issued)}

"""A session in variables, as a prompt finds it, and what the prompt shows of it."""

import re
import time
from pathlib import Path

from cloud.world import ACCOUNT_B
from role_env import variables
from support.machine import Machine
from support.shell_terminal import HOOK, export, interactive

KEY_IDS = [key.access_key_id for key in variables.exported_keys(variables.DEFAULT_FAMILIES)]
LIVE = {
    "ROLE_ENV_PROFILE": "profileB",
    "ROLE_ENV_ACCESS_KEY_ID": "STS.mine",
    "ROLE_ENV_ROLE_ARN": f"acs:ram::{ACCOUNT_B}:role/switchRoleSbc",
    "ROLE_ENV_ACCOUNT_ID": ACCOUNT_B,
    "ROLE_ENV_FAMILIES": " ".join(variables.DEFAULT_FAMILIES),
    **dict.fromkeys(KEY_IDS, "STS.mine"),
    **variables.guards(),
}


def request(**changed: str) -> str:
    """Return ROLE_ENV_REQUEST of the session LIVE with `changed` variables."""
    values = LIVE | changed
    shown = " ".join(values.get(name, "") for name in variables.SHOWN)
    return f'{{"access_key_id":"{values["ROLE_ENV_ACCESS_KEY_ID"]}","shown":"{shown}"}}'


LIVE["ROLE_ENV_REQUEST"] = request()
"""A session that is whole, but for its end."""


def live(seconds: float, **more: str) -> dict[str, str]:
    """Return the variables of a session that lasts so many seconds more."""
    return LIVE | {"ROLE_ENV_EXPIRATION": str(int(time.time() + seconds)), "ROLE_ENV_REQUEST": request(**more)} | more


def path_with(shell: str, folder: Path) -> str:
    """Return the line that looks for programs in a folder first."""
    return export(shell, "PATH", f"{folder} $PATH" if shell == "fish" else f"{folder}:$PATH")


def shown(machine: Machine, shell: str, *, before: str = "", **environ: str) -> str:
    """ROLE_ENV_PROMPT as the next prompt has it."""
    lines = f"{HOOK[shell]}; printf '<%s>\\n' \"$ROLE_ENV_PROMPT\""
    done = interactive(machine, shell, lines, "", before, **environ)
    found = re.search(r"<(.*)>", done.stdout, re.DOTALL)
    assert found, done
    return found[1]

"""What the SDK for Python finds in the profiles of a file, its own or the `aliyun` CLI's, and what it would request.

    python sdk_profiles.py FILE NAME...

Prints a JSON object: for each profile the ID of its key, or the request, or null if it cannot be used.
"""

import json
import sys
from typing import Any, NoReturn

from alibabacloud_credentials.provider.cli_profile import CLIProfileCredentialsProvider
from alibabacloud_credentials.provider.profile import ProfileCredentialsProvider
from Tea.core import TeaCore


class Asked(BaseException):
    """A request that would now be sent. The SDK catches every Exception."""


def take(request: Any, *_: Any) -> NoReturn:
    """End with the request instead of sending it."""
    raise Asked({"host": request.headers["host"], "query": dict(request.query or {})})


def found(path: str, name: str) -> object:
    """Return what the profile gives."""
    kind = CLIProfileCredentialsProvider if path.endswith(".json") else ProfileCredentialsProvider
    try:
        provider = kind(profile_file=path, profile_name=name)
        return {"key": provider.get_credentials().get_access_key_id()}
    except Asked as asked:
        return asked.args[0]
    except Exception:
        return None


TeaCore.do_action = staticmethod(take)
path, *names = sys.argv[1:]
print(json.dumps({name: found(path, name) for name in names}))

"""What the SDK for Python finds in the sections of its own file, as it would ask STS or the metadata service.

    python ini_profile.py FILE SECTION...

Prints a JSON object: for each section the ID of its key, or the request, or null if it cannot be used.
"""

import json
import sys
from typing import Any, NoReturn

from alibabacloud_credentials.provider.profile import ProfileCredentialsProvider
from Tea.core import TeaCore


class Asked(BaseException):
    """A request that would now be sent. The SDK catches every Exception."""


def take(request: Any, *_: Any) -> NoReturn:
    """End with the request instead of sending it."""
    raise Asked({"host": request.headers["host"], "query": dict(request.query or {})})


def found(path: str, name: str) -> object:
    """Return what the section gives."""
    try:
        provider = ProfileCredentialsProvider(profile_file=path, profile_name=name)
        return {"key": provider.get_credentials().get_access_key_id()}
    except Asked as asked:
        return asked.args[0]
    except Exception:
        return None


TeaCore.do_action = staticmethod(take)
path, *names = sys.argv[1:]
print(json.dumps({name: found(path, name) for name in names}))

"""What a RAM policy allows, by the rules of its documentation: an Allow is needed, and a Deny outweighs it.

Action names are compared without case, resources with it. `*` stands for any text, none included, and `?` for one
character. There are no conditions here: an Allow with one does not allow, and a Deny with one denies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

LONGEST = 2048
"""The characters that a session policy may have."""


class PolicyError(ValueError):
    """A policy that does not follow the grammar."""


def allows(policy: str, action: str, resource: str) -> bool:
    """Return whether `policy` allows `action` (`oss:GetObject`) on the ARN `resource`. Raises PolicyError."""
    effects = {statement["Effect"] for statement in parse(policy) if _applies(statement, action, resource)}
    return effects == {"Allow"}


def parse(policy: str) -> list[dict[str, Any]]:
    """Return the statements. Raises PolicyError."""
    try:
        document = json.loads(policy)
    except ValueError:
        raise PolicyError("not JSON") from None
    statements = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(statements, list) or document.get("Version") != "1":
        raise PolicyError('a policy has "Version": "1" and a list "Statement"')
    for statement in statements:
        _check(statement)
    return statements


def matches(pattern: str, text: str, *, ignoring_case: bool = False) -> bool:
    """Return whether a pattern of a policy fits the whole of `text`."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.DOTALL | (re.IGNORECASE if ignoring_case else 0)) is not None


def matches_any(patterns: Iterable[str], action: str) -> bool:
    """Return whether one of the patterns fits the action."""
    return any(matches(pattern, action, ignoring_case=True) for pattern in patterns)


def _check(statement: object) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError("a statement has an Effect, Allow or Deny")
    names = statement.keys() - {"Effect", "Condition"}
    if names not in ({"Action", "Resource"}, {"NotAction", "Resource"}):
        raise PolicyError("a statement has either Action or NotAction, and a Resource")
    for name in names:
        values = _listed(statement[name])
        if not values or not all(isinstance(value, str) and value for value in values):
            raise PolicyError(f"{name} is a text or a list of texts")
        if name != "Resource" and not all(re.fullmatch(r"\*|[\w*?-]+:[\w*?/]+", value) for value in values):
            raise PolicyError("an action is of the form service:action")


def _applies(statement: dict[str, Any], action: str, resource: str) -> bool:
    is_named = matches_any(_listed(statement.get("Action", statement.get("NotAction"))), action)
    is_meant = is_named if "Action" in statement else not is_named
    if "Condition" in statement and statement["Effect"] == "Allow":
        return False
    return is_meant and any(matches(pattern, resource) for pattern in _listed(statement["Resource"]))


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]

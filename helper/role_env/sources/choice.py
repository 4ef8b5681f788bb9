"""Choose the credential source of a profile by its keys, and make it.

Only the module of that source is imported: most modules import TLS, and a profile has one source.
"""

from role_env.fingerprint import Fingerprint
from role_env.sources import rows
from role_env.sources.rows import SourceRow
from role_env.sources.section import Section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from role_env.sources.base import Source


def choose(section: Section, values: "Mapping[str, Any]", fingerprint: Fingerprint) -> "dict[str, Any]":
    """Return the source that the section chooses, as fields of Profile; `values` are its checked keys.

    Raises ProfileError.
    """
    chosen = {rows.CHOOSERS[key]: key for key in values if key in rows.CHOOSERS}
    if len(chosen) > 1:
        first, second = sorted(chosen.values())[:2]
        raise section.error(first, f"and {second} both choose a credential source", hint="keep one")
    chooser = next(iter(chosen), "")
    if chooser == rows.SOURCE_PROFILE:
        if "role_arn" not in values:
            raise section.error(chooser, "requires role_arn", hint="add the role_arn to assume")
        return {rows.SOURCE_PROFILE: values[chooser]}
    if chooser == rows.CREDENTIAL_SOURCE:
        row = _row_of_value(section, values, chosen[chooser])
    else:
        row = rows.BY_CHOOSER[chooser]
    source = class_of(row).parse(section, values, fingerprint)
    return {"source": source, **source.profile_fields}


def class_of(row: SourceRow) -> "type[Source]":
    """Return the class of the sources of `row`, imported from its module in this folder."""
    module, _, name = row.made_by.partition(".")
    # importlib imports warnings and more, which costs 1 ms
    found: type[Source] = getattr(__import__(f"role_env.sources.{module}", fromlist=[name]), name)
    return found


def _row_of_value(section: Section, values: "Mapping[str, str]", first: str) -> SourceRow:
    """Return the row that `credential_source` names. Raises ProfileError for keys of other sources."""
    if rows.CREDENTIAL_SOURCE not in values:
        raise section.error(first, f"requires {rows.CREDENTIAL_SOURCE}", hint=f"add {rows.CREDENTIAL_SOURCE}")
    named = rows.NAMED[values[rows.CREDENTIAL_SOURCE]]
    for row in rows.NAMED.values():
        for key in row.keys:
            if key in values and row is not named:
                what = f"requires {rows.CREDENTIAL_SOURCE} = {row.kind}"
                raise section.error(key, what, hint="remove one of the two")
    return named

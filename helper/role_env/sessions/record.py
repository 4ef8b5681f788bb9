"""The record of a session in a keyring, in plain lines, so that reading one needs no parser.

Whatever is wrong with a record is a miss and never an error.
"""

import os

from role_env import fingerprint as origin
from role_env import variables
from role_env.credentials import Credentials
from role_env.digests import sha256
from role_env.keyrings.entry import SESSION_SERVICE, Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# The `request` of an entry for which no option changes what STS is asked.
NO_OPTIONS = "\0"
UNCHANGED = "the cached session is used: nothing that it was made from has changed"
"""What is reported, on the fast path too, of a cached session that answers a request."""

_HEAD = "role-env session 2"
_FIELDS = (
    *("profile", "role_arn", "region_id", "colour", "variables", "in_cli_file", "chain", "base", "issued"),
    "expiration",
    *("access_key_id", "access_key_secret", "security_token"),
)


def entry(path: str, profile: str, request: str) -> Entry:
    """The entry of `profile` in the profiles file whose real path is `path`; `request` tells the options that
    change what STS is asked.
    """
    return Entry(SESSION_SERVICE + sha256("\0".join((path, profile, request)))[:24], profile)


class Record:
    """A session as it is kept. `chain` and `base` are digests of the resolved chain and of the base key in the
    environment (else empty); `in_cli_file` says whether `setup` has written the profile into the `aliyun` CLI's file;
    `origin_lines` tell what it was made from.
    """

    __slots__ = (
        *("base", "chain", "colour", "credentials", "in_cli_file", "origin_lines", "profile", "region_id"),
        "role_arn",
        "variables",
    )

    def __init__(
        self,
        credentials: Credentials,
        *,
        profile: str,
        role_arn: str,
        region_id: str,
        variables: tuple[str, ...],
        chain: str,
        base: str,
        origin_lines: list[str],
        in_cli_file: bool = False,
        colour: str = "",
    ) -> None:
        self.credentials = credentials
        self.profile = profile
        self.role_arn = role_arn
        self.region_id = region_id
        self.variables = variables
        self.chain = chain
        self.base = base
        self.origin_lines = origin_lines
        self.in_cli_file = in_cli_file
        self.colour = colour

    @property
    def account_id(self) -> str:
        """The account of the role, or an empty text."""
        return self.role_arn.split(":")[3] if self.role_arn else ""

    def stands(self, path: "str | os.PathLike[str]", environ: "Mapping[str, str]") -> bool:
        """Whether the session was made by way of the profiles file at `path`, and nothing has changed since: by way of
        a symlink, what the file names by a relative path may be something else.
        """
        return origin.names(self.origin_lines, os.fspath(path)) and self.unchanged(environ)

    def unchanged(self, environ: "Mapping[str, str]") -> bool:
        """Whether every file and variable that the session was made from is as it was."""
        try:
            return origin.unchanged(self.origin_lines, environ)
        except ValueError:
            return False

    def text(self) -> str:
        """The record as it is written."""
        credentials = self.credentials
        values = (
            *(self.profile, self.role_arn, self.region_id, self.colour, " ".join(self.variables)),
            *("1" if self.in_cli_file else "", self.chain, self.base),
            *(f"{credentials.issued:.3f}", str(credentials.expiration)),
            *(credentials.access_key_id, credentials.access_key_secret, credentials.security_token),
        )
        fields = [f"{name} {value}" for name, value in zip(_FIELDS, values, strict=True)]
        lines = [_HEAD, *fields, *self.origin_lines]
        return "\n".join([*lines, end_line(lines)])


def end_line(lines: list[str]) -> str:
    """The last line, by which a record is known to be whole: no damage is handed out as a session."""
    return "end " + sha256("\n".join(lines))


def parse(text: str, profile: str) -> "Record | None":
    """The record in `text`, or None when it is damaged, of another format or of another profile."""
    lines = text.split("\n")
    if lines[0] != _HEAD or len(lines) < len(_FIELDS) + 2 or lines[-1] != end_line(lines[:-1]):
        return None
    values = []
    for name, line in zip(_FIELDS, lines[1:], strict=False):
        if not line.startswith(name + " "):
            return None
        values.append(line[len(name) + 1 :])
    name, role_arn, region_id, colour, families, in_cli_file, chain, base, issued, expiration, *secrets = values
    if name != profile or not all(secrets) or not all(v.isascii() and v.isprintable() for v in secrets):
        return None
    try:
        lasts = float(issued) < int(expiration)
    except ValueError:
        return None
    if not lasts:
        return None
    if not families or any(family not in variables.FAMILIES for family in families.split()):
        return None
    return Record(
        Credentials(*secrets, issued=float(issued), expiration=int(expiration)),
        profile=name,
        role_arn=role_arn,
        region_id=region_id,
        colour=colour,
        variables=tuple(families.split()),
        in_cli_file=bool(in_cli_file),
        chain=chain,
        base=base,
        origin_lines=lines[len(_FIELDS) + 1 : -1],
    )

"""Credentials: what STS hands out, and what it is asked with."""


class AccessKey:
    """A key that requests are signed with: `access_key_id`, `access_key_secret`, and for a temporary one its
    `security_token` (else empty). Its repr shows the id only.
    """

    __slots__ = ("access_key_id", "access_key_secret", "security_token")

    def __init__(self, access_key_id: str, access_key_secret: str, security_token: str = "") -> None:
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret
        self.security_token = security_token

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.access_key_id!r})"


class Credentials(AccessKey):
    """A session's credentials: an access key with its token, and how long they last.

    `issued` and `expiration` are seconds since the epoch, UTC.
    """

    __slots__ = ("expiration", "issued")

    def __init__(
        self, access_key_id: str, access_key_secret: str, security_token: str, *, issued: float, expiration: int
    ) -> None:
        super().__init__(access_key_id, access_key_secret, security_token)
        self.issued = issued
        self.expiration = expiration

    def remaining(self, now: float) -> float:
        """The seconds left at `now` (seconds since the epoch); negative when they have expired."""
        return self.expiration - now

    def needs_renewal(self, now: float, *, min_ttl: int = 0) -> bool:
        """Whether less than min(300 s, a fifth of their life), or less than `min_ttl` seconds, is left.

        A session that seems to have more than its whole life left was issued by a clock that has since been set
        back; it needs renewal too, for its end can no longer be told.
        """
        life = self.expiration - self.issued
        left = self.remaining(now)
        return left < max(min(300, life / 5), min_ttl) or left > life + 60


class Session:
    """Credentials for a profile, with all that an exporter tells of them.

    `profile`, `role_arn`, `region_id` and `colour` (both may be empty) are the profile's; `variables` names the
    families to export; `base` is the access key that has to be exported too so that a profile with
    `credential_source = environment` can be renewed, else None; `in_cli_file` says whether `setup` has written the
    profile into the `aliyun` CLI's file.
    """

    __slots__ = ("base", "colour", "credentials", "in_cli_file", "profile", "region_id", "role_arn", "variables")

    def __init__(
        self,
        profile: str,
        role_arn: str,
        credentials: Credentials,
        *,
        region_id: str = "",
        colour: str = "",
        variables: tuple[str, ...],
        base: AccessKey | None = None,
        in_cli_file: bool = False,
    ) -> None:
        self.profile = profile
        self.role_arn = role_arn
        self.credentials = credentials
        self.region_id = region_id
        self.colour = colour
        self.variables = variables
        self.base = base
        self.in_cli_file = in_cli_file

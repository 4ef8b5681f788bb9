"""What a sign-in server answers, read with care: any JSON may come."""

import pytest

from role_env.errors import UnreachableError
from role_env.issuers.issuer import Issuer
from support.contexts import context

ISSUER = Issuer("oauth.example", context())


@pytest.mark.parametrize("value", [-1, 10**400, True, "", "soon", "nan", "inf", [], {}])
def test_what_is_not_a_number_of_seconds_is_reported(value: object) -> None:
    with pytest.raises(UnreachableError, match="expires_in is not a number of seconds"):
        ISSUER.read_seconds({"expires_in": value}, "expires_in", default=900)


@pytest.mark.parametrize(("value", "seconds"), [(3600, 3600), (1.5, 1.5), ("3600", 3600), (None, 900)])
def test_a_number_of_seconds_may_be_a_text_or_absent(value: object, seconds: float) -> None:
    assert ISSUER.read_seconds({"expires_in": value}, "expires_in", default=900) == seconds

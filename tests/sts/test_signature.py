"""A request is signed as Alibaba's own SDK signs it, whatever its parameters contain."""

from urllib.parse import parse_qsl, urlsplit

from aliyunsdkcore.request import RpcRequest
from hypothesis import given
from hypothesis import strategies as st

from role_env.credentials import AccessKey
from role_env.sts.client import signed_path

NAMES = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=3)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.dictionaries(NAMES, VALUES), VALUES, st.one_of(st.just(""), VALUES))
def test_a_signature_is_that_of_the_sdk(parameters: dict[str, str], secret: str, token: str) -> None:
    request = RpcRequest("Sts", "2015-04-01", "AssumeRole")
    request.set_method("POST")
    request.set_accept_format("JSON")
    for name, value in {**parameters, **({"SecurityToken": token} if token else {})}.items():
        request.add_query_param(name, value)
    theirs = fields(request.get_url("cn-hangzhou", "LTAIkey", secret))
    common = {name: value for name, value in theirs.items() if name not in ("Signature", "SecurityToken")}
    assert fields(signed_path(common, AccessKey("LTAIkey", secret, token))) == theirs


def fields(path: str) -> dict[str, str]:
    """Return the parameters in the query of a path."""
    return dict(parse_qsl(urlsplit(path).query, keep_blank_values=True))

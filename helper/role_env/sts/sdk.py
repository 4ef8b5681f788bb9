"""Import the request classes of Alibaba's SDK, which build and sign requests to STS and similar services.

The SDK's transport (its copy of `requests`) is most of its 150 modules and is never used. The request classes need only
one class of it, `CaseInsensitiveDict`, which needs three names of the standard library.
"""

import collections
import collections.abc
import contextlib
import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

from role_env.context.messages import hush_libraries

_importing = threading.Lock()  # one thread could remove the modules that another has put in place
_TRANSPORT = "aliyunsdkcore.vendored.requests"


def assume_role_request() -> Any:
    """Return a new AssumeRoleRequest."""
    with _without_transport():
        from aliyunsdksts.request.v20150401.AssumeRoleRequest import AssumeRoleRequest
    return AssumeRoleRequest()


def caller_identity_request() -> Any:
    """Return a new GetCallerIdentityRequest."""
    with _without_transport():
        from aliyunsdksts.request.v20150401.GetCallerIdentityRequest import GetCallerIdentityRequest
    return GetCallerIdentityRequest()


def rpc_request(product: str, version: str, action: str) -> Any:
    """Return a new request for an `action` of a similar service, `product` in its API's `version`."""
    with _without_transport():
        from aliyunsdkcore.request import RpcRequest
    request = RpcRequest(product, version, action)
    request.set_method("POST")  # the method is signed too
    return request


@contextlib.contextmanager
def _without_transport() -> Iterator[None]:
    """Let the SDK import its CaseInsensitiveDict silently and without the transport, which takes 80 ms."""
    hush_libraries()
    with _importing:
        if _TRANSPORT in sys.modules:
            yield
            return
        try:
            import aliyunsdkcore.vendored

            package, compatible = types.ModuleType(_TRANSPORT), types.ModuleType(f"{_TRANSPORT}.compat")
            package.__path__ = [f"{folder}/requests" for folder in aliyunsdkcore.vendored.__path__]
            compatible.__dict__.update(
                OrderedDict=collections.OrderedDict,
                Mapping=collections.abc.Mapping,
                MutableMapping=collections.abc.MutableMapping,
            )
            sys.modules |= {package.__name__: package, compatible.__name__: compatible}
            yield
        finally:  # so that a later import of the transport gets the real one
            for name in list(sys.modules):  # a copy, made in one step: other threads may import meanwhile
                if name == _TRANSPORT or name.startswith(f"{_TRANSPORT}."):
                    del sys.modules[name]

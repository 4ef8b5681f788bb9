"""The registry of the sources: which keys choose which class, which is imported only then."""

import subprocess
import sys

import pytest

from role_env.command_table.commands import NAMED_SOURCES
from role_env.profiles.profile import PROFILE_KEYS, check_of, class_of
from role_env.sources import registry
from role_env.sources.base import Source

EACH = pytest.mark.parametrize("kind", registry.SOURCES)


@EACH
def test_each_kind_is_that_of_its_class_whose_keys_it_lists(kind: str) -> None:
    source = class_of(kind)
    assert issubclass(source, Source)
    assert source.kind == kind, f"name the kind of {source.__name__} alike in its class and in sources/registry.py"
    assert tuple(source.keys) == registry.keys_of(kind), f"list the keys of {source.__name__} in sources/registry.py"
    assert all(check_of(key) is check for key, check in source.keys.items())


def test_each_kind_that_configure_offers_to_name_is_one_of_the_sources() -> None:
    named = [kind for kind in registry.SOURCES if registry.chooser_of(kind) == registry.CREDENTIAL_SOURCE]
    assert named == list(NAMED_SOURCES), "give each a line in sources/registry.py, in this order"


def test_each_key_belongs_to_one_source_and_is_a_key_of_a_profile() -> None:
    own = [key for kind in registry.SOURCES for key in registry.keys_of(kind)]
    assert len(own) == len(set(own))
    assert {registry.SOURCE_PROFILE, registry.CREDENTIAL_SOURCE, *own} == registry.CHOOSERS.keys()
    assert registry.CHOOSERS.keys() <= PROFILE_KEYS


@EACH
def test_a_source_is_chosen_by_its_name_or_by_its_first_key_and_the_default_by_neither(kind: str) -> None:
    chooser = registry.chooser_of(kind)
    assert bool(chooser) is (kind != registry.DEFAULT)
    assert registry.kind_of({"role_arn": "a role", **({chooser: kind} if chooser else {})}) == kind


def test_the_registry_imports_no_source() -> None:
    script = (
        "import sys, role_env.sources.registry; print(*sorted(name for name in sys.modules if '.sources.' in name))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["role_env.sources.registry"]


@EACH
def test_no_source_imports_tls_before_it_sends_a_request(kind: str) -> None:
    script = (
        f"import sys; from role_env.profiles.profile import class_of; class_of({kind!r}); print('ssl' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n", f"import it in the method of {class_of(kind).__name__} that sends a request"

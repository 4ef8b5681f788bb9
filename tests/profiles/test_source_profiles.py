"""A profile's chain by `source_profile`: its order, loops, and names that are missing."""

import pytest

from role_env.errors import UnknownProfileError
from support.profiles_folder import KEY, A, B, Folder, failure, role


def test_what_is_wrong_in_one_section_stops_the_chains_through_it_and_no_other(folder: Folder) -> None:
    file = folder.read(f"{A}{B}[wrong]\nfrobnicate = 1\n{role('c', 'wrong')}")
    assert file.names() == ["a", "b", "wrong", "c"]
    assert len(file.chain("b")) == 2
    assert "profile wrong: unknown key frobnicate" in failure(lambda: file.chain("c"))


@pytest.mark.parametrize("depth", [1, 5, 50])
def test_a_chain_is_the_profiles_in_the_order_in_which_they_are_called(folder: Folder, depth: int) -> None:
    roles = "".join(role(str(n), str(n - 1 or "a")) for n in range(1, depth + 1))
    chain = folder.read(A + roles).chain(str(depth))
    assert [hop.name for hop in chain] == ["a", *map(str, range(1, depth + 1))]
    assert [hop.name for hop in chain if hop.source] == ["a"]


@pytest.mark.parametrize(
    ("sources", "loop"), [("b", "b -> b"), ("cb", "b -> c -> b"), ("cdb", "b -> c -> d -> b"), ("cdc", "c -> d -> c")]
)
def test_a_loop_is_named_by_its_members(folder: Folder, sources: str, loop: str) -> None:
    reported = folder.fault("".join(role(*pair) for pair in zip("bcd", sources, strict=False)))
    assert f"loop, {loop} (" in reported
    assert f"{folder.file}, line {3 * len(sources)}" in reported


def test_a_missing_source_is_reported_with_its_line_and_the_nearest(folder: Folder) -> None:
    file = folder.read(f"[profileA]\n{KEY}{role('b', 'profilA')}")
    reported = failure(lambda: file.chain("b"))
    assert f"profile b: source_profile names no profile of the file ({folder.file}, line 6)" in reported
    assert "did you mean profileA?" in reported
    assert "there is no profile profileB" in failure(lambda: file.chain("profileB"), UnknownProfileError)


def test_a_name_in_another_case_is_meant_first_and_never_the_profile_itself(folder: Folder) -> None:
    file = folder.read(f"[profileA]\n{KEY}[profileC]\n{KEY}{role('b', 'PROFILEC')}")
    assert "did you mean profileC?" in failure(lambda: file.chain("b"))
    reported = folder.fault(role("profileB", "profileA"), "profileB")
    assert "add [profileA] with its credentials" in reported
    assert "did you mean" not in reported

"""No secret is in an error, and no error is of another kind, whatever is in the profiles file."""

import os

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from role_env.errors import ProfileError
from role_env.profiles.profile import PROFILE_KEYS
from support.profiles_folder import ARN, SECRET, A, B, Folder, check_said


@pytest.mark.parametrize(
    "line",
    [
        f"access_key_secret {SECRET}",
        SECRET,
        f"[{'x' * 3}",
        f"acces_key_secret = {SECRET}",
        f"access_key_secret: {SECRET}",
        f"{SECRET}= x",
        *(f"{key} = {SECRET}" for key in PROFILE_KEYS),
        *(f"{key} = {SECRET}" for key in ("frobnicate", "source_profil", "type")),
        f"{SECRET} = 1\n{SECRET} = 2",
    ],
)
def test_a_secret_in_the_wrong_place_is_not_reported(folder: Folder, line: str) -> None:
    for text in (f"{A}[b]\nrole_arn = {ARN}\n{line}\n", f"{A}{B}{line}\n", f"{line}\n{A}{B}"):
        try:
            folder.read(text).chain("b")
        except ProfileError as error:
            check_said(error, folder.file)


VALID = f"""\
# comment
[DEFAULT]
region_id = cn-beijing

{A}
{B}policy = {{"Version": "1",
   "Statement": []}}
[c]
role_arn = {ARN}
source_profile = b
external_id = vendor/1
duration_seconds = 7200
max_session_duration = 43200
variables = oss plain
"""
LINES = VALID.splitlines(keepends=True)
GARBAGE = st.one_of(
    st.text(max_size=8), st.sampled_from(["=", "[", "]", "#", "\n", "\r", " ", "\0", "\ufeff", "%", "a", SECRET])
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """VALID after cuts, moved and doubled lines, and garbage."""
    lines = list(LINES)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        line = lines.pop(at)
        place, garbage = draw(st.integers(0, len(line))), draw(GARBAGE)
        head, tail = line[:place], line[place:]
        replaced = head.rstrip("\n") + garbage + "\n"
        kinds: list[list[str]] = [[line], [line] * 2, [], [head + garbage + tail], [head, "\n", tail], [replaced]]
        to = draw(st.just(at) | st.integers(0, len(lines)))
        lines[to:to] = draw(st.sampled_from(kinds))
    content = "".join(lines).encode("utf-8", "surrogatepass")
    start, end = draw(st.integers(0, 40)), draw(st.integers(0, 40))
    cut = content[start if draw(st.booleans()) else 0 : len(content) - (end if draw(st.booleans()) else 0)]
    return cut + draw(st.sampled_from([b"", b"\xff", b"\xef\xbb", b"\\", b"\r"]))


@settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "700")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(mutated())
@example(VALID.encode())
@example(f"[{SECRET}]\n{VALID}".encode())
@example(f"[{SECRET}]\nx = 1\nx = 2\n[{SECRET}]\n".encode())
def test_a_damaged_file_is_read_or_refused_and_its_secret_never_reported(folder: Folder, content: bytes) -> None:
    try:
        file = folder.read(content)
    except ProfileError as error:
        check_said(error, folder.file)
        return
    for name in file.names():
        try:
            assert file.chain(name)[-1].name == name
        except ProfileError as error:
            check_said(error, folder.file)

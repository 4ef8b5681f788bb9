"""The grammar of the profiles file: lines, values, defaults, names, and each fault by its line."""

import json

import pytest

from role_env.errors import UnknownProfileError
from role_env.validators import name_fault
from support.profiles_folder import ARN, KEY, SECRET, A, B, Folder, failure, key_of


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_any_line_ending_and_a_byte_order_mark_read_the_same(folder: Folder, end: str, mark: str) -> None:
    file = folder.read(mark + f"# one\n\n{A}{B}polcy = x\n".replace("\n", end))
    assert file.names() == ["a", "b"]
    assert f"{folder.file}, line 9" in failure(lambda: file.profile("b"))


@pytest.mark.parametrize("secret", ["%(x)s%%", "a#b", "a;b", "a:b", "#a", ";a", "a=b==", "=", "'a'", '"a"', "$a`b`\\"])
def test_inside_a_value_no_character_means_anything(folder: Folder, secret: str) -> None:
    file = folder.read(f"[a]\naccess_key_id=LTAI\naccess_key_secret  =  {secret}  \n")
    assert key_of(file.profile("a")).access_key_secret == secret


def test_a_comment_is_a_whole_line_and_may_be_indented(folder: Folder) -> None:
    file = folder.read(f"; one\n# [two]\n[a] # three\n  # role_arn = x\n\t; y\n{KEY}")
    assert file.profile("a").role_arn == ""


POLICY = """
    {"Version": "1",
    # what may be read
    "Statement": [

      {"Effect": "Allow", "Action":
      "oss:Get*", "Resource": "*", "Condition":
  ; and where from
      {"x":
      {"external_id = sneaked-in": "source_profile = c",
      "[c]": []
      }}}
    ]}
"""


def test_an_indented_line_that_reads_like_no_key_goes_on_with_its_value(folder: Folder) -> None:
    profile = folder.with_keys(f"policy ={POLICY}region_id = cn-beijing")
    assert json.loads(profile.policy)["Statement"][0]["Action"] == "oss:Get*"
    assert (profile.external_id, profile.source_profile, profile.region_id) == ("", "a", "cn-beijing")
    file = folder.read(f"{A}{B}policy = {{\n  role = x\n  [c]\n\n  # role_arn = y\n")
    assert file.names() == ["a", "b"]
    assert "policy is not a policy in JSON" in failure(lambda: file.profile("b"))


def test_keys_that_are_all_indented_alike_are_keys(folder: Folder) -> None:
    text = f"{A}{B}".replace("role_arn", "    role_arn").replace("source_profile", "    source_profile")
    assert folder.read(text).profile("b").source_profile == "a"


def test_defaults_go_to_every_section_and_its_own_keys_count_more(folder: Folder) -> None:
    file = folder.read(f"[DEFAULT]\nregion_id = cn-beijing\nduration_seconds = 900\n{A}{B}region_id = cn-shanghai\n")
    assert file.names() == ["a", "b"]
    assert (file.profile("a").region_id, file.profile("b").region_id) == ("cn-beijing", "cn-shanghai")
    assert file.profile("b").duration_seconds == 900


def test_a_default_source_yields_to_a_sections_own_and_is_not_its_own_source(folder: Folder) -> None:
    defaults = "[DEFAULT]\nsource_profile = a\n"
    role = f"role_arn = {ARN}\n"
    others = f"[c]\n{role}source_profile = b\n[d]\n{role}credential_source=environment"
    file = folder.read(f"{defaults}{A}[b]\n{role}{others}")
    assert [hop.name for hop in file.chain("b")] == ["a", "b"]
    assert [hop.name for hop in file.chain("c")] == ["a", "b", "c"]
    assert [hop.name for hop in file.chain("d")] == ["d"]
    assert file.users("a") == ["b"]
    file = folder.read(f"{defaults}[a]\n{role}[b]\n{role}")
    assert [(hop.name, hop.source_kind) for hop in file.chain("b")] == [("a", "keyring"), ("b", "a")]


def test_a_line_of_a_value_that_looks_like_a_key_does_not_hide_the_default_source(folder: Folder) -> None:
    keys = f"role_arn = {ARN}\nvariables = oss\n  access_key=x\n"
    file = folder.read(f"[DEFAULT]\nsource_profile = a\n{A}[b]\n{keys}")
    assert "variables must be words of" in failure(lambda: file.chain("b"))
    file = folder.read(f"[DEFAULT]\nsource_profile = a\n{A}[b]\n{keys.replace('access_key=x', 'plain')}")
    assert [hop.name for hop in file.chain("b")] == ["a", "b"]


def test_an_error_in_the_defaults_names_their_line(folder: Folder) -> None:
    assert f"{folder.file}, line 2" in folder.fault(f"[DEFAULT]\nregion_id = NO\n{A}", "a")


@pytest.mark.parametrize("keys", ["agents = full", "region_id = x\nread_only = yes", "policy = {}", "policy_file = x"])
def test_defaults_in_the_wrong_case_that_would_narrow_sessions_are_an_error(folder: Folder, keys: str) -> None:
    for name in ("default", "Default"):
        reported = failure(lambda name=name: folder.read(f"{A}[{name}]\n{keys}\n"))  # type: ignore[misc]
        assert f"[{name}] is a profile without a role, and its {keys.split()[-3]} narrows no session" in reported
        assert f"({folder.file}, line {3 + len(keys.splitlines()) + 1}) | write [DEFAULT]" in reported
    for keys_of_default in ("agents = read-only\nrole_arn = acs:ram::1:role/x\nsource_profile = a", "region_id = x"):
        assert folder.read(f"{A}[default]\n{keys_of_default}\n").names() == ["a", "default"]
    alibabas = folder.alibaba("credentials.ini", f"[default]\n{keys}\n")
    assert folder.load(alibabas).names() == ["default"]


@pytest.mark.parametrize(
    ("text", "line", "reported"),
    [
        (f"{A}[a]\n", 4, "this section already exists in line 1"),
        (f"[DEFAULT]\n{A}[DEFAULT]\n", 5, "this section already exists in line 1"),
        (f"{A}access_key_id = x\n", 4, "access_key_id already exists in line 2"),
        (f"{A}Access_Key_ID = x\n", 4, "access_key_id already exists in line 2"),
        ("[DEFAULT]\nregion_id = x\nREGION_ID = x\n", 3, "region_id already exists in line 2"),
        (f"{A}external_id = x\n  read_only = yes\n", 5, "like the key read_only, and continues external_id in line 4"),
        (f"{A}policy =\n\n # x\n\tRead_Only=\n", 7, "like the key read_only, and continues policy in line 4"),
        (f"[a]\nregion_id =\n  access_key_secret = {SECRET}\n", 3, "like the key access_key_secret, and continues"),
        ("\n\nregion_id = x\n[a]\n", 3, "a key before the first [profile]"),
        (f"{A}# ok\n\naccess_key_secret {SECRET[:-1]}\n", 6, "neither [profile] nor key = value"),
        (f"{A}{SECRET[:-1]}\n", 4, "neither [profile] nor key = value"),
        (f"{A}= value\n", 4, "neither [profile] nor key = value"),
        (f"{A}[]\n", 4, "neither [profile] nor key = value"),
        (f"{A}[b\n", 4, "this section name is not closed"),
        ("  x\n", 1, "neither [profile] nor key = value"),
        ('[a]\npolicy = {\n  "x": 1\n}\n', 4, "neither [profile] nor key = value"),
        (f"{A}#\r\nx\0y = 1\n", 5, "a NUL byte"),
        (A.encode() + b"\r\n# \xe4\n", 5, "not UTF-8"),
        ("\ufeff".encode() + A.encode() + b"\r\r\xff\n", 6, "not UTF-8"),
        ("[a]\n".encode("utf-16"), 1, "not UTF-8"),
    ],
)
def test_a_fault_of_the_syntax_is_reported_by_line(folder: Folder, text: str | bytes, line: int, reported: str) -> None:
    message = failure(lambda: folder.read(text))
    assert f"{folder.file}, line {line}: " in message
    assert reported in message


@pytest.mark.parametrize("text", ["", "\n", "# only\n; comments", "\ufeff", "[DEFAULT]\nregion_id = cn-beijing\n"])
def test_a_file_without_profiles_is_a_file_without_profiles(folder: Folder, text: str) -> None:
    file = folder.read(text)
    assert file.names() == []
    assert f"there is no profile b in {folder.file}" in failure(lambda: file.profile("b"), UnknownProfileError)


@pytest.mark.parametrize("name", ["profileB", "профиль", "生产", "a.b_c@d+e:f/g-h", "0", "prod२", "a" * 64, "default"])
def test_a_name_is_letters_and_digits_of_any_script_and_a_few_signs(folder: Folder, name: str) -> None:
    assert folder.read(f"[{name}]\n{KEY}").profile(name).name == name


@pytest.mark.parametrize(
    "name",
    ["a b", " a", "-a", "a" * 65, "a;b", "a$b", "a'b", "a\\b", "a\tb", "a\u202eb", "a\u200bb", "✓"],
)
def test_any_other_name_is_an_error_of_its_section_alone(folder: Folder, name: str) -> None:
    assert name_fault(name)
    file = folder.read(f"{A}[{name}]\n{KEY}")
    (fault,) = file.name_faults
    assert f"{folder.file}, line 4: invalid profile name: " in fault.message
    assert fault.message.isprintable()
    assert file.names() == ["a"]
    assert file.profile("a").name == "a"


@pytest.mark.parametrize("line", ["role_arn: x", "profileB:", "- name: x", "---"])
def test_yaml_gets_a_hint_with_the_ini_line(folder: Folder, line: str) -> None:
    assert "this looks like YAML | write key = value, below a line [profile]" in failure(lambda: folder.read(line))

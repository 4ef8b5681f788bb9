"""Every block of both READMEs and of the topics is run, by its language.

What cannot be run as it stands is in NEAREST with the reason. The lines of the other blocks for a shell are lines to
type, which test_pasted_lines.py runs. A block that has no way to be run, or a way that nothing uses, fails.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from ruamel.yaml import YAML

from cloud.ram import ram_of
from support.documents import TOP, TOPICS, lines_of
from support.files import write_private
from support.github_runner import ActionJob
from support.https_server import HttpsServer
from support.machine import INSTALLED, Machine
from support.waiting import DEADLINE

SHELLS = ("bash", "zsh", "fish", "sh")


class Block(NamedTuple):
    """A fenced block: the document it is in, its language, and its text without the fences."""

    document: str
    line: int
    language: str
    text: str


def blocks(document: str) -> Iterator[Block]:
    """The fenced blocks of a document, those of a list's item included."""
    text = (TOP / document).read_text("utf-8")
    for found in re.finditer(r"^( *)```(\S*)\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(document, line, found[2], re.sub(f"^{found[1]}", "", found[3], flags=re.MULTILINE))


# The lines of these topics belong together: test_headless.py and test_recipes.py run them.
DOCUMENTS = (
    "README.md",
    "README.ja.md",
    *(str(file.relative_to(TOP)) for file in TOPICS if file.stem not in ("uninstall", "headless", "recipes")),
)


def name_of(block: Block) -> str:
    return f"{Path(block.document).name}:{block.line}:{block.language}"


BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]
DISTINCT = list({(block.language, block.text): block for block in reversed(BLOCKS)}.values())[::-1]
"""Each text once, though both READMEs have it."""


def check_profiles(person: Machine, block: Block) -> None:
    """A profiles file: it is whole, and each profile with a role resolves to a chain that would ask for it."""
    person.write(block.text)
    key = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIx", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "x"}
    listed = person.role_env("list", "--names", **key)
    assert (listed.returncode, listed.stderr) == (0, "")
    for name in listed.stdout.split():
        if re.search(rf"^\[{re.escape(name)}\]\n(?:.+\n)*role_arn", block.text, re.MULTILINE):
            done = person.role_env("explain", name, **key)
            assert (done.returncode, done.stderr) == (0, "")
            assert "AssumeRole" in done.stdout


# ---- what a terminal shows ----

VARYING = {
    r"STS\.\w+": "STS.id",
    r"(SECRET|TOKEN)=\S+": r"\1=secret",
    r"localhost:\d+": "localhost:port",
    r"EXPIRATION=\d+": "EXPIRATION=end",
    r'("RequestId": ")[^"]+': r"\1id",
    r"(assumed-role/\w+/)\S+": r"\1name",
    r"\d+ (min left|min$|ms)": r"0 \1",
    r"until \d\d:\d\d": "until end",
}
"""What is another at each run, or on each machine."""


def alike(text: str) -> str:
    for pattern, instead in VARYING.items():
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text


def steps(text: str) -> dict[str, str]:
    """What each line of a transcript behind a prompt shows, without headings, and with what varies made alike."""
    text = re.sub(r"^(#.*|\(.*\))?\n", "", alike(text), flags=re.MULTILINE)
    lines = re.split(r"^(?:\S+ \S+ )?\$ (.+)\n", text, flags=re.MULTILINE)
    # Of a line that is typed again, what it shows first.
    return dict(list(zip(lines[1::2], lines[2::2], strict=True))[::-1])


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `tests/sandbox` shows, by its lines."""
    environ = {"PATH": f"{INSTALLED}:{os.environ['PATH']}", "HOME": str(tmp_path_factory.mktemp("home"))}
    command = [sys.executable, "-m", "support.playground"]
    done = subprocess.run(
        command, env=environ, cwd=TOP / "tests", capture_output=True, text=True, check=False, timeout=DEADLINE
    )
    assert done.returncode == 0, done.stderr
    return steps(done.stdout)


def check_console(person: Machine, block: Block, reported: dict[str, str]) -> None:
    """Each line with what it shows, in the sandbox or else on this machine; an … stands for the rest of a line."""
    for command, shown in steps(block.text + "\n").items():
        # The colon keeps bash from making way for the last command, which may look at its parent.
        really = reported[command] if command in reported else alike(person.shell("bash", f"{command}\n:").stdout)
        wanted = "".join(re.escape(line).replace("…", ".*") + "\n" for line in shown.splitlines())
        assert re.fullmatch(wanted, really), really


# ---- what can be run in the nearest form only ----


def credential_process(person: Machine, block: Block) -> None:
    profile = json.loads(block.text.replace("/home/me", str(person.home)))
    done = person.run(*profile["process_command"].split())
    assert json.loads(done.stdout)["mode"] == "StsToken"
    assert done.stderr == ""


STAND_INS = {
    "pip": 'test "$*" = "install role-env"',  # there is no index to install from
    "pipx": 'test "$*" = "install role-env"',
    "terraform": 'test -n "$ALICLOUD_SECURITY_TOKEN" && test "$ALICLOUD_ACCESS_KEY" = "$ROLE_ENV_ACCESS_KEY_ID"',
}
"""What a job runs beside role-env, and what must be true when it does."""


def job(person: Machine, more: str) -> None:
    """A profiles file in the job's folder, for a role that takes a CI system's tokens and no key."""
    for name, script in STAND_INS.items():
        person.write_program(f"bin/{name}", f"#!/bin/sh\n{script}\n")
    person.environ["PATH"] = f"{person.home / 'bin'}:{person.environ['PATH']}"
    role, provider = person.sts.world.role("cideploy").arn, person.sts.oidc_provider_arn
    text = f"[profileB]\nrole_arn = {role}\noidc_provider_arn = {provider}\n{more}\n"
    write_private(person.home / "profiles.ini", text)
    person.file.unlink()


def github_job(person: Machine, block: Block) -> None:
    """Each step by itself, with what those before it have set."""
    job(person, "oidc_token = github")
    person.sts.world.role("switchRoleSbc").trusts.add(person.sts.oidc_provider_arn)
    runner = ActionJob(person)
    with HttpsServer(person.temporary) as server:
        server.body = json.dumps({"value": person.sts.oidc_token()}).encode()
        person.environ |= {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"https://localhost:{server.port}/token?api-version=2",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-bearer-token",
        }
        for step in YAML(typ="safe").load(block.text)["steps"]:
            if step.get("uses", "").endswith("/.github/actions/session@REF"):
                assert runner.uses(**{name.replace("-", "_"): value for name, value in step["with"].items()})[0] == 0
            elif "run" in step:
                status, log = runner.run(step["run"], **step.get("env", {}))
                assert status == 0, log
    assert runner.environ["ALICLOUD_ACCESS_KEY"].startswith("STS.")


def gitlab_job(person: Machine, block: Block) -> None:
    """All lines in one shell, as GitLab's runner gives them to it."""
    job(person, "oidc_token_variable = ALIBABA_CLOUD_TOKEN")
    (described,) = YAML(typ="safe").load(block.text).values()
    (token,) = described["id_tokens"]
    script = "set -eo pipefail\n" + "\n".join(described["script"])
    done = person.shell("bash", script, **described["variables"], **{token: person.sts.oidc_token()}, CI="true")
    assert (done.returncode, done.stderr) == (0, "")


def configure(person: Machine, block: Block) -> None:
    """The lines as they are, by somebody without profiles; `--login` gets the key on stdin."""
    person.file.unlink()
    for line in block.text.splitlines():
        done = person.run(*line.split(), text=person.key_lines() if "--login" in line else "")
        assert done.returncode == 0, done.stderr
    person.succeeds("profileB")


def rotate(person: Machine, block: Block) -> None:
    (person.home / ".aliyun/config.json").unlink()
    with ram_of(person) as ram:
        done = person.shell("dash", "set -e\n" + block.text)
    said = f"role-env: RAM is asked at {ram.endpoint}, which learns new keys\n"
    said += f"role-env: IMS is asked at {ram.ims.endpoint} for the network policies of keys\n"
    assert (done.returncode, done.stderr) == (0, said)
    person.succeeds("profileB")


def include(person: Machine, block: Block) -> None:
    """A team's file is there, and the other one, which may be missing, is not."""
    team = block.text.split("path = ~/")[1].split("\n")[0]
    write_private(person.home / team, f"[shared]\nrole_arn = {person.sts.role_arn}\nsource_profile = me\n")
    person.write(block.text)
    assert person.succeeds("list", "--names").stdout.split() == ["shared", "me"]


def program_of_saml(person: Machine, block: Block) -> None:
    """A shell reads it, and it finds the response in the form of a provider, which curl gets here from a file."""
    (person.home / "form").write_text('<input type="hidden" name="SAMLResponse" value="UmVzcG9uc2U=" />')
    person.write_program("bin/curl", "#!/bin/sh\ncat form\n")
    person.environ["PATH"] = f"{person.home / 'bin'}:{person.environ['PATH']}"
    done = person.shell("sh", block.text)
    assert (done.returncode, done.stdout.strip()) == (0, "UmVzcG9uc2U=")


def policy(person: Machine, block: Block) -> None:
    write_private(person.home / "task.json", block.text)
    person.succeeds("exec", "--policy", "task.json", "profileB", "--", "true")


def policy_of_ram(person: Machine, block: Block) -> None:
    """STS refuses without the policy, of the user or of the role, and with it there is a session."""
    (statement,) = json.loads(block.text)["Statement"]
    user, role = person.sts.world.key_of("test_user1").user, person.sts.world.roles[person.sts.role_arn]
    assert user
    assert statement["Action"] == "sts:AssumeRole"
    principals = statement.get("Principal")
    policy = role.trusts if principals else user.may_assume
    policy.clear()
    person.refuses("profileB", 4)
    policy.update(principals["RAM"] if principals else [statement["Resource"]])
    person.succeeds("profileB")


def session_code(person: Machine, block: Block) -> None:
    """What is shown is what is printed, but for the values; an … stands for any names or lines."""
    printed = person.succeeds("profileB", "--format", "sh", OSS_ACCESS_KEY_ID="LTAIold").stdout
    printed = re.sub(r"STS\.\w+", "STS.NUfake", re.sub(r"(_SECRET=)'.*'", r"\1'fake'", printed))
    lines = [re.escape(line) if line != "…" else r"(?:.+\n)*.+" for line in block.text.splitlines()]
    wanted = "\n".join(lines).replace("…", r"[\w ]+") + "\n"
    assert re.fullmatch(wanted, printed, re.IGNORECASE), printed


def prompt(person: Machine, block: Block) -> None:
    script = 'eval "$(role-env init bash)"\nrole-env use profileB\necho "now: $ROLE_ENV_PROMPT"\n'
    done = person.run("bash", "--norc", "-i", text=script)
    assert re.search(r"^now: profileB \d\dm$", done.stdout, re.MULTILINE)


def starship(person: Machine, block: Block) -> None:
    if sys.version_info >= (3, 11):
        import tomllib

        assert tomllib.loads(block.text)["env_var"].keys() == {"ROLE_ENV_PROMPT"}


NEAREST: dict[str, Callable[[Machine, Block], None]] = {
    "profileB 42m $": prompt,  # prompts, which test_prompt.py has on terminals: the first is looked at
    "[env_var.ROLE_ENV_PROMPT]": starship,  # a part of a file: it is read
    '{"name": "profileB", "mode": "External"': credential_process,  # a part of a file: its command is run
    "permissions: {id-token: write": github_job,  # there is no GitHub here: its steps are run
    "role-env configure profile": configure,  # --login asks for the key: here it is on stdin
    "[include]": include,  # needs a team's file
    "#!/bin/sh\ncurl": program_of_saml,  # there is no identity provider here: its answer is a file
    "role-env rotate profileA": rotate,  # there is no RAM here: a stand-in answers
    '{"Version": "1", "Statement": [{"Effect"': policy_of_ram,  # an administrator attaches it: the local STS is told
    '{"Version": "1"': policy,  # a file that the line below it names
    "{ _re_flags=$-": session_code,  # has values of a session: it is compared with what is printed
    "deploy:\n": gitlab_job,  # there is no GitLab here: its lines are run
}
"""What is run instead of a block that begins so, with the reason."""


ELSEWHERE = ("tests/sandbox", '{"mcpServers"', '{"image"')
"""What is not run here, by its beginning: the programs of the tests, and what test_mcp_server.py and test_containers.py
have."""


def nearest_of(block: Block) -> Callable[[Machine, Block], None] | None:
    return next((nearest for start, nearest in NEAREST.items() if block.text.startswith(start)), None)


HERE = [block for block in DISTINCT if not block.text.startswith(ELSEWHERE)]
RUN = [block for block in HERE if block.language not in SHELLS or nearest_of(block)]


@pytest.mark.parametrize("block", RUN, ids=name_of)
def test_every_block_can_be_run(block: Block, person: Machine, reported: dict[str, str]) -> None:
    if nearest := nearest_of(block):
        nearest(person, block)
    elif block.language == "console":
        check_console(person, block, reported)
    else:
        check_profiles(person, block)


def test_no_block_is_hidden_from_this_test() -> None:
    assert not [block for block in RUN if block.language not in ("console", "ini") and not nearest_of(block)]
    typed = {line for document in DOCUMENTS for line in lines_of(TOP / document)} | {"set -e"}
    for block in set(HERE) - set(RUN):
        assert set(filter(None, block.text.splitlines())) - typed == set(), name_of(block)
    assert not [start for start in NEAREST if not any(block.text.startswith(start) for block in BLOCKS)]
    for document in DOCUMENTS:
        lines = (TOP / document).read_text("utf-8").splitlines()
        assert sum(line.lstrip().startswith("```") for line in lines) == 2 * len(list(blocks(document)))
        fences = [number for number, line in enumerate(lines) if line.lstrip().startswith("```")]
        inside = {n for start, end in zip(fences[::2], fences[1::2], strict=True) for n in range(start, end)}
        assert not [line for n, line in enumerate(lines) if n not in inside and line.startswith("    ")]

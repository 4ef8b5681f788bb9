"""`tests/read-actions` finds what a read-only session may read that gives something away."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("read-actions")

MODEL = """\
export class {name} extends $dara.Model {{
  static names(): {{ [key: string]: string }} {{
    return {{
      {field}: '{wire}',
    }};
  }}

  static types(): {{ [key: string]: any }} {{
    return {{
      {field}: {kind},
    }};
  }}
}}
"""
"""A class as the SDK's generator writes it, without what these tests do not need."""


def model(name: str, field: str, kind: str) -> str:
    return MODEL.format(name=name, field=field, wire=field[:1].upper() + field[1:], kind=kind)


def package(folder: Path, name: str, **responses: tuple[str, ...]) -> None:
    """Write a package of the SDK: the fields lie below one another, the last one is a text."""
    models = folder / name / "src" / "models"
    models.mkdir(parents=True)
    (models.parent / "client.ts").write_text("export default class Client extends OpenApi {\n}\n")
    for action, fields in responses.items():
        kinds = [f"{action}ResponseBody", *(f"{action}ResponseBody{index}" for index in range(1, len(fields)))]
        text = model(f"{action}Response", "body", kinds[0])
        for field, here, below in zip(fields, kinds, [*kinds[1:], ""], strict=True):
            kind = f"{{ 'type': 'array', 'itemType': {below} }}" if below else "'string'"
            text += model(here, field, kind)
        (models / f"{action}Response.ts").write_text(text)


def run(*arguments: str, status: int = 0) -> tuple[list[str], str]:
    """Run the program; return its lines and what it says on stderr."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == status, done.stderr
    return done.stdout.splitlines(), done.stderr


def test_it_shows_the_allowed_reads_whose_responses_have_a_field_named_like_a_secret(tmp_path: Path) -> None:
    package(
        tmp_path,
        "sls20201230",
        GetThing=("things", "thingPassword"),
        ListThings=("things", "nextToken"),
        GetThingToken=("token",),
        DescribeReport=("reportDownloadUrl",),
        CreateThing=("password",),
    )
    lines, counts = run(str(tmp_path))
    assert lines == ["log:DescribeReport  reportDownloadUrl", "log:GetThing  thingPassword"]
    assert counts.startswith("4 read actions, 3 with such a field, of which 2 are allowed; ")


def test_it_judges_an_action_without_a_response_by_its_name(tmp_path: Path) -> None:
    for name in ("ListBigSecrets", "GetBigSecret", "ListThings"):
        file = tmp_path / "metadatas" / "ecs" / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"name": name, "parameters": []}))
    assert run(str(tmp_path))[0] == []
    (tmp_path / "metadatas/ecs/ListBigSecret.json").write_text('{"name": "ListBigSecret"}')
    assert run(str(tmp_path))[0] == ["ecs:ListBigSecret  ListBigSecret"]


def test_without_a_list_it_says_so_and_its_help_says_where_to_get_one(tmp_path: Path) -> None:
    assert "no list of actions found there" in run(str(tmp_path), status=2)[1]
    assert "npm install @alicloud/" in "".join(run("--help")[0])

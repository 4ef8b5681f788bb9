"""`tests/read-actions` finds what a read-only session may read that gives something away."""

import subprocess
import sys
from pathlib import Path

CLASS = """\
export class {name} extends $dara.Model {{
  static types(): {{ [key: string]: any }} {{
    return {{
      {field}: {kind},
    }};
  }}
}}
"""
"""A class as the SDK's generator writes it, without what this test does not need."""
FIELDS = {
    "GetThing": "thingPassword",
    "ListThings": "nextToken",
    "GetThingToken": "token",
    "DescribeReport": "reportDownloadUrl",
    "CreateThing": "password",
}


def test_it_shows_the_allowed_reads_whose_responses_have_a_field_named_like_a_secret(tmp_path: Path) -> None:
    text = ""
    for action, field in FIELDS.items():
        text += CLASS.format(name=f"{action}Response", field="things", kind=f"{{ 'itemType': {action}Thing }}")
        text += CLASS.format(name=f"{action}Thing", field=field, kind="'string'")
    client = tmp_path / "sls20201230" / "src" / "client.ts"
    client.parent.mkdir(parents=True)
    client.write_text(text)
    command = [sys.executable, str(Path(__file__).with_name("read-actions")), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["log:DescribeReport  reportDownloadUrl", "log:GetThing  thingPassword"]
    assert done.stderr.startswith("4 read actions, 3 with such a field, of which 2 are allowed; ")

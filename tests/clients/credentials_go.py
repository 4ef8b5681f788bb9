"""A reader that finds and keeps credentials as Terraform's provider and credentials-go do, by what their sources say.

    python credentials_go.py [CALLS [PAUSE]]

The order is: a key in the variables; a profile of mode External in the file of profiles; the credentials URI, which is
read once. The command of a profile is split at white space and run when 180 s or less are left, and what it printed is
written back into the file: opened for reading and writing, written to `FILE.tmp-<ns>`, renamed. A failure of that is a
warning on stdout. Prints a line a call, `<source> <access key id> <seconds left>` or `none <reason>`, and after each
the warnings.

Read at aliyun/credentials-go, credentials/providers/external.go and cli_profile.go, and in terraform-provider-alicloud
1.289.
"""

import calendar
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

MARGIN = 180


class Provider:
    """What one run of the provider keeps."""

    def __init__(self) -> None:
        self.source = ""
        self._key: dict[str, Any] = {}
        self._end = 0
        self._file = Path(os.environ.get("ALICLOUD_SHARED_CREDENTIALS_FILE") or Path.home() / ".aliyun" / "config.json")
        self._profile = os.environ.get("ALICLOUD_PROFILE") or os.environ.get("ALIBABA_CLOUD_PROFILE", "")
        self._choose()

    def _choose(self) -> None:
        """Find the source, once. Raises an exception without one."""
        names = ("ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID")
        if found := next(filter(None, map(os.environ.get, names)), ""):
            self.source, self._key, self._end = "static", {"access_key_id": found}, sys.maxsize
            return
        if self._profile and self._entry(is_required=False).get("mode") == "External":
            if os.environ.get("ALIBABA_CLOUD_CLI_PROFILE_DISABLED") == "true":
                raise ValueError("the CLI profile is disabled")
            self.source = "External"
            return
        uri = os.environ.get("ALIBABA_CLOUD_CREDENTIALS_URI")
        if not uri:
            raise ValueError("no credentials")
        with urllib.request.urlopen(uri, timeout=10) as answer:
            document = json.load(answer)
        self.source, self._key = "URI", {"access_key_id": document["AccessKeyId"]}
        self._end = calendar.timegm(time.strptime(document["Expiration"], "%Y-%m-%dT%H:%M:%SZ"))

    def _entry(self, *, is_required: bool = True) -> dict[str, Any]:
        try:
            profiles = json.loads(self._file.read_bytes())["profiles"]
        except OSError:
            if is_required:
                raise
            return {}
        return next((dict(entry) for entry in profiles if entry["name"] == self._profile), {})

    def call(self) -> str:
        """Return the line of a call."""
        if self.source == "External" and self._end - time.time() <= MARGIN:
            command = self._command or self._entry()["process_command"]
            self._command = command
            done = subprocess.run(command.split(), capture_output=True, text=True, timeout=60, check=False)
            if done.returncode:
                raise ValueError(f"failed to execute external command: exit status {done.returncode}: {done.stderr}")
            self._key = json.loads(done.stdout)
            self._end = calendar.timegm(time.strptime(self._key["expiration"], "%Y-%m-%dT%H:%M:%SZ"))
            try:
                self._write_back()
            except OSError as error:
                print(f"Warning: failed to update external credentials in config file: {error.strerror}")
        return f"{self.source} {self._key['access_key_id']} {int(self._end - time.time())}"

    _command = ""

    def _write_back(self) -> None:
        """Put the session into the file, as the library does. Raises OSError."""
        with self._file.open("r+") as file:
            document = json.load(file)
        fields = ("access_key_id", "access_key_secret", "sts_token")
        for entry in document["profiles"]:
            if entry["name"] == self._profile:
                entry.update({name: self._key[name] for name in fields})
        temporary = Path(f"{self._file}.tmp-{time.time_ns()}")
        temporary.write_text(json.dumps(document))
        temporary.rename(self._file)


calls, pause = int("".join(sys.argv[1:2]) or 1), float("".join(sys.argv[2:3]) or 0)
try:
    provider = Provider()
except (ValueError, OSError) as error:
    sys.exit(f"none {error}")
for number in range(calls):
    if number:
        time.sleep(pause)
    try:
        print(provider.call(), flush=True)
    except (ValueError, OSError) as error:
        print(f"none {' '.join(str(error).split())}", flush=True)

#!/usr/bin/env bash
# Install the role-env of this very checkout, so that the action's reference pins the code, and put it on PATH.
set -euo pipefail

venv=$RUNNER_TEMP/role-env
if [[ ! -x $venv/bin/role-env ]]; then
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
        echo "::error::role-env needs Python 3.10 or newer as python3: use actions/setup-python in a step before" >&2
        exit 1
    }
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$GITHUB_ACTION_PATH/../../.."
fi
echo "$venv/bin" >>"$GITHUB_PATH"

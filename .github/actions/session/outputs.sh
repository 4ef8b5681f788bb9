#!/usr/bin/env bash
# Give the session as outputs too, as Alibaba's own action does. The step before has masked the values.
set -euo pipefail

{
    echo "aliyun-access-key-id=$ALIBABA_CLOUD_ACCESS_KEY_ID"
    echo "aliyun-access-key-secret=$ALIBABA_CLOUD_ACCESS_KEY_SECRET"
    echo "aliyun-security-token=$ALIBABA_CLOUD_SECURITY_TOKEN"
} >>"$GITHUB_OUTPUT"

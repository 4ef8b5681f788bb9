#!/usr/bin/env bash
# Write the inputs as a profile, which contains no secret, and put its session into the later steps of the job.
set -euo pipefail

# The profiles of this job's steps: a chained role is assumed by the session of the step before.
file=$RUNNER_TEMP/role-env.ini
umask 077

write_profile() {
    local number
    touch "$file"
    number=$(grep -c '^\[' "$file") || true
    PROFILE=github-$((number + 1))
    {
        echo "[$PROFILE]"
        echo "role_arn = $ROLE"
        echo "role_session_name = $SESSION_NAME"
        echo "duration_seconds = $SECONDS_WANTED"
        if ((SECONDS_WANTED > 3600)); then echo "max_session_duration = $SECONDS_WANTED"; fi
        if [[ -n $REGION ]]; then echo "region_id = $REGION"; fi
        if [[ $IS_CHAINED != true ]]; then
            echo "oidc_provider_arn = $PROVIDER"
            echo "oidc_token = github"
            echo "oidc_audience = $AUDIENCE"
        elif [[ ${ROLE_ENV_PROFILE-} == github-"$number" ]]; then
            echo "source_profile = $ROLE_ENV_PROFILE"
        else
            echo "credential_source = environment" # what another action has set
        fi
    } >>"$file"
    CONFIG=$file
}

if [[ -n $ROLE && -n $PROFILE ]]; then
    echo "::error::role-to-assume and profile exclude each other" >&2
    exit 2
elif [[ -n $ROLE ]]; then
    if [[ $IS_CHAINED != true && -z $PROVIDER ]]; then
        echo "::error::role-to-assume needs oidc-provider-arn, or role-chaining: true" >&2
        exit 2
    fi
    write_profile
elif [[ -z $PROFILE ]]; then
    echo "::error::name a role by role-to-assume, or a profile by profile" >&2
    exit 2
fi

options=(--format github --config "$CONFIG")
if [[ -n $EXPECT_ACCOUNT ]]; then options+=(--expect-account "$EXPECT_ACCOUNT"); fi
if [[ $IS_READ_ONLY == true ]]; then options+=(--read-only); fi
if [[ -n $POLICY ]]; then options+=(--policy "$POLICY"); fi

# Each step says for itself how narrow its session is: what an earlier step asked for does not bind it.
unset ROLE_ENV_POLICY

# A job's session is for this job: it leaves nothing in a keyring of the runner.
ROLE_ENV_CACHE=none exec "$RUNNER_TEMP/role-env/bin/role-env" export "${options[@]}" -- "$PROFILE"

# Fail, and only empty the prompt's text, which is outdated. The variable stays exported.
begin
    set -q ROLE_ENV_PROMPT; and set -g ROLE_ENV_PROMPT ''
    false
end

# Fail, and empty the prompt's text, which is outdated; nothing else changes. The variable stays exported.
begin
    set -q ROLE_ENV_PROMPT; and set -g ROLE_ENV_PROMPT ''
    false
end

// What Serverless Devs' own library takes for the alias of the first argument. Prints the account, the access key id,
// and digests of the secret and the token.
const { createHash } = require("crypto");
const { default: Credential } = require("@serverless-devs/credential");

const silent = Object.fromEntries(["debug", "info", "warn", "error", "log"].map((name) => [name, () => {}]));
const digest = (secret) => createHash("sha256").update(secret).digest("hex");

new Credential(silent).get(process.argv[2]).then(({ credential }) => {
  const { AccountID, AccessKeyID, AccessKeySecret, SecurityToken } = credential;
  console.log(AccountID, AccessKeyID, digest(AccessKeySecret), digest(SecurityToken));
});

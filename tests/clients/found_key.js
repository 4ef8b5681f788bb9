// Which key the default credentials of @alicloud/credentials are, for one environment after another.
// Reads a JSON object of variables a line, and prints {"Node SDK": [ID, secret, token]} for each, or null in it.
const readline = require("readline");
const { default: Credentials } = require("@alicloud/credentials");

async function answer(environ) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environ);
  try {
    const { accessKeyId, accessKeySecret, securityToken } = await new Credentials().getCredential();
    return [accessKeyId, accessKeySecret, securityToken || ""];
  } catch {
    return null;
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify({ "Node SDK": await answer(JSON.parse(line)) }));
  }
}

main();

// Who the default credentials of @alicloud/credentials are, as STS answers; with SECONDS again and again for so long.
//
//     node identity.js [SECONDS]
//
// Prints a line `<access key id> <ARN>` a call.
const { default: Credentials } = require("@alicloud/credentials");
const { default: Client } = require("@alicloud/sts20150401");

const end = Date.now() + 1000 * Number(process.argv[2] ?? 0);
const credential = new Credentials();
const client = new Client({
  credential,
  endpoint: process.env.ALIBABA_CLOUD_STS_ENDPOINT,
  protocol: "https",
});

async function main() {
  do {
    const { accessKeyId } = await credential.getCredential();
    const answer = await client.getCallerIdentity();
    console.log(accessKeyId, answer.body.arn);
    await new Promise((resolve) => setTimeout(resolve, 100));
  } while (Date.now() < end);
}

main().catch((error) => {
  console.error(`${error.name}: ${error.code}`);
  process.exit(1);
});

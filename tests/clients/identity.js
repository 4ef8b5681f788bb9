// Who the default credentials of @alicloud/credentials are, as STS answers. Prints `<access key id> <ARN>`.
const { default: Credentials } = require("@alicloud/credentials");
const { default: Client } = require("@alicloud/sts20150401");

const credential = new Credentials();
const client = new Client({
  credential,
  endpoint: process.env.ALIBABA_CLOUD_STS_ENDPOINT,
  protocol: "https",
});

async function main() {
  const { accessKeyId } = await credential.getCredential();
  const answer = await client.getCallerIdentity();
  console.log(accessKeyId, answer.body.arn);
}

main().catch((error) => {
  console.error(`${error.name}: ${error.code}`);
  process.exit(1);
});

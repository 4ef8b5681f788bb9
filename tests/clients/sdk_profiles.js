// What the SDK for Node finds in the profiles of a file, its own, which ALIBABA_CLOUD_CREDENTIALS_FILE names, or the
// aliyun CLI's, below HOME: as the program for Python beside this one, by
//
//     node sdk_profiles.js FILE NAME...

const http = require('@alicloud/credentials/dist/src/providers/http');

const [file, ...names] = process.argv.slice(2);
const kind = file.endsWith('.json') ? 'cli_profile' : 'profile';
const { default: Provider } = require(`@alicloud/credentials/dist/src/providers/${kind}`);

class Asked extends Error {}

http.doRequest = async (request) => {
  const asked = new Asked();
  asked.request = { host: request.host, query: { ...request.queries, ...request.bodyForm } };
  throw asked;
};

async function found(name) {
  try {
    return { key: (await Provider.builder().withProfileName(name).build().getCredentials()).accessKeyId };
  } catch (error) {
    return error.request || null;
  }
}

(async () => {
  const results = {};
  for (const name of names) {
    results[name] = await found(name);
  }
  console.log(JSON.stringify(results));
})();

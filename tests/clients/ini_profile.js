// What the SDK for Node finds in the sections of its own file, which ALIBABA_CLOUD_CREDENTIALS_FILE names: as the
// program for Python beside this one, by
//
//     node ini_profile.js SECTION...

const http = require('@alicloud/credentials/dist/src/providers/http');
const { default: Provider } = require('@alicloud/credentials/dist/src/providers/profile');

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
  for (const name of process.argv.slice(2)) {
    results[name] = await found(name);
  }
  console.log(JSON.stringify(results));
})();

import type { RunningServer } from './start';

/**
 * The block that a start ends in, to copy from. The first one shows the administrator key, this once, with the next
 * calls to make; later ones say where a key comes from.
 */
export const welcome = ({ config, newAdministratorKey: key }: RunningServer): string => {
  const graphql = `${config.publicUrl}/graphql`;
  if (key) return firstWelcome(config.publicUrl, `${key.accessKeyId}.${key.secretAccessKey}`);
  const source = config.administratorKey
    ? `the key in ROCKPOOL_ADMIN_ACCESS_KEY_ID`
    : 'shown at the first start; if it was lost, npm run admin-key makes a new one';
  return `
Rockpool is running.

  GraphQL            ${graphql}  (in a browser: the Sandbox)
  AWS SDKs           ${config.publicUrl}  (as the endpoint)
  Administrator key  ${source}
  The whole story    npm run demo

`;
};

const firstWelcome = (publicUrl: string, bearer: string): string => `
Rockpool is running.

  GraphQL            ${publicUrl}/graphql  (in a browser: the Sandbox)
  AWS SDKs           ${publicUrl}  (as the endpoint)
  Administrator key  ${bearer}
                     Shown this once: put it in a safe place. AWS tools take the two sides of its dot as key id and secret.

The next three calls, for a shell:

${firstCalls(`${publicUrl}/graphql`, bearer)}

The whole story, played by a phone and a tablet:

npm run demo

`;

/** Lines for any POSIX shell: each call shows its answer, and the next one takes the id out of it. */
const firstCalls = (graphql: string, bearer: string): string =>
  `
rockpool() { ANSWER=$(curl -sS ${graphql} -H 'content-type: application/json' "$@"); printf '%s\\n' "$ANSWER"; }

# 1. an administrator makes an identity pool
rockpool -H 'authorization: Bearer ${bearer}' -d '{"query":
  "mutation { createIdentityPool(input: { identityPoolName: \\"My app\\", allowUnauthenticatedIdentities: true }) { identityPool { id } } }"}'
POOL=$(printf '%s' "$ANSWER" | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')

# 2. a guest gets an identity
rockpool -d '{"variables": {"pool": "'"$POOL"'"}, "query":
  "mutation ($pool: ID!) { getId(input: { identityPoolId: $pool }) { identityId } }"}'
GUEST=$(printf '%s' "$ANSWER" | sed 's/.*"identityId":"\\([^"]*\\)".*/\\1/')

# 3. the guest gets credentials, with the accessToken to read and write its own data with
rockpool -d '{"variables": {"guest": "'"$GUEST"'"}, "query":
  "mutation ($guest: ID!) { getCredentialsForIdentity(input: { identityId: $guest }) { credentials { accessToken expiration } } }"}'
`.trim();

/** Where `npm run demo:issuer` listens: the one place outside this server that the page asks, for an ID token. */
export const DEMO_ISSUER_PORT = 4001;

/** The issuer's address, as in the `iss` of its tokens. */
export const DEMO_ISSUER = `http://localhost:${DEMO_ISSUER_PORT}`;

/** The key under which its tokens are sent as logins: the address without its scheme. */
export const DEMO_PROVIDER = `localhost:${DEMO_ISSUER_PORT}`;

/** The client ID that its tokens are made for. */
export const DEMO_CLIENT_ID = 'rockpool-demo';

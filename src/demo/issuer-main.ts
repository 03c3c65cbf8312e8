import { DEMO_CLIENT_ID, DEMO_ISSUER_PORT } from '../graphql/landing-page/demo-issuer';
import { startDemoIssuer } from './issuer';

// The entry of `npm run demo:issuer`: keeps the demo's issuer running, for the last part of the story in the browser.

const main = async (): Promise<void> => {
  const issuer = await startDemoIssuer(DEMO_ISSUER_PORT);
  process.stdout.write(`
An issuer of ID tokens for trying things out. It believes whatever name it is told: never use it for real.

  Issuer     ${issuer.url}
  Client ID  ${DEMO_CLIENT_ID}
  ID token   ${issuer.url}/token?person=ada

Register it with createOpenIDConnectProvider, name it in a pool, and send its tokens as logins of
the provider ${issuer.provider}. The story at /graphql does so. Ctrl+C ends it.

`);
};

main().catch((error: unknown) => {
  const isTaken = (error as { code?: string }).code === 'EADDRINUSE';
  console.error(isTaken ? `Port ${DEMO_ISSUER_PORT} is taken: perhaps the issuer runs already.` : error);
  process.exitCode = 1;
});

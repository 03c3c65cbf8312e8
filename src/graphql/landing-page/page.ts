import type { ArnScope } from '../../ids';
import { DEMO_ISSUER } from './demo-issuer';
import { PAGE_SCRIPT } from './page.script';
import { PAGE_STYLE } from './page.style';
import { GIFTS, GIVEN_BY, STORY_VARIABLES, storyDocument, storySteps } from './story';
import { STORY_RUNNER_SCRIPT } from './story-runner.script';

const SANDBOX = {
  script: 'https://embeddable-sandbox.cdn.apollographql.com/v2/embeddable-sandbox.umd.production.min.js',
  frame: 'https://sandbox.embed.apollographql.com',
  /** Milliseconds to wait for the Sandbox before the page goes on without it. */
  patience: 5_000,
};

const contentSecurityPolicy = (nonce: string): string =>
  [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    `connect-src 'self' ${DEMO_ISSUER}`,
    `frame-src ${SANDBOX.frame}`,
    `img-src data:`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');

/** What the page's script is told, as the page's text: nothing in it can end the element that it is in. */
const settingsJson = (scope: ArnScope): string => {
  const steps = storySteps(scope);
  const story = { steps, variables: STORY_VARIABLES, gifts: GIFTS, givenBy: GIVEN_BY, issuer: DEMO_ISSUER };
  return JSON.stringify({ story, document: storyDocument(steps), sandbox: SANDBOX }).replace(/</g, '\\u003c');
};

/** The page that a browser sees at `/graphql`: Apollo Sandbox with the story, or the story alone. */
export const renderPage = (scope: ArnScope, nonce: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(nonce)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Rockpool</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${PAGE_STYLE}</style>
</head>
<body>
<header>
  <h1>Rockpool</h1>
  <label>Administrator key
    <input id="key" type="password" autocomplete="off" spellcheck="false"
      placeholder="accessKeyId.secretAccessKey"
      title="Kept in this tab only, and sent to this server only. Your own operations are sent with it, too, unless they have an Authorization header.">
  </label>
  <dl id="remembered" aria-label="Remembered from answers"></dl>
  <button id="forget" type="button" hidden>Forget</button>
  <button id="switch" type="button">Show without the Sandbox</button>
</header>
<main id="sandbox"></main>
<main id="plain" hidden>
  <section id="unreachable" hidden>
    <p><strong>Apollo Sandbox cannot be reached from here.</strong> This page loads it from apollographql.com, which
    this browser or its network does not get to. Nothing else needs it:</p>
    <ul>
      <li>the schema is in <code>schema.graphql</code> at the top of the project, with a description of everything;</li>
      <li>any GraphQL client works, with the address <code id="address"></code>;</li>
      <li>the story can be played right here.</li>
    </ul>
  </section>
  <p>Run the operations in order. What an answer gives is remembered above and filled into the next ones.</p>
  <ol id="steps"></ol>
</main>
<noscript>This page needs JavaScript. The schema is in schema.graphql; send operations here with any GraphQL client.</noscript>
<script id="settings" type="application/json">${settingsJson(scope)}</script>
<script nonce="${nonce}">${STORY_RUNNER_SCRIPT}</script>
<script nonce="${nonce}">${PAGE_SCRIPT}</script>
</body>
</html>
`;

/** What a browser sees where introspection, and with it the page, is turned off. */
export const NO_PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Not found</title></head>
<body><p>There is no page here. GraphQL clients send POST requests to this address.</p></body></html>
`;

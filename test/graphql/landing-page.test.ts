import { Script } from 'node:vm';
import Fastify from 'fastify';
import { addLandingPageHeaders } from '../../src/graphql/landing-page/landing-page';
import { renderPage } from '../../src/graphql/landing-page/page';
import { STORY_VARIABLES, storyDocument, storySteps } from '../../src/graphql/landing-page/story';
import { startTestServer, type TestServer } from '../support/server';

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const SCOPE = { region: 'us-east-1', accountId: '000000000000' };

describe('the page at /graphql', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({ config: { accountId: '123' } });
  });
  afterAll(() => server.close());

  const get = (headers: Record<string, string>, query = '') =>
    fetch(`${server.url}/graphql${query}`, { headers });
  const page = async (): Promise<string> => (await get(BROWSER)).text();

  it('is served to a browser', async () => {
    const response = await get(BROWSER);

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await response.text()).toMatch(/^<!doctype html>/);
  });

  it('is not served to a GraphQL client', async () => {
    const response = await get(
      { accept: 'application/json', 'apollo-require-preflight': 'yes' },
      `?query=${encodeURIComponent('{ __typename }')}`,
    );

    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });

  it('runs nothing but its own scripts, which a fresh nonce lets in each time', async () => {
    const [first, second] = [await page(), await page()];
    const nonceOf = (html: string) => /script-src 'nonce-([\w+/=]{24})';/.exec(html)?.[1];
    const scripts = [...first.matchAll(/<script([^>]*)>/g)].map(([, attributes]) => attributes);

    expect(nonceOf(first)).toBeDefined();
    expect(nonceOf(first)).not.toBe(nonceOf(second));
    expect(scripts).toEqual([
      ' id="settings" type="application/json"',
      ` nonce="${nonceOf(first)}"`,
      ` nonce="${nonceOf(first)}"`,
    ]);
    expect(first).not.toMatch(/unsafe-inline|unsafe-eval|\son\w+=|style="/);
  });

  it('asks this server, the issuer of the demo and the Sandbox, and nobody else', async () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(await page())?.[1];

    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self' http://localhost:4001;");
    expect(policy).toContain('frame-src https://sandbox.embed.apollographql.com;');
  });

  it('brings the story in its installation’s own words', async () => {
    expect(await page()).toContain('arn:aws:iam::123:oidc-provider/localhost:4001');
  });

  it('says what to do where the Sandbox cannot be reached', async () => {
    const html = await page();

    expect(html).toContain('Apollo Sandbox cannot be reached from here.');
    expect(html).toContain('schema.graphql');
    expect(html).toContain('any GraphQL client works');
  });
});

describe('where introspection is off', () => {
  it('there is no page', async () => {
    const server = await startTestServer({ config: { introspection: false } });
    const html = await (await fetch(`${server.url}/graphql`, { headers: BROWSER })).text();
    await server.close();

    expect(html).toContain('There is no page here.');
    expect(html).not.toMatch(/script|apollo/i);
  });

  it('its status says so', async () => {
    const { statusCode, headers } = await inject(false, 'text/html');

    expect(statusCode).toBe(404);
    expect(headers['cache-control']).toBe('no-store');
  });
});

describe('the headers of the page', () => {
  it('forbid to keep it and to frame it, since it takes a secret', async () => {
    const { statusCode, headers } = await inject(true, 'text/html');

    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    });
  });

  it('are not those of other answers', async () => {
    const { statusCode, headers } = await inject(false, 'application/json');

    expect(statusCode).toBe(200);
    expect(headers).not.toHaveProperty('x-frame-options');
  });
});

const inject = async (introspection: boolean, contentType: string) => {
  const app = Fastify();
  addLandingPageHeaders(app, { introspection });
  app.get('/', (_request, reply) => reply.header('content-type', contentType).send('{}'));
  return app.inject('/');
};

describe('what the page is made of', () => {
  it('cannot be broken out of by a setting', () => {
    const html = renderPage(
      { region: 'us-east-1', accountId: '</script><script>alert(1)</script>' },
      'nonce',
    );

    expect(html).not.toContain('alert(1)</script>');
    expect(html).toContain('\\u003c/script>\\u003cscript>alert(1)');
  });

  it('is JavaScript that parses', () => {
    const html = renderPage(SCOPE, 'nonce');
    const scripts = [...html.matchAll(/<script nonce="nonce">([\s\S]*?)<\/script>/g)].map(
      ([, code]) => code ?? '',
    );

    expect(scripts).toHaveLength(2);
    scripts.forEach((code) => expect(() => new Script(code)).not.toThrow());
  });

  it('fits into the address of the Sandbox’s frame', () => {
    const document = encodeURIComponent(encodeURIComponent(storyDocument(storySteps(SCOPE))));

    expect(document.length + encodeURIComponent(JSON.stringify(STORY_VARIABLES)).length).toBeLessThan(7500);
  });
});

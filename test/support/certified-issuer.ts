import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';

/** A certified OpenID Connect issuer in a process of its own, with the clients `app` and `other-app`. */
export interface CertifiedIssuer {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** Signs somebody in as a browser and an app do, with code and PKCE. Answers the ID token. */
  signIn(user: string, clientId?: string): Promise<string>;
  close(): Promise<void>;
}

const REDIRECT = 'http://127.0.0.1/callback';

/** Starts it; close it in `afterAll`. */
export const startCertifiedIssuer = async (): Promise<CertifiedIssuer> => {
  const child = spawn(process.execPath, [join(__dirname, 'oidc-provider.mjs')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(failed)])) as [
    Buffer,
  ];
  const url = line.toString().trim();
  return {
    url,
    signIn: (user, clientId = 'app') => signIn(url, user, clientId),
    close: async () => {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
};

const failed = (): never => {
  throw new Error('The issuer did not start');
};

/** A browser that keeps cookies and shows where it was sent. */
class Browser {
  private readonly cookies = new Map<string, string>();

  async go(url: string, form?: Record<string, string>): Promise<{ location: string | null; text: string }> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...this.cookies].map((pair) => pair.join('=')).join('; ') },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [name = '', value = ''] = cookie.split(';')[0]!.split('=');
      this.cookies.set(name, value);
    }
    const location = response.headers.get('location');
    return { location: location && new URL(location, url).href, text: await response.text() };
  }
}

/** Follows the issuer through its pages for sign-in and consent until it sends the code. */
const codeFor = async (start: string, user: string): Promise<string> => {
  const browser = new Browser();
  let url = start;
  for (let page = 0; page < 20; page += 1) {
    const { location, text } = await browser.go(url);
    const next = location ?? (await submit(browser, url, text, user));
    if (next.startsWith(REDIRECT)) return new URL(next).searchParams.get('code')!;
    url = next;
  }
  throw new Error('The sign-in does not end');
};

const submit = async (browser: Browser, url: string, page: string, user: string): Promise<string> => {
  const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
  if (prompt === undefined) throw new Error(`No form at ${url}: ${page}`);
  const form: Record<string, string> =
    prompt === 'login' ? { prompt, login: user, password: 'any' } : { prompt };
  const { location, text } = await browser.go(url, form);
  if (location === null) throw new Error(`The form at ${url} led nowhere: ${text}`);
  return location;
};

const signIn = async (issuer: string, user: string, clientId: string): Promise<string> => {
  const verifier = randomBytes(32).toString('base64url');
  const authorize = new URL(`${issuer}/auth`);
  authorize.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'openid email',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  const code = await codeFor(authorize.href, user);
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      redirect_uri: REDIRECT,
      code,
      code_verifier: verifier,
    }),
  });
  const { id_token: idToken } = (await response.json()) as { id_token?: string };
  if (idToken === undefined) throw new Error(`No ID token: status ${response.status}`);
  return idToken;
};

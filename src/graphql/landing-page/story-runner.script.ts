/**
 * JavaScript for the browser: sends operations, remembers what their answers give, and fills it into later ones.
 * Touches neither the document nor any storage, so that tests run it as it is.
 *
 * Operations come from the Sandbox, which is another party's page in a frame: they are answered here, but the
 * administrator's key never goes there, and goes nowhere but to this server.
 */
export const STORY_RUNNER_SCRIPT = String.raw`
'use strict';

/** A plain answer in the shape of GraphQL errors. */
function refusal(message, extensions) {
  const body = JSON.stringify({ errors: [{ message, extensions }] });
  return new Response(body, { status: 200, headers: { 'content-type': 'application/json' } });
}

/** The member of a value at a path such as getId.identityId; undefined where the path ends early. */
function memberAt(value, path) {
  return path.split('.').reduce((inner, key) => (inner == null ? undefined : inner[key]), value);
}

/** The text of one operation of a document, or the whole document when it has no such operation. */
function operationText(document, operationName) {
  const start = document.search(new RegExp('\\b(query|mutation|subscription)\\s+' + operationName + '\\b'));
  if (!operationName || start < 0) return document;
  const end = document.slice(start + 1).search(/^(query|mutation|subscription)\b/m);
  return end < 0 ? document.slice(start) : document.slice(start, start + 1 + end);
}

/** Replaces each text that is a placeholder, such as "<identityId>", by what valueOf gives for its name. */
function fillIn(value, valueOf) {
  if (Array.isArray(value)) return value.map((item) => fillIn(item, valueOf));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillIn(item, valueOf)]));
  const name = typeof value === 'string' ? /^<(\w+)>$/.exec(value) : null;
  return name ? valueOf(name[1], value) : value;
}

/**
 * A player of the story.
 *
 * story: { steps, variables, gifts, givenBy, issuer }; endpoint: this server's GraphQL address;
 * administratorKey(): what was typed in; onChange(remembered): called when an answer gave something.
 */
function createStory({ story, endpoint, administratorKey, onChange, fetch }) {
  const remembered = {};

  /** The ID token of the guest's own person, so that no login is ever linked to two identities. */
  async function signIn() {
    try {
      const person = encodeURIComponent('person of ' + remembered.identityId);
      const response = await fetch(story.issuer + '/token?person=' + person);
      return (await response.json()).idToken;
    } catch {
      throw refusal(
        'No issuer of ID tokens answers at ' + story.issuer +
          '. Start it on the machine of this browser and server with: npm run demo:issuer. Then run this again.',
        { code: 'STORY_NEEDS_ISSUER', command: 'npm run demo:issuer' },
      );
    }
  }

  function requireKnown(name) {
    if (name in remembered) return;
    const runFirst = story.givenBy[name];
    throw refusal('Run ' + runFirst + ' first: its answer gives the ' + name + ' that this operation needs.', {
      code: 'STORY_OUT_OF_ORDER',
      runFirst,
    });
  }

  /** The variables of an operation with every placeholder filled in that the operation uses. */
  async function filledVariables(body, operation) {
    const used = (name) => new RegExp('\\$' + name + '\\b').test(operation);
    const variables = Object.fromEntries(Object.entries(body.variables ?? {}).filter(([name]) => used(name)));
    const wanted = new Set();
    fillIn(variables, (name) => wanted.add(name));
    for (const name of wanted) if (name in story.givenBy && name !== 'syncCount') requireKnown(name);
    const given = { syncCount: 0, ...remembered, ...(wanted.has('idToken') ? { idToken: await signIn() } : {}) };
    return fillIn(variables, (name, placeholder) => given[name] ?? placeholder);
  }

  function administratorBearer() {
    const key = administratorKey();
    if (key) return 'Bearer ' + key;
    throw refusal(
      'Put the administrator key into the field at the top of the page. The first start printed it; ' +
        'npm run admin-key makes a new one.',
      { code: 'STORY_NEEDS_KEY', command: 'npm run admin-key' },
    );
  }

  /** Operations of the reader's own go out with the administrator's key, if there is one. */
  function authorization(step) {
    if (!step) return administratorKey() ? administratorBearer() : undefined;
    if (step.bearer === 'administrator') return administratorBearer();
    if (step.bearer === 'nobody') return undefined;
    requireKnown('accessToken');
    return 'Bearer ' + remembered.accessToken;
  }

  function filledHeaders(given, step) {
    const headers = fillHeaders(given);
    if (Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) return headers;
    const bearer = authorization(step);
    return bearer ? { ...headers, authorization: bearer } : headers;
  }

  function fillHeaders(headers) {
    const known = { ...remembered, administratorKey: administratorKey() };
    const fill = (text) => text.replace(/<(\w+)>/g, (placeholder, name) => known[name] ?? placeholder);
    return Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, fill(String(text))]));
  }

  function remember(answer) {
    for (const { path, name, forgets } of story.gifts) {
      const value = memberAt(answer.data, path);
      if (value === undefined || value === null) continue;
      for (const other of forgets) delete remembered[other];
      remembered[name] = value;
    }
    onChange(remembered);
  }

  function explain(answer, step) {
    for (const error of answer.errors ?? []) {
      const next = step?.explains?.[error.extensions?.code];
      if (next) error.extensions.next = next;
    }
    return answer;
  }

  async function send(url, options) {
    const body = JSON.parse(options.body);
    const operation = operationText(body.query, body.operationName);
    const step = story.steps.find(({ name }) => name === body.operationName);
    for (const name of step?.needs ?? []) requireKnown(name);
    const headers = filledHeaders(options.headers, step);
    const variables = await filledVariables(body, operation);
    const response = await fetch(url, { ...options, headers, body: JSON.stringify({ ...body, variables }) });
    if (!/json/.test(response.headers.get('content-type') ?? '')) return response;
    const answer = explain(await response.json(), step);
    remember(answer);
    return new Response(JSON.stringify(answer), { status: response.status, headers: response.headers });
  }

  /** What the Sandbox calls in the place of fetch. */
  async function handleRequest(url, options) {
    if (url !== endpoint || typeof options?.body !== 'string') return fetch(url, options);
    try {
      return await send(url, options);
    } catch (error) {
      if (error instanceof Response) return error;
      throw error;
    }
  }

  /** Runs one operation of the story and gives its answer. */
  async function run(name) {
    const { text: query } = story.steps.find((step) => step.name === name);
    const response = await handleRequest(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, operationName: name, variables: story.variables }),
    });
    return response.json();
  }

  function forget() {
    for (const name of Object.keys(remembered)) delete remembered[name];
    onChange(remembered);
  }

  return { handleRequest, run, forget };
}
`;

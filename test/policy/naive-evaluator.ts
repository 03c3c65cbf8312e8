/**
 * A second, slow policy evaluator, written from the IAM User Guide alone: it walks the raw JSON and turns patterns
 * into regular expressions. It shares no code with src/policy, so that the property tests compare two readings of
 * the documentation. Page names are given where a rule comes from.
 */

type Json = any;
type Context = Record<string, string | string[] | undefined>;

const list = (value: Json): Json[] => (value === undefined ? [] : ([] as Json[]).concat(value));

/** "Context key names are not case-sensitive" (IAM JSON policy elements: Condition). */
function valuesOf(context: Context, key: string): string[] | undefined {
  for (const [name, value] of Object.entries(context)) {
    if (name.toLowerCase() !== key.toLowerCase() || value === undefined) continue;
    // "If the key values resolve to an empty data set (for example, an empty string)" (multivalued context keys).
    if (Array.isArray(value) && value.join('') === '') continue;
    return list(value);
  }
  return undefined;
}

type Token = { wild: '*' | '?' } | { char: string; fromVariable: boolean };

/** "IAM policy elements: Variables and tags". Null when a variable has no value and no default. */
function tokens(pattern: string, context: Context, version: string | undefined): Token[] | null {
  const result: Token[] = [];
  const literal = (text: string, fromVariable: boolean): void => {
    for (let i = 0; i < text.length; i++) result.push({ char: text[i]!, fromVariable });
  };
  for (let i = 0; i < pattern.length; i++) {
    if (version === '2012-10-17' && pattern.startsWith('${', i)) {
      const close = pattern.indexOf('}', i);
      const body = pattern.slice(i + 2, close);
      i = close;
      if (['*', '?', '$'].includes(body)) {
        literal(body, true);
        continue;
      }
      const comma = body.indexOf(',');
      const key = comma < 0 ? body : body.slice(0, comma);
      const values = valuesOf(context, key);
      if (values?.length === 1) literal(values[0]!, true);
      else if (comma >= 0) literal(body.slice(body.indexOf("'") + 1, body.lastIndexOf("'")), true);
      else return null;
    } else if (pattern[i] === '*' || pattern[i] === '?') {
      result.push({ wild: pattern[i] as '*' | '?' });
    } else {
      literal(pattern[i]!, false);
    }
  }
  return result;
}

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

function regex(parts: Token[], any: string): string {
  return parts.map((t) => ('wild' in t ? (t.wild === '*' ? `${any}*` : any) : escape(t.char))).join('');
}

/** "IAM JSON policy elements: Condition operators", String condition operators: `*` and `?` anywhere. */
function like(text: string, parts: Token[]): boolean {
  return new RegExp(`^${regex(parts, '[^]')}$`).test(text);
}

/** "Each of the six colon-delimited components of the ARN is checked separately." */
function arnLike(text: string, parts: Token[]): boolean {
  const own = parts.filter((t) => !('wild' in t) && t.char === ':' && !t.fromVariable).length;
  const segments: Token[][] = [[]];
  for (const token of parts) {
    const colon = !('wild' in token) && token.char === ':' && (own < 5 || !token.fromVariable);
    if (colon && segments.length < 6) segments.push([]);
    else segments[segments.length - 1]!.push(token);
  }
  if (segments.length < 6) return false;
  const head = segments.slice(0, 5);
  if (head.some((segment) => segment.some((t) => !('wild' in t) && t.char === ':'))) return false;
  const source = [...head.map((s) => regex(s, '[^:]')), regex(segments[5]!, '[^]')].join(':');
  return new RegExp(`^${source}$`).test(text);
}

const bits = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return bits(mapped[1]!);
  const binary = (n: number, width: number): string => n.toString(2).padStart(width, '0');
  if (!address.includes(':'))
    return (
      '4' +
      address
        .split('.')
        .map((n) => binary(Number(n), 8))
        .join('')
    );
  const [left, right] = address.split('::') as [string, string | undefined];
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const zeros = right === undefined ? 0 : 8 - words(left).length - words(right).length;
  const all = [...words(left), ...new Array<string>(zeros).fill('0'), ...words(right ?? '')];
  return '6' + all.map((word) => binary(parseInt(word, 16), 16)).join('');
};

function inRange(address: string, range: string): boolean {
  if (!/^[0-9a-f:.]+$/i.test(address) || !/[.:]/.test(address)) return false;
  const [network, length] = range.split('/') as [string, string | undefined];
  const all = bits(network);
  return bits(address).startsWith(all.slice(0, 1 + (length === undefined ? 128 : Number(length))));
}

const instant = (text: string): number =>
  /^\d{5,}$/.test(text) ? Number(text) * 1000 : /^\d{4}(-|$)/.test(text) ? new Date(text).getTime() : NaN;

const decimal = (text: string): number => (/^[-+]?[\d.]+(e\d+)?$/.test(text) ? parseFloat(text) : NaN);

const ORDERS: Record<string, (a: number, b: number) => boolean> = {
  Equals: (a, b) => a === b,
  LessThan: (a, b) => a < b,
  LessThanEquals: (a, b) => a <= b,
  GreaterThan: (a, b) => a > b,
  GreaterThanEquals: (a, b) => a >= b,
};

/** One request value against one policy value, for an operator without its Not. */
function comparesPositively(operator: string, actual: string, parts: Token[], raw: string): boolean {
  const expected = parts.map((t) => ('wild' in t ? t.wild : t.char)).join('');
  const order = /^(Numeric|Date)(.+)$/.exec(operator);
  if (order) {
    const read = order[1] === 'Numeric' ? decimal : instant;
    return ORDERS[order[2]!]!(read(actual), read(raw));
  }
  switch (operator) {
    case 'StringEquals':
      return actual === expected;
    case 'StringEqualsIgnoreCase':
      return actual.toUpperCase() === expected.toUpperCase();
    case 'StringLike':
      return like(actual, parts);
    case 'ArnEquals':
    case 'ArnLike':
      return arnLike(actual, parts);
    case 'Bool':
      return actual.toLowerCase() === raw.toLowerCase();
    case 'BinaryEquals':
      return actual.replace(/=+$/, '') === raw.replace(/=+$/, '');
    case 'IpAddress':
      return inRange(actual, raw);
    default:
      throw new Error(operator);
  }
}

const TAKES_VARIABLES = /^(String|Arn)/;

/** "IAM JSON policy elements: Condition operators" and "Single-valued vs. multivalued context keys". */
export function naiveCondition(
  operator: string,
  key: string,
  expected: Json,
  { context, version }: { context: Context; version: string | undefined },
): boolean {
  const actual = valuesOf(context, key);
  const wanted = list(expected).map(String);
  if (operator === 'Null') return wanted.some((w) => (w.toLowerCase() === 'true') === (actual === undefined));
  const ifExists = operator.endsWith('IfExists');
  const set = /^(ForAnyValue|ForAllValues):/.exec(operator)?.[1];
  const base = operator.replace(/^For\w+:/, '').replace(/IfExists$/, '');
  const negative = base.includes('Not');
  if (actual === undefined) {
    if (ifExists) return true;
    if (set === 'ForAllValues') return true;
    if (set === 'ForAnyValue') return false;
    return negative;
  }
  const positive = base.replace('Not', '');
  const patterns = wanted.map((w) => tokens(w, context, TAKES_VARIABLES.test(base) ? version : undefined));
  // "Any attempt to match it fails and causes the statement to be invalid" (Variables and tags, principal key values).
  if (negative && patterns.includes(null)) return false;
  const matchesOne = (value: string): boolean => {
    const any = patterns.some((p, i) => p !== null && comparesPositively(positive, value, p, wanted[i]!));
    return negative ? !any : any;
  };
  if (set === 'ForAllValues') return actual.every(matchesOne);
  if (set === 'ForAnyValue') return actual.some(matchesOne);
  return actual.length === 1 && matchesOne(actual[0]!);
}

function conditionsHold(statement: Json, context: Context, version: string | undefined): boolean {
  return Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys as Json).every(([key, expected]) =>
      naiveCondition(operator, key, expected, { context, version }),
    ),
  );
}

function actionCovered(statement: Json, action: string): boolean {
  const any = (patterns: Json): boolean =>
    list(patterns).some((p) => like(action.toLowerCase(), tokens(p.toLowerCase(), {}, undefined)!));
  return statement.Action !== undefined ? any(statement.Action) : !any(statement.NotAction);
}

function resourceCovered(statement: Json, resource: string, context: Context, version?: string): boolean {
  const patterns = list(statement.Resource ?? statement.NotResource);
  const parsed = patterns.map((p) => tokens(p, context, version));
  const any = patterns.some((p, i) => p === '*' || (parsed[i] !== null && arnLike(resource, parsed[i]!)));
  return statement.Resource !== undefined ? any : !any && !parsed.includes(null);
}

interface Found {
  policy: number;
  statement: number;
  sid?: string;
  in: string;
}

function found(documents: Json[], source: string, applies: (s: Json, version?: string) => boolean) {
  const result: { Allow: Found[]; Deny: Found[] } = { Allow: [], Deny: [] };
  documents.forEach((document, policy) =>
    list(document.Statement).forEach((s, statement) => {
      if (!applies(s, document.Version)) return;
      const sid = s.Sid ? { sid: s.Sid as string } : {};
      result[s.Effect as 'Allow' | 'Deny'].push({ policy, statement, ...sid, in: source });
    }),
  );
  return result;
}

/** "Policy evaluation logic": deny by default, explicit deny wins, session policies intersect. */
export function naiveEvaluate(
  request: { action: string; resource: string; context: Context },
  policies: { permissions: Json[]; sessionPolicies?: Json[] },
): { outcome: string; decidedBy?: Found } {
  const applies = (s: Json, version?: string): boolean =>
    actionCovered(s, request.action) &&
    resourceCovered(s, request.resource, request.context, version) &&
    conditionsHold(s, request.context, version);
  const permissions = found(policies.permissions, 'permissions', applies);
  const sessions = (policies.sessionPolicies ?? []).map((document, policy) => {
    const { Allow, Deny } = found([document], 'session', applies);
    return { Allow, Deny: Deny.map((deny) => ({ ...deny, policy })) };
  });
  const deny = [...permissions.Deny, ...sessions.flatMap((session) => session.Deny)][0];
  if (deny) return { outcome: 'explicitDeny', decidedBy: deny };
  const allow = permissions.Allow[0];
  if (allow && sessions.every((session) => session.Allow.length > 0))
    return { outcome: 'allow', decidedBy: allow };
  return { outcome: 'implicitDeny' };
}

/** "AWS JSON policy elements: Principal". */
function principalNamed(element: Json, principal: Record<string, string | undefined>): boolean {
  if (element === '*' || list(element.AWS).includes('*')) return true;
  return Object.entries(element).some(([type, names]) => {
    const caller = principal[type];
    if (caller === undefined) return false;
    return list(names).some((name: string) => {
      if (name === '*' || name === caller) return true;
      const account = type === 'AWS' && /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(name);
      return account ? caller.split(':')[4] === account[1] : false;
    });
  });
}

/** A role's trust policy. */
export function naiveTrust(
  document: Json,
  request: { action: string; principal: Record<string, string | undefined>; context: Context },
): { outcome: string; decidedBy?: Found } {
  const { Allow, Deny } = found([document], 'trust', (s, version) => {
    const named = principalNamed(s.Principal ?? s.NotPrincipal, request.principal);
    return (
      named === (s.Principal !== undefined) &&
      actionCovered(s, request.action) &&
      conditionsHold(s, request.context, version)
    );
  });
  if (Deny[0]) return { outcome: 'explicitDeny', decidedBy: Deny[0] };
  return Allow[0] ? { outcome: 'allow', decidedBy: Allow[0] } : { outcome: 'implicitDeny' };
}

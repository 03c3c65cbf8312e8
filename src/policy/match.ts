/**
 * Wildcards, policy variables and ARN patterns.
 *
 * Sources: IAM User Guide, "IAM JSON policy elements: Resource", "... Action", and "IAM policy elements: Variables
 * and tags".
 *
 * - `*` is any run of characters, `?` is any one (UTF-16) character; nothing else is special.
 * - The first five parts of an ARN are matched one by one, so that a `*` there never reaches over a colon. In the
 *   resource part, after the fifth colon, `*` and `?` stand for colons and slashes too. IAM's page says that a `*`
 *   that ends a part "can expand to match beyond the colon boundaries"; in the first five parts we keep to the
 *   narrower reading, which that page recommends to write for.
 * - What a variable, its default or an escape (`${*}`, `${?}`, `${$}`) stands for is literal text: a `*` in a tag's
 *   value is an asterisk, and a colon in it is never the end of an ARN's part where the pattern has its own colons.
 */

/** Finds the one value of a context key. Undefined when the key is absent or has several values. */
export type Lookup = (key: string) => string | undefined;

/** Text in which `*` and `?` are wildcards, except at the positions in `literal`. */
export interface Glob {
  readonly text: string;
  readonly literal: ReadonlySet<number> | undefined;
  /** The text before the first wildcard; all of it when there is none, and then it matches itself only. */
  readonly prefix: string;
}

interface Variable {
  readonly key: string;
  readonly fallback: string | undefined;
}

/** A run of pattern text, an escape, or a variable. */
type Piece = string | { readonly escaped: string } | Variable;

/** A pattern with its variables still open. */
export interface Template {
  readonly pieces: readonly Piece[];
  /** The finished pattern, when there is nothing to look up. */
  readonly constant: Glob | undefined;
  /** The variables that have no default: without a value for each of them there is nothing to match. */
  readonly required: readonly string[];
}

const STAR = '*'.charCodeAt(0);
const QUESTION = '?'.charCodeAt(0);
const WILDCARD = /[*?]/;
const VARIABLE = /\$\{([^{}]*)\}/g;
const VARIABLE_BODY = /^([^\s,'$*?]+)(?:, ?'([^']*)')?$/;

/**
 * Whether the whole of `text` matches. A mismatch goes back to the last `*` only, so that the work is at most the
 * length of the pattern times the length of the text, whatever the pattern.
 */
export function globMatches(glob: Glob, text: string): boolean {
  const pattern = glob.text;
  let p = glob.prefix.length;
  if (p === pattern.length) return pattern === text;
  if (!text.startsWith(glob.prefix)) return false;
  let t = p;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const code = pattern.charCodeAt(p);
    if (code === STAR && isLive(glob, p)) {
      star = p++;
      resume = t;
    } else if (code === text.charCodeAt(t) || (code === QUESTION && isLive(glob, p))) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (pattern.charCodeAt(p) === STAR && isLive(glob, p)) p++;
  return p === pattern.length;
}

function isLive(glob: Glob, position: number): boolean {
  return glob.literal === undefined || !glob.literal.has(position);
}

/** Prepares a pattern. With `variables` false, as in a `2008-10-17` document, `${...}` is plain text. */
export function compileTemplate(text: string, variables: boolean): Template {
  return toTemplate(variables ? splitPieces(text) : [text]);
}

/** The pattern with its variables filled in. Undefined when one of them has neither a value nor a default. */
export function resolve(template: Template, lookup: Lookup): Glob | undefined {
  return template.constant ?? fill(template.pieces, lookup);
}

/** What is wrong with the variables of a text, or undefined. */
export function variableProblem(text: string): string | undefined {
  const rest = text.replace(VARIABLE, (_, body: string) => (toVariable(body) ? ' ' : '${'));
  if (!rest.includes('${')) return undefined;
  return "has a malformed policy variable; write ${key}, ${key, 'default'}, ${*}, ${?} or ${$}";
}

function toTemplate(pieces: readonly Piece[]): Template {
  const variables = pieces.filter((piece): piece is Variable => typeof piece === 'object' && 'key' in piece);
  return {
    pieces,
    constant: variables.length === 0 ? fill(pieces, () => undefined) : undefined,
    required: variables.filter(({ fallback }) => fallback === undefined).map(({ key }) => key),
  };
}

function splitPieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(VARIABLE)) {
    const variable = toVariable(match[1] as string);
    if (variable === undefined) continue;
    if (match.index > end) pieces.push(text.slice(end, match.index));
    pieces.push(variable);
    end = match.index + match[0].length;
  }
  if (end < text.length || pieces.length === 0) pieces.push(text.slice(end));
  return pieces;
}

function toVariable(body: string): Exclude<Piece, string> | undefined {
  if (body === '*' || body === '?' || body === '$') return { escaped: body };
  const match = VARIABLE_BODY.exec(body);
  return match ? { key: match[1] as string, fallback: match[2] } : undefined;
}

function fill(pieces: readonly Piece[], lookup: Lookup): Glob | undefined {
  let text = '';
  let literal: Set<number> | undefined;
  let end = -1;
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      const wildcard = end < 0 ? piece.search(WILDCARD) : -1;
      if (wildcard >= 0) end = text.length + wildcard;
      text += piece;
      continue;
    }
    const value = 'key' in piece ? (lookup(piece.key) ?? piece.fallback) : piece.escaped;
    if (value === undefined) return undefined;
    if (WILDCARD.test(value)) literal = markWildcards(value, text.length, literal ?? new Set());
    text += value;
  }
  return { text, literal, prefix: end < 0 ? text : text.slice(0, end) };
}

function markWildcards(value: string, offset: number, literal: Set<number>): Set<number> {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === STAR || code === QUESTION) literal.add(offset + i);
  }
  return literal;
}

/** The parts of `arn:partition:service:region:account:resource`; colons after the fifth belong to the resource. */
export type ArnParts = readonly string[];

/** Splits an ARN at its first five colons. Undefined when it has fewer. */
export function splitArn(text: string): ArnParts | undefined {
  const parts: string[] = [];
  let start = 0;
  while (parts.length < 5) {
    const colon = text.indexOf(':', start);
    if (colon < 0) return undefined;
    parts.push(text.slice(start, colon));
    start = colon + 1;
  }
  parts.push(text.slice(start));
  return parts;
}

/** A pattern for ARNs, ready to be matched part by part. */
export interface ArnPattern {
  /** The lone `*`, which matches everything, ARN or not. */
  readonly everything: boolean;
  /** Six templates; undefined when the pattern has fewer colons of its own, as `${aws:PrincipalArn}` does. */
  readonly parts: readonly Template[] | undefined;
  readonly whole: Template;
}

/** Prepares an ARN pattern, for the Resource element and for the Arn condition operators. */
export function compileArnPattern(text: string, variables: boolean): ArnPattern {
  const whole = compileTemplate(text, variables);
  return { everything: text === '*', parts: splitTemplate(whole)?.map(toTemplate), whole };
}

/** Whether each of the six parts matches. False as well when a variable cannot be resolved. */
export function arnMatches(pattern: ArnPattern, arn: ArnParts | undefined, lookup: Lookup): boolean {
  if (pattern.everything) return true;
  if (arn === undefined) return false;
  if (pattern.parts === undefined) return wholeMatches(pattern.whole, arn, lookup);
  for (let i = 0; i < 6; i++) {
    const glob = resolve(pattern.parts[i] as Template, lookup);
    if (glob === undefined || !globMatches(glob, arn[i] as string)) return false;
  }
  return true;
}

function splitTemplate(template: Template): Piece[][] | undefined {
  let current: Piece[] = [];
  const parts = [current];
  for (const piece of template.pieces) {
    let rest: Piece = piece;
    while (typeof rest === 'string' && parts.length < 6 && rest.includes(':')) {
      const colon: number = rest.indexOf(':');
      current.push(rest.slice(0, colon));
      rest = rest.slice(colon + 1);
      parts.push((current = []));
    }
    current.push(rest);
  }
  return parts.length === 6 ? parts : undefined;
}

/** For a pattern that takes its colons from a variable: the text is split after it was filled in. */
function wholeMatches(template: Template, arn: ArnParts, lookup: Lookup): boolean {
  const glob = resolve(template, lookup);
  const parts = glob && splitArn(glob.text);
  if (!glob || !parts) return false;
  let offset = 0;
  return parts.every((text, i) => {
    const start = offset;
    offset += text.length + 1;
    const literal = glob.literal && new Set([...glob.literal].map((position) => position - start));
    const prefix = glob.prefix.slice(start, start + text.length);
    return globMatches({ text, literal, prefix }, arn[i] as string);
  });
}

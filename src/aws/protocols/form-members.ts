import { serializationError } from '../aws-error';

/** Names between dots that are looked at; no operation has a deeper member. */
const MAX_DEPTH = 8;

/** Names in a form; no operation has a use for as many. */
const MAX_PAIRS = 1000;

const AMPERSAND = '&'.charCodeAt(0);

/** One member of a form: the names on the way to it, and its text. */
type Leaf = [path: string[], text: string];

/**
 * The members of a form of the query protocol, in which `PolicyArns.member.1.arn` is in the first structure of a list. Of
 * a name that is there twice the last one counts.
 * @throws SerializationException for more than 1,000 names, which would hold up others while they are read
 * @see https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
export const membersInForm = (body: Buffer): Record<string, unknown> => {
  if (body.filter((byte) => byte === AMPERSAND).length >= MAX_PAIRS)
    throw serializationError(`The form has more than ${MAX_PAIRS} members.`);
  const pairs = [...new URLSearchParams(body.toString('utf8'))];
  return membersOf(pairs.map(([name, text]) => [name.split('.', MAX_DEPTH), text]));
};

const membersOf = (leaves: Leaf[]): Record<string, unknown> => {
  const byName = new Map<string, Leaf[]>();
  for (const [[name = '', ...rest], text] of leaves) {
    const inner = byName.get(name);
    if (inner) inner.push([rest, text]);
    else byName.set(name, [[rest, text]]);
  }
  return Object.fromEntries([...byName].map(([name, inner]) => [name, valueOf(inner)]));
};

const valueOf = (leaves: Leaf[]): unknown => {
  const [path, text] = leaves.at(-1) as Leaf;
  if (path.length === 0) return text;
  const members = membersOf(leaves.filter(([inner]) => inner.length > 0));
  return 'member' in members ? listOf(members.member) : members;
};

/** In the order of their numbers, which need not be without gaps. */
const listOf = (numbered: unknown): unknown =>
  typeof numbered === 'object' && numbered !== null
    ? Object.entries(numbered)
        .sort(([one], [other]) => Number(one) - Number(other))
        .map(([, value]) => value)
    : numbered;

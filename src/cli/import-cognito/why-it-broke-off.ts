import { TargetError, UnreachableError } from './graphql-target';
import { sentenceOf } from './source-pools';
import { stopsEverything } from './stops-everything';

/** What an operator can do, by what the SDK says of it. */
const ADVICE: [isMeant: RegExp, advice: string][] = [
  [/^Region is missing/, 'Name it with --region.'],
  [/^CredentialsProviderError/, 'They are found as every AWS tool finds them; --profile chooses a profile.'],
];

/**
 * Why a run broke off, for an operator with two servers and two keys: which of the two it was, `to` or the source, and what
 * to do where that is known.
 */
export const whyItBrokeOff = (error: unknown, to: string): string => {
  if (error instanceof UnreachableError) return error.message;
  const sentence = sentenceOf(error);
  if (error instanceof TargetError) return `The Rockpool at ${to} refuses: ${sentence}`;
  const advice = ADVICE.find(([isMeant]) => isMeant.test(sentence))?.[1];
  if (advice === undefined && !stopsEverything(error)) return sentence;
  return `The source cannot be read: ${sentence}${advice === undefined ? '' : `. ${advice}`}`;
};

import { ServiceError, notAuthorized } from '../errors';
import { UpstreamError } from './fetch-json';

/** Seconds by which a provider's clock may differ from ours, as at AWS. */
export const CLOCK_SKEW = 300;

const MAX_SUBJECT_LENGTH = 255;

/** The refusal of a login's token; `hint` tells a person what to do about it. Never give it a part of the token. */
export const invalidLogin = (sentence: string, hint?: string): ServiceError =>
  notAuthorized(`Invalid login token. ${sentence}`, hint === undefined ? {} : { hint });

/**
 * Who it is at the provider, as identities are found by it: 1 to 255 characters that a database can hold.
 * @throws NOT_AUTHORIZED; `what` is where it stands in the token.
 */
export const requireSubject = (subject: unknown, what: string): string => {
  if (typeof subject === 'string' && isSubject(subject)) return subject;
  throw invalidLogin(`${what} must be a text of 1 to ${MAX_SUBJECT_LENGTH} characters.`);
};

const isSubject = (sub: string): boolean =>
  sub.length >= 1 && sub.length <= MAX_SUBJECT_LENGTH && sub.isWellFormed() && !sub.includes('\0');

/** A provider that was asked about a token did not answer as it should: nothing is known of the token. */
export const didNotCheck = (provider: string, problem: string): ServiceError =>
  new ServiceError(
    'EXTERNAL_SERVICE',
    `The identity provider ${provider} did not check the token: ${problem}.`,
    {
      provider,
    },
  );

/** Runs a question to a provider and turns its failure into EXTERNAL_SERVICE. */
export const askProvider = async <T>(provider: string, question: () => Promise<T>): Promise<T> => {
  try {
    return await question();
  } catch (error) {
    throw error instanceof UpstreamError ? didNotCheck(provider, error.message) : error;
  }
};

import { randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';

/** A secret to sign with, as Standard Webhooks writes symmetric ones: `whsec_` and 32 random bytes in base64. */
export const newWebhookSecret = (): string => `${PREFIX}${randomBytes(32).toString('base64')}`;

/** Why a text is no secret of Standard Webhooks, as a clause that begins with must; undefined when it is one: 24 to 64 bytes. */
export const problemOfWebhookSecret = (text: string): string | undefined => {
  const encoded = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : '';
  const bytes = Buffer.from(encoded, 'base64');
  const isSecret = bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === encoded;
  return isSecret ? undefined : `must be ${PREFIX} and 24 to 64 bytes in base64`;
};

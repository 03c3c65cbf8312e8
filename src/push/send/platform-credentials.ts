import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { parse, text } from '../../validate';
import { isP256Point } from './push-subscription';

/** Longest private key that is looked at: an RSA key of 4,096 bits has 3,300 characters. */
const MAX_PEM = 16_384;

const MIN_RSA_BITS = 2048;

const keyOf = (pem: string): KeyObject | undefined => {
  if (!pem.startsWith('-----BEGIN PRIVATE KEY-----')) return undefined;
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
};

const pem = (algorithm: string, isRight: (key: KeyObject) => boolean, whence: string) =>
  text(1, MAX_PEM)
    .trim()
    .refine((value) => {
      const key = keyOf(value);
      return key !== undefined && isRight(key);
    }, `must be a private key for ${algorithm} in PKCS#8 PEM, with its line breaks, from -----BEGIN PRIVATE KEY----- on: ${whence}`);

const isES256 = ({ asymmetricKeyDetails: details }: KeyObject): boolean =>
  details?.namedCurve === 'prime256v1';

const isRS256 = ({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean =>
  type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS;

const appleId = text(1, 64).regex(/^[A-Z0-9]{10}$/, 'must be 10 capital letters and digits');

/** For APNs: a key for token-based connections, and the app it speaks for. */
export const apnsCredentials = z.object({
  /** The developer account's team. */
  teamId: appleId,
  /** The key's own id. */
  keyId: appleId,
  /** What stands in the `.p8` file. */
  privateKey: pem('ES256', isES256, 'what stands in the .p8 file'),
  /** The app's bundle id. */
  topic: text(1, 255).regex(/^[\w.-]+$/, 'must be a bundle id such as com.example.app'),
});
export type ApnsCredentials = z.infer<typeof apnsCredentials>;

/** For FCM: a service account's JSON as Google hands it out; its other members are left out. */
export const gcmCredentials = z.object({
  project_id: text(1, 128).regex(/^[a-z0-9][a-z0-9.:-]*$/, 'must be a project’s id such as my-app-1234'),
  client_email: text(1, 320).regex(/^[^\s@]+@[^\s@]+$/, 'must be the address of a service account'),
  private_key: pem('RS256', isRS256, 'the member private_key of a service account’s JSON'),
  private_key_id: text(1, 128).optional(),
});
export type GcmCredentials = z.infer<typeof gcmCredentials>;

const printable = text(1, 512).regex(/^[!-~]+$/, 'must be printable ASCII characters without spaces');

/** For ADM: the OAuth2 client of a security profile. */
export const admCredentials = z.object({ clientId: printable, clientSecret: printable });
export type AdmCredentials = z.infer<typeof admCredentials>;

const base64url = (bytes: number) =>
  text(1, 128).refine(
    (value) => /^[\w-]+$/.test(value) && Buffer.from(value, 'base64url').length === bytes,
    `must be ${bytes} bytes in base64url without = at the end`,
  );

/** Apple refuses a localhost and an address with spaces; they would only show as a 403. */
const isContact = (value: string): boolean =>
  /^mailto:[^\s@]+@[^\s@]+$/.test(value) ||
  (/^https:\/\/\S+$/.test(value) && URL.canParse(value) && new URL(value).hostname !== 'localhost');

const isPair = (keys: { publicKey: string; privateKey: string }): boolean => {
  const curve = createECDH('prime256v1');
  try {
    curve.setPrivateKey(keys.privateKey, 'base64url');
    return curve.getPublicKey('base64url') === keys.publicKey;
  } catch {
    return false;
  }
};

/** For Web Push: the VAPID keys that browsers subscribe with (RFC 8292), and whom push services can write to. */
export const webPushCredentials = z
  .object({
    publicKey: base64url(65).refine(isP256Point, 'must be a point on the curve P-256'),
    privateKey: base64url(32),
    subject: text(1, 512).refine(
      isContact,
      'must be an address such as mailto:push@example.com or https://example.com/contact, not localhost',
    ),
  })
  .refine(isPair, { path: ['privateKey'], message: 'must be the private key of publicKey' });
export type WebPushCredentials = z.infer<typeof webPushCredentials>;

/** What devices register for: Cognito's platforms, and browsers. */
export const PLATFORMS = ['APNS', 'APNS_SANDBOX', 'GCM', 'ADM', 'WEB_PUSH'] as const;

/** One of `PLATFORMS`. */
export type Platform = (typeof PLATFORMS)[number];

const schemas = {
  APNS: apnsCredentials,
  APNS_SANDBOX: apnsCredentials,
  GCM: gcmCredentials,
  ADM: admCredentials,
  WEB_PUSH: webPushCredentials,
};

/** A platform with credentials of its own kind. */
export type PlatformSettings = {
  [P in Platform]: { platform: P; credentials: z.infer<(typeof schemas)[P]> };
}[Platform];

/**
 * Reads what an administrator gave for a platform, and checks that keys are keys.
 * @throws INVALID_PARAMETER with a sentence for each wrong member, which names it (`credentials.MEMBER`) and never repeats what it held.
 */
export const parseCredentials = (platform: Platform, input: unknown): PlatformSettings => {
  const { credentials } = parse(z.object({ credentials: schemas[platform] }), { credentials: input });
  return { platform, credentials } as PlatformSettings;
};

import type { ServiceError } from '../../src/errors';
import type { VerifiedLogin } from '../../src/logins/verify-logins';
import { createSAMLProvider } from '../../src/logins/saml-provider.service';
import { loginSettings } from './login-settings';
import { openLoginWorld, type LoginWorld } from './login-world';
import {
  assertionXml,
  encodeSaml,
  makeSamlKey,
  responseXml,
  samlMetadata,
  signXml,
  type AssertionOptions,
  type SamlKey,
} from './saml-identity-provider';
import { administrator } from './service-context';

export const SAML_ARN = 'arn:aws:iam::000000000000:saml-provider/idp';

/** A pool that takes the responses of that provider. */
export const SAML_POOL = loginSettings({ samlProviderArns: [SAML_ARN] });

/** A node with one SAML provider registered and a pool that names it. */
export interface SamlWorld extends LoginWorld {
  key: SamlKey;
  /** Sends a response as XML. */
  send(xml: string, poolId?: string): Promise<VerifiedLogin>;
  refuse(xml: string): Promise<ServiceError>;
  /** A response whose assertion is signed. */
  response(options?: AssertionOptions): string;
}

/** Opens it; close it in `afterAll`. */
export const openSamlWorld = async (): Promise<SamlWorld> => {
  const world = await openLoginWorld();
  const key = makeSamlKey();
  await createSAMLProvider(
    { ...world.ctx, actor: administrator('iam:*') },
    { name: 'idp', samlMetadataDocument: samlMetadata([{ certificate: key.certificate, use: 'signing' }]) },
  );
  return {
    ...world,
    key,
    send: (xml, id = SAML_POOL.id) => world.logIn({ ...SAML_POOL, id }, SAML_ARN, encodeSaml(xml)),
    refuse: (xml) => world.refusal(SAML_POOL, SAML_ARN, encodeSaml(xml)),
    response: (options) => signXml(responseXml(assertionXml(options)), key, 'Assertion'),
  };
};

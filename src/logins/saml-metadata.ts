import { X509Certificate } from 'node:crypto';
import { invalidParameter, type ServiceError } from '../errors';
import { readXml, type XmlElement } from './saml-xml';

/** What has to be known of a SAML identity provider to check its assertions. */
export interface SamlMetadata {
  /** How it names itself as the issuer. */
  entityId: string;
  /** Its certificates for signing, as PEM; their dates do not count, as in IAM. */
  certificates: string[];
}

/**
 * Reads the metadata document of an identity provider (SAML 2.0 Metadata).
 * @throws INVALID_PARAMETER unless it describes exactly one identity provider with a certificate for signing.
 */
export const readSamlMetadata = async (document: string): Promise<SamlMetadata> => {
  const xml = await readXml(document);
  if (!xml) throw refuse('must be an XML document without document type declaration');
  const providers = entitiesOf(xml.name, xml.root).filter(isIdentityProvider);
  const [entity] = providers;
  if (!entity || providers.length > 1)
    throw refuse('must describe one identity provider: one EntityDescriptor with an IDPSSODescriptor');
  const entityId = entity.attributes.entityID;
  if (!entityId) throw refuse('must name the identity provider: its EntityDescriptor has no entityID');
  return { entityId, certificates: signingCertificatesOf(entity) };
};

const refuse = (problem: string): ServiceError =>
  invalidParameter(`samlMetadataDocument ${problem}`, { field: 'samlMetadataDocument' });

/** Groups may be in groups. Level by level, since a document may have more of them than the stack has room for. */
const entitiesOf = (name: string, element: XmlElement): XmlElement[] => {
  if (name === 'EntityDescriptor') return [element];
  let groups = name === 'EntitiesDescriptor' ? [element] : [];
  let entities: XmlElement[] = [];
  while (groups.length > 0) {
    entities = entities.concat(groups.flatMap((group) => group.children('EntityDescriptor')));
    groups = groups.flatMap((group) => group.children('EntitiesDescriptor'));
  }
  return entities;
};

const isIdentityProvider = (entity: XmlElement): boolean => entity.children('IDPSSODescriptor').length > 0;

/** Certificates without a use are for signing too; those for encryption never sign. */
const signingCertificatesOf = (entity: XmlElement): string[] => {
  const texts = entity
    .children('IDPSSODescriptor')
    .flatMap((role) => role.children('KeyDescriptor'))
    .filter(({ attributes }) => attributes.use === undefined || attributes.use === 'signing')
    .flatMap((key) => key.children('KeyInfo'))
    .flatMap((info) => info.children('X509Data'))
    .flatMap((data) => data.children('X509Certificate'))
    .map(({ text }) => text);
  if (texts.length === 0) throw refuse('must have an X509Certificate for signing');
  return [...new Set(texts.map(toPem))];
};

const toPem = (text: string): string => {
  try {
    return new X509Certificate(Buffer.from(text, 'base64')).toString();
  } catch {
    throw refuse('has an X509Certificate that cannot be read');
  }
};

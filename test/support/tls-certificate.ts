import { createSign, generateKeyPairSync } from 'node:crypto';
import { der, sequence } from './der';

/** What a TLS server needs, and what its clients have to trust. */
export interface TlsCertificate {
  /** PEM. */
  key: string;
  /** PEM, signed by its own key. */
  cert: string;
}

const oid = (hex: string): Buffer => der(6, Buffer.from(hex, 'hex'));
const time = (text: string): Buffer => der(0x18, Buffer.from(text));

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));

/** `subjectAltName` with one DNS name: what clients compare their host with. */
const extensionsFor = (host: string): Buffer =>
  der(0xa3, sequence(sequence(oid('551d11'), der(4, sequence(der(0x82, Buffer.from(host)))))));

/** A certificate for one host name with a new key. */
export const makeTlsCertificate = (host: string): TlsCertificate => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(der(0x31, sequence(oid('550403'), der(12, Buffer.from(host)))));
  const body = sequence(
    der(0xa0, der(2, Buffer.from([2]))),
    der(2, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    name,
    sequence(time('20200101000000Z'), time('21200101000000Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensionsFor(host),
  );
  const signature = createSign('sha256').update(body).sign(privateKey);
  const certificate = sequence(body, ECDSA_WITH_SHA256, der(3, Buffer.from([0]), signature));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
};

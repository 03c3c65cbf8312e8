/** A value of ASN.1 in its distinguished encoding. */
export const der = (tag: number, ...contents: Buffer[]): Buffer => {
  const content = Buffer.concat(contents);
  const size = Buffer.from(content.length.toString(16).padStart(4, '0'), 'hex');
  const length =
    content.length < 128 ? Buffer.from([content.length]) : Buffer.concat([Buffer.from([0x82]), size]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
};

/** Values one after the other. */
export const sequence = (...contents: Buffer[]): Buffer => der(0x30, ...contents);

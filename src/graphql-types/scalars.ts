import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { GraphQLDateTimeISO, GraphQLJSON } from 'graphql-scalars';

const asLong = (value: unknown): number => {
  const number = typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? Number(value) : value;
  if (typeof number === 'bigint') return asLong(String(number));
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw new GraphQLError('Long must be a whole number from -(2^53 - 1) to 2^53 - 1, as a number or a string');
};

/** Counts that can pass 2^31: a JSON number, or a string of digits, in; a number out. */
export const Long = new GraphQLScalarType<number, number>({
  name: 'Long',
  description:
    'A whole number up to 2^53 - 1. Accepts a JSON number or a string of digits; answers a number.',
  serialize: asLong,
  parseValue: asLong,
  parseLiteral: (node) => {
    if (node.kind === Kind.INT || node.kind === Kind.STRING) return asLong(node.value);
    throw new GraphQLError('Long must be a whole number', { nodes: [node] });
  },
});

/** ISO-8601 with milliseconds. */
export const DateTime = new GraphQLScalarType({
  ...GraphQLDateTimeISO.toConfig(),
  name: 'DateTime',
  description: 'A point in time in ISO 8601, such as 2026-07-30T12:00:00.000Z.',
});

/** Any JSON value; policy documents are one. */
export const JSONValue = new GraphQLScalarType({
  ...GraphQLJSON.toConfig(),
  name: 'JSON',
  description: 'Any JSON value, such as an IAM policy document.',
});

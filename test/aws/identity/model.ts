import { readFileSync } from 'node:fs';

interface Shape {
  type?: string;
  shape?: string;
  required?: string[];
  members?: Record<string, Shape>;
}

interface ModelOperation {
  input: Shape;
  authtype?: string;
}

const FILE = require.resolve('aws-sdk/apis/cognito-identity-2014-06-30.min.json');

const { operations, shapes } = JSON.parse(readFileSync(FILE, 'utf8')) as {
  operations: Record<string, ModelOperation>;
  shapes: Record<string, Shape>;
};

const resolved = (shape: Shape): Shape => (shape.shape ? { ...shapes[shape.shape], ...shape } : shape);

/** A member of an operation's input, as AWS's own model has it. */
export interface ModelMember {
  name: string;
  /** As AWS's sentences write it. */
  path: string;
  type: 'String' | 'Boolean' | 'Long' | 'List' | 'Map';
  isRequired: boolean;
}

const TYPES: Record<string, ModelMember['type']> = {
  boolean: 'Boolean',
  integer: 'Long',
  long: 'Long',
  list: 'List',
  map: 'Map',
};

/** UpdateIdentityPool takes a shape that is an answer elsewhere; its required members are with the shape. */
const membersOf = (operation: string): ModelMember[] => {
  const { members = {}, required = [] } = resolved(operations[operation]!.input);
  return Object.entries(members).map(([name, member]) => ({
    name,
    path: name[0]!.toLowerCase() + name.slice(1),
    type: TYPES[resolved(member).type ?? ''] ?? 'String',
    isRequired: required.includes(name),
  }));
};

/** The operations of AWS's own model. */
export const MODEL = Object.entries(operations).map(([name, { authtype }]) => ({
  name,
  isPublic: authtype === 'none',
  members: membersOf(name),
}));

import { readFileSync } from 'node:fs';
import type { RawRequest } from './sync-api';

/** A shape of AWS's model, as the SDK for JavaScript v2 has it: without constraints, shared ones by name. */
export interface Shape {
  shape?: string;
  type?: string;
  required?: string[];
  members?: Record<string, Shape>;
  member?: Shape;
  location?: 'uri' | 'querystring' | 'header';
  locationName?: string;
}

interface ModelOperation {
  http: { method?: string; requestUri: string };
  input: Shape;
  output?: Shape;
}

interface Model {
  operations: Record<string, ModelOperation>;
  shapes: Record<string, Shape>;
}

/** The model of Cognito Sync. */
export const MODEL = JSON.parse(
  readFileSync(require.resolve('aws-sdk/apis/cognito-sync-2014-06-30.min.json'), 'utf8'),
) as Model;

/** A shape with its members, wherever in the model they are. */
export const resolved = (shape: Shape): Shape =>
  shape.shape === undefined ? shape : { ...MODEL.shapes[shape.shape], ...shape };

/** The members of an operation that are in this place of its request; those of its body without a place. */
export const membersAt = (name: string, location?: Shape['location']): [name: string, shape: Shape][] =>
  Object.entries(MODEL.operations[name]!.input.members ?? {})
    .filter(([, shape]) => shape.location === location)
    .map(([member, shape]) => [member, resolved(shape)]);

/** What an answer has that its shape in the model has not, and what it lacks; by paths. */
export const strayMembers = (answer: unknown, given: Shape, path = ''): string[] => {
  const shape = resolved(given);
  if (answer === null || answer === undefined) return [];
  if (Array.isArray(answer))
    return shape.member
      ? answer.flatMap((each, at) => strayMembers(each, shape.member!, `${path}[${at}]`))
      : [];
  if (!shape.members) return [];
  const members = answer as Record<string, unknown>;
  return [
    ...Object.keys(members).filter((name) => !shape.members![name]),
    ...Object.keys(shape.members).filter((name) => !(name in members)),
  ]
    .map((name) => `${path}.${name}`)
    .concat(
      ...Object.entries(shape.members).map(([name, each]) =>
        strayMembers(members[name], each, `${path}.${name}`),
      ),
    );
};

/** The names of all operations. */
export const NAMES = Object.keys(MODEL.operations);

const UUID = '01234567-89ab-cdef-0123-456789abcdef';

/** Members in a form that every operation takes, for those that need them. */
export const VALID: Record<string, unknown> = {
  IdentityPoolId: `us-east-1:${UUID}`,
  IdentityId: `us-east-1:${UUID}`,
  DatasetName: 'notes',
  DeviceId: 'a-device',
  SyncSessionToken: 'a token',
  Platform: 'GCM',
  Token: 'a-token',
  Events: { SyncTrigger: '' },
};

/** The members of an operation's body that it needs. */
export const validBody = (name: string): Record<string, unknown> =>
  Object.fromEntries(
    membersAt(name).flatMap(([member]) => (member in VALID ? [[member, VALID[member]]] : [])),
  );

/** A request that has the form of the model, with other values for some of the members in its path. */
export const requestFor = (name: string, inPath: Record<string, string> = {}): RawRequest => {
  const { method = 'POST', requestUri } = MODEL.operations[name]!.http;
  const valueOf = (label: string): string => encodeURIComponent(inPath[label] ?? String(VALID[label]));
  return {
    method,
    path: requestUri.replaceAll(/\{(\w+)\}/g, (_all, label: string) => valueOf(label)),
    ...(method === 'POST' ? { body: JSON.stringify(validBody(name)) } : {}),
  };
};

import type { ApolloServerPlugin } from '@apollo/server';
import {
  Kind,
  valueFromASTUntyped,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Context } from '../context';
import { limitError } from './request-limits';

/** How often one object may be asked for the same field with the same arguments, whatever names the answers get. */
const SAME_FIELD = 1;

/** How often one operation may call what is costly or open to anybody: other names do not make it other work. */
const CALLS: Readonly<Record<string, number>> = {
  /** A page has up to 1 MiB. */
  listRecords: 2,
  /** Up to 64 MiB, and 8 MiB of history. */
  exportIdentity: 1,
  /** Up to 20 datasets with a page of records each. */
  synchronize: 2,
  assumeRoleWithWebIdentity: 5,
  getCredentialsForIdentity: 5,
  getId: 5,
  getOpenIdToken: 5,
  previewMerge: 5,
  unlinkIdentity: 5,
};

/**
 * Refuses an operation that asks one object for the same field under several names: a value of 1 MiB under sixty
 * names is an answer of 60 MiB for a request of 2 KB. And one that calls an operation of `CALLS` too often.
 *
 * It walks the selections merged as they are executed, so that fragments and repeated fields hide nothing. It is no
 * validation rule because it needs a valid operation: then depth and aliases bound the walk.
 */
export const repeatLimit = (): ApolloServerPlugin<Context> => ({
  requestDidStart: async () => ({
    didResolveOperation: async ({ document, operation, request }) => {
      if (!operation) return;
      const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
      const variables = { ...defaultsOf(operation), ...request.variables };
      const asked: Asked = {
        operation,
        fragments: new Map(fragments.map((fragment) => [fragment.name.value, fragment])),
        variables,
      };
      const root = merge(asked, [operation.selectionSet]);
      checkCalls(asked, root);
      for (const fields of root.values()) checkFields(asked, fields);
    },
  }),
});

interface Asked {
  operation: OperationDefinitionNode;
  fragments: Map<string, FragmentDefinitionNode>;
  variables: Record<string, unknown>;
}

/** The fields of one object by the name under which they are answered. All under one name are the same field. */
type Merged = Map<string, FieldNode[]>;

const defaultsOf = ({ variableDefinitions = [] }: OperationDefinitionNode): Record<string, unknown> =>
  Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [],
    ),
  );

const merge = ({ fragments }: Asked, selectionSets: readonly SelectionSetNode[]): Merged => {
  const merged: Merged = new Map();
  const spread = new Set<string>();
  const add = (selectionSet: SelectionSetNode | undefined): void => {
    for (const selection of selectionSet?.selections ?? []) {
      if (selection.kind === Kind.INLINE_FRAGMENT) add(selection.selectionSet);
      else if (selection.kind === Kind.FIELD) addField(merged, selection);
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        add(fragments.get(selection.name.value)?.selectionSet);
      }
    }
  };
  selectionSets.forEach(add);
  return merged;
};

const addField = (merged: Merged, field: FieldNode): void => {
  const name = (field.alias ?? field.name).value;
  const same = merged.get(name);
  if (same) same.push(field);
  else merged.set(name, [field]);
};

const checkCalls = ({ operation }: Asked, root: Merged): void => {
  for (const [name, value] of count(root, (field) => field.name.value)) {
    const maximum = CALLS[name] ?? Infinity;
    if (value <= maximum) continue;
    const sentence = `An operation calls ${name} at most ${maximum} times; this one does ${value} times.`;
    throw limitError(sentence, { limit: 'sameCall', maximum, value, operation });
  }
};

const checkFields = (asked: Asked, parents: FieldNode[]): void => {
  const merged = merge(
    asked,
    parents.flatMap(({ selectionSet }) => selectionSet ?? []),
  );
  for (const [key, value] of count(merged, (field) => keyOf(asked, field))) {
    if (value <= SAME_FIELD) continue;
    const [name] = key.split(' ');
    const sentence = `A field is asked for once with the same arguments; here ${name} has ${value} names.`;
    throw limitError(sentence, {
      limit: 'sameField',
      maximum: SAME_FIELD,
      value,
      operation: asked.operation,
    });
  }
  for (const fields of merged.values()) checkFields(asked, fields);
};

/** How many names each field is answered under. */
const count = (merged: Merged, keyOfField: (field: FieldNode) => string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const [field] of merged.values()) {
    const key = keyOfField(field as FieldNode);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
};

/** The field with the values of its arguments: variables of different names may have the same one. */
const keyOf = ({ variables }: Asked, { name, arguments: given = [] }: FieldNode): string => {
  const values = given
    .map(({ name: argument, value }) => [argument.value, valueFromASTUntyped(value, variables)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return values.length === 0 ? name.value : `${name.value} ${JSON.stringify(values)}`;
};

import type { ApolloServerPlugin } from '@apollo/server';
import {
  Kind,
  getNamedType,
  isObjectType,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Context } from '../context';
import { LIMITS } from '../protocol/limits';
import { REQUEST_LIMITS, limitError } from './request-limits';

/**
 * Refuses an operation whose answer could have more than 20,000 objects, since lists within lists within lists are
 * millions of rows: `identityPools` with their `identities` with their `datasets`, each 60 at a time, are 216,000. Every
 * field with a selection of its own counts one, everything in a list as often as its `first` says; days of analytics count
 * 366 times.
 */
export const costLimit = (): ApolloServerPlugin<Context> => ({
  requestDidStart: async () => ({
    didResolveOperation: async ({ schema, document, operation, request }) => {
      if (!operation) return;
      const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
      const value = costOf({ schema, fragments, operation, variables: request.variables ?? {} });
      const maximum = REQUEST_LIMITS.cost;
      if (value <= maximum) return;
      throw limitError(
        `The answer could have ${value} objects; at most ${maximum} are given. Ask for fewer with first, or in several calls.`,
        { limit: 'cost', maximum, value, operation },
      );
    },
  }),
});

/** Types of which there is one for each day of a list. */
const DAYS = ['AnalyticsDay', 'SyncSessionDay'];

interface Asked {
  schema: GraphQLSchema;
  fragments: FragmentDefinitionNode[];
  operation: OperationDefinitionNode;
  variables: Record<string, unknown>;
}

const costOf = ({ schema, fragments, operation, variables }: Asked): number => {
  const known = new Map<string, number>();

  const ofFragment = (name: string): number => {
    const fragment = fragments.find((candidate) => candidate.name.value === name);
    if (fragment && !known.has(name))
      known.set(name, ofSelection(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value)));
    return known.get(name) ?? 0;
  };

  const ofSelection = (selectionSet: SelectionSetNode, type: GraphQLNamedType | undefined): number =>
    isObjectType(type)
      ? selectionSet.selections.reduce((sum, selection) => sum + ofOne(selection, type), 0)
      : 0;

  const ofOne = (selection: SelectionNode, type: GraphQLObjectType): number => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value);
    if (selection.kind === Kind.INLINE_FRAGMENT) return ofSelection(selection.selectionSet, type);
    const field = type.getFields()[selection.name.value];
    if (!field || !selection.selectionSet) return 0;
    const fieldType = getNamedType(field.type);
    if (fieldType.name === 'PageInfo') return 0;
    const within = ofSelection(selection.selectionSet, fieldType);
    if (DAYS.includes(fieldType.name)) return LIMITS.analyticsDays * (1 + within);
    return (
      1 + within * (fieldType.name.endsWith('Connection') ? firstOf(selection, operation, variables) : 1)
    );
  };

  return ofSelection(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
};

/** How many items a list is asked for: what the services take `first` for. */
const firstOf = (
  field: FieldNode,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown>,
): number => {
  const given = field.arguments?.find((argument) => argument.name.value === 'first')?.value;
  const first =
    given?.kind === Kind.VARIABLE ? valueOf(given.name.value, operation, variables) : numberIn(given);
  return typeof first === 'number' && first >= 1 ? Math.min(first, LIMITS.listPage) : LIMITS.listPage;
};

const valueOf = (
  name: string,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown>,
): unknown =>
  variables[name] ??
  numberIn(
    operation.variableDefinitions?.find((definition) => definition.variable.name.value === name)
      ?.defaultValue,
  );

const numberIn = (node: { kind: Kind; value?: unknown } | undefined): number | undefined =>
  node?.kind === Kind.INT ? Number(node.value) : undefined;

import {
  GraphQLError,
  Kind,
  type ASTVisitor,
  type FieldNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { limitExceeded } from '../errors';

/** What one operation may ask for. Names are those of `fields.limit` in the error. */
export const REQUEST_LIMITS = {
  /** Fields inside fields; the longest sensible query of this schema has 10. Introspection does not count. */
  depth: 12,
  /** Fields of the operation itself, so that one request is not a thousand calls. */
  rootFields: 20,
  /** Fields under another name; `repeatLimit` says which. */
  aliases: 60,
  /** Objects that the answer may have; see `costLimit`. */
  cost: 20_000,
} as const;

type LimitName = keyof typeof REQUEST_LIMITS;

/** How to put a number on a selection: what one field adds, given its own selection's number, and how fields add up. */
interface Measure {
  ofField: (field: FieldNode, within: number) => number;
  join: (numbers: number[]) => number;
}

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

const DEPTH: Measure = {
  ofField: (field, within) => (field.name.value.startsWith('__') ? 0 : 1 + within),
  join: (numbers) => Math.max(0, ...numbers),
};

const ROOT_FIELDS: Measure = { ofField: () => 1, join: sum };

const ALIASES: Measure = { ofField: (field, within) => (field.alias ? 1 : 0) + within, join: sum };

/**
 * Measures an operation with its fragments in place. Each fragment is measured once, since fragments that spread others
 * twice would otherwise take time without end; one within itself counts nothing, and another rule refuses it.
 */
const measureOf = (
  context: ValidationContext,
  measure: Measure,
  operation: OperationDefinitionNode,
): number => {
  const known = new Map<string, number>();
  const ofFragment = (name: string): number => {
    if (!known.has(name)) {
      known.set(name, 0);
      known.set(name, ofSelection(context.getFragment(name)?.selectionSet));
    }
    return known.get(name) ?? 0;
  };
  const ofSelection = (selectionSet: SelectionSetNode | undefined): number =>
    measure.join(
      (selectionSet?.selections ?? []).map((selection) => {
        if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value);
        const within = ofSelection(selection.selectionSet);
        return selection.kind === Kind.FIELD ? measure.ofField(selection, within) : within;
      }),
    );
  return ofSelection(operation.selectionSet);
};

const rule =
  (
    limit: LimitName,
    measure: Measure,
    sentence: (maximum: number, value: number) => string,
  ): ValidationRule =>
  (context): ASTVisitor => ({
    OperationDefinition: (operation) => {
      const value = measureOf(context, measure, operation);
      const maximum = REQUEST_LIMITS[limit];
      if (value <= maximum) return;
      context.reportError(limitError(sentence(maximum, value), { limit, maximum, value, operation }));
    },
  });

/** LIMIT_EXCEEDED as graphql-js carries it. */
export const limitError = (
  sentence: string,
  {
    operation,
    ...fields
  }: { limit: string; maximum: number; value: number; operation: OperationDefinitionNode },
): GraphQLError =>
  new GraphQLError(sentence, {
    nodes: operation,
    originalError: limitExceeded(sentence, fields),
    extensions: { http: { status: 400 } },
  });

/** The limits that show in the text of an operation alone. */
export const REQUEST_LIMIT_RULES: ValidationRule[] = [
  rule(
    'depth',
    DEPTH,
    (maximum, value) => `Fields may be nested ${maximum} deep; here they are ${value} deep.`,
  ),
  rule(
    'rootFields',
    ROOT_FIELDS,
    (maximum, value) => `An operation has at most ${maximum} root fields; this one has ${value}.`,
  ),
  rule(
    'aliases',
    ALIASES,
    (maximum, value) => `An operation has at most ${maximum} aliases; this one has ${value}.`,
  ),
];

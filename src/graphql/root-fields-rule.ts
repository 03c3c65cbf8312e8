import {
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

/**
 * A validation rule: an operation has at most `maximum` root fields, aliases counted one by one, so that one request
 * does not stand for a thousand calls.
 */
export const rootFieldsRule =
  (maximum: number): ValidationRule =>
  (context) => ({
    OperationDefinition: (operation) => {
      const value = countFields(context, operation.selectionSet, new Set());
      if (value <= maximum) return;
      context.reportError(
        new GraphQLError(`An operation has at most ${maximum} root fields; this one has ${value}.`, {
          nodes: operation,
          extensions: { code: 'LIMIT_EXCEEDED', limit: 'rootFields', maximum, value },
        }),
      );
    },
  });

/** Fields of a selection, with those of fragments; a fragment within itself counts once and another rule refuses it. */
const countFields = (
  context: ValidationContext,
  { selections }: SelectionSetNode,
  within: ReadonlySet<string>,
): number =>
  selections.reduce((sum, selection) => {
    if (selection.kind === Kind.FIELD) return sum + 1;
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return sum + countFields(context, selection.selectionSet, within);
    const name = selection.name.value;
    const fragment = within.has(name) ? undefined : context.getFragment(name);
    return sum + (fragment ? countFields(context, fragment.selectionSet, new Set([...within, name])) : 1);
  }, 0);

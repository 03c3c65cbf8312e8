import { isObjectType, getNamedType, type GraphQLResolveInfo } from 'graphql';
import { collectSubfields } from 'graphql/execution/collectFields';

/** Whether the caller wants a field of the object that is being resolved, under any name and in any fragment. */
export const isSelected = (info: GraphQLResolveInfo, field: string): boolean => {
  const type = getNamedType(info.returnType);
  if (!isObjectType(type)) return false;
  const { schema, fragments, variableValues, fieldNodes } = info;
  const selected = collectSubfields(schema, fragments, variableValues, type, [...fieldNodes]);
  return [...selected.values()].some(([node]) => node?.name.value === field);
};

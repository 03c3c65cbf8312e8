/** An enum, as TypeGraphQL wants it, whose names are its values. */
export const enumOf = <T extends string>(names: readonly T[]): { readonly [name in T]: name } =>
  Object.fromEntries(names.map((name) => [name, name])) as { [name in T]: name };

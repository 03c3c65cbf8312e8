import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  type GraphQLField,
  type GraphQLObjectType,
} from 'graphql';
import { graphqlSchema, schemaText } from '../src/graphql/schema';

const schema = graphqlSchema();
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);
const objects = types.filter(isObjectType);
const inputs = types.filter(isInputObjectType);

/** Queries and mutations are explained by their own descriptions. */
const ROOTS = ['Query', 'Mutation', 'Subscription'];

const fieldsOf = (type: GraphQLObjectType): GraphQLField<unknown, unknown>[] =>
  Object.values(type.getFields());
const mutations = fieldsOf(schema.getMutationType()!);

/** Every name a caller can meet, with its description. */
const described = (): [name: string, description: string | null | undefined][] =>
  types.flatMap((type) => {
    const own: [string, string | null | undefined][] = ROOTS.includes(type.name)
      ? []
      : [[type.name, type.description]];
    if (isEnumType(type))
      return [
        ...own,
        ...type.getValues().map((v) => [`${type.name}.${v.name}`, v.description] as [string, string]),
      ];
    if (isInputObjectType(type))
      return [
        ...own,
        ...Object.values(type.getFields()).map(
          (f) => [`${type.name}.${f.name}`, f.description] as [string, string],
        ),
      ];
    if (!isObjectType(type) && !isInterfaceType(type)) return own;
    return [
      ...own,
      ...Object.values(type.getFields()).flatMap((field) => [
        [`${type.name}.${field.name}`, field.description] as [string, string],
        ...field.args.map(
          (arg) => [`${type.name}.${field.name}(${arg.name})`, arg.description] as [string, string],
        ),
      ]),
    ];
  });

const capitalized = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

describe('schema.graphql', () => {
  it('is what the code makes; npm run schema writes it anew', () => {
    const file = join(__dirname, '../schema.graphql');

    expect(readFileSync(file, 'utf8')).toBe(schemaText());
  });
});

describe('the GraphQL schema', () => {
  it('explains every type, field, argument, input field and enum value', () => {
    const undescribed = described().filter(([, description]) => !description?.trim());

    expect(described().length).toBeGreaterThan(200);
    expect(undescribed.map(([name]) => name)).toEqual([]);
  });

  it('has mutations that take one input of their own name and answer with a payload of their own name', () => {
    const shapes = mutations.map((field) => ({
      name: field.name,
      arguments: field.args.map((arg) => `${arg.name}: ${String(arg.type)}`),
      type: String(field.type),
    }));

    expect(shapes).toEqual(
      mutations.map(({ name }) => ({
        name,
        arguments: [`input: ${capitalized(name)}Input!`],
        type: `${capitalized(name)}Payload!`,
      })),
    );
  });

  it('has subscriptions of the same form', () => {
    const shapes = fieldsOf(schema.getSubscriptionType()!).map((field) => [
      ...field.args.map((arg) => `${arg.name}: ${String(arg.type)}`),
      String(field.type),
    ]);

    expect(shapes).toEqual([['input: DatasetChangedInput!', 'DatasetChangedPayload!']]);
  });

  it('names inputs and payloads as such, and uses none of them for anything else', () => {
    const returned = objects
      .filter((type) => !ROOTS.includes(type.name))
      .flatMap((type) => fieldsOf(type).map((field) => getNamedType(field.type).name));

    expect(inputs.map((type) => type.name).filter((name) => !name.endsWith('Input'))).toEqual([]);
    expect(returned.filter((name) => name.endsWith('Payload'))).toEqual([]);
  });

  it('gives every list that can grow as a connection, with nodes beside edges', () => {
    const connections = objects.filter((type) => type.name.endsWith('Connection'));
    const shapes = connections.map((type) => [
      type.name,
      ...fieldsOf(type).map((f) => `${f.name}: ${String(f.type)}`),
    ]);

    expect(shapes).toEqual(
      connections.map(({ name }) => {
        const node = name.replace(/Connection$/, '');
        return [name, `nodes: [${node}!]!`, `edges: [${node}Edge!]!`, 'pageInfo: PageInfo!'];
      }),
    );
  });

  it('pages every connection by first and after', () => {
    const paged = objects
      .flatMap((type) => fieldsOf(type).map((field) => ({ name: `${type.name}.${field.name}`, field })))
      .filter(({ field }) => getNamedType(field.type).name.endsWith('Connection'));
    const wrong = paged.filter(({ field }) => {
      const args = new Map(field.args.map((arg) => [arg.name, String(arg.type)]));
      return args.get('first') !== 'Int' || args.get('after') !== 'String';
    });

    expect(paged.map(({ name }) => name).sort()).toEqual([
      'CognitoStreams.deadLetters',
      'Dataset.history',
      'Identity.datasets',
      'IdentityPool.identities',
      'Query.apiKeys',
      'Query.auditEvents',
      'Query.identityPoolUsages',
      'Query.identityPools',
      'Query.identityProviders',
      'Query.roles',
      'Query.samlProviders',
    ]);
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it('has bare lists of objects only where a limit of the model keeps them short', () => {
    const bare = objects
      .filter((type) => !/(Connection|Payload)$/.test(type.name))
      .flatMap((type) => fieldsOf(type).map((field) => ({ name: `${type.name}.${field.name}`, field })))
      .filter(
        ({ field }) => isListType(getNullableType(field.type)) && isObjectType(getNamedType(field.type)),
      );

    expect(bare.map(({ name }) => name).sort()).toEqual([
      'AnalyticsDay.providers',
      'ApiKey.policies',
      'EvaluationResult.statements',
      'Identity.devices',
      'Identity.linkedLogins',
      'IdentityPool.cognitoIdentityProviders',
      'IdentityPool.events',
      'IdentityPool.platformApplications',
      'IdentityPool.principalTagAttributeMaps',
      'IdentityPool.supportedLoginProviders',
      'IdentityPool.tags',
      'IdentityPoolAnalytics.days',
      'IdentityPoolAnalytics.providers',
      'IdentityPoolRoles.roleMappings',
      'IdentityPoolUsage.syncSessions',
      'ImportedIdentityState.datasets',
      'MergeRuleSet.rules',
      'PlannedMerge.datasets',
      'PrincipalTagAttributeMap.principalTags',
      'Query.importedIdentities',
      'Query.signingKeys',
      'RecordListing.records',
      'Role.policies',
      'RoleMapping.rules',
      'SyncConfiguration.mergeRules',
      'SynchronizedDataset.conflicts',
      'SynchronizedDataset.merged',
    ]);
  });

  it('has no list with holes', () => {
    const holes = objects
      .flatMap((type) => fieldsOf(type).map((field) => ({ name: `${type.name}.${field.name}`, field })))
      .filter(({ field }) => {
        const list = getNullableType(field.type);
        return isListType(list) && !isNonNullType(list.ofType);
      });

    expect(holes.map(({ name }) => name)).toEqual([]);
  });

  it('gives an id to every object that is known by itself, for the caches of clients', () => {
    const known = ['ApiKey', 'Dataset', 'Identity', 'IdentityPool', 'OpenIDConnectProvider', 'Role'];
    const ids = known.map((name) => String((schema.getType(name) as GraphQLObjectType).getFields().id?.type));

    expect(ids).toEqual(known.map(() => 'ID!'));
  });

  it('names types after what they are, not after their classes', () => {
    /** What AWS calls them. */
    const members = ['RoleMappingType', 'MatchType'];
    const named = types.map((type) => type.name).filter((name) => /Type$/.test(name));

    expect(named.filter((name) => !members.includes(name))).toEqual([]);
  });

  it('writes enum values in capitals', () => {
    const values = types.filter(isEnumType).flatMap((type) => type.getValues().map((value) => value.name));

    expect(values.filter((name) => !/^[A-Z][A-Z0-9_]*$/.test(name))).toEqual([]);
  });

  it('has an operation for every one of these of the AWS models, under its own name', () => {
    const names = mutations.map((field) => field.name);

    expect(names).toEqual(
      expect.arrayContaining([
        'assumeRoleWithWebIdentity',
        'createIdentityPool',
        'deleteDataset',
        'deleteIdentities',
        'deleteIdentityPool',
        'getCredentialsForIdentity',
        'getId',
        'getOpenIdToken',
        'setIdentityPoolRoles',
        'tagResource',
        'unlinkIdentity',
        'untagResource',
        'updateIdentityPool',
        'updateRecords',
      ]),
    );
  });
});

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A record of the stand-in. */
export interface StandInRecord {
  Key: string;
  Value?: string;
  SyncCount: number;
  LastModifiedDate: number;
  LastModifiedBy: string;
  DeviceLastModifiedDate: number;
}

interface StandInDataset {
  created: number;
  modified: number;
  syncCount: number;
  records: Map<string, StandInRecord>;
}

interface StandInIdentity {
  id: string;
  poolId: string;
  created: number;
  modified: number;
  logins: string[];
  users: string[];
  disabled: boolean;
  datasets: Map<string, StandInDataset>;
}

/** A pool of the stand-in, in the members of the API. */
export interface StandInPool {
  IdentityPoolId: string;
  [member: string]: unknown;
}

/** Roles and providers of an IAM beside it, by name or ARN. */
export interface StandInIam {
  roles: Record<
    string,
    { arn: string; trust: object; inline?: Record<string, object>; attached?: Record<string, object> }
  >;
  oidc: Record<string, { url: string; clientIds: string[] }>;
}

/** A Cognito of its own: as much of the wire as an importer reads, over real HTTP. */
export interface CognitoStandIn {
  url: string;
  pools: StandInPool[];
  roles: Record<string, { Roles?: object; RoleMappings?: object }>;
  tagMaps: Record<string, object>;
  events: Record<string, string>;
  configuration: object;
  iam: StandInIam;
  /** How often each operation was answered, or refused. */
  calls: Record<string, number>;
  addIdentity(poolId: string, given?: Partial<StandInIdentity>): string;
  identity(id: string): StandInIdentity;
  /** An update as UpdateRecords makes it; null removes. */
  write(identityId: string, datasetName: string, patches: Record<string, string | null>): void;
  /** The next calls of an operation are refused in this way. */
  failNext(
    operation: string,
    times: number,
    how: 'throttle' | 'break' | 'deny' | 'expired token' | 'expired credentials' | 'web page',
  ): void;
  /** Called before each operation is answered, and waited for. */
  onCall(listener: (operation: string) => Promise<void> | void): void;
  /** Puts other members into the answers of an operation. */
  spoil(operation: string, members: object): void;
  close(): Promise<void>;
}

/** Identities in one page: few, so that tests have several. */
const PAGE = 3;
const RECORDS_PAGE = 4;

type Answer = [status: number, body: object | string, headers?: Record<string, string>];

const error = (status: number, name: string, message = name): Answer => [
  status,
  { __type: name, message },
  { 'x-amzn-ErrorType': name },
];

const paged = <T>(all: T[], token: unknown, size: number): { items: T[]; NextToken?: string } => {
  const from = token ? Number(String(token).slice(1)) : 0;
  const items = all.slice(from, from + size);
  return from + size < all.length ? { items, NextToken: `t${from + size}` } : { items };
};

/** Starts one, empty. Close it in `afterAll`. */
export const startCognitoStandIn = async (): Promise<CognitoStandIn> => {
  const identities: StandInIdentity[] = [];
  const failures = new Map<string, { times: number; how: string }>();
  const spoilt = new Map<string, object>();
  let listener: (operation: string) => Promise<void> | void = () => undefined;
  let clock = Date.UTC(2020, 0, 1) / 1000;
  const tick = (): number => Math.round((clock += 1.5) * 1000) / 1000;
  const find = (id: string): StandInIdentity => {
    const found = identities.find((identity) => identity.id === id);
    if (!found) throw new Error(`the stand-in has no ${id}`);
    return found;
  };
  const describeOne = ({ id, logins, created, modified }: StandInIdentity) => ({
    IdentityId: id,
    Logins: logins,
    CreationDate: created,
    LastModifiedDate: modified,
  });

  const operations: Record<string, (input: any) => Answer> = {
    ListIdentityPools: ({ NextToken }) => {
      const { items, ...more } = paged(standIn.pools, NextToken, PAGE);
      return [200, { IdentityPools: items.map(({ IdentityPoolId }) => ({ IdentityPoolId })), ...more }];
    },
    DescribeIdentityPool: ({ IdentityPoolId }) => {
      const pool = standIn.pools.find((each) => each.IdentityPoolId === IdentityPoolId);
      return pool ? [200, pool] : error(400, 'ResourceNotFoundException');
    },
    GetIdentityPoolRoles: ({ IdentityPoolId }) => [200, { IdentityPoolId, ...standIn.roles[IdentityPoolId] }],
    GetPrincipalTagAttributeMap: ({ IdentityProviderName }) => [
      200,
      standIn.tagMaps[IdentityProviderName] ?? {},
    ],
    ListIdentities: ({ IdentityPoolId, HideDisabled, NextToken }) => {
      const all = identities.filter(
        ({ poolId, disabled }) => poolId === IdentityPoolId && !(HideDisabled && disabled),
      );
      const { items, ...more } = paged(all, NextToken, PAGE);
      return [200, { IdentityPoolId, Identities: items.map(describeOne), ...more }];
    },
    LookupDeveloperIdentity: ({ IdentityId, NextToken }) => {
      const { items, ...more } = paged(find(IdentityId).users, NextToken, 2);
      return [200, { IdentityId, DeveloperUserIdentifierList: items, ...more }];
    },
    ListDatasets: ({ IdentityId, NextToken }) => {
      const { items, ...more } = paged([...find(IdentityId).datasets], NextToken, 2);
      const datasets = items.map(([name, dataset]) => ({
        IdentityId,
        DatasetName: name,
        CreationDate: dataset.created,
        LastModifiedDate: dataset.modified,
        LastModifiedBy: 'phone',
        NumRecords: dataset.records.size,
      }));
      return [200, { Datasets: datasets, ...more }];
    },
    ListRecords: ({ IdentityId, DatasetName, lastSyncCount = '0', nextToken }) => {
      const dataset = find(IdentityId).datasets.get(DatasetName);
      if (Number(lastSyncCount) > (dataset?.syncCount ?? 0))
        return error(400, 'InvalidParameterException', 'No such SyncCount');
      const all = [...(dataset?.records.values() ?? [])]
        .filter((record) => record.SyncCount > Number(lastSyncCount))
        .sort((a, b) => a.SyncCount - b.SyncCount);
      const { items, ...more } = paged(all, nextToken, RECORDS_PAGE);
      return [
        200,
        {
          Records: items,
          DatasetSyncCount: dataset?.syncCount ?? 0,
          DatasetExists: dataset !== undefined,
          ...more,
        },
      ];
    },
    GetIdentityPoolConfiguration: () => [200, standIn.configuration],
    GetCognitoEvents: () => [200, { Events: standIn.events }],
    GetRole: ({ RoleName }) => {
      const role = standIn.iam.roles[RoleName];
      if (!role) return error(404, 'NoSuchEntity');
      return [
        200,
        `<Role><Arn>${role.arn}</Arn><RoleName>${RoleName}</RoleName><AssumeRolePolicyDocument>${encodeURIComponent(JSON.stringify(role.trust))}</AssumeRolePolicyDocument></Role>`,
      ];
    },
    ListRolePolicies: ({ RoleName }) => [
      200,
      `<PolicyNames>${Object.keys(standIn.iam.roles[RoleName]?.inline ?? {})
        .map((name) => `<member>${name}</member>`)
        .join('')}</PolicyNames><IsTruncated>false</IsTruncated>`,
    ],
    GetRolePolicy: ({ RoleName, PolicyName }) => [
      200,
      `<PolicyName>${PolicyName}</PolicyName><PolicyDocument>${encodeURIComponent(JSON.stringify(standIn.iam.roles[RoleName]?.inline?.[PolicyName]))}</PolicyDocument>`,
    ],
    ListAttachedRolePolicies: ({ RoleName }) => [
      200,
      `<AttachedPolicies>${Object.keys(standIn.iam.roles[RoleName]?.attached ?? {})
        .map(
          (name) =>
            `<member><PolicyName>${name}</PolicyName><PolicyArn>arn:aws:iam::123456789012:policy/${RoleName}/${name}</PolicyArn></member>`,
        )
        .join('')}</AttachedPolicies><IsTruncated>false</IsTruncated>`,
    ],
    GetPolicy: ({ PolicyArn }) => [
      200,
      `<Policy><Arn>${PolicyArn}</Arn><DefaultVersionId>v7</DefaultVersionId></Policy>`,
    ],
    GetPolicyVersion: ({ PolicyArn }) => {
      const [role = '', name = ''] = String(PolicyArn).split('/').slice(1);
      return [
        200,
        `<PolicyVersion><VersionId>v7</VersionId><Document>${encodeURIComponent(JSON.stringify(standIn.iam.roles[role]?.attached?.[name]))}</Document></PolicyVersion>`,
      ];
    },
    GetOpenIDConnectProvider: ({ OpenIDConnectProviderArn: arn }) => {
      const provider = standIn.iam.oidc[arn];
      if (!provider) return error(404, 'NoSuchEntity');
      return [
        200,
        `<Url>${provider.url}</Url><ClientIDList>${provider.clientIds.map((id) => `<member>${id}</member>`).join('')}</ClientIDList>`,
      ];
    },
  };

  const failing = (operation: string, response: ServerResponse): Answer | 'broken' | undefined => {
    const failure = failures.get(operation);
    if (!failure || failure.times <= 0) return undefined;
    failure.times -= 1;
    if (failure.how === 'throttle') return error(400, 'TooManyRequestsException', 'Rate exceeded');
    if (failure.how === 'deny') return error(400, 'AccessDeniedException', 'not authorized');
    if (failure.how === 'expired credentials') return error(400, 'ExpiredTokenException');
    if (failure.how === 'expired token') return error(400, 'InvalidParameterException', 'Invalid NextToken');
    if (failure.how === 'web page')
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>');
    else response.socket?.destroy();
    return 'broken';
  };

  const server = createServer((request, response) => {
    void readCall(request).then(async ({ operation, input }) => {
      standIn.calls[operation] = (standIn.calls[operation] ?? 0) + 1;
      await listener(operation);
      const answer =
        failing(operation, response) ??
        operations[operation]?.(input) ??
        error(400, 'UnknownOperationException');
      if (answer !== 'broken') send(response, operation, withSpoilt(answer, spoilt.get(operation)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const standIn: CognitoStandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pools: [],
    roles: {},
    tagMaps: {},
    events: {},
    configuration: {},
    iam: { roles: {}, oidc: {} },
    calls: {},
    addIdentity: (poolId, given = {}) => {
      const created = tick();
      const identity: StandInIdentity = {
        id: `us-east-1:${randomUUID()}`,
        poolId,
        created,
        modified: created,
        logins: [],
        users: [],
        disabled: false,
        datasets: new Map(),
        ...given,
      };
      identities.push(identity);
      return identity.id;
    },
    identity: find,
    write: (identityId, name, patches) => {
      const { datasets } = find(identityId);
      const now = tick();
      const dataset = datasets.get(name) ?? { created: now, modified: now, syncCount: 0, records: new Map() };
      Object.assign(dataset, { modified: now, syncCount: dataset.syncCount + 1 });
      for (const [key, value] of Object.entries(patches))
        dataset.records.set(key, {
          Key: key,
          ...(value === null ? {} : { Value: value }),
          SyncCount: dataset.syncCount,
          LastModifiedDate: now,
          LastModifiedBy: 'phone',
          DeviceLastModifiedDate: now - 5,
        });
      datasets.set(name, dataset);
    },
    failNext: (operation, times, how) => failures.set(operation, { times, how }),
    spoil: (operation, members) => spoilt.set(operation, members),
    onCall: (given) => {
      listener = given;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return standIn;
};

const withSpoilt = ([status, body, headers]: Answer, members: object = {}): Answer => [
  status,
  typeof body === 'string' ? body : { ...body, ...members },
  headers,
];

const readCall = async (
  request: IncomingMessage,
): Promise<{ operation: string; input: Record<string, unknown> }> => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return { operation: target.split('.')[1] ?? '', input: JSON.parse(body) };
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname !== '/')
    return { ...syncCall(pathname), input: { ...syncCall(pathname).input, ...queryOf(searchParams) } };
  const form = Object.fromEntries(new URLSearchParams(body));
  return { operation: form.Action ?? '', input: form };
};

const queryOf = (query: URLSearchParams): Record<string, string> => {
  const { nextToken, ...rest } = Object.fromEntries(query);
  return nextToken === undefined ? rest : { ...rest, nextToken, NextToken: nextToken };
};

const syncCall = (pathname: string): { operation: string; input: Record<string, string> } => {
  const [, , IdentityPoolId = '', kind, IdentityId = '', , DatasetName = '', last] = pathname
    .split('/')
    .map(decodeURIComponent);
  const input = { IdentityPoolId, IdentityId, DatasetName };
  if (kind === 'configuration') return { operation: 'GetIdentityPoolConfiguration', input };
  if (kind === 'events') return { operation: 'GetCognitoEvents', input };
  return { operation: last === 'records' ? 'ListRecords' : 'ListDatasets', input };
};

const send = (response: ServerResponse, operation: string, [status, body, headers = {}]: Answer): void => {
  const isXml = typeof body === 'string' || isIam(operation);
  response.writeHead(status, {
    'content-type': isXml ? 'text/xml' : 'application/x-amz-json-1.1',
    ...headers,
  });
  if (!isXml) response.end(JSON.stringify(body));
  else if (typeof body === 'string')
    response.end(
      `<${operation}Response><${operation}Result>${body}</${operation}Result></${operation}Response>`,
    );
  else
    response.end(
      `<ErrorResponse><Error><Type>Sender</Type><Code>${(body as { __type: string }).__type}</Code><Message>no</Message></Error></ErrorResponse>`,
    );
};

const isIam = (operation: string): boolean =>
  /^Get(Role$|RolePolicy|Policy|OpenIDConnectProvider|SAMLProvider)|^List(Attached)?RolePolicies/.test(
    operation,
  );

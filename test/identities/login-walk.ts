import { rowsOf, type Data, type Login } from '../support/factories';
import type { TestServer } from '../support/server';
import { Memory } from './login-invariants';
import type { Step } from './login-steps';

/** The developer provider of the pools that steps are taken in. */
export const DEVELOPER = 'login.my.app';

/** Logins that one identity has from the beginning, so that the 20 that it may have are within reach. */
const CROWD = 18;

/** Operations that need no credentials. */
const PUBLIC = ['getCredentialsForIdentity', 'getId', 'unlinkIdentity'];

const upperFirst = (name: string): string => `${name[0]?.toUpperCase()}${name.slice(1)}`;

/** Takes steps in one pool, on whichever node, and remembers what was answered. */
export class Walk {
  readonly memory: Memory;
  private readonly known: string[] = [];
  /** The identity that a login, or a developer user, was answered with last. */
  private readonly lastOf = new Map<string, string>();
  private written = 0;

  constructor(
    private readonly identityPoolId: string,
    private readonly everyLogin: Login[],
    private readonly server: TestServer,
  ) {
    this.memory = new Memory(server, identityPoolId);
  }

  /** One step. @throws when the server fails, rather than refuses. */
  async take(step: Step, node: TestServer): Promise<void> {
    switch (step.kind) {
      case 'guest':
        return this.guest(node);
      case 'getId':
        return this.signIn(node, 'getId', { identityPoolId: this.identityPoolId }, step.logins);
      case 'credentials':
        return this.signIn(node, 'getCredentialsForIdentity', { identityId: this.named(step) }, step.logins);
      case 'unlink':
        return this.unlink(node, this.named(step), step.logins);
      case 'developer':
        return this.developer(node, step.identity, `user-${step.user}`, step.logins);
      case 'mergeDevelopers':
        return this.mergeDevelopers(node, `user-${step.user}`, `user-${step.other}`);
      case 'unlinkDeveloper':
        return this.unlinkDeveloper(node, `user-${step.user}`);
      case 'delete':
        return this.delete(node, step.identities.map(this.identityAt));
      case 'write':
        return this.write(node, this.identityAt(step.identity), `dataset-${step.dataset}`);
      case 'deleteDataset':
        return this.deleteDataset(node, this.identityAt(step.identity), `dataset-${step.dataset}`);
    }
  }

  /** Gives an identity users of the back end, more than calls could in the time of a test. */
  async crowd(at: number): Promise<void> {
    const parameters = [this.identityPoolId, this.identityAt(at), DEVELOPER, new Date()];
    for (const statement of [
      `INSERT INTO logins (login_key, identity_pool_id, identity_id, provider, subject, created_at)
         SELECT $1 || n, $1, $2, $3, 'crowd-' || n, $4::timestamptz FROM generate_series(1, ${CROWD}) n`,
      `INSERT INTO identity_logins (login_key, identity_id, provider, subject, created_at)
         SELECT $1 || n, $2, $3, 'crowd-' || n, $4::timestamptz FROM generate_series(1, ${CROWD}) n`,
    ])
      await rowsOf(this.server, statement, parameters);
  }

  private readonly identityAt = (at: number): string =>
    this.known[at % this.known.length] ?? 'us-east-1:00000000-0000-4000-8000-000000000000';

  /** The identity at a place, or the one that the first login belonged to last. */
  private named({ identity, logins }: { identity: number | null; logins: number[] }): string {
    const owner = this.lastOf.get(`login ${logins[0]}`);
    return identity === null && owner ? owner : this.identityAt(identity ?? 0);
  }

  private chosen(places: number[]): Login[] {
    return places.map((at) => this.everyLogin[at]!);
  }

  private answered(identityId: string | undefined, ...by: string[]): void {
    if (identityId === undefined) return;
    if (!this.known.includes(identityId)) this.known.push(identityId);
    for (const each of by) this.lastOf.set(each, identityId);
  }

  /** What the call answered; undefined when it was refused. */
  private async call(node: TestServer, name: string, input: object, selection: string): Promise<Data> {
    const query = `mutation ($input: ${upperFirst(name)}Input!) { ${name}(input: $input) { ${selection} } }`;
    const bearer = PUBLIC.includes(name) ? undefined : node.admin;
    const { data, errors } = await node.graphql(query, { input }, bearer);
    const codes = errors?.map(({ extensions }) => extensions.code) ?? [];
    expect(codes).not.toContain('INTERNAL_ERROR');
    return data?.[name] ?? undefined;
  }

  private async guest(node: TestServer): Promise<void> {
    const answer = await this.call(node, 'getId', { identityPoolId: this.identityPoolId }, 'identityId');
    this.answered(answer?.identityId);
  }

  private async signIn(node: TestServer, name: string, about: object, places: number[]): Promise<void> {
    const answer = await this.call(node, name, { ...about, logins: this.chosen(places) }, 'identityId');
    this.answered(answer?.identityId, ...places.map((at) => `login ${at}`));
  }

  private async unlink(node: TestServer, identityId: string, places: number[]): Promise<void> {
    const given = this.chosen(places);
    const loginsToRemove = given.map(({ provider }) => provider);
    await this.call(node, 'unlinkIdentity', { identityId, logins: given, loginsToRemove }, 'identityId');
  }

  private async developer(
    node: TestServer,
    identity: number | null,
    user: string,
    places: number[],
  ): Promise<void> {
    const identityId = identity === null ? null : this.identityAt(identity);
    const given = [{ provider: DEVELOPER, token: user }, ...this.chosen(places)];
    const input = { identityPoolId: this.identityPoolId, identityId, logins: given };
    const answer = await this.call(node, 'getOpenIdTokenForDeveloperIdentity', input, 'identityId');
    this.answered(answer?.identityId, user, ...places.map((at) => `login ${at}`));
  }

  private async mergeDevelopers(node: TestServer, source: string, destination: string): Promise<void> {
    const input = {
      identityPoolId: this.identityPoolId,
      developerProviderName: DEVELOPER,
      sourceUserIdentifier: source,
      destinationUserIdentifier: destination,
    };
    const answer = await this.call(node, 'mergeDeveloperIdentities', input, 'identityId');
    this.answered(answer?.identityId, source, destination);
  }

  private async unlinkDeveloper(node: TestServer, user: string): Promise<void> {
    const input = {
      identityPoolId: this.identityPoolId,
      identityId: this.lastOf.get(user) ?? this.identityAt(0),
      developerProviderName: DEVELOPER,
      developerUserIdentifier: user,
    };
    await this.call(node, 'unlinkDeveloperIdentity', input, 'identityId');
  }

  private async delete(node: TestServer, identityIdsToDelete: string[]): Promise<void> {
    const selection = 'unprocessedIdentityIds { errorCode }';
    const answer = await this.call(node, 'deleteIdentities', { identityIdsToDelete }, selection);
    expect(answer?.unprocessedIdentityIds ?? []).toEqual([]);
  }

  private async write(node: TestServer, identityId: string, datasetName: string): Promise<void> {
    const key = `key-${(this.written += 1)}`;
    const recordPatches = [{ op: 'REPLACE', key, value: `value of ${key}`, syncCount: 0 }];
    const input = { identityId, datasetName, recordPatches };
    const answer = await this.call(node, 'updateRecords', input, 'datasetSyncCount');
    if (answer) this.memory.wrote({ identityId, datasetName, key });
  }

  private async deleteDataset(node: TestServer, identityId: string, datasetName: string): Promise<void> {
    const answer = await this.call(node, 'deleteDataset', { identityId, datasetName }, 'dataset { name }');
    if (answer) this.memory.deleted(identityId, datasetName);
  }
}

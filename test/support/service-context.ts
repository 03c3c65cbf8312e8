import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { ANONYMOUS, type AdministratorActor } from '../../src/actor';
import type { Context } from '../../src/context';
import { loadConfig } from '../../src/config';
import { apiKeyArn } from '../../src/ids';

/** Midnight on a day that all tests with a fake clock share. */
export const TEST_NOW = new Date('2027-03-01T00:00:00Z');

/** A clock that stands still until it is told otherwise. */
export interface FakeClock {
  now: () => Date;
  /** Moves by so many seconds; backwards when negative. */
  advance(seconds: number): void;
}

export const fakeClock = (start = TEST_NOW): FakeClock => {
  let time = start.getTime();
  return { now: () => new Date(time), advance: (seconds) => (time += seconds * 1000) };
};

/** An administrator whose policy allows the actions on the resources. */
export const administrator = (action: string | string[], resource = '*'): AdministratorActor => ({
  kind: 'administrator',
  accessKeyId: 'AKIATESTTESTTESTTEST',
  arn: apiKeyArn({ region: 'us-east-1', accountId: '000000000000' }, 'AKIATESTTESTTESTTEST'),
  policies: [
    { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: resource }] },
  ] as unknown as AdministratorActor['policies'],
});

/** What a service function is given first, with nobody calling, no logging and a clock that stands still. */
export const serviceContext = (dataSource: DataSource, overrides: Partial<Context> = {}): Context => ({
  actor: ANONYMOUS,
  db: dataSource.manager,
  now: () => TEST_NOW,
  config: {
    ...loadConfig({}),
    secret: 'a secret of the tests, long enough for anybody',
    publicUrl: 'http://localhost:4000',
  },
  log: pino({ level: 'silent' }),
  request: { id: 'test', sourceIp: null, userAgent: null },
  ...overrides,
});

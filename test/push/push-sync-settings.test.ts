import {
  choosePushSync,
  describePushSync,
  type PlatformApplication,
} from '../../src/push/push-sync-settings';
import type { Platform } from '../../src/push/send/platform-credentials';
import { eventConsumersOf } from '../../src/sync/sync-configuration';

const application = (platform: Platform, name: string): PlatformApplication => ({
  arn: `arn:aws:sns:us-east-1:123456789012:app/${platform}/${name}`,
  name,
  platform,
  sealedCredentials: 'sealed',
  publicKey: null,
  enabled: true,
  creationDate: '2026-01-01T00:00:00.000Z',
});

const gcm = application('GCM', 'notes');
const otherGcm = application('GCM', 'notes-2');
const apns = application('APNS', 'notes');
const roleArn = 'arn:aws:iam::123456789012:role/push';
const stored = { applications: [gcm, otherGcm, apns], applicationArns: [gcm.arn], roleArn };

describe('choosePushSync', () => {
  it('chooses applications of the pool and keeps the role as it was given', () => {
    const next = choosePushSync(stored, { applicationArns: [apns.arn, gcm.arn], roleArn });

    expect(next).toEqual({ ...stored, applicationArns: [apns.arn, gcm.arn] });
    expect(describePushSync(next)).toEqual({ applicationArns: [apns.arn, gcm.arn], roleArn });
  });

  it.each([null, {}, { applicationArns: [] }, { applicationArns: null, roleArn: null }])(
    'clears the choice with %j and keeps the applications',
    (choice) => {
      const next = choosePushSync(stored, choice);

      expect(next).toEqual({ applications: stored.applications, applicationArns: [], roleArn: null });
      expect(describePushSync(next)).toBeNull();
    },
  );

  it('takes a choice without a role', () => {
    expect(choosePushSync(stored, { applicationArns: [gcm.arn] }).roleArn).toBeNull();
  });

  it.each([
    ['an ARN that the pool has no application of', [gcm.arn, `${gcm.arn}-unknown`]],
    ['two applications of one platform', [gcm.arn, otherGcm.arn]],
    ['the same application twice', [gcm.arn, gcm.arn]],
    ['more applications than there can be', Array.from({ length: 11 }, () => gcm.arn)],
  ])('refuses %s', (_what, applicationArns) => {
    expect(() => choosePushSync(stored, { applicationArns })).toThrow(
      expect.objectContaining({
        code: 'INVALID_PARAMETER',
        fields: expect.objectContaining({ field: 'pushSync.applicationArns' }),
      }),
    );
  });

  it('refuses any ARN in a pool that never had an application', () => {
    expect(() => choosePushSync(null, { applicationArns: [gcm.arn] })).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETER' }),
    );
  });

  it.each(['arn:aws:iam::1:role', 'arn:aws:iam::x:role/push-sync', `${roleArn}${'x'.repeat(2048)}`])(
    'refuses %.40s as a role',
    (wrong) => {
      expect(() => choosePushSync(stored, { applicationArns: [gcm.arn], roleArn: wrong })).toThrow(
        expect.objectContaining({
          code: 'INVALID_PARAMETER',
          fields: expect.objectContaining({ field: 'pushSync.roleArn' }),
        }),
      );
    },
  );
});

describe('push sync', () => {
  it.each([
    ['off in a pool without a configuration', null, []],
    ['off while applications are there but none is chosen', choosePushSync(stored, {}), []],
    ['on when one is chosen', stored, ['push']],
  ])('is %s', (_when, pushSync, consumers) => {
    expect(eventConsumersOf({ stream: null, pushSync } as never)).toEqual(consumers);
  });

  it('is described as null before anything was chosen', () => {
    expect(describePushSync(null)).toBeNull();
  });
});

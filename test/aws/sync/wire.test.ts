import { restJson } from '../../../src/aws/protocols/rest-json';
import { SYNC_OPERATIONS } from '../../../src/aws/sync/operations';
import { requestFor } from './model';
import { push, replace, sendRaw, startSyncApi, tokenFor, type GuestCaller, type SyncApi } from './sync-api';

let api: SyncApi;
let me: GuestCaller;

beforeAll(async () => {
  api = await startSyncApi();
  me = await api.guest();
});

afterAll(() => api.stop());

describe('Cognito Sync over the wire', () => {
  it('takes what the SDK for Android sends: another content type, a target and a client context', async () => {
    const dataset = { ...me.owner, DatasetName: 'notes' };
    const body = JSON.stringify({
      SyncSessionToken: await tokenFor(me, dataset),
      RecordPatches: [
        { Op: 'replace', Key: 'a', Value: '1', SyncCount: 0, DeviceLastModifiedDate: 1.412974057151e9 },
      ],
    });

    const { status, body: answer } = await me.send({
      ...requestFor('UpdateRecords', dataset),
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'com.amazonaws.cognito.sync.model.AWSCognitoSyncService.UpdateRecords',
        'x-amz-client-context': '{"client":{"app_title":"notes"}}',
      },
      body,
    });

    expect(status).toBe(200);
    expect(answer.Records).toMatchObject([{ Key: 'a', DeviceLastModifiedDate: 1412974057.151 }]);
  });

  it('answers JSON with an id that is in its headers, which browsers may read', async () => {
    const { status, headers } = await me.send({
      ...requestFor('ListDatasets', me.owner),
      headers: { origin: 'https://app.example' },
    });

    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('x-amzn-requestid')).toMatch(/^[\w-]{8,}$/);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-expose-headers')).toContain('x-amzn-ErrorType');
  });

  it('answers an error by its name in the header and in the body', async () => {
    const { status, headers, body } = await me.send(
      requestFor('DescribeDataset', { ...me.owner, DatasetName: 'none' }),
    );

    expect(status).toBe(404);
    expect(headers.get('x-amzn-errortype')).toBe('ResourceNotFoundException');
    expect(headers.get('x-amzn-errormessage')).toBe("Dataset 'none' not found.");
    expect(headers.get('x-amzn-requestid')).toMatch(/^[\w-]{8,}$/);
    expect(body).toEqual({ __type: 'ResourceNotFoundException', message: "Dataset 'none' not found." });
  });

  it('takes ids that are percent-encoded and ids that are not', async () => {
    await push(me, { ...me.owner, DatasetName: 'a:b' }, [replace('k', 'v')]);
    const { path, ...rest } = requestFor('DescribeDataset', { ...me.owner, DatasetName: 'a:b' });

    for (const spelled of [path, path.replaceAll('%3A', ':'), path.replaceAll('%3A', '%3a')])
      expect((await me.send({ ...rest, path: spelled })).body.Dataset.DatasetName).toBe('a:b');
  });

  it('reads the path and the query as their signature does', () => {
    const { members, operation } = restJson('cognito-sync', SYNC_OPERATIONS).read({
      id: 'r',
      method: 'GET',
      rawPath: '/identitypools/a%2Fb%20c+d/identities/%C3%BC/datasets',
      rawQuery: 'nextToken=a+b%2Bc%26==&maxResults=7&maxResult=8&&__proto__=x&IdentityId=y',
      headers: {},
      body: Buffer.from('{"IdentityId":"of the body"}'),
    });

    expect(operation.name).toBe('ListDatasets');
    expect(members).toEqual({
      IdentityPoolId: 'a/b c+d',
      IdentityId: 'ü',
      NextToken: 'a b+c&==',
      MaxResults: '7',
    });
  });

  it('answers nothing to SetCognitoEvents, which has no output', async () => {
    const { status, text } = await api.admin.send(
      requestFor('SetCognitoEvents', { IdentityPoolId: api.poolId }),
    );

    expect([status, text]).toEqual([200, '']);
  });

  it.each([
    ['GET', '/identitypools/x/bulkpublish'],
    ['PUT', '/identitypools/x'],
    ['GET', '/identitypools/x/identity/y/device'],
    ['POST', '/identitypools/x/identities/y/datasets'],
    ['GET', '/identitypools/'],
    ['GET', '/identitypools/x/configuration/'],
    ['DELETE', '/identitypools'],
  ])('knows no operation %s %s', async (method, path) => {
    const { status, body } = await sendRaw(api.server, { method, path });

    expect([status, body]).toEqual([
      404,
      { __type: 'UnknownOperationException', message: 'No operation has this method and path.' },
    ]);
  });

  it('refuses a body that is too large as AWS’s clients read it', async () => {
    const { status, headers } = await sendRaw(api.server, {
      ...requestFor('UpdateRecords', me.owner),
      body: 'x'.repeat(2_000_000),
    });

    expect([status, headers.get('x-amzn-errortype')]).toEqual([413, 'RequestEntityTooLargeException']);
  });
});

import { openIdConnectProviderArn, type ArnScope } from '../../ids';
import { DEMO_CLIENT_ID, DEMO_ISSUER, DEMO_PROVIDER } from './demo-issuer';

/** Whose proof an operation is sent with. */
export type Bearer = 'administrator' | 'identity' | 'nobody';

/** One operation of the story. */
export interface Step {
  /** The operation's name. */
  name: string;
  /** What happens, in a few words. */
  title: string;
  bearer: Bearer;
  /** What an earlier answer must have given, beyond the operation's own variables. */
  needs?: string[];
  /** Codes of errors that need a word of explanation here. */
  explains?: Record<string, string>;
  text: string;
}

const MAKE_POOL: Step = {
  name: 'MakePool',
  title: 'An administrator makes an identity pool',
  bearer: 'administrator',
  text: `mutation MakePool {
  createIdentityPool(input: {
    identityPoolName: "Settings that follow you"
    allowUnauthenticatedIdentities: true
  }) {
    identityPool { id name roles { authenticated unauthenticated } }
  }
}`,
};

const START_AS_GUEST: Step = {
  name: 'StartAsGuest',
  title: 'Someone starts an app on a phone, as a guest',
  bearer: 'nobody',
  text: `mutation StartAsGuest($identityPoolId: ID!) {
  getId(input: { identityPoolId: $identityPoolId }) { identityId }
}`,
};

const GET_CREDENTIALS: Step = {
  name: 'GetCredentials',
  title: 'The guest gets credentials',
  bearer: 'nobody',
  text: `mutation GetCredentials($identityId: ID!) {
  getCredentialsForIdentity(input: { identityId: $identityId }) {
    identityId
    credentials { accessToken expiration }
  }
}`,
};

const WRITE_SETTINGS: Step = {
  name: 'WriteSettings',
  title: 'The phone saves settings',
  bearer: 'identity',
  text: `mutation WriteSettings($syncCount: Long!) {
  updateRecords(input: { datasetName: "settings", deviceId: "phone", recordPatches: [
    { op: REPLACE, key: "theme", value: "dark", syncCount: $syncCount }
    { op: REPLACE, key: "volume", value: "7", syncCount: $syncCount }
  ] }) {
    datasetSyncCount
    records { key value syncCount }
  }
}`,
};

const PULL_ON_TABLET: Step = {
  name: 'PullOnTablet',
  title: 'A tablet, which has nothing yet, finds everything',
  bearer: 'identity',
  needs: ['syncCount'],
  text: `query PullOnTablet {
  listRecords(input: { datasetName: "settings", lastSyncCount: 0 }) {
    datasetSyncCount
    records { key value syncCount lastModifiedBy }
  }
}`,
};

const WRITE_STALE: Step = {
  name: 'WriteStale',
  title: 'A write over a record not seen: RESOURCE_CONFLICT, with the record of the server',
  bearer: 'identity',
  needs: ['syncCount'],
  text: `mutation WriteStale {
  updateRecords(input: { datasetName: "settings", deviceId: "tablet", recordPatches: [
    { op: REPLACE, key: "theme", value: "light", syncCount: 0 }
  ] }) {
    datasetSyncCount
  }
}`,
};

const TRUST_ISSUER: Step = {
  name: 'TrustIssuer',
  title: 'The administrator trusts an issuer of ID tokens (npm run demo:issuer)',
  bearer: 'administrator',
  explains: { ENTITY_ALREADY_EXISTS: 'An earlier run registered it. Go on with LinkLogin.' },
  text: `mutation TrustIssuer {
  createOpenIDConnectProvider(input: { url: "${DEMO_ISSUER}", clientIDList: ["${DEMO_CLIENT_ID}"] }) {
    openIDConnectProviderArn
  }
}`,
};

const linkLogin = (scope: ArnScope): Step => ({
  name: 'LinkLogin',
  title: 'The pool takes its logins, and the guest signs in: the same identity, now authenticated',
  bearer: 'administrator',
  text: `mutation LinkLogin($identityPoolId: ID!, $identityId: ID!, $idToken: String!) {
  updateIdentityPool(input: {
    identityPoolId: $identityPoolId
    identityPoolName: "Settings that follow you"
    allowUnauthenticatedIdentities: true
    openIdConnectProviderARNs: ["${openIdConnectProviderArn(scope, DEMO_ISSUER)}"]
  }) {
    identityPool { openIdConnectProviderARNs }
  }
  getCredentialsForIdentity(input: {
    identityId: $identityId
    logins: [{ provider: "${DEMO_PROVIDER}", token: $idToken }]
  }) {
    identityId
    credentials { accessToken expiration }
  }
}`,
});

/** The story in order, for an installation with this region and account. */
export const storySteps = (scope: ArnScope): Step[] => [
  MAKE_POOL,
  START_AS_GUEST,
  GET_CREDENTIALS,
  WRITE_SETTINGS,
  PULL_ON_TABLET,
  WRITE_STALE,
  TRUST_ISSUER,
  linkLogin(scope),
];

/** The whole story as one document, for the Sandbox. */
export const storyDocument = (steps: Step[]): string =>
  steps.map(({ title, text }, index) => `# ${index + 1}. ${title}\n${text}`).join('\n\n');

/** The variables of all operations. The page puts what earlier answers gave in the place of `<name>`. */
export const STORY_VARIABLES = {
  identityPoolId: '<identityPoolId>',
  identityId: '<identityId>',
  syncCount: '<syncCount>',
  idToken: '<idToken>',
};

/** What an answer gives to later operations, and what of before does not fit it any more. */
export const GIFTS: { path: string; name: string; forgets: string[] }[] = [
  {
    path: 'createIdentityPool.identityPool.id',
    name: 'identityPoolId',
    forgets: ['identityId', 'accessToken', 'syncCount'],
  },
  { path: 'getId.identityId', name: 'identityId', forgets: ['accessToken', 'syncCount'] },
  { path: 'getCredentialsForIdentity.credentials.accessToken', name: 'accessToken', forgets: [] },
  { path: 'updateRecords.datasetSyncCount', name: 'syncCount', forgets: [] },
  { path: 'listRecords.datasetSyncCount', name: 'syncCount', forgets: [] },
];

/** Which operation to run first when something is missing. */
export const GIVEN_BY: Record<string, string> = {
  identityPoolId: 'MakePool',
  identityId: 'StartAsGuest',
  accessToken: 'GetCredentials',
  syncCount: 'WriteSettings',
};

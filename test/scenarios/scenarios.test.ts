import { classicFlow } from './cases/classic-flow';
import { deleteAndRecreate } from './cases/delete-and-recreate';
import { deniedByPolicy } from './cases/denied-by-policy';
import { developerIdentities } from './cases/developer-identities';
import { endedCredentials } from './cases/ended-credentials';
import { guestUpgrades } from './cases/guest-upgrades';
import { loginProviders } from './cases/login-providers';
import { merging } from './cases/merging';
import { phoneAndTablet } from './cases/phone-and-tablet';
import { roleMapping } from './cases/role-mapping';
import { twoDevicesConflict } from './cases/two-devices-conflict';
import type { Door } from './door';
import { awsDoor } from './doors/aws';
import { graphqlDoor } from './doors/graphql';
import { openStage, type Stage } from './stage';

/** Every door, by name; a new one is added here and plays all the cases. */
const DOORS: [name: string, to: (url: string) => Door][] = [
  ['GraphQL', graphqlDoor],
  ['AWS', awsDoor],
];

describe.each(DOORS)('through the %s door', (_name, doorTo) => {
  let opened: Stage;
  beforeAll(async () => {
    opened = await openStage(doorTo);
  });
  afterAll(() => opened?.close());
  const stage = (): Stage => opened;

  describe('phone and tablet', () => phoneAndTablet(stage));
  describe('a guest signs in', () => guestUpgrades(stage));
  describe('two devices collide', () => twoDevicesConflict(stage));
  describe('a dataset is deleted and made again', () => deleteAndRecreate(stage));
  describe('a policy says no', () => deniedByPolicy(stage));
  describe('credentials end', () => endedCredentials(stage));
  describe('people sign in with providers of every kind', () => loginProviders(stage));
  describe('our own back end vouches for users', () => developerIdentities(stage));
  describe('two identities turn out to be one person', () => merging(stage));
  describe('the login decides on the role', () => roleMapping(stage));
  describe('the app chooses the role', () => classicFlow(stage));
});

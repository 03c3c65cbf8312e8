import { deleteAndRecreate } from './cases/delete-and-recreate';
import { deniedByPolicy } from './cases/denied-by-policy';
import { endedCredentials } from './cases/ended-credentials';
import { guestUpgrades } from './cases/guest-upgrades';
import { phoneAndTablet } from './cases/phone-and-tablet';
import { twoDevicesConflict } from './cases/two-devices-conflict';
import type { Door } from './door';
import { graphqlDoor } from './doors/graphql';
import { openStage, type Stage } from './stage';

/** Every door, by name; a new one is added here and plays all the cases. */
const DOORS: [name: string, to: (url: string) => Door][] = [['GraphQL', graphqlDoor]];

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
});

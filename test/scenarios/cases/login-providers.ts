import { Device } from '../../support/device';
import { refusalOf, type Login } from '../door';
import { LOGIN_PROVIDERS } from '../login-providers';
import type { Stage } from '../stage';

export const loginProviders = (stage: () => Stage): void => {
  test.each(LOGIN_PROVIDERS)(
    'somebody who signs in with %s on a phone and a tablet finds the same data on both',
    async (kind) => {
      const { newPoolOfAllProviders, providers, signIn } = stage();
      const identityPoolId = await newPoolOfAllProviders();
      const [phone, tablet] = [new Device('phone', 'game'), new Device('tablet', 'game')];

      const onPhone = await signIn(identityPoolId, await providers.loginOf(kind, 'ada'));
      phone.put('level', '3');
      await phone.sync(onPhone.sync);
      const onTablet = await signIn(identityPoolId, await providers.loginOf(kind, 'ada'));
      await tablet.sync(onTablet.sync);
      const somebodyElse = await signIn(identityPoolId, await providers.loginOf(kind, 'grace'));

      expect(onTablet.identityId).toBe(onPhone.identityId);
      expect(tablet.view()).toEqual({ level: '3' });
      expect(somebodyElse.identityId).not.toBe(onPhone.identityId);
    },
  );

  test('a guest links one provider after the other, keeps its id, and each of them leads to it from then on', async () => {
    const { door, administrator, newPoolOfAllProviders, newGuest, providers, signIn } = stage();
    const identityPoolId = await newPoolOfAllProviders();
    const { identityId } = await newGuest(identityPoolId);

    const linked: string[] = [];
    let known: Login[] = [];
    for (const kind of LOGIN_PROVIDERS) {
      const login = await providers.loginOf(kind, 'ada');
      const answer = await door.getCredentialsForIdentity({ identityId, logins: [...known, login] });
      expect(answer.identityId).toBe(identityId);
      linked.push(login.provider);
      known = [login];
    }

    const { logins } = await door.describeIdentity(administrator, identityId);
    expect(logins.toSorted()).toEqual(linked.toSorted());
    for (const kind of LOGIN_PROVIDERS) {
      const again = await signIn(identityPoolId, await providers.loginOf(kind, 'ada'));
      expect(again.identityId).toBe(identityId);
    }
  });

  test('a login that is given up makes a new identity next time, and the others stay', async () => {
    const { door, newPoolOfAllProviders, providers, signIn } = stage();
    const identityPoolId = await newPoolOfAllProviders();
    const google = await providers.loginOf('Google', 'ada');
    const facebook = await providers.loginOf('Facebook', 'ada');
    const { identityId } = await signIn(identityPoolId, google, facebook);

    await door.unlinkIdentity({ identityId, logins: [google], loginsToRemove: [facebook.provider] });

    expect((await signIn(identityPoolId, google)).identityId).toBe(identityId);
    expect((await signIn(identityPoolId, facebook)).identityId).not.toBe(identityId);
  });

  test('a provider that the pool does not name opens nothing', async () => {
    const { door, newPool, providers } = stage();
    const identityPoolId = await newPool();

    const refused = await refusalOf(
      door.getId({ identityPoolId, logins: [await providers.loginOf('Google', 'ada')] }),
    );

    expect(refused.message).toBe(
      'NOT_AUTHORIZED: Token is not from a supported provider of this identity pool.',
    );
  });
};

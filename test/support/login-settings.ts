import type { LoginSettings } from '../../src/logins/verify-logins';

/** A pool that takes no logins but those that a test says. */
export const loginSettings = (overrides: Partial<LoginSettings> = {}): LoginSettings => ({
  id: 'us-east-1:11111111-2222-4333-8444-555555555555',
  openIdConnectProviderArns: [],
  supportedLoginProviders: [],
  cognitoIdentityProviders: [],
  samlProviderArns: [],
  developerProviderName: null,
  ...overrides,
});

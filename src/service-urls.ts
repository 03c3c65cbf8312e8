/** Where third parties are asked about logins: https addresses without a slash at the end, http on this machine only. */
export interface LoginProviderUrls {
  /** `ROCKPOOL_GOOGLE_URL`: the issuer of Google's ID tokens. Default `https://accounts.google.com`. */
  google: string;
  /** `ROCKPOOL_APPLE_URL`: the issuer of Apple's ID tokens, with its keys at `/auth/keys`. Default `https://appleid.apple.com`. */
  apple: string;
  /** `ROCKPOOL_FACEBOOK_URL`: Facebook's Graph API. Default `https://graph.facebook.com`. */
  facebook: string;
  /** `ROCKPOOL_FACEBOOK_LIMITED_LOGIN_URL`: the issuer of Limited Login's ID tokens. Default `https://limited.facebook.com`. */
  facebookLimitedLogin: string;
  /** `ROCKPOOL_AMAZON_URL`: the API of Login with Amazon. Default `https://api.amazon.com`. */
  amazon: string;
  /** `ROCKPOOL_TWITTER_URL`: the API of Twitter (X). Default `https://api.twitter.com`. */
  twitter: string;
  /** `ROCKPOOL_USER_POOL_URL`: what all user pools' issuers begin with, before `/POOLID`. Default `https://cognito-idp.REGION.amazonaws.com`, by the pool. */
  userPool: string | undefined;
  /** `ROCKPOOL_USER_POOL_CHECK_URL`: who is asked (RFC 7662) whether a user pool's token still holds, for `serverSideTokenCheck`. None by default. */
  userPoolCheck: string | undefined;
}

/** Where the push services are, as `LoginProviderUrls`. Web Push needs none: each device names its own. */
export interface PushServiceUrls {
  /** `ROCKPOOL_APNS_URL`: APNs for apps from the App Store. Default `https://api.push.apple.com`. */
  apns: string;
  /** `ROCKPOOL_APNS_SANDBOX_URL`: APNs for apps in development. Default `https://api.sandbox.push.apple.com`. */
  apnsSandbox: string;
  /** `ROCKPOOL_FCM_URL`: Firebase Cloud Messaging, HTTP v1. Default `https://fcm.googleapis.com`. */
  fcm: string;
  /** `ROCKPOOL_GOOGLE_TOKEN_URL`: gives access tokens for service accounts. Default `https://oauth2.googleapis.com/token`. */
  googleToken: string;
  /** `ROCKPOOL_ADM_URL`: Amazon Device Messaging. Default `https://api.amazon.com`. */
  adm: string;
  /** `ROCKPOOL_ADM_TOKEN_URL`: gives access tokens for ADM. Default `https://api.amazon.com/auth/O2/token`. */
  admToken: string;
}

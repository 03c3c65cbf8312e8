/** Where the push services are: addresses without a slash at the end, changed for stand-ins in tests and for proxies. */
export interface PushServiceUrls {
  /** APNs for apps from the App Store. */
  apns: string;
  /** APNs for apps in development. */
  apnsSandbox: string;
  /** Firebase Cloud Messaging, HTTP v1. */
  fcm: string;
  /** Where Google gives access tokens for service accounts: the whole address. */
  googleToken: string;
  /** Amazon Device Messaging. */
  adm: string;
  /** Where Amazon gives access tokens for ADM: the whole address. */
  admToken: string;
}

/** The real ones. Web Push needs none: each device names its own. */
export const PUSH_SERVICE_URLS: PushServiceUrls = {
  apns: 'https://api.push.apple.com',
  apnsSandbox: 'https://api.sandbox.push.apple.com',
  fcm: 'https://fcm.googleapis.com',
  googleToken: 'https://oauth2.googleapis.com/token',
  adm: 'https://api.amazon.com',
  admToken: 'https://api.amazon.com/auth/O2/token',
};

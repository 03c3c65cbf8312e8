import { admSender } from './adm';
import { apnsSender } from './apns';
import { fcmSender } from './fcm';
import type { PlatformSettings } from './platform-credentials';
import type { PushServiceUrls } from '../../service-urls';
import type { KeptSender, SenderOptions } from './sender';
import { webPushSender } from './web-push';

/**
 * The sender for a platform and credentials that `parseCredentials` read. Keep it for as long as they hold and close it
 * then: it opens no connection before the first message, but Apple refuses whoever comes with new tokens all the time.
 */
export const senderFor = (
  settings: PlatformSettings,
  urls: PushServiceUrls,
  options: SenderOptions = {},
): KeptSender => {
  switch (settings.platform) {
    case 'APNS':
      return apnsSender(settings.credentials, urls.apns, options);
    case 'APNS_SANDBOX':
      return apnsSender(settings.credentials, urls.apnsSandbox, options);
    case 'GCM':
      return fcmSender(settings.credentials, urls, options);
    case 'ADM':
      return admSender(settings.credentials, urls, options);
    case 'WEB_PUSH':
      return webPushSender(settings.credentials, options);
  }
};

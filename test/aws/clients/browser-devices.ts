import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type Page } from 'playwright-core';
import { makeDevice, type CognitoJsDevice, type DeviceSettings } from './cognito-js-device';

/** Where Debian's package puts it; `CHROMIUM` names another. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Two devices that are pages in a browser, each with a storage of its own, from another origin than the server's. */
export interface BrowserDevices {
  /** The next of the two, as if its app had just been installed: a page of the SDK takes seconds to load. */
  open(settings: Omit<DeviceSettings, 'isInMemory'>): Promise<CognitoJsDevice>;
  close(): Promise<void>;
}

const PAGE = '<!doctype html><script src="/aws-sdk.js"></script><script src="/amazon-cognito.js"></script>';

const SCRIPTS: { [path: string]: string } = {
  '/aws-sdk.js': require.resolve('aws-sdk/dist/aws-sdk.min.js'),
  '/amazon-cognito.js': require.resolve('amazon-cognito-js/dist/amazon-cognito.min.js'),
};

/** Serves the page that apps of these libraries are. */
const startOrigin = async (): Promise<{ url: string; close: () => void }> => {
  const server = createServer(({ url = '/' }, response) => {
    const script = SCRIPTS[url];
    response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' });
    response.end(script ? readFileSync(script) : PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
};

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts a headless Chromium. */
export const startBrowserDevices = async (): Promise<BrowserDevices> => {
  const origin = await startOrigin();
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  const pages = [await openPage(browser, origin.url), await openPage(browser, origin.url)];
  return {
    open: async (settings) => {
      const page = pages.shift() as Page;
      pages.push(page);
      await page.evaluate('localStorage.clear(); AWS.config.credentials = null;');
      return deviceIn(page, settings);
    },
    close: async () => {
      await browser.close();
      origin.close();
    },
  };
};

const openPage = async (browser: Browser, url: string): Promise<Page> => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  return page;
};

const deviceIn = async (
  page: Page,
  settings: Omit<DeviceSettings, 'isInMemory'>,
): Promise<CognitoJsDevice> => {
  const made = JSON.stringify({ ...settings, isInMemory: false });
  await page.evaluate(`window.device = (${makeDevice.toString()})(AWS, ${made}); undefined`);
  const call =
    (method: string) =>
    (...given: unknown[]): Promise<any> =>
      page.evaluate(`device.${method}(${given.map((each) => JSON.stringify(each)).join(', ')})`);
  const methods = ['signIn', 'put', 'remove', 'values', 'deleteDataset', 'purge', 'sync'];
  return Object.fromEntries(methods.map((method) => [method, call(method)])) as unknown as CognitoJsDevice;
};

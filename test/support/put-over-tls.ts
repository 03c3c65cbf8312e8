import { targetFor } from '../../src/streams/targets/target-for';
import type { StreamTargetSettings } from '../../src/streams/targets/target-settings';
import { putOf, targetOptions } from './stream-puts';

/**
 * A process of its own, since whom Node trusts beside the public authorities (NODE_EXTRA_CA_CERTS) is read as it starts.
 * Puts one event to each target of the settings in its argument; all names lead to this machine. Prints the outcomes.
 */
const main = async (settings: StreamTargetSettings[]): Promise<void> => {
  const rules = { allowPrivateAddresses: true, allowPlaintext: false, resolve: async () => ['127.0.0.1'] };
  const outcomes = [];
  for (const each of settings) {
    const target = targetFor(each, targetOptions({ rules }));
    outcomes.push(...(await target.put([putOf('a', 'evt_1')])));
    await target.close();
  }
  console.log(JSON.stringify(outcomes));
};

void main(JSON.parse(process.argv[2]!));

import { PassThrough } from 'node:stream';
import { progressOn } from '../../src/cli/import-cognito/progress';
import { emptyReport } from '../../src/cli/import-cognito/report';

const reportWith = (identities: number) => {
  const report = emptyReport();
  report.counts.identities.read = identities;
  return report;
};

describe('progress', () => {
  it('is a line for each step, and one in ten seconds, where there is no terminal', () => {
    let text = '';
    let now = 0;
    const progress = progressOn({ write: (line) => (text += line) }, () => now);

    progress.step('Bringing a pool');
    progress.tick(reportWith(1));
    now = 10_000;
    progress.tick(reportWith(2));
    progress.tick(reportWith(3));
    progress.stop();

    expect(text).toBe('Bringing a pool\n  2 identities, 0 datasets, 0 records\n');
  });

  it('is a bar with its step and counts in a terminal', async () => {
    const terminal = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 120,
      cursorTo: () => true,
      moveCursor: () => true,
      clearLine: () => true,
    });
    const progress = progressOn(terminal as unknown as NodeJS.WriteStream);

    progress.step('Bringing a pool');
    progress.tick(reportWith(7));
    progress.stop();

    const text = String(terminal.read());
    expect(text).toContain('Bringing a pool');
    expect(text).toContain('7 identities');
  });
});

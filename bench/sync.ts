import 'reflect-metadata';
import { CASES, floorOf, median, prepare } from './cases';
import { pgbench, updateScript, updateScriptWithoutHistory, type FloorTarget } from './floor';
import { throughGraphql } from './graphql-devices';
import { withServer, type BenchServer } from './server';

/**
 * Sync calls per second through GraphQL, each as a ratio to the same SQL run by pgbench on the same database, taken in
 * turns in one run. Needs pgbench. Usage: npm run bench [-- SECONDS ROUNDS]
 */
const [SECONDS = 5, ROUNDS = 3] = process.argv.slice(2).map(Number);
const PORT = 4990;
const HISTORY_DEVICES = [1, 32];

let runs = 0;

/** What remembering earlier values costs: the same updates by pgbench with and without it. */
const costOfHistory = async (devices: number, databaseUrl: string, target: FloorTarget): Promise<void> => {
  const rates = async (script: typeof updateScript): Promise<number> =>
    pgbench({
      databaseUrl,
      clients: devices,
      script: script(target, false, `history-${(runs += 1)}`),
      seconds: SECONDS,
    });
  const pairs: { with: number; without: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    pairs.push({ without: await rates(updateScriptWithoutHistory), with: await rates(updateScript) });
  const [kept, none] = [median(pairs.map((pair) => pair.with)), median(pairs.map((pair) => pair.without))];
  const ratio = median(pairs.map((pair) => pair.with / pair.without));
  console.log(
    `| update_records with history | ${devices} | ${kept.toFixed(0)} | ${none.toFixed(0)} | ${ratio.toFixed(2)} |`,
  );
};

const main = async (server: BenchServer, databaseUrl: string): Promise<void> => {
  const { target, guests } = await prepare(server, databaseUrl);
  for (const each of CASES) await throughGraphql(server, each, guests, SECONDS); // so that no case pays for the compiler
  console.log('| operation | devices | GraphQL, calls/s | floor (pgbench), calls/s | ratio |');
  console.log('|---|---|---|---|---|');
  for (const each of CASES) {
    const pairs: { floor: number; graphql: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1)
      pairs.push({
        floor: await floorOf(each, databaseUrl, target, SECONDS),
        graphql: await throughGraphql(server, each, guests, SECONDS),
      });
    const ratio = median(pairs.map(({ floor, graphql }) => graphql / floor));
    const [graphql, floor] = [median(pairs.map((p) => p.graphql)), median(pairs.map((p) => p.floor))];
    console.log(
      `| ${each.operation} | ${each.name} | ${graphql.toFixed(0)} | ${floor.toFixed(0)} | ${ratio.toFixed(2)} |`,
    );
  }
  console.log(
    '\n| pgbench | devices | with history, calls/s | without, calls/s | ratio |\n|---|---|---|---|---|',
  );
  for (const devices of HISTORY_DEVICES) await costOfHistory(devices, databaseUrl, target);
};

withServer(PORT, main).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

import 'reflect-metadata';
import { throughAws } from './aws-devices';
import { CASES, floorOf, median, prepare } from './cases';
import { throughGraphql } from './graphql-devices';
import { withServer, type BenchServer } from './server';

/**
 * UpdateRecords and ListRecords per second through the AWS door, as a ratio to the same through GraphQL and to the same
 * SQL by pgbench on the same database, taken in turns in one run. Needs pgbench.
 * Usage: npm run bench:aws [-- SECONDS ROUNDS]
 */
const [SECONDS = 5, ROUNDS = 3] = process.argv.slice(2).map(Number);
const PORT = 4991;

/** AWS has no synchronize. */
const AWS_CASES = CASES.filter(({ operation }) => operation !== 'synchronize');

const main = async (server: BenchServer, databaseUrl: string): Promise<void> => {
  const { target, guests } = await prepare(server, databaseUrl);
  const graphql = (each: (typeof CASES)[number]) => throughGraphql(server, each, guests, SECONDS);
  const aws = (each: (typeof CASES)[number]) => throughAws(server, each, guests, SECONDS);
  for (const each of AWS_CASES) await Promise.all([graphql(each), aws(each)]); // so that no case pays for the compiler
  console.log(
    '| operation | devices | AWS, calls/s | GraphQL, calls/s | pgbench, calls/s | AWS / GraphQL | AWS / pgbench |',
  );
  console.log('|---|---|---|---|---|---|---|');
  for (const each of AWS_CASES) {
    const runs: Record<'floor' | 'graphql' | 'aws', number>[] = [];
    for (let round = 0; round < ROUNDS; round += 1)
      runs.push({
        floor: await floorOf(each, databaseUrl, target, SECONDS),
        graphql: await graphql(each),
        aws: await aws(each),
      });
    const middle = (of: (run: (typeof runs)[number]) => number) => median(runs.map(of));
    const rates = [middle((r) => r.aws), middle((r) => r.graphql), middle((r) => r.floor)];
    const ratios = [middle((r) => r.aws / r.graphql), middle((r) => r.aws / r.floor)];
    console.log(
      `| ${[each.operation, each.name, ...rates.map((n) => n.toFixed(0)), ...ratios.map((n) => n.toFixed(2))].join(' | ')} |`,
    );
  }
};

withServer(PORT, main).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

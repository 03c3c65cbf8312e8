#!/usr/bin/env node
'use strict';

// What was built, else the source as it stands, so that a clone needs no build.
// The SDK's versions are this package's to choose, not the operator's.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const { existsSync } = require('node:fs');
const { join } = require('node:path');

const built = join(__dirname, '../../dist/src/cli/main.js');
if (!existsSync(built)) require('@swc-node/register');
require('reflect-metadata');

const { main } = require(existsSync(built) ? built : './main.ts');

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
